//! The way of a line's packets: only from where it was agreed, only through the guard.

use super::demux::Kind;
use super::transmit::{Channel, Transmit};
use crate::sdp::Remote;
use crate::stats::Reason;
use ssm::{MediaGuard, PacketError};
use std::net::SocketAddr;

/// The largest packet that is taken in: an Ethernet frame's, with room.
const MAX_PACKET: usize = 2048;

/// Octets for a report of ours before it is sealed.
const REPORT: usize = 256;

/// The way of a line's packets.
#[derive(Debug)]
pub(crate) struct Path {
    guard: MediaGuard,
    /// Whether packets are authenticated.
    secure: bool,
    /// Where to send: as agreed, or where authenticated packets come from since.
    remote: Option<Remote>,
    rtp: Outbox,
    rtcp: Outbox,
}

/// A packet's buffer, reused, and the length of what waits in it.
#[derive(Debug, Default)]
struct Outbox {
    buffer: Vec<u8>,
    ready: Option<usize>,
}

impl Path {
    /// A way to this remote side, if it is one, under this guard.
    pub(crate) fn new(guard: MediaGuard, secure: bool, remote: Option<Remote>) -> Self {
        Self { guard, secure, remote, rtp: Outbox::default(), rtcp: Outbox::default() }
    }

    /// Goes over to another guard and another remote side.
    pub(crate) fn go_over(&mut self, guard: MediaGuard, secure: bool, remote: Option<Remote>) {
        (self.guard, self.secure, self.remote) = (guard, secure, remote);
    }

    /// Makes room for RTP packets of so many octets, and for reports.
    pub(crate) fn make_room(&mut self, rtp: usize) {
        let overhead = self.guard.sealer.overhead();
        self.rtp.buffer.resize(rtp + overhead.rtp, 0);
        self.rtcp.buffer.resize(REPORT + overhead.rtcp, 0);
    }

    /// Memory for [`open`](Self::open).
    pub(crate) fn room() -> Vec<u8> {
        vec![0; MAX_PACKET]
    }

    /// Whether there is somebody to send to.
    pub(crate) fn leads_anywhere(&self) -> bool {
        self.remote.is_some()
    }

    /// Opens a datagram in `room`, and returns what it protects.
    pub(crate) fn open<'a>(
        &mut self, channel: Channel, source: SocketAddr, octets: &[u8], room: &'a mut [u8],
    ) -> Result<&'a [u8], Reason> {
        if !self.may_come_from(channel, source) {
            return Err(Reason::WrongAddress);
        }
        if Kind::of(octets) != Kind::Rtp {
            return Err(Reason::Malformed);
        }
        let packet = room.get_mut(..octets.len()).ok_or(Reason::Malformed)?;
        packet.copy_from_slice(octets);
        let opened = match channel {
            Channel::Rtp => self.guard.opener.open_rtp(packet),
            Channel::Rtcp => self.guard.opener.open_rtcp(packet),
        };
        packet.get(..opened?).ok_or(Reason::Malformed)
    }

    /// Plain media counts only from the agreed address; secured media from anywhere, if its tag
    /// verifies.
    fn may_come_from(&self, channel: Channel, source: SocketAddr) -> bool {
        let agreed = self.remote.map(|remote| match channel {
            Channel::Rtp => remote.rtp,
            Channel::Rtcp => remote.rtcp,
        });
        agreed.is_some() && (self.secure || agreed == Some(source))
    }

    /// Secured media goes where its authenticated packets come from; plain media stays.
    pub(crate) fn latch(&mut self, channel: Channel, source: SocketAddr) {
        if let Some(remote) = self.remote.as_mut().filter(|_| self.secure) {
            match channel {
                Channel::Rtp => remote.rtp = source,
                Channel::Rtcp => remote.rtcp = source,
            }
        }
    }

    /// Where a packet is written to before it is sealed.
    pub(crate) fn buffer(&mut self, channel: Channel) -> &mut [u8] {
        &mut self.outbox(channel).buffer
    }

    /// Seals the packet of so many octets that was written, for
    /// [`poll_transmit`](Self::poll_transmit). One that is not sealed is never sent.
    pub(crate) fn seal(&mut self, channel: Channel, length: usize) -> Result<(), PacketError> {
        let sealer = &mut self.guard.sealer;
        let sealed = match channel {
            Channel::Rtp => sealer.seal_rtp(&mut self.rtp.buffer, length),
            Channel::Rtcp => sealer.seal_rtcp(&mut self.rtcp.buffer, length),
        };
        self.outbox(channel).ready = sealed.ok();
        sealed.map(|_| ())
    }

    /// Forgets what waits to be sent.
    pub(crate) fn forget(&mut self, channel: Channel) {
        self.outbox(channel).ready = None;
    }

    /// The next packet to be sent.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        let remote = self.remote?;
        let (channel, remote) = match self.rtp.ready {
            Some(_) => (Channel::Rtp, remote.rtp),
            None => (Channel::Rtcp, remote.rtcp),
        };
        let outbox = self.outbox(channel);
        let length = outbox.ready.take()?;
        Some(Transmit { channel, remote, octets: outbox.buffer.get(..length)? })
    }

    fn outbox(&mut self, channel: Channel) -> &mut Outbox {
        match channel {
            Channel::Rtp => &mut self.rtp,
            Channel::Rtcp => &mut self.rtcp,
        }
    }
}
