//! What a 2xx comes to, and what both machines tell of it.

use super::client::{challenge, sha256};
use super::*;
use crate::manager::tests::ear::hearing;
use ssa::Incoming;

#[test]
fn both_users_are_told_once_of_what_was_proved() {
    let mut calls = Calls::new();
    let (caller, heard) = hearing(&calls.platform);
    caller.configure(&caller_configuration("secret"));
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::DIGEST };
    caller.call_started(Call(CALL.0), outgoing);
    calls.caller = caller;
    let (callee, callee_heard) = hearing(&calls.platform);
    callee.configure(&digest_configuration(BOB, Requirement::DIGEST));
    calls.callee = callee;
    let invite = calls.invite();
    // An answer that proves nothing changes nothing.
    let bare = TestResponse::to(&invite, 200, Body::default());
    calls.received(&bare, &invite);
    let invite = calls.authorized(invite);
    assert!(calls.admits(&invite));
    assert!(heard.proofs().is_empty());
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    assert_eq!(heard.proofs(), [Proof::AccountHop { account: ALICE.to_owned() }]);
    let (user, realm) = ("alice".into(), REALM.into());
    let proof = Proof::Digest { user, realm, algorithm: Algorithm::Sha256 };
    assert_eq!(callee_heard.proofs(), [proof]);
}

#[test]
fn the_answer_to_what_a_proxy_asked_is_read_from_the_proxys_field() {
    for (name, verdict) in [
        ("Authentication-Info", Incoming::Accept),
        ("Proxy-Authentication-Info", Incoming::AckThenBye(Why::ProofInvalid)),
    ] {
        let calls = Calls::new();
        let asked = [challenge("Proxy-Authenticate", REALM, ", algorithm=SHA-256")];
        let invite = calls.answer(&calls.invite(), &asked);
        let mut ok = TestResponse::to(&invite, 200, Body::default());
        let value = b"qop=auth, rspauth=\"0000\", cnonce=\"x\", nc=00000001".to_vec();
        ok.fields.extend(&[Field { name, value }]);
        assert_eq!(calls.received(&ok, &invite), verdict, "{name}");
    }
}

#[test]
fn a_call_that_was_proved_needs_no_proof_in_what_follows() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    let mut again = calls.invite();
    (again.cseq, again.to.1) = (9, Some("callee-tag".to_owned()));
    let ok = TestResponse::to(&again, 200, Body::default());
    assert_eq!(calls.received(&ok, &again), Incoming::Accept);
}

/// Promise 8: what follows an answer has tries of its own, also where it carries the old proof.
#[test]
fn a18_a_call_that_was_answered_has_tries_of_its_own() {
    let calls = Calls::new();
    let stale = || [challenge("WWW-Authenticate", REALM, ", algorithm=SHA-256, stale=true")];
    let invite = calls.authorized(calls.invite());
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    for _ in 0..2 {
        assert!(calls.plan(&invite, &stale()).is_ok());
    }
    assert_eq!(calls.plan(&invite, &stale()), Err(Why::TriedAlready));
}

#[test]
fn a_receiver_waits_once_and_is_refused_once() {
    let calls = Calls::with("wrong", digest_configuration(BOB, Requirement::DIGEST));
    let challenged = "Receiver Idle WaitForAuthorization: unauthorized request challenged";
    calls.challenge(&calls.invite());
    let invite = calls.authorized(calls.invite());
    assert_eq!(calls.callee_states.taken(), [challenged]);
    assert!(!calls.admits(&invite));
    let refused = "Receiver WaitForAuthorization Idle: credentials refused";
    assert_eq!(calls.callee_states.taken(), [refused, challenged]);
}

/// The nonce holds for a bucket longer than the mirror says.
#[test]
fn a_receiver_that_nobody_waits_for_does_not_go_back_to_idle() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    calls.platform.advance(Duration::from_secs(91));
    assert!(calls.callee.waiting().is_empty());
    calls.callee_states.taken();
    assert!(calls.admits(&invite));
    assert_eq!(calls.callee_states.taken(), [""; 0]);
}

#[test]
fn s03_a_proof_that_finds_no_place_is_refused_for_now() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    let at = calls.platform.now();
    for call in 1_000..2_024 {
        calls.callee.shared.lock().records.start(call, at).started = true;
    }
    let answer = now(calls.callee.authenticate(CALL, &invite.arrival(), &invite.view()));
    let Authentication::Refused(why) = answer else { panic!("{answer:?}") };
    assert_eq!((why.status, why.retry_after), (500, Some(Duration::from_secs(5))));
}

/// Promise 16: of what a 2xx accepted, only what was typed is kept.
#[test]
fn o04_a_password_that_is_configured_is_not_kept_as_a_typed_one() {
    const OTHER: &str = "other.example";
    let calls = Calls::new();
    let mut configuration = caller_configuration("secret");
    let asked = |aor: &str, realm: &str| Account {
        aor: aor.to_owned(),
        realm: realm.to_owned(),
        secret: None,
        ..account("secret")
    };
    // Neither the address alone nor the realm alone makes it the account that was asked for.
    configuration.accounts.extend([asked(ALICE, OTHER), asked("sip:al@alice.example", REALM)]);
    calls.caller.configure(&configuration);
    let invite = calls.answer(&calls.invite(), &[sha256(REALM)]);
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    let inner = calls.caller.shared.lock();
    assert!(inner.typed.of(&inner.policy.accounts[0], Algorithm::Sha256).is_none());
}
