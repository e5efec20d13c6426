//! What the applications of a signed call are told, and how its machines end.

use super::callee::Strange;
use super::checks::Closed;
use super::*;
use crate::manager::tests::ear::Ear;
use ssa::Transport;
use sst::{Denied, Refused};

/// A side's manager anew, with an application that hears.
fn hearing(
    calls: &Calls, side: &Side, peer: (&str, &str), app: Arc<dyn SecurityApplication>,
) -> (Arc<SecurityManager>, Arc<Ear>) {
    let ear = Arc::new(Ear::default());
    let manager = SecurityManager::builder(calls.platform.clone())
        .digest(Digest)
        .pgp(Pgp::new(app))
        .observer(side.states.clone())
        .application(ear.clone())
        .build()
        .unwrap();
    manager.configure(&configuration((side.aor, &side.fingerprint), peer));
    (manager, ear)
}

/// A call whose both users hear, and whose security applications may be others.
pub(super) fn heard(
    alice: impl FnOnce(Arc<Double>) -> Arc<dyn SecurityApplication>,
    bob: impl FnOnce(Arc<Double>) -> Arc<dyn SecurityApplication>,
) -> (Calls, Arc<Ear>, Arc<Ear>) {
    let mut doubles = Vec::new();
    let mut bobs = None;
    let mut calls = Calls::with(
        |double| {
            doubles.push(Arc::clone(&double));
            double
        },
        |double| {
            bobs = Some(Arc::clone(&double));
            double
        },
    );
    let (app, theirs) = (alice(doubles.remove(0)), bob(bobs.unwrap()));
    let peers = [(ALICE, calls.alice.fingerprint.clone()), (BOB, calls.bob.fingerprint.clone())];
    let [alices, bobs] = peers.each_ref().map(|(aor, key)| (*aor, key.as_str()));
    let (manager, alice_ear) = hearing(&calls, &calls.alice, bobs, app);
    calls.alice.manager = manager;
    let (manager, bob_ear) = hearing(&calls, &calls.bob, alices, theirs);
    calls.bob.manager = manager;
    calls.start(CALL);
    (calls, alice_ear, bob_ear)
}

pub(super) fn honest() -> (Calls, Arc<Ear>, Arc<Ear>) {
    heard(|double| double, |double| double)
}

#[test]
fn both_users_are_told_of_the_proof_and_of_nothing_else() {
    let (calls, alice, bob) = honest();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    assert!(alice.assured().is_empty(), "nobody has answered");
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    for (ear, peer) in [(alice, &calls.bob), (bob, &calls.alice)] {
        let told = ear.assured();
        let [told] = &told[..] else { panic!("once: {told:?}") };
        let (aor, fingerprint) = (peer.aor.to_owned(), peer.fingerprint.clone());
        assert_eq!(told.proof, Proof::Pgp { aor, fingerprint, trust: Trust::Pinned });
        assert!(told.notes.is_empty(), "{:?}", told.notes);
        assert_eq!(ear.denied(), []);
    }
}

#[test]
fn a_body_that_cannot_be_read_is_told_with_its_reason() {
    for (error, why) in [
        (sma::Error::Malformed, Denied::Body),
        (sma::Error::NoSuchKey, Denied::Body),
        (sma::Error::Unavailable, Denied::Unavailable),
    ] {
        let closed = |inner| Arc::new(Closed { inner, error }) as Arc<dyn SecurityApplication>;
        let (calls, alice, bob) = heard(closed, closed);
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        assert_eq!(bob.denied(), []);
        let refused = |manager: &SecurityManager, direction, body: &Body| {
            let opened = now(manager.decrypt(CALL, direction, Transport::Udp, body.clone()));
            assert!(matches!(opened, BodyVerdict::Refused(_)), "{opened:?}");
        };
        refused(&calls.bob.manager, Direction::Request, &invite.body);
        assert_eq!(bob.denied(), [(why, ALICE.to_owned(), None)]);
        // An answer is no request that anybody was denied.
        let ok = calls.answered(&invite);
        assert_eq!(calls.received(&ok, &invite), Incoming::Accept);
        refused(&calls.alice.manager, Direction::Response, &ok.body);
        assert_eq!(alice.denied(), []);
    }
}

#[test]
fn a_key_that_the_application_does_not_have_is_named() {
    let (calls, _, bob) = heard(|double| double, |_| Arc::new(Strange));
    assert!(!calls.admits(&calls.authorized()));
    assert_eq!(bob.whys(), [Denied::UnknownKey(calls.alice.fingerprint.clone())]);
}

#[test]
fn g29_digest_in_place_of_pgp_is_told() {
    let (calls, alice, _) = honest();
    let value = b"Digest realm=\"bob.example\", nonce=\"x\", algorithm=SHA-256, qop=\"auth\"";
    let downgraded = [Field { name: "WWW-Authenticate", value: value.to_vec() }];
    assert_eq!(calls.plan(&calls.invite(), &downgraded), Err(Why::ProofMissing));
    let refused: Vec<_> = alice.assured().into_iter().map(|told| told.refused).collect();
    assert_eq!(refused, [Some(Refused::DigestForPgp)]);
    assert_eq!(
        calls.alice.states.taken(),
        [
            "Sender Idle WaitForAuthorization: got_401_unauthorized",
            "Sender WaitForAuthorization Idle: challenge not answered"
        ]
    );
}

#[test]
fn a_date_that_is_off_ends_the_receivers_wait() {
    let calls = Calls::new();
    calls.platform.set.store(3_600_000, Ordering::Relaxed);
    let invite = calls.authorized();
    calls.bob.states.taken();
    let pending = calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view());
    // The signature is as fresh as Alice's clock; Bob's is set back.
    calls.platform.set.store(0, Ordering::Relaxed);
    assert!(matches!(now(pending), Authentication::Refused(why) if why.reason == "Stale Date"));
    assert_eq!(
        calls.bob.states.taken(),
        ["Receiver WaitForAuthorization Idle: credentials refused"]
    );
}

/// S03: a table full of calls that somebody began has no place for one more.
#[test]
fn s03_a_proof_that_finds_no_place_is_refused_for_now() {
    let (calls, _, bob) = honest();
    let invite = calls.authorized();
    let at = calls.platform.now();
    for call in 1_000..2_024 {
        let mut inner = calls.bob.manager.shared.lock();
        inner.records.start(call, at).started = true;
    }
    let answer = now(calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view()));
    let Authentication::Refused(why) = answer else { panic!("{answer:?}") };
    assert_eq!((why.status, why.retry_after), (500, Some(Duration::from_secs(2))));
    assert_eq!(bob.whys(), [Denied::Busy]);
}
