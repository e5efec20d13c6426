//! A telephony application that does what chance tells it.

use super::calls::Calls;
use super::transfers::Transfers;
use super::watching::Watching;
use crate::world::Side;
use net::sim::Random;
use sip_core::manager::{Event, RegisterConfig, RegistrationId};

/// How it stands with an application's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registered {
    No,
    Yes,
    /// It is over; whether the registrar has confirmed it.
    Over(bool),
}

pub(super) struct Player {
    pub(super) side: Side,
    pub(super) me: &'static str,
    others: [&'static str; 2],
    dice: Random,
    pub(super) calls: Calls,
    pub(super) transfers: Transfers,
    pub(super) watching: Watching,
    registration: Option<RegistrationId>,
    pub(super) registered: Registered,
    pub(super) log: Vec<String>,
}

impl Player {
    pub(super) fn new(
        side: Side, me: &'static str, others: [&'static str; 2], dice: Random,
    ) -> Self {
        Self {
            side,
            me,
            others,
            dice,
            calls: Calls::new(me),
            transfers: Transfers::default(),
            watching: Watching::default(),
            registration: None,
            registered: Registered::No,
            log: Vec::new(),
        }
    }

    fn other(&mut self) -> &'static str {
        if self.dice.chance(0.5) { self.others[0] } else { self.others[1] }
    }

    pub(super) fn register(&mut self, registrar: &str) {
        let wanted = RegisterConfig {
            aor: self.me.to_owned(),
            registrar: registrar.to_owned(),
            expires: 60,
            ..RegisterConfig::default()
        };
        self.registration = Some(self.side.endpoint.register(wanted).unwrap());
    }

    /// Gives a command that fits, or none.
    pub(super) fn act(&mut self) {
        let (open, other) = (self.calls.open(), self.other());
        let (endpoint, dice) = (&self.side.endpoint, &mut self.dice);
        if self.calls.replace(endpoint) {
            return;
        }
        if let Some((refer, to)) = self.transfers.agree(endpoint, dice) {
            let call = self.calls.call(endpoint, &to, dice);
            return self.transfers.follow(call, refer);
        }
        if dice.chance(0.2) {
            return self.watching.act(endpoint, (self.me, other), dice);
        }
        if dice.chance(0.1) {
            let to = (self.calls.talking(), self.others);
            return self.transfers.refer(endpoint, (&to.0, &to.1), dice);
        }
        if open.is_empty() || (open.len() < 4 && dice.chance(0.2)) {
            self.calls.call(endpoint, other, dice);
            return;
        }
        let at = usize::try_from(dice.below(open.len() as u64)).unwrap();
        self.calls.act(endpoint, *open.get(at).unwrap(), dice);
    }

    /// Answers what waits for an answer.
    pub(super) fn settle(&mut self) {
        if !self.calls.replace(&self.side.endpoint) {
            self.calls.settle(&self.side.endpoint);
        }
        self.watching.answer(&self.side.endpoint, true);
    }

    /// Ends all that there is.
    pub(super) fn leave(&self) {
        let endpoint = &self.side.endpoint;
        self.calls.open().iter().for_each(|id| endpoint.hang_up(*id).unwrap());
        self.watching.end_all(endpoint);
        endpoint.unregister(self.registration.unwrap()).unwrap();
    }

    /// Takes the events that are there.
    pub(super) async fn listen(&mut self) {
        while let Some(event) = self.side.next_within(0).await {
            self.log.push(format!("{} {event:?}", self.me));
            let known = self.transfers.take(&self.side.endpoint, &event)
                || self.calls.take(&event)
                || self.watching.take(&event);
            if !known {
                self.hear_of_registration(&event);
            }
        }
    }

    fn hear_of_registration(&mut self, event: &Event) {
        assert!(!matches!(self.registered, Registered::Over(_)), "{event:?} after the end");
        self.registered = match event {
            Event::Registered { .. } => Registered::Yes,
            Event::RegistrationFailed { .. } => Registered::No,
            Event::Unregistered { taken_back, .. } => Registered::Over(*taken_back),
            other => panic!("nobody asked for {other:?}"),
        };
    }
}
