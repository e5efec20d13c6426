//! The kit judged: what is not a security manager must not pass it.

use super::{Gate, Hanging, Late, Lying, run};
use crate::{
    Assurance, Call, Configuration, HopProtection, Open, Outgoing, Pin, Proof, RegisteredFlow,
    Requirement, State, TelephonyApplication, TelephonySecurity, Trust, Waiting,
};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn rules(manager: &dyn TelephonySecurity) -> Vec<&'static str> {
    let parties = ("sip:alice@example.org", "sip:bob@example.com");
    run(manager, parties, Requirement::NOTHING).into_iter().map(|broken| broken.0).collect()
}

/// Vouches for everybody, and forgets nobody.
struct Vouching;

impl TelephonySecurity for Vouching {
    fn configure(&self, _: &Configuration) {}
    fn pins(&self, _: Vec<Pin>) {}
    fn call_started(&self, _: Call, _: Outgoing) {}
    fn call_ended(&self, _: Call) {}
    fn registered(&self, _: &str, _: Vec<RegisteredFlow>) {}

    fn assurance(&self, _: Call) -> Option<Assurance> {
        Some(Assurance {
            proof: Proof::Pgp {
                aor: "sip:bob@example.com".to_owned(),
                fingerprint: String::new(),
                trust: Trust::Pinned,
            },
            hop: HopProtection::Tls,
            media: Vec::new(),
            refused: None,
            notes: Vec::new(),
        })
    }

    fn state(&self, _: Call) -> State {
        State::WaitForAuthorization
    }

    fn waiting(&self) -> Vec<Waiting> {
        let waiting = Waiting { call: Call(1), claimed: String::new(), since: Duration::ZERO };
        vec![waiting; 65]
    }
}

#[test]
fn a_manager_that_knows_of_nothing_does_not_pass() {
    assert_eq!(rules(&Open), ["a call that the user started is known"]);
}

#[test]
fn a_manager_that_vouches_for_everybody_breaks_the_rules() {
    let broken = rules(&Vouching);
    for rule in [
        "nothing is known of a call that nobody started",
        "what is known of one call is not known of another",
        "a call that has ended is forgotten",
        "a call that was not challenged waits for nothing",
        "of a peer that said nothing nothing is proved",
        "a hop that is not known is not protected",
        "64 waiting states are shown at most",
        "where nobody was challenged nobody is waited for",
    ] {
        assert!(broken.contains(&rule), "{rule}: {broken:?}");
    }
}

#[test]
fn the_doubles_answer_as_they_are_called() {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(Hanging.unlock("key")).poll(&mut cx).is_pending());
    let lied = pin!(Lying.credentials("realm", "user")).poll(&mut cx);
    assert!(matches!(lied, Poll::Ready(Some(_))));
    let gate = Gate::default();
    let late = Late(gate.clone());
    let mut unlocks = pin!(late.unlock("key"));
    assert!(unlocks.as_mut().poll(&mut cx).is_pending());
    gate.open();
    assert!(matches!(unlocks.as_mut().poll(&mut cx), Poll::Ready(None)));
}
