//! Keys that nobody has pinned yet, and keys that are not the pinned ones.

use super::*;
use std::sync::atomic::AtomicUsize;

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
    let (mut calls, bobs) = Calls::sharing_bobs();
    let trusting = Arc::new(Trusting::default());
    let manager = SecurityManager::builder(calls.platform.clone())
        .pgp(Pgp::new(bobs))
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
