//! One candidate: an address that a side may be reached at. RFC 8839 §5.1.

use crate::Channel;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// How a side has come by an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// It is its own.
    Host,
    /// A server sees it there: behind a translator.
    ServerReflexive,
    /// A peer saw it there.
    PeerReflexive,
    /// A server takes what is for it.
    Relayed,
}

impl CandidateKind {
    const ALL: [Self; 4] = [Self::Host, Self::ServerReflexive, Self::PeerReflexive, Self::Relayed];

    /// Its word behind `typ`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
        }
    }

    /// RFC 8445 §5.1.2.2.
    const fn preference(self) -> u32 {
        match self {
            Self::Host => 126,
            Self::PeerReflexive => 110,
            Self::ServerReflexive => 100,
            Self::Relayed => 0,
        }
    }
}

/// An address over UDP that a side may be reached at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// For what of the line. RFC 8445 calls it component 1 or 2.
    pub channel: Channel,
    /// The same for those that are of one kind, one base and one server.
    pub foundation: String,
    /// The higher, the sooner it is tried.
    pub priority: u32,
    /// Where.
    pub address: SocketAddr,
    /// How it was come by.
    pub kind: CandidateKind,
    /// What it was come by from: the base of a reflexive one, what the server sees of a relayed one.
    pub related: Option<SocketAddr>,
}

impl Candidate {
    /// One of ours; a host has one address for media, and so one local preference.
    pub fn new(
        channel: Channel, kind: CandidateKind, address: SocketAddr, related: Option<SocketAddr>,
    ) -> Self {
        let foundation = match kind {
            CandidateKind::Host => "1",
            CandidateKind::ServerReflexive => "2",
            CandidateKind::PeerReflexive => "3",
            CandidateKind::Relayed => "4",
        };
        // RFC 8445 §5.1.2.1.
        let priority = (kind.preference() << 24) + (65_535 << 8) + (256 - component(channel));
        Self { channel, foundation: foundation.to_owned(), priority, address, kind, related }
    }

    /// Reads the value of `a=candidate`; `None` for what is no candidate, is not over UDP, is of a
    /// component that there is none of here, or has a name in place of an address.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut fields = value.split_ascii_whitespace();
        let foundation = fields.next().filter(|it| (1..=32).contains(&it.len()))?;
        let channel = match fields.next()? {
            "1" => Channel::Rtp,
            "2" => Channel::Rtcp,
            _ => return None,
        };
        fields.next().filter(|transport| transport.eq_ignore_ascii_case("udp"))?;
        let priority = fields.next()?.parse().ok().filter(|it| (1..1 << 31).contains(it))?;
        let ip: IpAddr = fields.next()?.parse().ok()?;
        let address = SocketAddr::new(ip.to_canonical(), fields.next()?.parse().ok()?);
        fields.next().filter(|typ| *typ == "typ")?;
        let kind = fields.next()?;
        let kind = CandidateKind::ALL.into_iter().find(|it| it.name() == kind)?;
        let foundation = foundation.to_owned();
        // Where it was come by from is of no matter here.
        Some(Self { channel, foundation, priority, address, kind, related: None })
    }
}

/// The component's number. RFC 8839 §5.1.
pub(super) const fn component(channel: Channel) -> u32 {
    match channel {
        Channel::Rtp => 1,
        Channel::Rtcp => 2,
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, foundation, priority, address, kind, related } = self;
        let (ip, port, kind) = (address.ip(), address.port(), kind.name());
        let component = component(*channel);
        write!(f, "{foundation} {component} UDP {priority} {ip} {port} typ {kind}")?;
        match related {
            Some(related) => write!(f, " raddr {} rport {}", related.ip(), related.port()),
            None => Ok(()),
        }
    }
}
