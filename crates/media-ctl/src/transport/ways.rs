//! The seam between a line's path and who finds out by ICE which way it takes, and what becomes of the
//! way when ICE begins anew.
//!
//! ```text
//!   new ─▶ checking: no packet leaves ─▶ connected ─▶ failed: no packet leaves
//!              │                            ▲  │
//!              └────────▶ failed            │  └─ begun anew: the way of before is taken meanwhile
//!                                           └───────────────┘
//! ```

use super::transmit::{Channel, Transmit};
use crate::stats::Reason;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Instant;

/// How a datagram came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// By which socket.
    pub(crate) channel: Channel,
    /// Who sent it.
    pub(crate) source: SocketAddr,
    /// Whether our relay has passed it on.
    pub(crate) relayed: bool,
}

/// A way to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) remote: SocketAddr,
    /// Whether it begins at our relay.
    pub(crate) relayed: bool,
}

/// A message to the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) channel: Channel,
    pub(crate) way: Way,
    pub(crate) octets: Vec<u8>,
}

/// How far an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It looks for a way.
    Checking,
    /// There is one for each channel.
    Connected,
    /// There is none, or the peer does not consent to it any more.
    Failed,
}

/// Who finds the way, and keeps watch that the peer still wants what comes by it.
pub(crate) trait Agent: Debug + Send {
    /// Takes a message of the peer's; an error for what has no effect.
    fn on_message(&mut self, now: Instant, arrival: Arrival, octets: &[u8]) -> Result<(), Reason>;

    /// When [`on_timeout`](Self::on_timeout) is due.
    fn due(&self) -> Option<Instant>;

    /// Lets time pass.
    fn on_timeout(&mut self, now: Instant);

    /// The next message to the peer.
    fn poll_message(&mut self) -> Option<Message>;

    /// The way of a channel's packets; `None` unless connected.
    fn way(&self, channel: Channel) -> Option<Way>;

    /// Whether the peer has shown to be there.
    fn knows(&self, source: SocketAddr) -> bool;

    /// How far it is.
    fn standing(&self) -> Standing;
}

/// The ways of a line.
#[derive(Debug)]
pub(super) struct Ways {
    agent: Box<dyn Agent>,
    /// The agent of before a restart, until there is a way again. RFC 8445 §9.
    before: Option<Box<dyn Agent>>,
    /// What was told of its standing.
    told: Standing,
    /// The message that is being sent.
    sending: Option<Message>,
}

impl Ways {
    /// The ways that this agent finds.
    pub(super) fn new(agent: Box<dyn Agent>) -> Self {
        Self { agent, before: None, told: Standing::Checking, sending: None }
    }

    /// Begins anew, with this agent: packets go on by the way of before while there is none.
    pub(super) fn restart(self, agent: Box<dyn Agent>) -> Self {
        let is_connected = self.agent.standing() == Standing::Connected;
        let before = if is_connected { Some(self.agent) } else { self.before };
        Self { before, ..Self::new(agent) }
    }

    pub(super) fn on_message(
        &mut self, now: Instant, arrival: Arrival, octets: &[u8],
    ) -> Result<(), Reason> {
        let taken = self.agent.on_message(now, arrival, octets);
        match &mut self.before {
            Some(before) if taken.is_err() => before.on_message(now, arrival, octets),
            Some(_) | None => taken,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        let before = self.before.as_ref().and_then(|before| before.due());
        self.agent.due().into_iter().chain(before).min()
    }

    pub(super) fn on_timeout(&mut self, now: Instant) {
        self.agent.on_timeout(now);
        if let Some(before) = &mut self.before {
            before.on_timeout(now);
        }
    }

    /// How far it is.
    pub(super) fn standing(&self) -> Standing {
        self.agent.standing()
    }

    /// How far it is, where that is new.
    pub(super) fn poll_standing(&mut self) -> Option<Standing> {
        let standing = self.agent.standing();
        if standing != Standing::Checking {
            self.before = None;
        }
        (std::mem::replace(&mut self.told, standing) != standing).then_some(standing)
    }

    /// Takes the next message up, and says whether there is one.
    pub(super) fn poll_message(&mut self) -> bool {
        let before = &mut self.before;
        let next = self.agent.poll_message();
        self.sending = next.or_else(|| before.as_mut().and_then(|before| before.poll_message()));
        self.sending.is_some()
    }

    /// The message that was taken up.
    pub(super) fn sending(&self) -> Option<Transmit<'_>> {
        let Message { channel, way, octets } = self.sending.as_ref()?;
        Some(Transmit::new(*channel, way.remote, octets, way.relayed))
    }

    pub(super) fn way(&self, channel: Channel) -> Option<Way> {
        let before = || self.before.as_ref().and_then(|before| before.way(channel));
        self.agent.way(channel).or_else(before)
    }

    pub(super) fn knows(&self, source: SocketAddr) -> bool {
        self.agent.knows(source) || self.before.as_ref().is_some_and(|it| it.knows(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const AT: &str = "192.0.2.2:5000";

    /// An agent that stands as it is told, and has its way at this port.
    #[derive(Clone, Debug)]
    struct Told(Arc<Mutex<Standing>>, u16);

    impl Told {
        fn new(standing: Standing, port: u16) -> Self {
            Self(Arc::new(Mutex::new(standing)), port)
        }

        fn remote(&self) -> SocketAddr {
            let mut at: SocketAddr = AT.parse().unwrap();
            at.set_port(self.1);
            at
        }
    }

    impl Agent for Told {
        fn on_message(&mut self, _: Instant, arrival: Arrival, _: &[u8]) -> Result<(), Reason> {
            if arrival.source == self.remote() { Ok(()) } else { Err(Reason::NotAuthentic) }
        }

        fn due(&self) -> Option<Instant> {
            None
        }

        fn on_timeout(&mut self, _: Instant) {}

        fn poll_message(&mut self) -> Option<Message> {
            None
        }

        fn way(&self, _: Channel) -> Option<Way> {
            let connected = *self.0.lock().unwrap() == Standing::Connected;
            connected.then(|| Way { remote: self.remote(), relayed: false })
        }

        fn knows(&self, source: SocketAddr) -> bool {
            source == self.remote()
        }

        fn standing(&self) -> Standing {
            *self.0.lock().unwrap()
        }
    }

    fn port(ways: &Ways) -> Option<u16> {
        ways.way(Channel::Rtp).map(|way| way.remote.port())
    }

    /// RFC 8445 §9: media go on by the way of before until there is another one.
    #[test]
    fn the_way_of_before_is_taken_until_there_is_one_again() {
        let first = Told::new(Standing::Checking, 1);
        let mut ways = Ways::new(Box::new(first.clone()));
        assert_eq!((port(&ways), ways.poll_standing()), (None, None));
        *first.0.lock().unwrap() = Standing::Connected;
        assert_eq!(ways.poll_standing(), Some(Standing::Connected));
        assert_eq!((port(&ways), ways.poll_standing()), (Some(1), None));
        let second = Told::new(Standing::Checking, 2);
        let mut ways = ways.restart(Box::new(second.clone()));
        assert_eq!((port(&ways), ways.poll_standing()), (Some(1), None));
        assert!(ways.knows(first.remote()) && ways.knows(second.remote()));
        // Begun anew once more before that came to anything.
        let third = Told::new(Standing::Checking, 3);
        let mut ways = ways.restart(Box::new(third.clone()));
        assert_eq!(port(&ways), Some(1));
        *third.0.lock().unwrap() = Standing::Connected;
        assert_eq!(ways.poll_standing(), Some(Standing::Connected));
        assert_eq!(port(&ways), Some(3));
        assert!(!ways.knows(first.remote()) && !ways.knows(second.remote()));
    }

    #[test]
    fn where_the_new_one_fails_the_old_one_is_not_taken_any_more() {
        let first = Told::new(Standing::Connected, 1);
        let second = Told::new(Standing::Checking, 2);
        let mut ways = Ways::new(Box::new(first)).restart(Box::new(second.clone()));
        assert_eq!(port(&ways), Some(1));
        *second.0.lock().unwrap() = Standing::Failed;
        assert_eq!(ways.poll_standing(), Some(Standing::Failed));
        assert_eq!(port(&ways), None);
    }
}
