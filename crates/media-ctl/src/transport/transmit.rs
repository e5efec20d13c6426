//! What leaves, and by what.

use std::net::SocketAddr;

/// Which of a line's two sockets, or of the two kinds of packets where both go by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// For RTP, and RTCP where that goes with it.
    Rtp,
    /// For RTCP, at a port of its own.
    Rtcp,
}

impl Channel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rtp, Self::Rtcp];
}

/// What carries a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The channel's socket.
    Socket,
    /// The channel's connection to its relay ([`Session::connection`](crate::Session::connection)).
    Connection {
        /// Whether it is to wait until it can leave, for nobody says it again (RFC 8489 §6.2.2). Else
        /// it is media, and lost where it cannot leave at once.
        may_wait: bool,
    },
}

/// A packet to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// The socket to send it from.
    pub channel: Channel,
    /// By what.
    pub carrier: Carrier,
    /// Where to.
    pub remote: SocketAddr,
    /// The octets.
    pub octets: &'a [u8],
    /// Whether it goes by our relay, which it is still to be wrapped for.
    pub(crate) relayed: bool,
}

impl<'a> Transmit<'a> {
    /// A packet for the peer, which leaves by the channel's socket unless it goes by our relay.
    pub(crate) const fn new(
        channel: Channel, remote: SocketAddr, octets: &'a [u8], relayed: bool,
    ) -> Self {
        Self { channel, carrier: Carrier::Socket, remote, octets, relayed }
    }
}
