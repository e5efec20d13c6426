//! What the manager asks its driver to do, and how it learns what came of it.

use super::consult::ConsultId;
use super::event::Event;
use super::slab::Key;
use bytes::Bytes;
use ssa::{CallRef, FlowId, Transport};
use std::net::SocketAddr;
use std::sync::Arc;

/// How a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The packet's source.
    pub source: SocketAddr,
    /// Our address, as [`Local::address`](super::Local::address) has it.
    pub local: SocketAddr,
    /// The transport.
    pub transport: Transport,
    /// The flow.
    pub flow: FlowId,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The transport.
    pub transport: Transport,
    /// Which of our sockets sends it.
    pub local: SocketAddr,
    /// Where to.
    pub remote: SocketAddr,
    /// The connection to use while it is open; otherwise one to `remote`, opened if need be, but
    /// for [`SenderId::keeps_to_its_flow`].
    pub flow: Option<FlowId>,
}

impl Hop {
    /// Whether a message came over this hop's connection, or from its other end's address: over TLS
    /// an address is nobody.
    pub(super) fn has_sent(&self, arrival: &Arrival) -> bool {
        let same_flow = arrival.transport.is_reliable() && self.flow == Some(arrival.flow);
        same_flow || !self.transport.is_secure() && arrival.source.ip() == self.remote.ip()
    }
}

/// A connection, and where a request goes that goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow<'a> {
    /// Its number.
    pub id: FlowId,
    /// Its other end.
    pub remote: SocketAddr,
    /// The host name that it was opened for; none for an address, and where the peer opened it.
    pub name: Option<&'a str>,
}

/// Whether two host names are the same. RFC 4343: without regard to case.
pub(crate) fn is_same_name(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Who sent a message; given back in [`SipManager::on_send_failed`](super::SipManager).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderId(pub(super) Sender);

impl SenderId {
    /// Nobody waits for it.
    pub const NOBODY: Self = Self(Sender::Nobody);

    /// Whether it answers a peer's request.
    pub fn is_answer(self) -> bool {
        matches!(self.0, Sender::Stateless | Sender::Server(_))
    }

    /// Whether a connection may be opened for it: not for the answer to a request of which
    /// nothing is kept, which goes back on its own connection or not at all; nor for a ping.
    pub fn opens_connections(self) -> bool {
        !matches!(self.0, Sender::Stateless | Sender::Ping)
    }

    /// Whether it goes over the hop's flow, where there is one, or not at all: a request may carry
    /// credentials, and they are for whoever is at the other end of it.
    pub fn keeps_to_its_flow(self) -> bool {
        matches!(self.0, Sender::Client(_) | Sender::Ping)
    }

    /// Whether it only keeps a connection open, and its answer is to be told by
    /// [`SipManager::on_alive`](super::SipManager::on_alive).
    pub fn is_ping(self) -> bool {
        self.0 == Sender::Ping
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sender {
    /// An ACK to a 2xx: nobody waits for it.
    Nobody,
    /// A stateless answer.
    Stateless,
    /// What keeps the way to a registrar open. RFC 5626 §3.5.1.
    Ping,
    /// A client transaction.
    Client(Key),
    /// A server transaction.
    Server(Key),
}

/// What the driver is to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send these octets.
    Send {
        /// Where to.
        hop: Hop,
        /// The host name that the hop was found for, where the request asked for a name: a
        /// connection is opened for it, and serves no other.
        name: Option<Arc<str>>,
        /// The message.
        octets: Bytes,
        /// Whom to tell when it could not be sent.
        sender: SenderId,
    },
    /// Ask the question that [`SipManager::query`](super::SipManager::query) lends, and feed the
    /// verdict.
    Consult(ConsultId),
    /// The answer is not wanted any more: drop what works on it.
    CancelConsult(ConsultId),
    /// Tell the security manager that the call is over.
    Abandon(CallRef),
    /// Close this connection: nobody answers there.
    Close(FlowId),
    /// Tell the application.
    Event(Event),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_opened_for_all_but_the_answers_that_nothing_is_kept_of() {
        let key = super::super::slab::Slab::new().insert(());
        for sender in [Sender::Stateless, Sender::Ping] {
            assert!(!SenderId(sender).opens_connections());
        }
        for sender in [Sender::Nobody, Sender::Client(key), Sender::Server(key)] {
            assert!(SenderId(sender).opens_connections());
        }
    }
}
