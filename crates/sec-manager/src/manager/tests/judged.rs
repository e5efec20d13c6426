//! What a right password does not mend: credentials that a Digest callee refuses all the same.

use super::digest::Calls;
use super::*;
use ssa::Field;

fn calls(change: impl FnOnce(&mut Configuration)) -> Calls {
    let mut callee = digest_configuration(BOB, Requirement::DIGEST);
    change(&mut callee);
    Calls::with("secret", callee)
}

/// The challenge as somebody on the way may change it.
fn changed(challenge: &[Field], from: &str, to: &str) -> Vec<Field> {
    let change = |field: &Field| {
        let text = String::from_utf8(field.value.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        Field { name: field.name, value: text.replacen(from, to, 1).into_bytes() }
    };
    challenge.iter().map(change).collect()
}

fn verdict(calls: &Calls, request: &TestRequest) -> Authentication {
    let arrival = request.arrival();
    assert_eq!(
        calls.callee.request_received(CALL, &arrival, &request.view()),
        Received::Authenticate
    );
    now(calls.callee.authenticate(CALL, &arrival, &request.view()))
}

fn is_bad_request(answer: &Authentication) -> bool {
    matches!(answer, Authentication::Refused(why) if why.status == 400)
}

#[test]
fn a06_a_qop_that_is_missing_or_was_not_offered() {
    // The client believes that none is offered, as in RFC 2069, and answers with MD5.
    let md5 = |configuration: &mut Configuration| configuration.algorithms = vec![Algorithm::Md5];
    let calls = calls(md5);
    let challenge = calls.challenge(&calls.invite());
    let stripped = changed(&challenge, ", qop=\"auth,auth-int\"", "");
    let request = calls.lenient().answer(&calls.invite(), &stripped);
    assert!(is_bad_request(&verdict(&calls, &request)), "no qop");
    let calls = self::calls(|configuration| {
        md5(configuration);
        configuration.auth_int = true;
    });
    let challenge = calls.challenge(&calls.invite());
    let weakened = changed(&challenge, "qop=\"auth-int\"", "qop=\"auth\"");
    let request = calls.lenient().answer(&calls.invite(), &weakened);
    assert!(is_bad_request(&verdict(&calls, &request)), "auth where auth-int is demanded");
}

#[test]
fn a08_an_algorithm_that_was_not_offered() {
    let calls = calls(|_| {});
    let challenge = calls.challenge(&calls.invite());
    for other in ["MD5", "SHA-512-256", "SHA-256-sess"] {
        let weakened = changed(&challenge, "algorithm=SHA-256", &format!("algorithm={other}"));
        let request = calls.lenient().answer(&calls.invite(), &weakened);
        assert!(is_bad_request(&verdict(&calls, &request)), "{other}");
    }
    let request = calls.lenient().answer(&calls.invite(), &challenge);
    assert_eq!(verdict(&calls, &request), Authentication::Authenticated);
}

/// The nonce says how many were offered: what was left out for a small datagram was not.
#[test]
fn a08_an_algorithm_that_this_challenge_left_out() {
    let three = vec![Algorithm::Sha512_256, Algorithm::Sha256, Algorithm::Md5];
    let calls = calls(|configuration| configuration.algorithms = three);
    let invite = calls.invite();
    let fields = |octets, transport| {
        let arrival = Arrival { octets, transport, ..invite.arrival() };
        match calls.callee.request_received(CALL, &arrival, &invite.view()) {
            Received::SendWwwAuthenticate(fields) => fields,
            other => panic!("{other:?}"),
        }
    };
    let all = fields(4_000, ssa::Transport::Udp);
    assert_eq!(all.len(), 3);
    let sum: usize = all.iter().map(|field| field.name.len() + field.value.len() + 4).sum();
    // Promise 6: as long as the 401 is surely at most twice as large.
    assert_eq!(fields(sum + 128, ssa::Transport::Udp).len(), 3);
    let [one] = &fields(sum + 127, ssa::Transport::Udp)[..] else { panic!("the preferred one") };
    assert_eq!(fields(sum, ssa::Transport::Tcp).len(), 3, "a connection is no amplifier");
    let one = std::slice::from_ref(one);
    let weakened = changed(one, "algorithm=SHA-512-256", "algorithm=MD5");
    let request = calls.lenient().answer(&invite, &weakened);
    assert!(is_bad_request(&verdict(&calls, &request)));
    // The same where all three were offered.
    let weakened = changed(&all[2..], "algorithm=MD5", "algorithm=MD5");
    let request = calls.lenient().answer(&invite, &weakened);
    assert_eq!(verdict(&calls, &request), Authentication::Authenticated);
}

#[test]
fn a14_a_digest_uri_that_is_not_ours() {
    for (uri, ours) in [
        (BOB, true),
        ("sip:bob@BOB.example", true),
        // Some agents name the host alone.
        ("sip:bob.example", true),
        ("sip:other.example", false),
        ("sip:carol@bob.example", false),
        ("sip:bob@other.example", false),
        ("not-a-uri", false),
    ] {
        let calls = calls(|_| {});
        let challenge = calls.challenge(&calls.invite());
        let request = calls.answer_for(&calls.invite(), &challenge, uri);
        let answer = verdict(&calls, &request);
        assert_eq!(answer == Authentication::Authenticated, ours, "{uri}: {answer:?}");
        assert_eq!(is_bad_request(&answer), !ours, "{uri}");
    }
}

/// What a proxy made of the Request-URI is ours too: an identity, or the same octets.
#[test]
fn a14_a_request_uri_that_was_retargeted() {
    let contact = "tel:+15551212";
    for (uri, ours) in [(BOB, true), (contact, true), ("tel:+15559999", false)] {
        let calls = calls(|_| {});
        let challenge = calls.challenge(&calls.invite());
        let request = calls.answer_for(&calls.invite(), &challenge, uri);
        let view = ssa::Request { uri: contact.as_bytes(), ..request.view() };
        let answer = now(calls.callee.authenticate(CALL, &request.arrival(), &view));
        assert_eq!(is_bad_request(&answer), !ours, "{uri}: {answer:?}");
    }
}

#[test]
fn a15_credentials_for_a_realm_that_is_not_ours() {
    let calls = calls(|_| {});
    let challenge = calls.challenge(&calls.invite());
    let good = calls.answer(&calls.invite(), &challenge);
    let mut foreign = good.clone();
    let (_, value) = foreign.fields.0.iter_mut().find(|(name, _)| name == "Authorization").unwrap();
    let text = String::from_utf8(value.clone()).unwrap();
    *value = text.replace("realm=\"bob.example\"", "realm=\"bob.example.org\"").into_bytes();
    let answer = calls.callee.request_received(CALL, &foreign.arrival(), &foreign.view());
    let Received::SendWwwAuthenticate(fields) = answer else { panic!("{answer:?}") };
    assert!(!fields[0].value.ends_with(b"stale=true"), "as if there were none");
}

#[test]
fn a02_bound_to_the_source_alone_where_the_configuration_says_so() {
    for bind_source in [false, true] {
        let calls = calls(|configuration| configuration.bind_source = bind_source);
        let challenge = calls.challenge(&calls.invite());
        let request = calls.answer(&calls.invite(), &challenge);
        let moved = TestRequest { call_id: "another".to_owned(), ..request };
        assert_eq!(calls.admits(&moved), bind_source);
    }
}

#[test]
fn an_invitation_under_a_live_calls_name_is_refused_although_it_is_authorized() {
    let calls = calls(|_| {});
    let first = calls.answer(&calls.invite(), &calls.challenge(&calls.invite()));
    let second = calls.answer(&calls.invite(), &calls.challenge(&calls.invite()));
    assert!(calls.admits(&first));
    let merged = ssa::Refusal::new(482, "Loop Detected");
    let answer = calls.callee.request_received(CALL, &second.arrival(), &second.view());
    assert_eq!(answer, Received::Reject(merged.clone()));
    // It may have been let through just before the first one was proved.
    let fresh = TestRequest { cseq: 9, ..calls.invite() };
    let other = calls.callee.request_received(CallRef(9), &fresh.arrival(), &fresh.view());
    let Received::SendWwwAuthenticate(challenge) = other else { panic!("{other:?}") };
    let late = calls.answer(&fresh, &challenge);
    let answer = now(calls.callee.authenticate(CALL, &late.arrival(), &late.view()));
    assert_eq!(answer, Authentication::Refused(merged));
}
