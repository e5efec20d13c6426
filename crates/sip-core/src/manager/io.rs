//! What every part of the manager works with: the time, the configuration, and where it puts what
//! it wants done.

use super::accounts::Accounts;
use super::action::{Action, Hop, Sender, SenderId};
use super::by_number::ByNumber;
use super::config::Config;
use super::consult::{ConsultId, Subject};
use super::event::Event;
use super::ports::Ports;
use super::slab::Slab;
use super::timers::{Due, Timers};
use bytes::Bytes;
use ssa::CallRef;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The manager's outputs, and its ports.
pub(super) struct Outputs {
    pub(super) ports: Ports,
    pub(super) timers: Timers,
    pub(super) actions: VecDeque<Action>,
    /// The open questions.
    pub(super) consults: Slab<Subject>,
    /// How often each name is held, by usages and requests.
    names: ByNumber<CallRef, u32>,
    /// What registrars have told us.
    pub(super) accounts: Accounts,
}

impl Outputs {
    pub(super) fn new(ports: Ports) -> Self {
        Self {
            ports,
            timers: Timers::default(),
            actions: VecDeque::new(),
            consults: Slab::new(),
            names: ByNumber::default(),
            accounts: Accounts::default(),
        }
    }
}

/// One input's view of it.
pub(super) struct Io<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a Config,
    pub(super) out: &'a mut Outputs,
}

impl Io<'_> {
    /// Sends a message.
    pub(super) fn send(&mut self, sender: Sender, hop: Hop, octets: Bytes) {
        self.send_to(sender, (hop, None), octets);
    }

    /// Sends a message to where a name was found.
    pub(super) fn send_to(
        &mut self, sender: Sender, (hop, name): (Hop, Option<Arc<str>>), octets: Bytes,
    ) {
        let sender = SenderId(sender);
        self.out.actions.push_back(Action::Send { hop, name, octets, sender });
    }

    /// Tells the application.
    pub(super) fn tell(&mut self, event: Event) {
        self.out.actions.push_back(Action::Event(event));
    }

    /// Starts a timer, or moves it.
    pub(super) fn start(&mut self, due: Due, after: Duration) {
        self.out.timers.start(due, self.now + after);
    }

    /// Stops a timer that may not run.
    pub(super) fn stop(&mut self, due: Due) {
        self.out.timers.stop(due);
    }

    /// Opens a question.
    pub(super) fn ask(&mut self, subject: Subject) -> ConsultId {
        let id = ConsultId(self.out.consults.insert(subject));
        self.out.actions.push_back(Action::Consult(id));
        id
    }

    /// Closes a question that nobody waits for any more.
    pub(super) fn withdraw(&mut self, id: Option<ConsultId>) {
        if let Some(id) = id
            && self.out.consults.remove(id.0).is_some()
        {
            self.out.actions.push_back(Action::CancelConsult(id));
        }
    }

    /// 64 random bits.
    pub(super) fn random(&mut self) -> u64 {
        (self.out.ports.random)()
    }

    /// The keyed hash.
    pub(super) fn hash(&self, parts: &[&[u8]]) -> u64 {
        (self.out.ports.keyed)(parts)
    }

    /// Names a call towards the security manager: by Call-ID and the initial INVITE's From tag.
    pub(super) fn call_ref(&self, call_id: &[u8], from_tag: &[u8]) -> CallRef {
        CallRef(self.hash(&[b"call", call_id, from_tag]))
    }

    /// Whether a usage, a request of ours or one of a peer's goes on under this name.
    pub(super) fn is_held(&self, name: CallRef) -> bool {
        self.out.names.contains_key(&name)
    }

    /// Something goes on under this name.
    pub(super) fn hold(&mut self, name: CallRef) {
        *self.out.names.entry(name).or_default() += 1;
    }

    /// It is over; the security manager is told once nothing goes on under the name.
    pub(super) fn release(&mut self, name: CallRef) {
        if self.release_quietly(name) {
            self.out.actions.push_back(Action::Abandon(name));
        }
    }

    /// It is over, and the security manager is not told: whoever was challenged comes back. Whether
    /// nothing goes on under the name any more.
    pub(super) fn release_quietly(&mut self, name: CallRef) -> bool {
        match self.out.names.get_mut(&name) {
            Some(times) if *times > 1 => {
                *times -= 1;
                false
            }
            Some(_) => self.out.names.remove(&name).is_some(),
            None => false,
        }
    }
}
