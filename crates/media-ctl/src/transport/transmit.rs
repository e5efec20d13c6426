//! What leaves, and by which socket.

use std::net::SocketAddr;

/// Which of a line's two sockets, or of the two kinds of packets where both go by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// For RTP, and RTCP where that goes with it.
    Rtp,
    /// For RTCP, at a port of its own.
    Rtcp,
}

/// A packet to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// The socket to send it from.
    pub channel: Channel,
    /// Where to.
    pub remote: SocketAddr,
    /// The octets.
    pub octets: &'a [u8],
    /// Whether it goes by our relay, which it is still to be wrapped for.
    pub(crate) relayed: bool,
}
