//! A request is asked about twice, and read once: what was found when it came in serves its verdict,
//! no other request's, and nothing that has changed meanwhile.

use super::super::guessing::guess;
use super::*;
use ssa::Request;

const PHONE: &str = "sip:bob@192.0.2.7";

/// An INVITE to Bob's phone, whose credentials were found right when it came in.
fn received(calls: &Calls) -> TestRequest {
    let invite = calls.invite();
    let challenge = calls.challenge(&invite);
    let invite = calls.answer_for(&invite, &challenge, PHONE);
    receive(calls, &invite);
    invite
}

fn at_the_phone(invite: &TestRequest) -> Request<'_> {
    Request { uri: PHONE.as_bytes(), ..invite.view() }
}

fn receive(calls: &Calls, invite: &TestRequest) {
    let received = calls.callee.request_received(CALL, &invite.arrival(), &at_the_phone(invite));
    assert_eq!(received, Received::Authenticate);
}

fn judged(calls: &Calls, arrival: &Arrival<'_>, request: &Request<'_>) -> Authentication {
    now(calls.callee.authenticate(CALL, arrival, request))
}

fn verdict(calls: &Calls, invite: &TestRequest) -> Authentication {
    judged(calls, &invite.arrival(), &at_the_phone(invite))
}

#[test]
fn what_was_found_of_a_request_serves_no_other() {
    let invite = calls_that_end(|calls, invite| assert!(is_authenticated(verdict(calls, invite))));
    let (own, tag) = (at_the_phone(&invite), Some(&b"another"[..]));
    let others = [
        Request { method: "MESSAGE", ..own },
        Request { uri: b"sip:bob@192.0.2.8", ..own },
        Request { call_id: b"another", ..own },
        Request { from: ssa::Party { uri: b"sip:carol@alice.example", ..own.from }, ..own },
        Request { from: ssa::Party { tag, ..own.from }, ..own },
        Request { to: ssa::Party { uri: b"sip:carol@bob.example", ..own.to }, ..own },
    ];
    let mut served = Vec::new();
    for (number, other) in others.into_iter().enumerate() {
        calls_that_end(|calls, invite| {
            let other = Request { headers: &invite.fields, body: &invite.body.octets, ..other };
            let found = judged(calls, &invite.arrival(), &other);
            served.extend(is_authenticated(found).then_some(number));
        });
    }
    assert_eq!(served, [0; 0]);
    calls_that_end(|calls, invite| {
        let arrival = Arrival { source: "127.0.0.2:5060".parse().unwrap(), ..invite.arrival() };
        assert!(!is_authenticated(judged(calls, &arrival, &at_the_phone(invite))));
    });
    calls_that_end(|calls, invite| assert!(!is_authenticated(verdict(calls, &guess(invite, 1)))));
}

fn is_authenticated(verdict: Authentication) -> bool {
    verdict == Authentication::Authenticated
}

/// A request that came in, and what is asked of it.
fn calls_that_end(ask: impl FnOnce(&Calls, &TestRequest)) -> TestRequest {
    let calls = Calls::new();
    let invite = received(&calls);
    ask(&calls, &invite);
    invite
}

#[test]
fn a01_a_copy_that_came_in_meanwhile_is_not_accepted_too() {
    let calls = Calls::new();
    let invite = received(&calls);
    receive(&calls, &invite);
    assert!(is_authenticated(verdict(&calls, &invite)));
    // Under another name it would be a call of its own.
    let other = CallRef(CALL.0 + 1);
    let copy = calls.callee.authenticate(other, &invite.arrival(), &at_the_phone(&invite));
    assert!(matches!(now(copy), Authentication::SendWwwAuthenticate(_)));
}

#[test]
fn a03_a_nonce_that_expires_before_the_verdict_is_stale() {
    let calls = Calls::new();
    let invite = received(&calls);
    calls.platform.advance(Duration::from_secs(200));
    assert!(matches!(verdict(&calls, &invite), Authentication::SendWwwAuthenticate(_)));
}

#[test]
fn a21_who_guesses_before_the_verdict_waits() {
    let calls = Calls::new();
    let invite = received(&calls);
    for number in 1..=5 {
        let guess = guess(&invite, number);
        receive(&calls, &guess);
        assert!(matches!(verdict(&calls, &guess), Authentication::SendWwwAuthenticate(_)));
    }
    assert!(matches!(verdict(&calls, &invite), Authentication::Refused(it) if it.status == 500));
}

#[test]
fn another_configuration_judges_anew() {
    let calls = Calls::new();
    let invite = received(&calls);
    let mut configuration = digest_configuration(BOB, Requirement::DIGEST);
    configuration.users[0].secret = Password::new(b"changed".to_vec()).into();
    calls.callee.configure(&configuration);
    assert!(matches!(verdict(&calls, &invite), Authentication::SendWwwAuthenticate(_)));
}
