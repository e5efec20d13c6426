//! The PGP scheme between two managers: the conformance kit, and the cases of the catalogue.

mod answers;
mod bodies;
mod callee;
mod caller;
mod challenged;
mod checks;
mod dialog;
mod interleaved;
mod judged;
mod queue;
mod rfc2543;
mod room;
mod rotation;
mod sets;
mod signing;
mod subscribing;
mod told;
mod trust;
mod whose;

use super::*;
use crate::Pgp;
use sma::SecurityApplication;
use sma::conformance::{Directory, Double, Hanging, Lying};
use ssa::conformance::{Pair, TestResponse, run};
use ssa::{
    Authorized, Body, BodyVerdict, Direction, Field, Incoming, Leaving, Plan, Required, Transport,
    Why,
};
use sst::{Call, Contact, Outgoing, Pin, Proof, Trust};

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
        contacts: vec![Contact { aor: peer.0.into(), require: Requirement::PGP }],
        pins: vec![Pin::new(peer.0, peer.1)],
        require: Requirement::PGP,
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
    manager.configure(&configuration(own, peer));
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

    /// Two sides, and Bob's application for whoever else is Bob.
    fn sharing_bobs() -> (Self, Arc<Double>) {
        let mut bobs = None;
        let calls = Self::with(
            |double| double,
            |double| {
                bobs = Some(Arc::clone(&double));
                double
            },
        );
        (calls, bobs.unwrap())
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
        let from = self.alice.aor.to_owned();
        let outgoing = Outgoing { from, to: BOB.into(), require: Requirement::PGP };
        self.alice.manager.call_started(Call(call.0), outgoing);
    }

    fn invite(&self) -> TestRequest {
        TestRequest::invite(self.alice.aor, BOB, "pgp@127.0.0.1")
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
        signed(&self.alice.manager, invite, plan)
    }

    fn admits(&self, request: &TestRequest) -> bool {
        admits(&self.bob.manager, &request.arrival(), request)
    }

    /// Bob's signed 200 to an INVITE that he admitted.
    fn answered(&self, invite: &TestRequest) -> TestResponse {
        let manager = &self.bob.manager;
        let sealed =
            now(manager.encrypt(CALL, Direction::Response, Transport::Udp, None, answer()));
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
                Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::PGP };
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
    let opened =
        calls.bob.manager.decrypt(CALL, Direction::Request, Transport::Udp, invite.body.clone());
    assert_eq!(now(opened), BodyVerdict::Body(offer()));
    let ok = calls.answered(&invite);
    assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
    let opened =
        calls.alice.manager.decrypt(CALL, Direction::Response, Transport::Udp, ok.body.clone());
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
    let first =
        calls.alice.manager.encrypt(CALL, Direction::Request, Transport::Udp, None, offer());
    assert_eq!(now(first), BodyVerdict::Body(Body::default()));
}

/// Where the callee makes the offer: no plan stands for what acknowledges it.
#[test]
fn g31_no_answer_of_ours_leaves_in_an_ack_or_a_prack() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    let kept =
        calls.alice.manager.encrypt(CALL, Direction::Request, Transport::Udp, None, answer());
    assert_eq!(now(kept), BodyVerdict::Body(Body::default()));
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
fn s08_a_call_abandoned_while_signing_sends_nothing() {
    let calls = Calls::new();
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
    let retry = invite.retried();
    let signing = calls.alice.manager.authorize(CALL, plan, &retry.view());
    calls.alice.manager.abandon(CALL);
    assert_eq!(now(signing), Authorized::GiveUp(Why::Abandoned));
}

/// The INVITE again, with its offer sealed and itself signed by this plan.
fn signed(manager: &SecurityManager, invite: TestRequest, plan: Plan) -> TestRequest {
    let sealed =
        now(manager.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut retry = invite.retried().with_body(sealed);
    match now(manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    retry
}
