//! What of a body reaches the media.

use super::*;
use ssa::Transport;

/// The body between others' parts: what a relay could wrap it in, or a peer send.
fn among_others(kind: &str, body: &Body) -> Body {
    let own = String::from_utf8(body.content_type.clone().unwrap()).unwrap();
    let mut octets =
        b"--outer\r\nContent-Type: text/plain\r\n\r\nthe offer of another\r\n".to_vec();
    octets.extend_from_slice(format!("--outer\r\nContent-Type: {own}\r\n\r\n").as_bytes());
    octets.extend_from_slice(&body.octets);
    octets.extend_from_slice(b"\r\n--outer--\r\n");
    let kind = format!("multipart/{kind}; boundary=outer");
    Body { content_type: Some(kind.into_bytes()), octets }
}

#[test]
fn g14_a_multipart_with_one_protected_part_does_not_reach_the_media() {
    for kind in ["mixed", "alternative", "signed", "encrypted; protocol=\"text/plain\""] {
        let calls = Calls::new();
        let invite = calls.invite();
        let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
        let manager = &calls.alice.manager;
        let sealed =
            now(manager.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
        let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
        // Even where the signature holds over all of it.
        let mut retry = invite.retried().with_body(among_others(kind, &sealed));
        match now(manager.authorize(CALL, plan, &retry.view())) {
            Authorized::Fields(fields) => retry.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        assert!(calls.admits(&retry));
        let opened = now(calls.bob.manager.decrypt(
            CALL,
            Direction::Request,
            Transport::Udp,
            retry.body.clone(),
        ));
        assert!(matches!(&opened, BodyVerdict::Refused(why) if why.status == 493), "{opened:?}");
    }
}

#[test]
fn g14_a_part_beside_the_signed_one_breaks_the_signature() {
    let calls = Calls::new();
    let invite = calls.authorized();
    let wrapped = among_others("mixed", &invite.body);
    assert!(!calls.admits(&invite.clone().with_body(wrapped)));
    // The answer too: what was signed is all of the body, and nothing around it.
    let invite = {
        calls.platform.advance(Duration::from_secs(64));
        calls.alice.manager.call_ended(Call(CALL.0));
        calls.start(CALL);
        calls.authorized()
    };
    assert!(calls.admits(&invite));
    let mut ok = calls.answered(&invite);
    let wrapped = among_others("mixed", &ok.body);
    let kind = wrapped.content_type.clone().unwrap();
    ok.fields.0.retain(|(name, _)| name != "Content-Type");
    ok.fields.0.push(("Content-Type".to_owned(), kind));
    ok.body = wrapped;
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofInvalid));
}
