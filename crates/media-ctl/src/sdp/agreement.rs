//! What offer and answer agreed on.

use super::ice::IceAgreement;
use crate::format::{Format, Formats, NamedEvents};
use ssm::{Line, Profile};
use std::net::SocketAddr;

/// Which way media flows on a line, seen from this side. RFC 3264 §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From here only.
    SendOnly,
    /// To here only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The direction that an attribute's name means.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|direction| direction.name() == name)
    }

    /// The direction in which sending and receiving are as said.
    pub const fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether media flows from here.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether media flows to here.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same flow, seen from the other side.
    pub const fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both directions allow.
    pub const fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }
}

/// Where the peer's media is: what the SDP said, and the only place that plain RTP goes to and
/// comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// For RTP.
    pub rtp: SocketAddr,
    /// For RTCP: the next port, or the one of `a=rtcp` (RFC 3605), at the same address; with RTP
    /// where that was agreed on.
    pub rtcp: SocketAddr,
}

/// What offer and answer agreed on for the audio line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The line's place.
    pub line: Line,
    /// The profile.
    pub profile: Profile,
    /// Whether RTCP goes with RTP, by the same ports. RFC 5761.
    pub rtcp_mux: bool,
    /// Whether the peer wants to know with our reports how the call is here. RFC 3611 §5.
    pub voip_metrics: bool,
    /// Where the peer is, or `None` while it holds with a null address. RFC 3264 §8.4.
    pub remote: Option<Remote>,
    /// How it is found out where the peer is, where both sides do ICE: `remote` counts for nothing
    /// then.
    pub ice: Option<IceAgreement>,
    /// What is sent: the first of the common formats, under the peer's payload type.
    pub sent: Format,
    /// The named events that are sent beside it; `None` where the peer takes none.
    pub events: Option<NamedEvents>,
    /// What is understood, and under which payload types: what our offer lists, for an offerer must be
    /// ready for it as soon as it has offered, and what was agreed on. RFC 3264 §5.1.
    pub understood: Formats,
    /// Which way media flows.
    pub direction: Direction,
}
