//! What a caller makes of challenges and of the answers to its signed requests.

use super::*;
use ssa::Transport;

#[test]
fn g09_our_own_signature_reflected_is_refused() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    // Mallory answers with the caller's own signature in place of the callee's.
    let mut ok = TestResponse::to(&invite, 200, Body::default());
    let authorization = invite.fields.0.iter().find(|(name, _)| name == "Authorization");
    let value = authorization.map(|(_, value)| value.clone()).unwrap();
    ok.fields.extend(&[Field { name: "PGP-Signature", value }]);
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofInvalid));
}

#[test]
fn g28_callee_signature_stripped() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let mut ok = calls.answered(&invite);
    ok.fields.0.retain(|(name, _)| name != "PGP-Signature");
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofMissing));
}

#[test]
fn g28_callee_signature_of_another_answer() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let mut ok = calls.answered(&invite);
    ok.body.octets.push(b' ');
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofInvalid));
    let mut swapped = calls.answered(&invite);
    swapped.to_tag = "another".to_owned();
    assert_eq!(calls.received(&swapped, &invite), Incoming::AckThenBye(Why::ProofInvalid));
}

#[test]
fn g28_callee_signature_of_another_call() {
    let calls = Calls::new();
    let first = calls.authorized();
    assert!(calls.admits(&first));
    let theirs = calls.answered(&first);
    calls.bob.manager.call_ended(Call(CALL.0));
    calls.alice.manager.call_ended(Call(CALL.0));
    calls.start(CALL);
    // The next call between the same two, with the same keys.
    calls.platform.advance(Duration::from_secs(64));
    let second = calls.authorized();
    assert!(calls.admits(&second));
    let mut ok = calls.answered(&second);
    let foreign = theirs.fields.0.iter().find(|(name, _)| name == "PGP-Signature").cloned();
    ok.fields.0.retain(|(name, _)| name != "PGP-Signature");
    ok.fields.0.extend(foreign);
    assert_eq!(calls.received(&ok, &second), Incoming::AckThenBye(Why::OtherCall));
    assert_eq!(calls.received(&calls.answered(&second), &second), Incoming::Accept);
}

#[test]
fn g29_digest_in_place_of_pgp_is_refused() {
    let calls = Calls::new();
    let invite = calls.invite();
    let value =
        b"Digest realm=\"bob.example\", nonce=\"x\", algorithm=SHA-256, qop=\"auth\"".to_vec();
    let downgraded = [Field { name: "WWW-Authenticate", value }];
    assert_eq!(calls.plan(&invite, &downgraded), Err(Why::ProofMissing));
    let refused = calls.alice.manager.assurance(Call(CALL.0)).unwrap().refused;
    assert_eq!(refused, Some(sst::Refused::DigestForPgp));
    // And the other way round: a 2xx without any challenge.
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofMissing));
}

#[test]
fn a_callee_that_asks_for_more_than_our_user_did_is_named() {
    let calls = Calls::new();
    calls.alice.manager.call_ended(Call(CALL.0));
    let mut lax = configuration((ALICE, &calls.alice.fingerprint), (BOB, &calls.bob.fingerprint));
    lax.contacts.clear();
    calls.alice.manager.configure(&lax);
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::NOTHING };
    calls.alice.manager.call_started(Call(CALL.0), outgoing);
    let invite = calls.invite();
    assert_eq!(calls.plan(&invite, &calls.challenge(&invite)), Err(Why::PgpRequired));
}

#[test]
fn t15_a_proxy_asks_for_digest_before_the_callee_asks_for_a_signature() {
    let calls = Calls::new();
    let mut alice = configuration((ALICE, &calls.alice.fingerprint), (BOB, &calls.bob.fingerprint));
    alice.accounts.push(sst::Account {
        aor: ALICE.to_owned(),
        realm: "proxy.example".to_owned(),
        user: "alice".to_owned(),
        secret: Some(Password::new(b"secret".to_vec()).into()),
        hop: sst::HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    });
    calls.alice.manager.configure(&alice);
    let manager = &calls.alice.manager;
    let authorized =
        |plan, request: &TestRequest| match now(manager.authorize(CALL, plan, &request.view())) {
            Authorized::Fields(fields) => fields,
            other => panic!("{other:?}"),
        };
    let names = |fields: &[Field]| fields.iter().map(|field| field.name).collect::<Vec<_>>();
    let invite = calls.invite();
    let value = b"Digest realm=\"proxy.example\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
    let proxy = [Field { name: "Proxy-Authenticate", value: value.to_vec() }];
    let plan = calls.plan(&invite, &proxy).expect("the proxy is answered");
    // Nobody has proved anything yet: the second INVITE says as little as the first.
    let silent =
        now(manager.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
    assert_eq!(silent, BodyVerdict::Body(Body::default()));
    let mut second = invite.retried();
    let fields = authorized(plan, &second);
    assert_eq!(names(&fields), ["Proxy-Authorization"]);
    second.fields.extend(&fields);
    // The callee's challenge: the proxy's answer goes along, its nonce count raised.
    let plan = calls.plan(&second, &calls.challenge(&second)).expect("the callee is answered");
    let sealed =
        now(manager.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut third = second.retried().with_body(sealed);
    third.fields.0.retain(|(name, _)| name != "Proxy-Authorization");
    let fields = authorized(plan, &third);
    assert_eq!(names(&fields), ["Proxy-Authorization", "Date", "Authorization"]);
    assert!(fields[0].value.windows(11).any(|text| text == b"nc=00000002"));
    third.fields.extend(&fields);
    assert!(calls.admits(&third));
}

/// A signed request that took so long that its nonce is not fresh any more is challenged once more,
/// and the call goes on with what the proxy asked for.
#[test]
fn t15_a_nonce_that_became_stale_costs_one_more_signature() {
    let calls = Calls::new();
    let late = calls.authorized();
    calls.platform.advance(Duration::from_secs(121 + 32));
    let (arrival, manager) = (late.arrival(), &calls.bob.manager);
    let challenge = match manager.request_received(CALL, &arrival, &late.view()) {
        Received::SendWwwAuthenticate(fields) => fields,
        other => panic!("{other:?}"),
    };
    assert_eq!(manager.records(), 0, "nothing is kept of it");
    let plan = calls.plan(&late, &challenge).expect("a nonce that is not the first");
    let caller = &calls.alice.manager;
    let sealed = now(caller.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut again = late.retried().with_body(sealed);
    again.fields.0.retain(|(name, _)| name != "Authorization" && name != "Date");
    match now(caller.authorize(CALL, plan, &again.view())) {
        Authorized::Fields(fields) => again.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    assert!(calls.admits(&again));
    assert_eq!(calls.received(&calls.answered(&again), &again), Incoming::Accept);
}
