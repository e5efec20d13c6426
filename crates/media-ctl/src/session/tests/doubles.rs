//! Security managers that hang, are late, lie and fail: what reaches the wire, and what is counted.

use super::*;
use ssm::PacketError;
use ssm::conformance::{Failing, Gate, Hanging, Late, Lying};

impl Line {
    /// A session whose line is secured by one of them.
    fn by(security: &dyn MediaSecurity) -> Self {
        Self::under(security, SECURED, false)
    }

    /// Packets of the peer's, and what was sent in two seconds.
    fn talk(&mut self) -> usize {
        (0..20).for_each(|sequence| self.take(PEER, &packet(sequence)));
        self.pass(Duration::from_secs(2)).len()
    }
}

#[test]
fn under_a_manager_that_hangs_or_fails_or_lies_nothing_leaves_and_nothing_is_heard() {
    let managers: [&dyn MediaSecurity; 5] = [
        &Hanging,
        &Late(Gate::default()),
        &Lying,
        &Failing(PacketError::NotAuthentic),
        &Failing(PacketError::NoRoom),
    ];
    for (place, manager) in managers.into_iter().enumerate() {
        let mut line = Line::by(manager);
        assert_eq!(line.talk(), 0, "{place}");
        let stats = line.stats();
        assert_eq!((stats.packets_sent, stats.packets_received), (0, 0), "{place}");
    }
    let dropped = |manager: &dyn MediaSecurity| {
        let mut line = Line::by(manager);
        line.talk();
        line.stats().dropped
    };
    assert_eq!(dropped(&Lying).malformed, 20);
    assert_eq!(dropped(&Failing(PacketError::NotAuthentic)).not_authentic, 20);
    assert_eq!(dropped(&Failing(PacketError::Replayed)).replayed, 20);
}

/// RFC 3711 §9.2: the call is to end, and is told so once.
#[test]
fn a_key_that_is_used_up_is_told_once() {
    let mut line = Line::by(&Failing(PacketError::KeyExhausted));
    assert_eq!(line.talk(), 0);
    let events: Vec<_> = std::iter::from_fn(|| line.session.poll_event()).collect();
    assert_eq!(events, [Event::KeyExhausted]);
}

#[test]
fn a_late_manager_keys_the_line_once_it_is_there() {
    let gate = Gate::default();
    let mut line = Line::by(&Late(gate.clone()));
    assert_eq!(line.talk(), 0);
    gate.open();
    let sent = line.pass(Duration::from_secs(2)).len();
    assert!(sent > 90, "{sent}");
    line.talk();
    assert!(line.stats().packets_received > 0);
}
