//! What is recorded: one entry for each signal, wire message and change of state.

use super::kind::{WireKind, classify};
use bytes::Bytes;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Who takes part in a call, in the order in which a ladder shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifeline {
    /// The security application outside the stack.
    SecurityApplication,
    /// The security manager.
    SecurityManager,
    /// The telephony application: this crate.
    TelephonyApplication,
    /// The SIP manager.
    SipManager,
    /// The media controller.
    MediaController,
    /// The network.
    Network,
    /// The peer.
    Remote,
}

impl Lifeline {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::SecurityApplication,
        Self::SecurityManager,
        Self::TelephonyApplication,
        Self::SipManager,
        Self::MediaController,
        Self::Network,
        Self::Remote,
    ];

    /// The name above the line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecurityApplication => "security application",
            Self::SecurityManager => "security manager",
            Self::TelephonyApplication => "telephony application",
            Self::SipManager => "SIP manager",
            Self::MediaController => "media controller",
            Self::Network => "network",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for Lifeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A signal across one of the four interfaces, or between the application and a manager.
    Signal,
    /// Octets that left or came in.
    Wire,
    /// A change of state of the security manager's machine.
    State,
}

/// What carries a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// A datagram.
    Udp,
    /// A part of a stream.
    Tcp,
}

/// Octets on the wire, as this terminal sent or received them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// UDP or TCP.
    pub protocol: Protocol,
    /// This terminal's address.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// Whether this terminal sent it.
    pub sent: bool,
    /// The octets; empty where a connection opened or closed.
    pub octets: Bytes,
}

impl Packet {
    /// Source and destination.
    pub const fn path(&self) -> (SocketAddr, SocketAddr) {
        if self.sent { (self.local, self.remote) } else { (self.remote, self.local) }
    }
}

/// One entry of the record. `label` and `detail` carry no secret and no control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the one order, from 1.
    pub number: u64,
    /// Time since the recorder was made.
    pub at: Duration,
    /// The terminal that saw it.
    pub terminal: Arc<str>,
    /// The call, as the interfaces name it, where the signal says so.
    pub call: Option<u64>,
    /// Where it comes from.
    pub from: Lifeline,
    /// Where it goes; for a state, the same lifeline.
    pub to: Lifeline,
    /// The signal's name, the start line, or the state.
    pub label: String,
    /// What it carries, in a few words.
    pub detail: String,
    /// What it is.
    pub kind: Kind,
    /// The octets, of a wire entry.
    pub packet: Option<Packet>,
}

impl Entry {
    /// Whether it is a packet of RTP or RTCP.
    pub fn is_media(&self) -> bool {
        let kind = self.packet.as_ref().map(|packet| classify(&packet.octets));
        matches!(kind, Some(WireKind::Rtp | WireKind::Rtcp))
    }
}
