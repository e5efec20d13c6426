//! The PGP scheme between two managers: the conformance kit, and the cases of the catalogue.

use super::*;
use crate::Pgp;
use sma::SecurityApplication;
use sma::conformance::{Directory, Double, Hanging, Lying};
use ssa::conformance::{Pair, TestResponse, run};
use ssa::{
    Authorized, Body, BodyVerdict, Direction, Field, Incoming, Leaving, Plan, Required, Why,
};
use sst::{Call, Contact, Outgoing, Pin, Proof, Trust};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A terminal: its manager, its key, and who it is.
struct Side {
    manager: Arc<SecurityManager>,
    aor: &'static str,
    fingerprint: String,
    states: Arc<States>,
}

fn application(platform: &Arc<TestPlatform>, directory: &Directory, aor: &str) -> (Double, String) {
    let clock = Arc::clone(platform);
    let double = Double::new(directory, Arc::new(move || clock.unix_time().as_secs()));
    let fingerprint = double.add_key(aor).as_str().to_owned();
    (double, fingerprint)
}

fn configuration(own: (&str, &str), peer: (&str, &str)) -> Configuration {
    Configuration {
        identities: vec![Identity { aor: own.0.into(), fingerprint: Some(own.1.into()) }],
        contacts: vec![Contact { aor: peer.0.into(), require: Requirement::Pgp }],
        pins: vec![Pin { aor: peer.0.into(), fingerprint: peer.1.into() }],
        require: Requirement::Pgp,
        realm: own.0.rsplit('@').next().unwrap().to_owned(),
        ..Configuration::default()
    }
}

fn side(
    platform: &Arc<TestPlatform>, application: Arc<dyn SecurityApplication>,
    own: (&'static str, &str), peer: (&str, &str),
) -> Side {
    let states = Arc::new(States::default());
    let manager = SecurityManager::builder(platform.clone())
        .digest(Digest)
        .pgp(Pgp::new(application))
        .observer(states.clone())
        .build()
        .unwrap();
    manager.configure(configuration(own, peer));
    Side { manager, aor: own.0, fingerprint: own.1.to_owned(), states }
}

struct Calls {
    platform: Arc<TestPlatform>,
    alice: Side,
    bob: Side,
}

impl Calls {
    fn new() -> Self {
        Self::with(|double| double, |double| double)
    }

    /// Two sides whose applications may be something else than the honest double.
    fn with<A, B>(
        alice_app: impl FnOnce(Arc<Double>) -> Arc<A>, bob_app: impl FnOnce(Arc<Double>) -> Arc<B>,
    ) -> Self
    where
        A: SecurityApplication + 'static,
        B: SecurityApplication + 'static,
    {
        let platform = TestPlatform::new();
        let directory = Directory::new(1);
        let (a, alice_key) = application(&platform, &directory, ALICE);
        let (b, bob_key) = application(&platform, &directory, BOB);
        let (a, b) = (alice_app(Arc::new(a)), bob_app(Arc::new(b)));
        let alice = side(&platform, a, (ALICE, &alice_key), (BOB, &bob_key));
        let bob = side(&platform, b, (BOB, &bob_key), (ALICE, &alice_key));
        let calls = Self { platform, alice, bob };
        calls.start(CALL);
        calls
    }

    fn start(&self, call: CallRef) {
        let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::Pgp };
        self.alice.manager.call_started(Call(call.0), outgoing);
    }

    fn invite(&self) -> TestRequest {
        TestRequest::invite(ALICE, BOB, "pgp@127.0.0.1")
    }

    fn challenge(&self, invite: &TestRequest) -> Vec<Field> {
        match self.bob.manager.request_received(CALL, &invite.arrival(), &invite.view()) {
            Received::SendWwwAuthenticate(fields) => fields,
            other => panic!("{other:?}"),
        }
    }

    fn plan(&self, invite: &TestRequest, challenge: &[Field]) -> Result<Plan, Why> {
        let mut response = TestResponse::to(invite, 401, Body::default());
        response.fields.extend(challenge);
        let hop = invite.arrival();
        let manager = &self.alice.manager;
        match now(manager.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view())) {
            Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
            Required::GiveUp(why) => Err(why),
        }
    }

    /// The INVITE, challenged, encrypted and signed.
    fn authorized(&self) -> TestRequest {
        let invite = self.invite();
        let plan = self.plan(&invite, &self.challenge(&invite)).expect("it is answered");
        let manager = &self.alice.manager;
        let sealed = now(manager.encrypt(CALL, Direction::Request, Some(plan), offer()));
        let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
        let mut retry = invite.retried().with_body(sealed);
        match now(manager.authorize(CALL, plan, &retry.view())) {
            Authorized::Fields(fields) => retry.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        retry
    }

    fn admits(&self, request: &TestRequest) -> bool {
        admits(&self.bob.manager, &request.arrival(), request)
    }

    /// Bob's signed 200 to an INVITE that he admitted.
    fn answered(&self, invite: &TestRequest) -> TestResponse {
        let manager = &self.bob.manager;
        let sealed = now(manager.encrypt(CALL, Direction::Response, None, answer()));
        let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
        let mut ok = TestResponse::to(invite, 200, sealed);
        match now(manager.response_leaving(CALL, &invite.view(), &ok.view())) {
            Leaving::Fields(fields) => ok.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        ok
    }

    fn received(&self, ok: &TestResponse, invite: &TestRequest) -> Incoming {
        let manager = &self.alice.manager;
        let hop = invite.arrival();
        now(manager.response_received(CALL, &hop, &ok.view(), &invite.view()))
    }
}

fn text(text: &str) -> Body {
    Body { content_type: Some(b"text/plain".to_vec()), octets: text.as_bytes().to_vec() }
}

fn offer() -> Body {
    text("the offer")
}

fn answer() -> Body {
    text("the answer")
}

fn change(request: &TestRequest, name: &str, from: &str, to: &str) -> TestRequest {
    let mut changed = request.clone();
    for (_, value) in changed.fields.0.iter_mut().filter(|(n, _)| n == name) {
        *value = String::from_utf8(value.clone()).unwrap().replacen(from, to, 1).into_bytes();
    }
    assert_ne!(&changed, request, "nothing was changed");
    changed
}

#[test]
fn the_kit_passes() {
    let calls = Calls::new();
    let user = Arc::clone(&calls.alice.manager);
    let pair = Pair {
        caller: calls.alice.manager.clone(),
        callee: calls.bob.manager.clone(),
        from: ALICE.to_owned(),
        to: BOB.to_owned(),
        offer: offer(),
        answer: answer(),
        start: Box::new(move |call| {
            let outgoing =
                Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::Pgp };
            user.call_started(Call(call.0), outgoing);
        }),
    };
    assert_eq!(rules(finish(run(&pair))), [""; 0]);
}

#[test]
fn a_call_is_proved_both_ways() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(!invite.body.octets.windows(5).any(|w| w == b"offer"), "the body is not in the clear");
    assert!(calls.admits(&invite));
    let opened = calls.bob.manager.decrypt(CALL, Direction::Request, invite.body.clone());
    assert_eq!(now(opened), BodyVerdict::Body(offer()));
    let ok = calls.answered(&invite);
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    let opened = calls.alice.manager.decrypt(CALL, Direction::Response, ok.body.clone());
    assert_eq!(now(opened), BodyVerdict::Body(answer()));
    for (side, peer) in [(&calls.alice, &calls.bob), (&calls.bob, &calls.alice)] {
        let assurance = sst::TelephonySecurity::assurance(&*side.manager, Call(CALL.0)).unwrap();
        let proof = Proof::Pgp {
            aor: peer.aor.to_owned(),
            fingerprint: peer.fingerprint.clone(),
            trust: Trust::Pinned,
        };
        assert_eq!(assurance.proof, proof);
    }
    assert_eq!(calls.alice.states.taken().len(), 2);
    assert_eq!(calls.bob.states.taken().len(), 2);
}

#[test]
fn the_first_invite_says_nothing() {
    let calls = Calls::new();
    let first = calls.alice.manager.encrypt(CALL, Direction::Request, None, offer());
    assert_eq!(now(first), BodyVerdict::Body(Body::default()));
}

/// An application that has nobody's key.
struct Strange;

#[async_trait::async_trait]
impl SecurityApplication for Strange {
    async fn identities(&self) -> Result<Vec<sma::Key>, sma::Error> {
        Ok(Vec::new())
    }

    async fn sign(&self, _: sma::ToSign) -> Result<Vec<u8>, sma::Error> {
        Err(sma::Error::NoSuchKey)
    }

    async fn encrypt(&self, _: Vec<sma::Fingerprint>, _: Vec<u8>) -> Result<Vec<u8>, sma::Error> {
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
    for name in ["Require", "Replaces", "Refer-To", "Answer-Mode"] {
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
    let mut bobs = None;
    let calls = Calls::with(
        |double| double,
        |double| {
            bobs = Some(Arc::clone(&double));
            double
        },
    );
    let bobs = bobs.unwrap();
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
fn g20_a_missing_application_is_500_and_a_local_error() {
    let calls = Calls::with(|double| double, |_| Arc::new(sma::Deny));
    let invite = calls.authorized();
    let (arrival, view) = (invite.arrival(), invite.view());
    let answer = now(calls.bob.manager.authenticate(CALL, &arrival, &view));
    let Authentication::Refused(why) = answer else { panic!("{answer:?}") };
    assert_eq!((why.status, why.retry_after.is_some()), (500, true));

    let calls = Calls::with(|_| Arc::new(sma::Deny), |double| double);
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
    let answer = now(calls.alice.manager.authorize(CALL, plan, &invite.retried().view()));
    assert_eq!(answer, Authorized::GiveUp(Why::ApplicationUnavailable));
}

#[test]
fn g21_an_application_that_hangs_is_left_after_its_deadline() {
    let calls = Calls::with(|double| double, |_| Arc::new(Hanging::new()));
    let invite = calls.authorized();
    let answer = calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { within, mut future } = answer else { panic!("it answers later") };
    assert!(within < Duration::from_millis(2_500), "promise 11");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    calls.platform.advance(Duration::from_millis(1_999));
    assert!(future.as_mut().poll(&mut cx).is_pending());
    calls.platform.advance(Duration::from_millis(1));
    let Poll::Ready(Authentication::Refused(why)) = future.as_mut().poll(&mut cx) else {
        panic!("the deadline has passed")
    };
    assert_eq!(why.status, 500);
    assert_eq!(calls.bob.manager.records(), 0, "the machine is idle");
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
    calls.alice.manager.configure(lax);
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::Nothing };
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
        password: Some(Password::new(b"secret".to_vec())),
        hop: sst::HopPolicy::Addresses(vec!["127.0.0.1".parse().unwrap()]),
        floor: Algorithm::Sha256,
    });
    calls.alice.manager.configure(alice);
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
    let silent = now(manager.encrypt(CALL, Direction::Request, Some(plan), offer()));
    assert_eq!(silent, BodyVerdict::Body(Body::default()));
    let mut second = invite.retried();
    let fields = authorized(plan, &second);
    assert_eq!(names(&fields), ["Proxy-Authorization"]);
    second.fields.extend(&fields);
    // The callee's challenge: the proxy's answer goes along, its nonce count raised.
    let plan = calls.plan(&second, &calls.challenge(&second)).expect("the callee is answered");
    let sealed = now(manager.encrypt(CALL, Direction::Request, Some(plan), offer()));
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut third = second.retried().with_body(sealed);
    third.fields.0.retain(|(name, _)| name != "Proxy-Authorization");
    let fields = authorized(plan, &third);
    assert_eq!(names(&fields), ["Proxy-Authorization", "Date", "Authorization"]);
    assert!(fields[0].value.windows(11).any(|text| text == b"nc=00000002"));
    third.fields.extend(&fields);
    assert!(calls.admits(&third));
}

#[test]
fn two_callees_of_one_realm_each_find_the_answer_to_their_own_challenge() {
    let mut bobs = None;
    let calls = Calls::with(
        |double| double,
        |double| {
            bobs = Some(Arc::clone(&double));
            double
        },
    );
    // Bob's other device: the same address and key, a manager of its own.
    let peer = (ALICE, calls.alice.fingerprint.as_str());
    let other = side(&calls.platform, bobs.unwrap(), (BOB, &calls.bob.fingerprint), peer);
    let invite = calls.invite();
    let theirs = match other.manager.request_received(CALL, &invite.arrival(), &invite.view()) {
        Received::SendWwwAuthenticate(fields) => fields,
        unexpected => panic!("{unexpected:?}"),
    };
    let both: Vec<Field> = theirs.into_iter().chain(calls.challenge(&invite)).collect();
    let plan = calls.plan(&invite, &both).expect("both are answered");
    let manager = &calls.alice.manager;
    let sealed = now(manager.encrypt(CALL, Direction::Request, Some(plan), offer()));
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut retry = invite.retried().with_body(sealed);
    match now(manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        unexpected => panic!("{unexpected:?}"),
    }
    for callee in [&calls.bob.manager, &other.manager] {
        assert!(admits(callee, &retry.arrival(), &retry));
        let opened = now(callee.decrypt(CALL, Direction::Request, retry.body.clone()));
        assert_eq!(opened, BodyVerdict::Body(offer()));
    }
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
    let plain = calls.bob.manager.decrypt(CALL, Direction::Request, offer());
    assert!(matches!(now(plain), BodyVerdict::Refused(why) if why.status == 493));
    let early = calls.alice.manager.decrypt(CALL, Direction::Response, answer());
    assert!(matches!(now(early), BodyVerdict::Refused(why) if why.status == 493));
}

#[test]
fn s08_a_call_abandoned_while_signing_sends_nothing() {
    let calls = Calls::new();
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
    let retry = invite.retried();
    let signing = calls.alice.manager.authorize(CALL, plan, &retry.view());
    calls.alice.manager.abandon(CALL);
    assert_eq!(now(signing), Authorized::GiveUp(Why::Abandoned));
}

#[test]
fn g24_an_application_that_lies_about_data_or_key_is_not_believed() {
    type Lie = fn(Double) -> Lying<Double>;
    let lies: [Lie; 2] = [
        |double| Lying::about_data(double),
        |double| Lying::about_signer(double, sma::Fingerprint::parse(&"e".repeat(40)).unwrap()),
    ];
    for lie in lies {
        let calls =
            Calls::with(|double| double, |double| Arc::new(lie(Arc::into_inner(double).unwrap())));
        assert!(!calls.admits(&calls.authorized()));
    }
}

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
    let pin = |aor: &str, key: &str| Pin { aor: aor.into(), fingerprint: key.into() };
    let mut bob = configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
    bob.pins.push(pin(MALLORY, &key));
    calls.bob.manager.configure(bob);
    let mallory = configuration((MALLORY, &key), (BOB, &calls.bob.fingerprint));
    calls.alice.manager.configure(mallory);
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
    let verdict = now(bob.authenticate(CALL, &retry.arrival(), &retry.view()));
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
    let plain = calls.bob.manager.decrypt(CALL, Direction::Request, offer());
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
        lax.require = Requirement::Nothing;
        lax
    };
    let alice = &calls.alice.manager;
    alice.configure(lax((ALICE, &calls.alice.fingerprint), BOB));
    for to in
        [BOB, "sip:bob@bob.example:5060;user=phone", "sips:bob@bob.example", "sip:bob@bob.example."]
    {
        alice.call_ended(Call(CALL.0));
        let outgoing =
            Outgoing { from: ALICE.into(), to: to.into(), require: Requirement::Nothing };
        alice.call_started(Call(CALL.0), outgoing);
        let first = now(alice.encrypt(CALL, Direction::Request, None, offer()));
        assert_eq!(first, BodyVerdict::Body(Body::default()), "{to}");
    }
    let bob = &calls.bob.manager;
    bob.configure(lax((BOB, &calls.bob.fingerprint), ALICE));
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

/// A user who trusts every key that is shown, and counts how often that was asked; and who hears
/// of keys that are not the pinned ones.
#[derive(Default)]
struct Trusting(AtomicUsize, Mutex<Vec<sst::KeyMismatch>>);

#[async_trait::async_trait]
impl sst::TelephonyApplication for Trusting {
    async fn credentials(&self, _: &str, _: &str) -> Option<sst::Password> {
        None
    }

    async fn trust(&self, _: sst::TrustQuestion) -> sst::TrustAnswer {
        self.0.fetch_add(1, Ordering::Relaxed);
        sst::TrustAnswer::Pin
    }

    async fn unlock(&self, _: &str) -> Option<sst::Password> {
        None
    }

    fn assurance(&self, _: Call, _: &sst::Assurance) {}

    fn key_mismatch(&self, mismatch: sst::KeyMismatch) {
        self.1.lock().unwrap().push(mismatch);
    }
}

#[test]
fn a_key_that_the_user_trusts_is_pinned_until_it_is_configured() {
    let mut bobs = None;
    let mut calls = Calls::with(
        |double| double,
        |double| {
            bobs = Some(Arc::clone(&double));
            double
        },
    );
    let trusting = Arc::new(Trusting::default());
    let manager = SecurityManager::builder(calls.platform.clone())
        .pgp(Pgp::new(bobs.unwrap()))
        .application(trusting.clone())
        .build()
        .unwrap();
    let mut strange =
        configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
    strange.pins.clear();
    manager.configure(strange.clone());
    calls.bob.manager = manager;
    for _ in 0..2 {
        assert!(calls.admits(&calls.authorized()));
        assert_eq!(trusting.0.load(Ordering::Relaxed), 1, "asked once");
        calls.bob.manager.call_ended(Call(CALL.0));
        calls.alice.manager.call_ended(Call(CALL.0));
        calls.start(CALL);
        // Another nonce: this one is burnt.
        calls.platform.advance(Duration::from_secs(64));
    }
    calls.bob.manager.configure(strange.clone());
    assert!(calls.admits(&calls.authorized()));
    assert_eq!(trusting.0.load(Ordering::Relaxed), 2, "the configuration does not name it");
    // Trust (4): another key than the pinned one is refused without a question, and told.
    calls.bob.manager.call_ended(Call(CALL.0));
    let pinned = "d".repeat(40);
    strange.pins.push(Pin { aor: ALICE.into(), fingerprint: pinned.clone() });
    calls.bob.manager.configure(strange);
    calls.platform.advance(Duration::from_secs(64));
    calls.alice.manager.call_ended(Call(CALL.0));
    calls.start(CALL);
    assert!(!calls.admits(&calls.authorized()));
    assert_eq!(trusting.0.load(Ordering::Relaxed), 2);
    let shown = calls.alice.fingerprint.clone();
    let mismatch = sst::KeyMismatch { call: Call(CALL.0), aor: ALICE.into(), pinned, shown };
    assert_eq!(*trusting.1.lock().unwrap(), [mismatch]);
}
