//! Who may speak in the name of a call, and of a contact.

use super::*;
use ssa::Transport;

#[test]
fn d03_another_pinned_peer_can_neither_end_nor_take_over_a_call() {
    const MALLORY: &str = "sip:mallory@alice.example";
    let mut key = String::new();
    let calls = Calls::with(
        |double| {
            key = double.add_key(MALLORY).as_str().to_owned();
            double
        },
        |double| double,
    );
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    // Bob knows Mallory as well as he knows Alice; Alice's manager now speaks for her.
    let pin = |aor: &str, key: &str| Pin::new(aor, key);
    let mut bob = configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
    bob.pins.push(pin(MALLORY, &key));
    calls.bob.manager.configure(&bob);
    let mallory = configuration((MALLORY, &key), (BOB, &calls.bob.fingerprint));
    calls.alice.manager.configure(&mallory);
    let before = calls.bob.manager.assurance(Call(CALL.0));
    let mut hers = TestRequest::invite(MALLORY, BOB, "pgp@127.0.0.1");
    hers.to.1 = Some("callee-tag".to_owned());
    // Her own manager knows of no other call under these identifiers.
    calls.alice.manager.call_ended(Call(CALL.0));
    calls.start(CALL);
    let plan = calls.plan(&hers, &calls.challenge(&hers)).expect("it is answered");
    let mut retry = hers.retried().with_body(offer());
    match now(calls.alice.manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    let bob = &calls.bob.manager;
    assert_eq!(
        bob.request_received(CALL, &retry.arrival(), &retry.view()),
        Received::Authenticate,
        "the nonce is good"
    );
    let Answer::Ready(verdict) = bob.authenticate(CALL, &retry.arrival(), &retry.view()) else {
        panic!("the application is asked")
    };
    assert!(matches!(&verdict, Authentication::Refused(why) if why.status == 403), "{verdict:?}");
    assert_eq!(bob.assurance(Call(CALL.0)), before, "it is still Alice's call");
}

#[test]
fn d03_an_invitation_under_a_calls_identifiers_leaves_the_call_as_it_was() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let bob = &calls.bob.manager;
    let before = bob.assurance(Call(CALL.0));
    // Whoever saw the call's identifiers sends an INVITE of its own, in the clear and later signed.
    let theirs = calls.invite().retried().retried();
    let merged = |received| matches!(received, Received::Reject(why) if why.status == 482);
    assert!(merged(bob.request_received(CALL, &theirs.arrival(), &theirs.view())));
    assert!(merged(bob.request_received(CALL, &invite.arrival(), &invite.view())));
    assert_eq!(bob.assurance(Call(CALL.0)), before);
    // The caller's own call is as safe.
    let alice = &calls.alice.manager;
    let reversed = TestRequest::invite(BOB, ALICE, "pgp@127.0.0.1");
    assert!(merged(alice.request_received(CALL, &reversed.arrival(), &reversed.view())));
}

#[test]
fn d03_a_request_of_a_dialog_without_a_record_needs_what_the_caller_needs() {
    let calls = Calls::new();
    let mut bye = calls.invite();
    bye.method = "BYE";
    bye.to.1 = Some("callee-tag".to_owned());
    let answer = calls.bob.manager.request_received(CALL, &bye.arrival(), &bye.view());
    assert!(matches!(answer, Received::SendWwwAuthenticate(_)), "{answer:?}");
    let plain = calls.bob.manager.decrypt(CALL, Direction::Request, Transport::Udp, offer());
    assert!(matches!(now(plain), BodyVerdict::Refused(why) if why.status == 493));
    let ok = TestResponse::to(&calls.invite(), 200, Body::default());
    let (hop, sent) = (bye.arrival(), calls.invite());
    let stranger = calls.bob.manager.response_received(CallRef(9), &hop, &ok.view(), &sent.view());
    assert_eq!(now(stranger), Incoming::AckThenBye(Why::ProofMissing));
}

#[test]
fn a_contact_is_held_to_its_requirement_however_it_is_spelled() {
    let calls = Calls::new();
    let lax = |own: (&str, &str), peer| {
        let mut lax = configuration(own, (peer, &"a".repeat(40)));
        lax.require = Requirement::NOTHING;
        lax
    };
    let alice = &calls.alice.manager;
    alice.configure(&lax((ALICE, &calls.alice.fingerprint), BOB));
    for to in
        [BOB, "sip:bob@bob.example:5060;user=phone", "sips:bob@bob.example", "sip:bob@bob.example."]
    {
        alice.call_ended(Call(CALL.0));
        let outgoing =
            Outgoing { from: ALICE.into(), to: to.into(), require: Requirement::NOTHING };
        alice.call_started(Call(CALL.0), outgoing);
        let first = now(alice.encrypt(CALL, Direction::Request, Transport::Udp, None, offer()));
        assert_eq!(first, BodyVerdict::Body(Body::default()), "{to}");
    }
    let bob = &calls.bob.manager;
    bob.configure(&lax((BOB, &calls.bob.fingerprint), ALICE));
    for from in [ALICE, "sips:alice@ALICE.example", "sip:alice@alice.example."] {
        let invite = TestRequest::invite(from, BOB, "pgp@127.0.0.1");
        let answer = bob.request_received(CALL, &invite.arrival(), &invite.view());
        assert!(matches!(answer, Received::SendWwwAuthenticate(_)), "{from}: {answer:?}");
    }
    let unreadable = TestRequest::invite("sip:alice@alice.example;x=a@b", BOB, "pgp@127.0.0.1");
    let answer = bob.request_received(CALL, &unreadable.arrival(), &unreadable.view());
    assert!(matches!(answer, Received::Reject(why) if why.status == 400));
    let stranger = TestRequest::invite("sip:carol@carol.example", BOB, "pgp@127.0.0.1");
    let answer = bob.request_received(CALL, &stranger.arrival(), &stranger.view());
    assert_eq!(answer, Received::Admit);
}
