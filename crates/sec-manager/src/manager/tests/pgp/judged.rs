//! What a callee checks of a signed request beside the signature, and what becomes of the nonce.

use super::*;
use crate::manager::tests::guessing::passed_on;
use sma::conformance::{Crashing, Gate, Late};
use ssa::Transport;

fn verdict(calls: &Calls, request: &TestRequest) -> Authentication {
    now(calls.bob.manager.authenticate(CALL, &request.arrival(), &request.view()))
}

fn status(answer: &Authentication) -> u16 {
    match answer {
        Authentication::Authenticated => 200,
        Authentication::SendWwwAuthenticate(_) => 401,
        Authentication::Refused(why) => why.status,
    }
}

/// The nonce's time is monotonic; a Date that is off is refused by itself, though it is signed.
#[test]
fn a_signed_date_that_is_off_is_refused() {
    for (seconds, fresh) in [(300_i64, true), (301, false), (-300, true), (-301, false)] {
        // By the signature's own times it is always fresh: the Date alone is judged.
        let shifted = move |report: &mut sma::Report| {
            report.created = report.created.saturating_add_signed(seconds);
            report.expires = report.expires.map(|at| at.saturating_add_signed(seconds));
            report.good = true;
        };
        let calls = Calls::with(
            |double| double,
            |double| Arc::new(Lying::about_reports(Arc::into_inner(double).unwrap(), shifted)),
        );
        let invite = calls.authorized();
        calls.platform.set.store(1_000 * seconds, Ordering::Relaxed);
        let answer = verdict(&calls, &invite);
        assert_eq!(status(&answer) == 200, fresh, "{seconds}: {answer:?}");
        assert_eq!(status(&answer) == 403, !fresh, "{seconds}");
    }
}

#[test]
fn g31_a_signed_invite_without_an_offer_is_not_acceptable() {
    let calls = Calls::new();
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).expect("it is answered");
    let mut retry = invite.retried();
    match now(calls.alice.manager.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    let answer = verdict(&calls, &retry);
    assert_eq!(status(&answer), 488, "{answer:?}");
    // Other methods have none to make.
    let bye = TestRequest { method: "MESSAGE", ..retry };
    assert_ne!(status(&verdict(&calls, &bye)), 488);
}

#[test]
fn a_nonce_is_free_again_only_where_the_application_says_that_it_failed() {
    let mut crashing = None;
    let calls = Calls::with(
        |double| double,
        |double| {
            let app = Arc::new(Crashing::after(Arc::into_inner(double).unwrap(), 0));
            crashing = Some(Arc::clone(&app));
            app
        },
    );
    let invite = calls.authorized();
    assert_eq!(status(&verdict(&calls, &invite)), 500);
    crashing.unwrap().restart(10);
    assert_eq!(status(&verdict(&calls, &invite)), 200, "the same request, once it is back");

    // Who was asked and did not answer may still have accepted it.
    let gate = Gate::closed();
    let given = gate.clone();
    let calls = Calls::with(
        |double| double,
        |double| Arc::new(Late::new(Arc::into_inner(double).unwrap(), given)),
    );
    let invite = calls.authorized();
    let answer = calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { mut future, .. } = answer else { panic!("it answers later") };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    calls.platform.advance(Duration::from_secs(2));
    let Poll::Ready(answer) = future.as_mut().poll(&mut cx) else { panic!("the deadline") };
    assert_eq!(status(&answer), 500);
    gate.open();
    assert_eq!(status(&verdict(&calls, &invite)), 401, "its nonce is burnt");
}

/// A21, for PGP: bad signatures and keys that are not the pinned ones count alike.
#[test]
fn a21_forged_signatures_are_limited() {
    for unpinned in [false, true] {
        let calls = Calls::new();
        let forged = |number: u64| {
            calls.platform.advance(Duration::from_secs(1));
            calls.alice.manager.call_ended(Call(CALL.0));
            calls.start(CALL);
            // Another branch gets another nonce.
            let invite = TestRequest { branch: format!("z9hG4bK{number}"), ..calls.invite() };
            let plan = calls.plan(&invite, &calls.challenge(&invite)).expect("it is answered");
            let mut retry = signed(&calls.alice.manager, invite, plan);
            if unpinned {
                return change(&retry, "Authorization", &calls.alice.fingerprint, &"f".repeat(40));
            }
            retry.body.octets.push(b' ');
            retry
        };
        for number in 0..5 {
            let request = forged(number);
            assert_eq!(status(&verdict(&calls, &request)), 403, "{number}");
            let again = verdict(&calls, &request);
            assert_eq!(status(&again), 403, "{number}: the same answer to the same request");
        }
        let sixth = forged(5);
        let bob = &calls.bob.manager;
        let answer = bob.request_received(CALL, &sixth.arrival(), &sixth.view());
        let Received::Reject(why) = answer else { panic!("it is not judged: {answer:?}") };
        assert_eq!((why.status, why.retry_after), (500, Some(Duration::from_secs(60))));
        assert_eq!(bob.records(), 0);
    }
}

/// Nor does a second Via row unbind a signature's nonce: whoever was challenged at one address has
/// nobody at another wait.
#[test]
fn a02_more_vias_do_not_unbind_the_source_of_a_signature() {
    let calls = Calls::new();
    let invite = passed_on(calls.invite());
    let plan = calls.plan(&invite, &calls.challenge(&invite)).expect("it is answered");
    let forged = passed_on(signed(&calls.alice.manager, invite, plan));
    let forged = change(&forged, "Authorization", &calls.alice.fingerprint, &"f".repeat(40));
    let source = "192.0.2.1:5060".parse().unwrap();
    let answer = calls.bob.manager.request_received(
        CALL,
        &Arrival { source, ..forged.arrival() },
        &forged.view(),
    );
    assert!(matches!(answer, Received::SendWwwAuthenticate(_)), "{answer:?}");
}

/// What cannot be read is skipped while something else can be.
#[test]
fn a_malformed_authorization_does_not_hide_a_good_one() {
    let calls = Calls::new();
    let good = calls.authorized();
    let broken = || ("Authorization".to_owned(), b"PGP nonce=\"x".to_vec());
    let mut both = good.clone();
    both.fields.0.insert(0, broken());
    assert!(calls.admits(&both));
    let mut alone = good;
    alone.fields.0.retain(|(name, _)| name != "Authorization");
    alone.fields.0.push(broken());
    let answer = calls.bob.manager.request_received(CallRef(9), &alone.arrival(), &alone.view());
    assert!(matches!(answer, Received::Reject(why) if why.status == 400));
}

/// Two invitations under one name are being verified: the first that is proved has the call.
#[test]
fn a_calls_name_is_looked_at_again_after_the_verification() {
    let gate = Gate::closed();
    let given = gate.clone();
    let calls = Calls::with(
        |double| double,
        |double| Arc::new(Late::new(Arc::into_inner(double).unwrap(), given)),
    );
    let first = calls.authorized();
    let again = TestRequest { branch: "z9hG4bKagain".to_owned(), ..calls.invite() };
    let plan = calls.plan(&again, &calls.challenge(&again)).expect("it is answered");
    let second = signed(&calls.alice.manager, again, plan);
    let bob = &calls.bob.manager;
    let [mut one, mut two] = [&first, &second].map(|request| {
        let answer = bob.authenticate(CALL, &request.arrival(), &request.view());
        let Answer::Pending { future, .. } = answer else { panic!("it answers later") };
        future
    });
    let mut cx = Context::from_waker(Waker::noop());
    assert!(one.as_mut().poll(&mut cx).is_pending() && two.as_mut().poll(&mut cx).is_pending());
    gate.open();
    let [one, two] = [one, two].map(|future| status(&finish(future)));
    assert_eq!((one, two), (200, 482));
}

/// A body that anybody could have changed on the way is no body.
#[test]
fn g25_a_plaintext_without_integrity_is_refused() {
    /// Says that nothing was protected.
    struct Bare(Double);

    #[async_trait::async_trait]
    impl SecurityApplication for Bare {
        async fn identities(&self) -> Result<Vec<sma::Key>, sma::Error> {
            self.0.identities().await
        }

        async fn sign(&self, question: sma::ToSign) -> Result<Vec<u8>, sma::Error> {
            self.0.sign(question).await
        }

        async fn encrypt(
            &self, to: Vec<sma::Fingerprint>, octets: sma::Plaintext,
        ) -> Result<Vec<u8>, sma::Error> {
            self.0.encrypt(to, octets).await
        }

        async fn decrypt(
            &self, key: sma::Fingerprint, octets: Vec<u8>,
        ) -> Result<sma::Decrypted, sma::Error> {
            let plain = self.0.decrypt(key, octets).await?;
            Ok(sma::Decrypted { integrity: false, ..plain })
        }

        async fn verify(&self, question: sma::ToVerify) -> Result<sma::Report, sma::Error> {
            self.0.verify(question).await
        }
    }

    let bare = |double: Arc<Double>| Arc::new(Bare(Arc::into_inner(double).unwrap()));
    let calls = Calls::with(|double| double, bare);
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let manager = &calls.bob.manager;
    let opened =
        now(manager.decrypt(CALL, Direction::Request, Transport::Udp, invite.body.clone()));
    assert!(matches!(&opened, BodyVerdict::Refused(why) if why.status == 493), "{opened:?}");
}
