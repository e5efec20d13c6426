//! Challenges between the two: their realm, their nonces and what becomes of a plan.

use super::*;
use ssa::Transport;

/// Whether Bob challenges a request once more.
fn is_challenged(calls: &Calls, request: &TestRequest) -> bool {
    let answer = calls.bob.manager.request_received(CALL, &request.arrival(), &request.view());
    matches!(answer, Received::SendWwwAuthenticate(_))
}

/// An INVITE of Alice's as far as the plan for its signature.
fn planned(calls: &Calls) -> (TestRequest, Plan) {
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).expect("it is answered");
    (invite, plan)
}

/// A challenge of Bob's under a nonce like no other.
fn another(octet: u8) -> [Field; 1] {
    let value = crate::pgp::challenge_value("bob.example", &[octet; 48]);
    [Field { name: "WWW-Authenticate", value }]
}

fn seals(calls: &Calls, plan: Plan) -> bool {
    let manager = &calls.alice.manager;
    match now(manager.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer())) {
        BodyVerdict::Body(_) => true,
        BodyVerdict::Refused(why) => {
            assert_eq!(why.status, 493);
            false
        }
    }
}

#[test]
fn the_realm_is_the_configured_one_or_the_domain_that_is_called() {
    for (realm, shown) in [("", "bob.example"), ("lab.bob.example", "lab.bob.example")] {
        let calls = Calls::new();
        let peer = (ALICE, &*calls.alice.fingerprint);
        let mut bob = configuration((BOB, &calls.bob.fingerprint), peer);
        bob.realm = realm.to_owned();
        calls.bob.manager.configure(&bob);
        let challenge = calls.challenge(&calls.invite());
        let text = String::from_utf8(challenge[0].value.clone()).unwrap();
        assert!(text.contains(&format!("realm=\"{shown}\"")), "{text}");
        assert!(calls.admits(&calls.authorized()), "{realm:?}");
    }
}

#[test]
fn a15_credentials_of_another_realm_do_not_excuse_what_cannot_be_read() {
    let broken = || ("Authorization".to_owned(), b"PGP nonce=\"x".to_vec());
    // Ours are readable, though they are too old: what is broken beside them is passed over.
    let calls = Calls::new();
    let mut late = calls.authorized();
    late.fields.0.push(broken());
    calls.platform.advance(Duration::from_secs(200));
    assert!(is_challenged(&calls, &late));
    let calls = Calls::new();
    let signed = calls.authorized();
    let mut foreign = change(&signed, "Authorization", "realm=\"bob.", "realm=\"eve.");
    assert!(is_challenged(&calls, &foreign), "as if there were none");
    foreign.fields.0.push(broken());
    let answer = calls.bob.manager.request_received(CALL, &foreign.arrival(), &foreign.view());
    assert!(matches!(&answer, Received::Reject(why) if why.status == 400), "{answer:?}");
}

/// What the table of nonces forgets is refused by its age.
#[test]
fn g30_a_signed_request_that_was_forgotten_is_not_believed_again() {
    let calls = Calls::new();
    *calls.bob.manager.shared.replay() = crate::nonce::ReplayTable::with_capacity(1);
    let call = |calls: &Calls| {
        calls.alice.manager.call_ended(Call(CALL.0));
        calls.bob.manager.call_ended(Call(CALL.0));
        calls.start(CALL);
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        invite
    };
    let first = call(&calls);
    calls.platform.advance(Duration::from_secs(64));
    call(&calls);
    calls.bob.manager.call_ended(Call(CALL.0));
    assert!(is_challenged(&calls, &first), "its nonce would still be fresh");
}

#[test]
fn a_request_that_is_no_invitation_needs_no_body() {
    let calls = Calls::new();
    let options = TestRequest { method: "OPTIONS", ..calls.invite() }.retried();
    let plan = calls.plan(&options, &calls.challenge(&options)).expect("it is answered");
    let mut retry = options.retried();
    match now(calls.alice.manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    assert!(calls.admits(&retry));
}

#[test]
fn a_person_has_a_minute_to_say_whose_key_it_is() {
    let calls = Calls::new();
    let invite = calls.authorized();
    calls.bob.manager.pins(Vec::new());
    match calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view()) {
        Answer::Pending { within, .. } => assert!(within > Duration::from_secs(60), "{within:?}"),
        Answer::Ready(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_plan_serves_until_it_was_used_given_up_or_answered() {
    let calls = Calls::new();
    let (invite, plan) = planned(&calls);
    assert!(seals(&calls, plan));
    let mut retry = invite.retried().with_body(offer());
    match now(calls.alice.manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    let foreign = crate::pgp::challenge_value("mallory.example", &[b'A'; 48]);
    let foreign = [Field { name: "WWW-Authenticate", value: foreign }];
    assert_eq!(calls.plan(&retry, &foreign), Err(Why::ForeignRealm));
    assert!(!seals(&calls, plan), "it was given up");

    let calls = Calls::new();
    let (invite, plan) = planned(&calls);
    let alice = &calls.alice.manager;
    let retry = invite.retried().with_body(offer());
    let authorize = || now(alice.authorize(CALL, plan, &retry.view()));
    assert!(matches!(authorize(), Authorized::Fields(_)));
    assert_eq!(authorize(), Authorized::GiveUp(Why::OtherCall), "it was used");

    let calls = Calls::new();
    let (invite, plan) = planned(&calls);
    let mut retry = invite.retried().with_body(offer());
    match now(calls.alice.manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    assert!(calls.admits(&retry));
    assert_eq!(calls.received(&calls.answered(&retry), &retry), Incoming::Accept);
    assert!(!seals(&calls, plan), "it was answered");
}

/// Promise 8: what follows an answer is a new exchange, also where it carries the old proof along.
#[test]
fn a18_a_call_that_was_answered_has_tries_of_its_own() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    for octet in *b"BC" {
        assert!(calls.plan(&invite, &another(octet)).is_ok());
    }
    assert_eq!(calls.plan(&invite, &another(b'D')), Err(Why::TriedAlready));
}

#[test]
fn the_answer_to_a_signed_bye_needs_no_signature() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    let mut bye = calls.invite();
    (bye.method, bye.cseq, bye.to.1) = ("BYE", 10, Some("callee-tag".to_owned()));
    let plan = calls.plan(&bye, &another(b'B')).expect("it is answered");
    let mut bye = bye.retried();
    match now(calls.alice.manager.authorize(CALL, plan, &bye.view())) {
        Authorized::Fields(fields) => bye.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    let ok = TestResponse::to(&bye, 200, Body::default());
    assert_eq!(calls.received(&ok, &bye), Incoming::Accept);
    bye.method = "UPDATE";
    let ok = TestResponse::to(&bye, 200, Body::default());
    assert_eq!(calls.received(&ok, &bye), Incoming::AckThenBye(Why::ProofMissing));
}

/// Of several callees that challenged, the one that answers made one of the nonces: its body is
/// bound to that one.
#[test]
fn t15_the_body_of_a_forks_answer_is_read_under_its_own_nonce() {
    let (mut calls, bobs) = Calls::sharing_bobs();
    let peer = (ALICE, calls.alice.fingerprint.as_str());
    let second = side(&calls.platform, bobs, (BOB, &calls.bob.fingerprint), peer);
    let invite = calls.invite();
    let mut challenges = calls.challenge(&invite);
    calls.bob = second;
    challenges.extend(calls.challenge(&invite));
    let plan = calls.plan(&invite, &challenges).expect("both are answered");
    let alice = &calls.alice.manager;
    let retry = signed(alice, invite, plan);
    assert!(calls.admits(&retry));
    let ok = calls.answered(&retry);
    assert_eq!(calls.received(&ok, &retry), Incoming::Accept);
    let opened = now(alice.decrypt(CALL, Direction::Response, Transport::Udp, ok.body.clone()));
    assert_eq!(opened, BodyVerdict::Body(answer()));
}
