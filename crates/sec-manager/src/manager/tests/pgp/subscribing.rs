//! SUBSCRIBE: what we sign of our own, and what is asked of a peer's. Case D08.

use super::*;
use ssa::InDialog;

/// A call that nobody has started.
const SUBSCRIPTION: CallRef = CallRef(0x5b);

fn subscribe() -> TestRequest {
    TestRequest { method: "SUBSCRIBE", ..TestRequest::invite(ALICE, BOB, "sub@127.0.0.1") }
}

/// Bob's challenge, as one of this realm.
fn challenge_of(bob: &SecurityManager, realm: &str) -> Vec<Field> {
    let first = subscribe();
    let asked = bob.request_received(SUBSCRIPTION, &first.arrival(), &first.view());
    let Received::SendWwwAuthenticate(mut challenge) = asked else { panic!("{asked:?}") };
    for field in &mut challenge {
        let value = String::from_utf8(field.value.clone()).unwrap();
        field.value = value.replace("bob.example", realm).into();
    }
    challenge
}

/// What Alice makes of a challenge to this request, which her user has not told her of.
fn planned(alice: &SecurityManager, sent: &TestRequest, challenge: &[Field]) -> Result<Plan, Why> {
    let mut response = TestResponse::to(sent, 401, Body::default());
    response.fields.extend(challenge);
    let hop = sent.arrival();
    match now(alice.got_401_unauthorized(SUBSCRIPTION, &hop, &response.view(), &sent.view())) {
        Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
        Required::GiveUp(why) => Err(why),
    }
}

#[test]
fn what_our_user_subscribes_to_is_signed_for_and_believed_when_it_is_signed() {
    let calls = Calls::new();
    let (alice, bob) = (&calls.alice.manager, &calls.bob.manager);
    let first = subscribe();
    let plan = planned(alice, &first, &challenge_of(bob, "bob.example")).unwrap();
    let mut again = first.retried();
    match now(alice.authorize(SUBSCRIPTION, plan, &again.view())) {
        Authorized::Fields(fields) => again.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    let judged = now(bob.authenticate(SUBSCRIPTION, &again.arrival(), &again.view()));
    assert_eq!(judged, Authentication::Authenticated);
    let mut ok = TestResponse::to(&again, 200, Body::default());
    let hop = again.arrival();
    let received = |ok: &TestResponse| {
        now(alice.response_received(SUBSCRIPTION, &hop, &ok.view(), &again.view()))
    };
    assert_eq!(received(&ok), Incoming::AckThenBye(Why::ProofMissing), "who signs is answered so");
    match now(bob.response_leaving(SUBSCRIPTION, &again.view(), &ok.view())) {
        Leaving::Fields(fields) => ok.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    assert_eq!(received(&ok), Incoming::Accept);
    // What is told in it is signed, too: nobody else's word counts.
    let notify = TestRequest {
        method: "NOTIFY",
        to: (ALICE.to_owned(), Some("alice".to_owned())),
        ..TestRequest::invite(BOB, ALICE, "sub@127.0.0.1")
    };
    let arrival = Arrival { in_dialog: InDialog::FromPeer, ..notify.arrival() };
    let told = alice.request_received(SUBSCRIPTION, &arrival, &notify.view());
    assert!(matches!(told, Received::SendWwwAuthenticate(_)), "{told:?}");
    alice.abandon(SUBSCRIPTION);
    bob.abandon(SUBSCRIPTION);
    assert_eq!((alice.records(), bob.records()), (1, 0), "the call that was started is left");
}

/// Where all that comes is to be signed, what came before the challenge, in the clear, opens nothing.
#[test]
fn d07_a_notify_before_the_challenge_lets_no_other_in_after_it() {
    let calls = Calls::new();
    let (alice, bob) = (&calls.alice.manager, &calls.bob.manager);
    let notify = TestRequest {
        method: "NOTIFY",
        to: (ALICE.to_owned(), Some("alice".to_owned())),
        ..TestRequest::invite(BOB, ALICE, "sub@127.0.0.1")
    };
    let arrival = Arrival { in_dialog: InDialog::FromPeer, ..notify.arrival() };
    let told = || alice.request_received(SUBSCRIPTION, &arrival, &notify.view());
    assert_eq!(told(), Received::Admit, "as long as nothing is known of who tells");
    assert!(planned(alice, &subscribe(), &challenge_of(bob, "bob.example")).is_ok());
    assert!(matches!(told(), Received::SendWwwAuthenticate(_)), "{:?}", told());
}

#[test]
fn g10_nothing_else_is_signed_that_our_user_did_not_start() {
    type Change = fn(&Calls) -> TestRequest;
    let cases: [(&str, &str, Change); 5] = [
        ("another method", "bob.example", |_| TestRequest { method: "MESSAGE", ..subscribe() }),
        ("in a dialog", "bob.example", |_| TestRequest {
            to: (BOB.to_owned(), Some("t".to_owned())),
            ..subscribe()
        }),
        ("a foreign realm", "mallory.example", |_| subscribe()),
        ("a key that is not pinned", "bob.example", |calls| {
            calls.alice.manager.pins(Vec::new());
            subscribe()
        }),
        ("in another's name", "bob.example", |_| TestRequest {
            from: ("sip:carol@alice.example".to_owned(), "t".to_owned()),
            ..subscribe()
        }),
    ];
    let is_signed = |(_, realm, change): &(&str, &str, Change)| {
        let calls = Calls::new();
        let sent = change(&calls);
        let challenge = challenge_of(&calls.bob.manager, realm);
        planned(&calls.alice.manager, &sent, &challenge).is_ok()
    };
    let signed: Vec<&str> = cases.iter().filter(|it| is_signed(it)).map(|it| it.0).collect();
    assert_eq!(signed, [""; 0]);
    let calls = Calls::new();
    let challenge = challenge_of(&calls.bob.manager, "bob.example");
    assert!(planned(&calls.alice.manager, &subscribe(), &challenge).is_ok());
}

/// Whether a challenge to Bob's peer asks for a signature, and whether for a password.
fn asked(bob: &SecurityManager, request: &TestRequest) -> (bool, bool) {
    let answer = bob.request_received(SUBSCRIPTION, &request.arrival(), &request.view());
    let Received::SendWwwAuthenticate(fields) = answer else { return (false, false) };
    let has = |scheme: &str| fields.iter().any(|it| it.value.starts_with(scheme.as_bytes()));
    (has("PGP "), has("Digest "))
}

#[test]
fn d08_where_nothing_is_required_a_subscriber_whose_key_is_pinned_may_sign() {
    let calls = Calls::new();
    let bob = &calls.bob.manager;
    let mut open = configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
    open.contacts.clear();
    open.require = Requirement::NOTHING;
    let users = [("dave".to_owned(), sst::Password::new(b"secret".to_vec()))];
    open.users = users.map(|(name, password)| sst::User { name, secret: password.into() }).into();
    bob.configure(&open);
    let long = Body { content_type: None, octets: vec![b'x'; 2_000] };
    assert_eq!(asked(bob, &subscribe().with_body(long)), (true, true), "either will do");
    let message = TestRequest { method: "MESSAGE", ..subscribe() };
    assert_eq!(asked(bob, &message), (false, true));
    let other =
        TestRequest { from: ("sip:eve@e.example".to_owned(), "t".to_owned()), ..subscribe() };
    assert_eq!(asked(bob, &other), (false, true));
    assert_eq!(asked(bob, &TestRequest { method: "INVITE", ..subscribe() }), (false, false));
}
