//! Two managers against each other and against cheats, over SSA alone.

mod denied;
mod digest;
mod ear;
mod guessing;
mod judged;
mod mismatch;
#[cfg(feature = "srtp")]
mod over_tls;
mod pgp;
mod registered;
mod telephony;

use super::SecurityManager;
use crate::fsm::{Role, State, StateSink};
use crate::{Digest, NoRandomness, Platform};
use ssa::conformance::{Broken, TestRequest};
use ssa::{Answer, Arrival, Authentication, CallRef, Received, SipSecurity as _};
use sst::{
    Algorithm, Configuration, Identity, Password, Requirement, TelephonySecurity as _, User,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

pub(crate) const ALICE: &str = "sip:alice@alice.example";
pub(crate) const BOB: &str = "sip:bob@bob.example";
pub(crate) const CALL: CallRef = CallRef(7);

/// Virtual time, and bytes that count up.
pub(crate) struct TestPlatform {
    start: Instant,
    drawn: AtomicU64,
    /// Draws until there is no more randomness.
    pub(super) draws: AtomicU64,
    /// Milliseconds by which the wall clock was set.
    pub(super) set: AtomicI64,
    time: Arc<Time>,
}

#[derive(Default)]
struct Time {
    millis: AtomicU64,
    sleepers: Mutex<Vec<Waker>>,
}

impl Time {
    fn millis(&self) -> u64 {
        self.millis.load(Ordering::Relaxed)
    }
}

impl TestPlatform {
    #[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            drawn: AtomicU64::new(1),
            draws: AtomicU64::new(u64::MAX),
            set: AtomicI64::new(0),
            time: Arc::default(),
        })
    }

    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.time.millis.fetch_add(by, Ordering::Relaxed);
        self.time.sleepers.lock().unwrap().drain(..).for_each(Waker::wake);
    }
}

impl Platform for TestPlatform {
    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.time.millis())
    }

    fn unix_time(&self) -> Duration {
        let wall = 1_700_000_000_000 + self.time.millis();
        Duration::from_millis(wall.saturating_add_signed(self.set.load(Ordering::Relaxed)))
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        let left = self.draws.load(Ordering::Relaxed).checked_sub(1).ok_or(NoRandomness)?;
        self.draws.store(left, Ordering::Relaxed);
        for byte in buffer {
            let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
            *byte = (drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
        Ok(())
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        let until = self.time.millis() + u64::try_from(duration.as_millis()).unwrap();
        let time = Arc::clone(&self.time);
        Box::pin(std::future::poll_fn(move |cx| {
            if time.millis() >= until {
                return Poll::Ready(());
            }
            time.sleepers.lock().unwrap().push(cx.waker().clone());
            Poll::Pending
        }))
    }
}

/// Every transition, as text.
#[derive(Default)]
pub(crate) struct States(Mutex<Vec<String>>);

impl StateSink for States {
    fn state(&self, _: u64, role: Role, from: State, to: State, why: &'static str) {
        self.0.lock().unwrap().push(format!("{role:?} {from:?} {to:?}: {why}"));
    }
}

impl States {
    pub(super) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The value of a future that needs nothing but to be polled.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

pub(crate) fn now<T>(answer: Answer<T>) -> T {
    match answer {
        Answer::Ready(value) => value,
        Answer::Pending { future, .. } => finish(future),
    }
}

pub(crate) fn digest_configuration(aor: &str, require: Requirement) -> Configuration {
    Configuration {
        identities: vec![Identity { aor: aor.to_owned(), fingerprint: None }],
        users: vec![User {
            name: "alice".to_owned(),
            secret: Password::new(b"secret".to_vec()).into(),
        }],
        require,
        algorithms: vec![Algorithm::Sha256],
        realm: aor.rsplit('@').next().unwrap().to_owned(),
        ..Configuration::default()
    }
}

pub(crate) fn rules(broken: Vec<Broken>) -> Vec<&'static str> {
    broken.into_iter().map(|broken| broken.0).collect()
}

/// Whether a manager lets a request pass.
pub(crate) fn admits(manager: &SecurityManager, arrival: &Arrival<'_>, r: &TestRequest) -> bool {
    match manager.request_received(CALL, arrival, &r.view()) {
        Received::Admit => true,
        Received::SendWwwAuthenticate(_) | Received::Reject(_) => false,
        Received::Authenticate => {
            now(manager.authenticate(CALL, arrival, &r.view())) == Authentication::Authenticated
        }
    }
}

pub(crate) fn digest_manager(
    platform: &Arc<TestPlatform>, configuration: Configuration,
) -> (Arc<SecurityManager>, Arc<States>) {
    let states = Arc::new(States::default());
    let manager = SecurityManager::builder(platform.clone())
        .digest(Digest)
        .observer(states.clone())
        .build()
        .unwrap();
    manager.configure(&configuration);
    (manager, states)
}
