//! What a callee makes of a signed request.

use super::*;
use crate::cs1;
use ssa::Transport;

/// An application that has nobody's key.
pub(super) struct Strange;

#[async_trait::async_trait]
impl SecurityApplication for Strange {
    async fn identities(&self) -> Result<Vec<sma::Key>, sma::Error> {
        Ok(Vec::new())
    }

    async fn sign(&self, _: sma::ToSign) -> Result<Vec<u8>, sma::Error> {
        Err(sma::Error::NoSuchKey)
    }

    async fn encrypt(
        &self, _: Vec<sma::Fingerprint>, _: sma::Plaintext,
    ) -> Result<Vec<u8>, sma::Error> {
        Err(sma::Error::NoSuchKey)
    }

    async fn decrypt(&self, _: sma::Fingerprint, _: Vec<u8>) -> Result<sma::Decrypted, sma::Error> {
        Err(sma::Error::NoSuchKey)
    }

    async fn verify(&self, _: sma::ToVerify) -> Result<sma::Report, sma::Error> {
        Err(sma::Error::NoSuchKey)
    }
}

#[test]
fn g01_an_unknown_key_and_a_bad_signature_get_the_same_403() {
    let refusal = |calls: &Calls, request: &TestRequest| {
        let manager = &calls.bob.manager;
        let (arrival, view) = (request.arrival(), request.view());
        assert_eq!(manager.request_received(CALL, &arrival, &view), Received::Authenticate);
        let answer = now(manager.authenticate(CALL, &arrival, &view));
        assert_eq!(manager.records(), 0, "nothing is kept");
        answer
    };
    // A signature that does not hold: the Date that was signed is another.
    let calls = Calls::new();
    let bad = change(&calls.authorized(), "Date", "2023 22:13:20", "2023 22:13:21");
    let bad = refusal(&calls, &bad);
    // A key that is pinned to nobody.
    let calls = Calls::new();
    let other = change(&calls.authorized(), "Authorization", "signer=\"", "signer=\"0");
    let manager = &calls.bob.manager;
    let unreadable = manager.request_received(CALL, &other.arrival(), &other.view());
    assert!(matches!(unreadable, Received::Reject(why) if why.status == 400));
    let calls = Calls::new();
    let good = calls.authorized();
    let digits = "f".repeat(40);
    let unknown = change(&good, "Authorization", &calls.alice.fingerprint, &digits);
    let unknown = refusal(&calls, &unknown);
    // A key that is pinned and that the application does not have.
    let calls = Calls::with(|double| double, |_| Arc::new(Strange));
    let missing = refusal(&calls, &calls.authorized());
    assert!(matches!(&bad, Authentication::Refused(why) if why.status == 403), "{bad:?}");
    assert_eq!(bad, unknown);
    assert_eq!(bad, missing);
}

#[test]
fn g08_every_signed_field_that_changes_is_refused() {
    type Change = (&'static str, fn(&TestRequest) -> TestRequest);
    let changes: [Change; 9] = [
        ("To", |r| TestRequest { to: ("sip:robert@bob.example".into(), None), ..r.clone() }),
        ("From", |r| TestRequest {
            from: ("sip:eve@alice.example".into(), r.from.1.clone()),
            ..r.clone()
        }),
        ("From tag", |r| TestRequest { from: (r.from.0.clone(), "other".into()), ..r.clone() }),
        ("Call-ID", |r| TestRequest { call_id: "other".into(), ..r.clone() }),
        ("CSeq", |r| TestRequest { cseq: r.cseq + 1, ..r.clone() }),
        ("method", |r| TestRequest { method: "MESSAGE", ..r.clone() }),
        ("body", |r| {
            let mut changed = r.clone();
            changed.body.octets.push(b' ');
            changed
        }),
        ("Content-Type", |r| change(r, "Content-Type", "protocol", "PROTOCOL")),
        ("contact", |r| change(r, "Authorization", "contact=\"sip:alice", "contact=\"sip:mallory")),
    ];
    for (what, change) in changes {
        let calls = Calls::new();
        let changed = change(&calls.authorized());
        let (bob, arrival) = (&calls.bob.manager, changed.arrival());
        // What the nonce is bound to fails with the nonce; all else with the signature.
        let bound = ["To", "From", "From tag", "Call-ID", "method"].contains(&what);
        match bob.request_received(CALL, &arrival, &changed.view()) {
            Received::SendWwwAuthenticate(_) => assert!(bound, "{what}"),
            Received::Authenticate => {
                let verdict = now(bob.authenticate(CALL, &arrival, &changed.view()));
                let forbidden = Authentication::Refused(ssa::Refusal::new(403, "Forbidden"));
                assert!(!bound && verdict == forbidden, "{what}: {verdict:?}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    for name in cs1::EXTENSIONS {
        let calls = Calls::new();
        let mut added = calls.authorized();
        added.fields.extend(&[Field { name, value: b"100rel".to_vec() }]);
        assert!(!calls.admits(&added), "G13, G34: a {name} that was added");
    }
}

#[test]
fn g11_a_signed_invite_is_accepted_once() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let again = calls.bob.manager.request_received(CallRef(9), &invite.arrival(), &invite.view());
    assert!(matches!(again, Received::SendWwwAuthenticate(_)), "{again:?}");
    // Later.
    calls.platform.advance(Duration::from_secs(400));
    assert!(!calls.admits(&invite));
    // At a callee that was restarted, and at another instance of it: the keys are the same.
    let (calls, bobs) = Calls::sharing_bobs();
    let invite = calls.authorized();
    let peer = (ALICE, calls.alice.fingerprint.as_str());
    let again = || side(&calls.platform, bobs.clone(), (BOB, &calls.bob.fingerprint), peer).manager;
    let challenged = |manager: &SecurityManager| {
        let answer = manager.request_received(CALL, &invite.arrival(), &invite.view());
        matches!(answer, Received::SendWwwAuthenticate(_))
    };
    assert!(challenged(&again()), "restarted");
    // At another callee, who has the caller's key too.
    let carol = side(
        &calls.platform,
        bobs.clone(),
        ("sip:carol@bob.example", &calls.bob.fingerprint),
        peer,
    );
    assert!(challenged(&carol.manager));
    assert!(calls.admits(&invite), "and the one that it was for takes it");
}

#[test]
fn g12_what_elements_may_rewrite_still_verifies() {
    let calls = Calls::new();
    let mut invite = calls.authorized();
    invite.from.0 = "sip:alice@ALICE.example:5060".to_owned();
    invite.to.0 = "sip:b%6Fb@bob.EXAMPLE;transport=udp".to_owned();
    let invite = change(&invite, "Content-Type", "; ", ";\r\n\t");
    assert!(calls.admits(&invite));
}

#[test]
fn g32_a_rewritten_contact_and_new_fields_still_verify() {
    let calls = Calls::new();
    let invite = calls.authorized();
    let invite = change(&invite, "Contact", "alice.example", "192.0.2.7:9999");
    let mut invite = change(&invite, "Via", "127.0.0.1", "192.0.2.7:9999;received=127.0.0.1");
    for name in ["Record-Route", "Identity"] {
        invite.fields.extend(&[Field { name, value: b"<sip:proxy.example;lr>".to_vec() }]);
    }
    assert!(calls.admits(&invite));
    let notes = calls.bob.manager.assurance(Call(CALL.0)).unwrap().notes;
    assert_eq!(notes, ["the Contact was rewritten on the way"]);
    let ok = change_answer(calls.answered(&invite), "bob.example", "192.0.2.8");
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    let notes = calls.alice.manager.assurance(Call(CALL.0)).unwrap().notes;
    assert_eq!(notes, ["the Contact was rewritten on the way"]);
}

/// Contacts that show the address that was signed to a reader of the first bracket, and another
/// one to whoever reads by the grammar.
const DECOYS: [&str; 5] = [
    r#""<{signed}>" <sip:evil@192.0.2.66>"#,
    r#""a \"<{signed}>" <sip:evil@192.0.2.66>"#,
    "sip:evil@192.0.2.66, <{signed}>",
    r#"sip:evil@192.0.2.66;x="<{signed}>""#,
    "<{signed}>, <sip:evil@192.0.2.66>",
];

#[test]
fn g32_a_decoy_in_contact_does_not_hide_that_it_was_rewritten() {
    for decoy in DECOYS {
        let calls = Calls::new();
        let contact = format!("<{ALICE}>");
        let invite =
            change(&calls.authorized(), "Contact", &contact, &decoy.replace("{signed}", ALICE));
        assert!(calls.admits(&invite), "{decoy}");
        let notes = calls.bob.manager.assurance(Call(CALL.0)).unwrap().notes;
        assert_eq!(notes, ["the Contact was rewritten on the way"], "{decoy}");

        let calls = Calls::new();
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        let ok = calls.answered(&invite);
        let ok = change_answer(ok, &format!("<{BOB}>"), &decoy.replace("{signed}", BOB));
        assert_eq!(calls.received(&ok, &invite), Incoming::Accept, "{decoy}");
        let notes = calls.alice.manager.assurance(Call(CALL.0)).unwrap().notes;
        assert_eq!(notes, ["the Contact was rewritten on the way"], "{decoy}");
    }
}

fn change_answer(mut answer: TestResponse, from: &str, to: &str) -> TestResponse {
    for (_, value) in answer.fields.0.iter_mut().filter(|(name, _)| name == "Contact") {
        *value = String::from_utf8(value.clone()).unwrap().replace(from, to).into_bytes();
    }
    answer
}

#[test]
fn g10_a_challenge_of_another_domain_is_not_answered() {
    let calls = Calls::new();
    let invite = calls.invite();
    let value = crate::pgp::challenge_value("mallory.example", &[b'A'; 48]);
    let relayed = [Field { name: "WWW-Authenticate", value }];
    assert_eq!(calls.plan(&invite, &relayed), Err(Why::ForeignRealm));
    // Bob's side: what Alice signed for Mallory, whom she called, and Mallory sends on to Bob.
    let signed = calls.authorized();
    let mut relayed = signed.clone();
    relayed.to.0 = "sip:mallory@mallory.example".to_owned();
    let bob = &calls.bob.manager;
    let answer = bob.request_received(CALL, &relayed.arrival(), &relayed.view());
    assert!(matches!(answer, Received::SendWwwAuthenticate(_)), "the nonce was not for that To");
    let relayed = change(&signed, "Authorization", "uri=\"sip:bob@bob", "uri=\"sip:m@mallory");
    assert!(!calls.admits(&relayed));
}

#[test]
fn a_request_that_cannot_be_believed_takes_no_place_among_the_nonces() {
    let calls = Calls::new();
    let digits = "f".repeat(40);
    let unpinned = change(&calls.authorized(), "Authorization", &calls.alice.fingerprint, &digits);
    assert!(!calls.admits(&unpinned));
    assert!(calls.bob.manager.shared.replay().is_empty());
}

#[test]
fn g30_two_copies_at_once_are_one_call() {
    let calls = Calls::with(|double| double, |_| Arc::new(Hanging::new()));
    let invite = calls.authorized();
    let first = calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view());
    assert!(matches!(first, Answer::Pending { .. }), "the application is asked");
    let mut copy = invite.clone();
    copy.branch = "z9hG4bK-other".to_owned();
    let second = calls.bob.manager.authenticate(CALL, &copy.arrival(), &copy.view());
    assert!(matches!(second, Answer::Ready(Authentication::SendWwwAuthenticate(_))), "once");
}

#[test]
fn g31_a_body_in_the_clear_does_not_count() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let plain = calls.bob.manager.decrypt(CALL, Direction::Request, Transport::Udp, offer());
    assert!(matches!(now(plain), BodyVerdict::Refused(why) if why.status == 493));
    let early = calls.alice.manager.decrypt(CALL, Direction::Response, Transport::Udp, answer());
    assert!(matches!(now(early), BodyVerdict::Refused(why) if why.status == 493));
}
