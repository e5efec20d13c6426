//! A session's two sockets, or one.

use crate::Channel;
use net::{Datagram, DatagramSocket, Network};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

/// How often a pair is looked for.
const TRIES: usize = 32;

/// Batches taken from a socket in one turn, so that a flood does not hold up the clock.
const BATCHES: usize = 8;

/// An even port for RTP and the next one for RTCP (RFC 3550 §11), which is given back while both go
/// by one. RFC 5761.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) rtp: Box<dyn DatagramSocket>,
    rtcp: Option<Box<dyn DatagramSocket>>,
    /// Where RTCP's is, or was.
    rtcp_addr: SocketAddr,
}

impl Sockets {
    /// Binds a free pair: any port, and its neighbour.
    pub(super) fn bind(network: &dyn Network, ip: IpAddr) -> io::Result<Self> {
        if ip.is_unspecified() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for _ in 0..TRIES {
            let one = network.bind(SocketAddr::new(ip, 0))?;
            let port = one.local_addr().port();
            let Ok(other) = network.bind(SocketAddr::new(ip, port ^ 1)) else {
                continue;
            };
            let (rtp, rtcp) = if port % 2 == 0 { (one, other) } else { (other, one) };
            return Ok(Self { rtcp_addr: rtcp.local_addr(), rtp, rtcp: Some(rtcp) });
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    /// The port that RTCP has where it has one of its own.
    pub(super) fn rtcp_port(&self) -> u16 {
        self.rtcp_addr.port()
    }

    /// Gives RTCP's socket back where RTCP goes with RTP, and binds it anew where it no longer does. Its
    /// port may have gone to somebody else meanwhile: reports then leave from RTP's, and none comes.
    pub(super) fn mux(&mut self, network: &dyn Network, rtcp_mux: bool) {
        if rtcp_mux {
            self.rtcp = None;
        } else if self.rtcp.is_none() {
            self.rtcp = network.bind(self.rtcp_addr).ok();
        }
    }

    /// The socket that a channel's packets come by, where it has one.
    pub(super) fn of(&self, channel: Channel) -> Option<&dyn DatagramSocket> {
        match channel {
            Channel::Rtp => Some(&*self.rtp),
            Channel::Rtcp => self.rtcp.as_deref(),
        }
    }
}

/// Hands all that has arrived at a socket to `take`, up to a bound. Returns whether the bound was
/// reached, so that there may be more.
pub(super) fn receive(
    socket: &dyn DatagramSocket, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    mut take: impl FnMut(&Datagram),
) -> bool {
    for _ in 0..BATCHES {
        batch.clear();
        match socket.poll_receive(cx, batch) {
            Poll::Ready(Ok(_)) => batch.iter().for_each(&mut take),
            // What the network reports of an earlier packet; the next turn, at the latest in
            // 20 ms, tries again.
            Poll::Ready(Err(_)) | Poll::Pending => return false,
        }
    }
    true
}
