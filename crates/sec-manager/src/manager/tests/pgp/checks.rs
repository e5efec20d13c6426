//! Checks that only one kind of message gets to: each is refused for one reason alone.

use super::*;
use async_trait::async_trait;
use sma::{Decrypted, Error, Fingerprint, Report, ToSign, ToVerify};
use ssa::Transport;

impl Calls {
    /// A request signed by the caller as it stands, its body in the clear.
    fn signed(&self, request: TestRequest, body: Body) -> TestRequest {
        let plan = self.plan(&request, &self.challenge(&request)).expect("it is answered");
        let mut retry = request.retried().with_body(body);
        match now(self.alice.manager.authorize(CALL, plan, &retry.view())) {
            Authorized::Fields(fields) => retry.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        retry
    }

    /// The wall clock is set; the clock that nonces go by is not.
    fn set_clock(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.platform.set.store(millis, Ordering::Relaxed);
    }
}

const LATER: Duration = Duration::from_secs(3_600);

#[test]
fn g28_an_answer_dated_long_before_its_signature_is_refused() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let mut ok = TestResponse::to(&invite, 200, answer());
    let signing = calls.bob.manager.response_leaving(CALL, &invite.view(), &ok.view());
    calls.set_clock(LATER);
    let Leaving::Fields(fields) = now(signing) else { panic!("it signs") };
    ok.fields.extend(&fields);
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofInvalid));
}

#[test]
fn g28_a_second_signature_beside_the_right_one_is_refused() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let mut ok = calls.answered(&invite);
    let signature = ok.fields.0.iter().find(|(name, _)| name == "PGP-Signature").cloned();
    ok.fields.0.extend(signature);
    assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofInvalid));
}

#[test]
fn g27_nothing_is_signed_for_a_call_that_nobody_started() {
    let calls = Calls::new();
    let invite = calls.invite();
    let challenge = calls.challenge(&invite);
    let shared = &calls.alice.manager.shared;
    calls.alice.manager.call_ended(Call(CALL.0));
    assert!(calls.plan(&invite, &challenge).is_err());
    // Not even where something is known of it.
    let at = calls.platform.now();
    let known = |record: Option<&mut crate::manager::record::Record>| {
        record.unwrap().require = Requirement::PGP;
    };
    known(shared.lock().records.enter(CALL.0, at));
    assert_eq!(calls.plan(&invite, &challenge), Err(Why::NotConfigured));
}

#[test]
fn g27_nothing_is_signed_for_another_than_the_calls_peer() {
    let calls = Calls::new();
    calls.alice.manager.call_ended(Call(CALL.0));
    let to = "sip:carol@bob.example".to_owned();
    let outgoing = Outgoing { from: ALICE.into(), to, require: Requirement::PGP };
    calls.alice.manager.call_started(Call(CALL.0), outgoing);
    let invite = calls.invite();
    assert_eq!(calls.plan(&invite, &calls.challenge(&invite)), Err(Why::OtherCall));
}

#[test]
fn a18_a_callee_that_never_says_yes_gets_two_signatures() {
    let calls = Calls::new();
    let challenge = calls.challenge(&calls.invite());
    let signed = calls.signed(calls.invite(), offer());
    assert!(calls.plan(&signed, &challenge).is_ok(), "the second try");
    assert_eq!(calls.plan(&signed, &challenge), Err(Why::TriedAlready));
}

/// An application whose decryption fails.
pub(super) struct Closed {
    pub(super) inner: Arc<Double>,
    pub(super) error: Error,
}

#[async_trait]
impl SecurityApplication for Closed {
    async fn identities(&self) -> Result<Vec<sma::Key>, Error> {
        self.inner.identities().await
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        self.inner.sign(question).await
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        self.inner.verify(question).await
    }

    async fn encrypt(
        &self, to: Vec<Fingerprint>, octets: sma::Plaintext,
    ) -> Result<Vec<u8>, Error> {
        self.inner.encrypt(to, octets).await
    }

    async fn decrypt(&self, _: Fingerprint, _: Vec<u8>) -> Result<Decrypted, Error> {
        Err(self.error)
    }
}

/// G20: our application's trouble passes; a body that it cannot open never will.
#[test]
fn a_body_that_is_not_opened_is_refused_for_now_or_for_good() {
    for (error, status, later) in [
        (Error::Malformed, 493, false),
        (Error::NoSuchKey, 493, false),
        (Error::Unavailable, 500, true),
        (Error::Failed, 500, true),
    ] {
        let closed = |inner| Arc::new(Closed { inner, error });
        let calls = Calls::with(|double| double, closed);
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        let bob = &calls.bob.manager;
        let opened =
            now(bob.decrypt(CALL, Direction::Request, Transport::Udp, invite.body.clone()));
        let BodyVerdict::Refused(why) = opened else { panic!("{opened:?}") };
        assert_eq!((why.status, why.retry_after.is_some()), (status, later));
    }
}

#[test]
fn an_empty_body_stays_empty_and_a_body_of_no_call_is_refused() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let bob = &calls.bob.manager;
    let empty = BodyVerdict::Body(Body::default());
    for direction in [Direction::Request, Direction::Response] {
        assert_eq!(now(bob.decrypt(CALL, direction, Transport::Udp, Body::default())), empty);
        assert_eq!(
            now(bob.decrypt(CallRef(99), direction, Transport::Udp, Body::default())),
            empty
        );
        let refused = now(bob.decrypt(CallRef(99), direction, Transport::Udp, offer()));
        assert!(matches!(refused, BodyVerdict::Refused(why) if why.status == 493));
    }
    assert_eq!(
        now(bob.encrypt(CALL, Direction::Response, Transport::Udp, None, Body::default())),
        empty
    );
}

#[test]
fn a_2xx_to_a_call_of_which_nothing_is_known_is_not_believed() {
    let calls = Calls::new();
    let mut invite = calls.invite();
    calls.alice.manager.call_ended(Call(CALL.0));
    let received = |request: &TestRequest| {
        calls.received(&TestResponse::to(request, 200, Body::default()), request)
    };
    assert_eq!(received(&invite), Incoming::AckThenBye(Why::ProofMissing));
    invite.method = "OPTIONS";
    assert_eq!(received(&invite), Incoming::Accept);
    // Where the rest of the world owes no signature, neither does this callee.
    let mut open = configuration((ALICE, &calls.alice.fingerprint), (BOB, &calls.bob.fingerprint));
    open.require = Requirement::DIGEST;
    calls.alice.manager.configure(&open);
    invite.method = "INVITE";
    assert_eq!(received(&invite), Incoming::Accept);
}

/// Promise 11: the manager's own deadline comes before the one that it asks the stack for.
#[test]
fn the_stack_grants_more_than_the_managers_deadline() {
    let calls = Calls::new();
    let within = |within: Duration, deadline: u64| {
        assert_eq!(within, Duration::from_secs(deadline) + Duration::from_millis(250));
    };
    fn asked<T>(answer: Answer<T>) -> (Duration, T) {
        match answer {
            Answer::Pending { within, future } => (within, finish(future)),
            Answer::Ready(_) => panic!("it asks the application"),
        }
    }
    let (alice, bob) = (&calls.alice.manager, &calls.bob.manager);
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
    let (sealing, sealed) =
        asked(alice.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
    within(sealing, 5);
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut retry = invite.retried().with_body(sealed);
    let (signing, signed) = asked(alice.authorize(CALL, plan, &retry.view()));
    within(signing, 5);
    let Authorized::Fields(fields) = signed else { panic!("{signed:?}") };
    retry.fields.extend(&fields);
    let (checking, _) = asked(bob.authenticate(CALL, &retry.arrival(), &retry.view()));
    within(checking, 2);
    let (opening, _) =
        asked(bob.decrypt(CALL, Direction::Request, Transport::Udp, retry.body.clone()));
    within(opening, 2);
    let mut ok = TestResponse::to(&retry, 200, Body::default());
    let (signing, leaving) = asked(bob.response_leaving(CALL, &retry.view(), &ok.view()));
    within(signing, 5);
    let Leaving::Fields(fields) = leaving else { panic!("{leaving:?}") };
    ok.fields.extend(&fields);
    let hop = retry.arrival();
    let (checking, incoming) =
        asked(alice.response_received(CALL, &hop, &ok.view(), &retry.view()));
    within(checking, 2);
    assert_eq!(incoming, Incoming::Accept);
}
