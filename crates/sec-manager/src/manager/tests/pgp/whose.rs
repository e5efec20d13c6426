//! Whose key proves a call, and that nobody else's does.

use super::told::heard;
use super::*;
use crate::aor::canonical;
use sma::conformance::{Gate, Late};
use sst::Denied;

const MALLORY: &str = "sip:mallory@alice.example";

fn pin(aor: &str, key: &str) -> Pin {
    Pin::new(aor, key)
}

/// A signed request without a body that `from`'s manager makes, within the dialog.
fn within(from: &Side, to: &Side, method: &'static str) -> TestRequest {
    let mut bare = TestRequest::invite(from.aor, to.aor, "pgp@127.0.0.1");
    (bare.method, bare.to.1) = (method, Some("callee-tag".to_owned()));
    let bare = bare.retried();
    let answer = to.manager.request_received(CALL, &bare.arrival(), &bare.view());
    let Received::SendWwwAuthenticate(challenge) = answer else { panic!("{answer:?}") };
    let mut response = TestResponse::to(&bare, 401, Body::default());
    response.fields.extend(&challenge);
    let hop = bare.arrival();
    let plan = from.manager.got_401_unauthorized(CALL, &hop, &response.view(), &bare.view());
    let Required::SendWwwAuthenticate { plan, .. } = now(plan) else { panic!("it is answered") };
    let mut retry = bare.retried();
    match now(from.manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    retry
}

/// Alice's terminal speaks for somebody else, who has this key.
fn speak_as(calls: &mut Calls, aor: &'static str, key: &str) {
    calls.alice.manager.configure(&configuration((aor, key), (BOB, &calls.bob.fingerprint)));
    calls.alice.manager.call_ended(Call(CALL.0));
    calls.alice.aor = aor;
    calls.start(CALL);
}

fn is_forbidden(answer: &Authentication) -> bool {
    matches!(answer, Authentication::Refused(why) if why.status == 403)
}

#[test]
fn d03_another_address_with_the_same_key_does_not_speak_in_the_call() {
    let mut calls = Calls::new();
    assert!(calls.admits(&calls.authorized()));
    let key = calls.alice.fingerprint.clone();
    calls.bob.manager.pins(vec![pin(ALICE, &key), pin(MALLORY, &key)]);
    speak_as(&mut calls, MALLORY, &key);
    let bye = within(&calls.alice, &calls.bob, "BYE");
    let answer = now(calls.bob.manager.authenticate(CALL, &bye.arrival(), &bye.view()));
    assert!(is_forbidden(&answer), "{answer:?}");
}

/// The call goes to the key that its INVITE was signed for; a pin that is changed meanwhile is for
/// the next one.
#[test]
fn d03_a_key_that_was_pinned_since_does_not_speak_in_a_call_under_way() {
    let mut bobs = None;
    let (calls, alice, _) = heard(
        |double| double,
        |double| {
            bobs = Some(Arc::clone(&double));
            double
        },
    );
    calls.authorized();
    let other = bobs.unwrap().add_key(BOB).as_str().to_owned();
    calls.alice.manager.pins(vec![pin(BOB, &other)]);
    let peer = (ALICE, &*calls.alice.fingerprint);
    calls.bob.manager.configure(&configuration((BOB, &other), peer));
    let outgoing = Outgoing { from: BOB.into(), to: ALICE.into(), require: Requirement::PGP };
    calls.bob.manager.call_started(Call(CALL.0), outgoing);
    let update = within(&calls.bob, &calls.alice, "UPDATE");
    let answer = calls.alice.manager.authenticate(CALL, &update.arrival(), &update.view());
    let Answer::Ready(answer) = answer else { panic!("the application is asked") };
    assert!(is_forbidden(&answer), "{answer:?}");
    assert_eq!(alice.whys(), [Denied::OfAnother]);
}

#[test]
fn a_calls_key_is_that_of_its_proved_peer_and_of_nobody_else() {
    let calls = Calls::new();
    let key_of = |side: &Side, aor: &str| {
        let key = side.manager.shared.key_of(CALL, &canonical(aor.as_bytes()).unwrap());
        key.map(|key| key.as_str().to_owned())
    };
    let invite = calls.authorized();
    let other = "d".repeat(40);
    // Signed for one key, and not proved: the pin is what counts.
    calls.alice.manager.pins(vec![pin(BOB, &other)]);
    assert_eq!(key_of(&calls.alice, BOB), Some(other.clone()));
    assert!(calls.admits(&invite));
    calls.bob.manager.pins(vec![pin(MALLORY, &other)]);
    assert_eq!(key_of(&calls.bob, ALICE), Some(calls.alice.fingerprint.clone()));
    assert_eq!(key_of(&calls.bob, MALLORY), Some(other));
}

/// Both were let through before either was proved, in a dialog of which nothing was known.
#[test]
fn d03_of_two_keys_that_are_verified_at_once_the_first_has_the_call() {
    let gate = Gate::closed();
    let mut key = String::new();
    let mut calls = Calls::with(
        |double| {
            key = double.add_key(MALLORY).as_str().to_owned();
            double
        },
        |double| Arc::new(Late::new(Arc::into_inner(double).unwrap(), gate.clone())),
    );
    calls.bob.manager.pins(vec![pin(ALICE, &calls.alice.fingerprint), pin(MALLORY, &key)]);
    let hers = within(&calls.alice, &calls.bob, "UPDATE");
    speak_as(&mut calls, MALLORY, &key);
    let theirs = within(&calls.alice, &calls.bob, "UPDATE");
    let bob = &calls.bob.manager;
    let [mut one, mut two] =
        [&hers, &theirs].map(|it| match bob.authenticate(CALL, &it.arrival(), &it.view()) {
            Answer::Pending { future, .. } => future,
            Answer::Ready(other) => panic!("{other:?}"),
        });
    let mut cx = Context::from_waker(Waker::noop());
    assert!(one.as_mut().poll(&mut cx).is_pending() && two.as_mut().poll(&mut cx).is_pending());
    gate.open();
    assert_eq!(finish(one), Authentication::Authenticated);
    assert!(is_forbidden(&finish(two)));
}

/// The callee's own key signs, and its field names another.
#[test]
fn g28_an_answer_that_names_another_signer_is_refused() {
    /// Signs with its own key whatever key is asked for.
    struct Renamed(Arc<Double>, sma::Fingerprint);

    #[async_trait::async_trait]
    impl SecurityApplication for Renamed {
        async fn identities(&self) -> Result<Vec<sma::Key>, sma::Error> {
            self.0.identities().await
        }

        async fn sign(&self, question: sma::ToSign) -> Result<Vec<u8>, sma::Error> {
            self.0.sign(sma::ToSign { signer: self.1.clone(), ..question }).await
        }

        async fn verify(&self, question: sma::ToVerify) -> Result<sma::Report, sma::Error> {
            self.0.verify(question).await
        }

        async fn encrypt(
            &self, to: Vec<sma::Fingerprint>, octets: sma::Plaintext,
        ) -> Result<Vec<u8>, sma::Error> {
            self.0.encrypt(to, octets).await
        }

        async fn decrypt(
            &self, _: sma::Fingerprint, octets: Vec<u8>,
        ) -> Result<sma::Decrypted, sma::Error> {
            self.0.decrypt(self.1.clone(), octets).await
        }
    }

    let renamed = |double: Arc<Double>| {
        let keys = finish(double.identities()).unwrap();
        let own = keys.iter().find(|key| key.secret).unwrap().fingerprint.clone();
        Arc::new(Renamed(double, own))
    };
    for (named, verdict) in
        [(None, Incoming::Accept), (Some("e"), Incoming::AckThenBye(Why::ProofInvalid))]
    {
        let calls = Calls::with(|double| double, renamed);
        let shown = named.map_or_else(|| calls.bob.fingerprint.clone(), |it| it.repeat(40));
        let peer = (ALICE, &*calls.alice.fingerprint);
        calls.bob.manager.configure(&configuration((BOB, &shown), peer));
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        let ok = calls.answered(&invite);
        assert_eq!(calls.received(&ok, &invite), verdict, "{shown}");
    }
}

/// Of two answers to whose key it is, the first holds: here what is configured meanwhile.
#[test]
fn g15_a_key_that_is_not_the_one_pinned_meanwhile_is_not_believed() {
    /// Trusts the key, after somebody has pinned another.
    struct Slow(std::sync::OnceLock<Arc<SecurityManager>>);

    #[async_trait::async_trait]
    impl sst::TelephonyApplication for Slow {
        async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
            None
        }

        async fn trust(&self, _: sst::TrustQuestion) -> sst::TrustAnswer {
            self.0.get().unwrap().pins(vec![pin(ALICE, &"d".repeat(40))]);
            sst::TrustAnswer::Pin
        }

        async fn unlock(&self, _: &str) -> Option<Password> {
            None
        }

        fn assurance(&self, _: Call, _: &sst::Assurance) {}
    }

    let (mut calls, bobs) = Calls::sharing_bobs();
    let slow = Arc::new(Slow(std::sync::OnceLock::new()));
    let manager = SecurityManager::builder(calls.platform.clone())
        .pgp(Pgp::new(bobs))
        .application(slow.clone())
        .build()
        .unwrap();
    let peer = (ALICE, &*calls.alice.fingerprint);
    manager.configure(&configuration((BOB, &calls.bob.fingerprint), peer));
    manager.pins(Vec::new());
    assert!(slow.0.set(Arc::clone(&manager)).is_ok());
    calls.bob.manager = manager;
    let invite = calls.authorized();
    let bob = &calls.bob.manager;
    let answer = now(bob.authenticate(CALL, &invite.arrival(), &invite.view()));
    assert!(is_forbidden(&answer), "{answer:?}");
}
