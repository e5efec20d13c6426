//! The kit judged: what is not a security manager must not pass it.

use super::{Failing, Gate, Hanging, Late, Lying, Pair, run};
use crate::{
    Call, Deny, Guard, Line, LineSecurity, MediaGuard, MediaSecurity, Open, PacketError, Profile,
    Refused,
};
use std::sync::Arc;
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
fn start() -> Instant {
    Instant::now()
}

fn rules(security: impl MediaSecurity + 'static) -> Vec<&'static str> {
    let security: Arc<dyn MediaSecurity> = Arc::new(security);
    let carry = Box::new(|_, line| line);
    let pair = Pair { caller: Arc::clone(&security), callee: security, call: Call(1), carry };
    run(&pair, start()).into_iter().map(|broken| broken.0).collect()
}

/// Says that media are secured, and hands out what passes them in the clear, as often as it is asked.
struct Pretending;

impl MediaSecurity for Pretending {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Ok(LineSecurity { profile: Profile::Savp, attributes: Vec::new() })
    }

    fn answer(&self, _: Call, _: Line, offered: &LineSecurity) -> Result<LineSecurity, Refused> {
        Ok(offered.clone())
    }

    fn judge(&self, _: Call, _: Line, _: &LineSecurity) -> Result<(), Refused> {
        Ok(())
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        Ok(Guard::Ready(MediaGuard { sealer: Box::new(Open), opener: Box::new(Open) }))
    }
}

#[test]
fn an_open_manager_secures_nothing_and_says_so() {
    assert_eq!(rules(Open), [""; 0]);
}

#[test]
fn a_manager_that_denies_does_not_pass() {
    assert_eq!(rules(Deny), ["media can be offered"]);
}

#[test]
fn who_only_says_that_media_are_secured_breaks_the_rules() {
    let broken = rules(Pretending);
    for rule in [
        "an agreement is handed out once",
        "a sealed packet shows nothing of what it carries",
        "who sealed a packet does not open it",
        "a packet that was changed is not opened",
        "a packet that was cut is not opened",
        "a packet is opened once",
        "what is no packet is not opened",
        "what was secured is not answered in the clear",
        "a secured line without keys is not answered",
        "an answer in the clear to a secured offer is not taken",
        "an answer without keys to a secured offer is not taken",
    ] {
        assert!(broken.contains(&rule), "{rule}: {broken:?}");
    }
}

#[test]
fn the_doubles_do_not_pass() {
    let broken = rules(Lying);
    for rule in ["without room nothing is sealed", "sealing adds no more than is said"] {
        assert!(broken.contains(&rule), "{rule}: {broken:?}");
    }
    assert!(rules(Failing(PacketError::KeyExhausted)).contains(&"a packet can be sealed"));
    assert!(rules(Hanging).contains(&"a handshake between two that agree ends in keys"));
}

#[test]
fn a_late_manager_ends_once_its_gate_is_open() {
    let gate = Gate::default();
    let Ok(Guard::Handshake(mut handshake)) = Late(gate.clone()).guard(Call(1), Line(0)) else {
        panic!("it is late");
    };
    handshake.on_timeout(start());
    assert!(handshake.poll_outcome().is_none());
    assert!(handshake.poll_timeout().is_some(), "it wants to be asked again");
    gate.open();
    assert!(matches!(handshake.poll_outcome(), Some(Ok(_))));
    assert!(handshake.poll_outcome().is_none() && handshake.poll_timeout().is_none());
}
