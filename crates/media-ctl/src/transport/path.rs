//! The way of a line's packets: only from where it was agreed, only through the guard.

use super::demux::{Kind, muxed};
use super::protection::{Protection, Rekey};
use super::transmit::{Channel, Transmit};
use super::ways::{Agent, Arrival, Standing, Way, Ways};
use crate::sdp::{Agreement, Remote};
use crate::stats::Reason;
use ssm::{PacketError, Refused};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The largest packet that is taken in: an Ethernet frame's, with room.
const MAX_PACKET: usize = 2048;

/// Octets for a report of ours before it is sealed.
const REPORT: usize = 256;

/// How long the source that is sent to must be silent before another may take its place.
const SILENT: Duration = Duration::from_secs(5);

/// Which packets are believed, and followed to where they come from. Case M10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Those whose tag verifies, from anywhere: they are followed.
    Tag,
    /// Those of the agreed address, from whatever port, and none is followed: a description says where
    /// its sender receives, not where it sends from. RFC 3264 §5.1, RFC 4961.
    Address,
    /// Those too, and of whoever speaks while nobody does: that one is followed.
    FirstWhoSpeaks,
    /// Those of where the peer has shown to be by checks, and none is followed: ICE says where to.
    Checked,
}

impl Trust {
    fn of(symmetric: bool, agreement: &Agreement) -> Self {
        match (agreement.profile.is_secure(), symmetric) {
            _ if agreement.ice.is_some() => Self::Checked,
            (true, _) => Self::Tag,
            (false, true) => Self::FirstWhoSpeaks,
            (false, false) => Self::Address,
        }
    }
}

/// The way of a line's packets.
#[derive(Debug)]
pub(crate) struct Path {
    protection: Protection,
    trust: Trust,
    /// Whether the peer may be elsewhere than it says, as behind a translator.
    symmetric: bool,
    /// Whether RTCP goes with RTP.
    rtcp_mux: bool,
    /// What was agreed on.
    agreed: Option<Remote>,
    /// Where to send: as agreed, or where packets that are followed come from since.
    remote: Option<Remote>,
    /// When RTP came from there last.
    spoken: Option<Instant>,
    /// Who finds the ways, where ICE does.
    ways: Option<Ways>,
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
    /// The way that was agreed on, under this protection; the way that this agent finds, where ICE was.
    pub(crate) fn new(
        protection: Protection, symmetric: bool, agreement: &Agreement,
        agent: Option<Box<dyn Agent>>,
    ) -> Self {
        let rtcp_mux = agreement.rtcp_mux;
        let remote = agreement.remote.filter(|_| agreement.ice.is_none());
        let (rtp, rtcp) = (Outbox::default(), Outbox::default());
        let (agreed, spoken) = (remote, None);
        let trust = Trust::of(symmetric, agreement);
        let ways = agent.map(Ways::new);
        Self { protection, trust, symmetric, rtcp_mux, agreed, remote, spoken, ways, rtp, rtcp }
    }

    /// Goes over to what was agreed on anew, and to another protection unless that of before goes on:
    /// who is where it was said to be before is then sent to where it has shown to be.
    ///
    /// With ICE, the ways of before go on unless there is an agent for others.
    pub(crate) fn go_over(
        self, change: Rekey, agreement: &Agreement, agent: Option<Box<dyn Agent>>,
    ) -> Self {
        let by_ice = agreement.ice.is_some();
        let is_same = self.ways.is_none() && !by_ice && agreement.remote == self.agreed;
        let stays = change.keeps_opener() && is_same;
        let protection = self.protection.after(change);
        let new = Self::new(protection, self.symmetric, agreement, None);
        let (remote, spoken) = if stays { (self.remote, self.spoken) } else { (new.remote, None) };
        let ways = match (self.ways.filter(|_| by_ice), agent) {
            (Some(ways), Some(agent)) => Some(ways.restart(agent)),
            (ways, agent) => ways.or_else(|| agent.map(Ways::new)),
        };
        let mut over = Self { rtp: self.rtp, rtcp: self.rtcp, remote, spoken, ways, ..new };
        over.take_way();
        over
    }

    /// Goes where ICE says.
    fn take_way(&mut self) {
        let Some(ways) = &self.ways else { return };
        let rtp = ways.way(Channel::Rtp).map(|way| way.remote);
        let rtcp = ways.way(Channel::Rtcp).map(|way| way.remote);
        // Where there is none for reports, none is made.
        self.remote = rtp.map(|rtp| Remote { rtp, rtcp: rtcp.unwrap_or(rtp) });
    }

    /// How far ICE is, where that is new.
    pub(crate) fn poll_standing(&mut self) -> Option<Standing> {
        let standing = self.ways.as_mut()?.poll_standing();
        self.take_way();
        standing
    }

    /// The way that ICE has found for a channel.
    pub(crate) fn way(&self, channel: Channel) -> Option<Way> {
        self.ways.as_ref().and_then(|ways| ways.way(channel))
    }

    /// Whether there is a way for reports: not where ICE has found none for their port.
    pub(crate) fn takes_reports(&self) -> bool {
        self.ways.as_ref().is_none_or(|ways| ways.way(Channel::Rtcp).is_some())
    }

    /// Forgets who finds the ways.
    pub(crate) fn forget_ways(&mut self) {
        self.ways = None;
    }

    /// Whether ICE has found no way, or has lost it.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.ways.as_ref().is_some_and(|ways| ways.standing() == Standing::Failed)
    }

    /// Takes a message of ICE's.
    pub(crate) fn on_message(
        &mut self, now: Instant, arrival: Arrival, octets: &[u8],
    ) -> Result<(), Reason> {
        let ways = self.ways.as_mut().ok_or(Reason::Malformed)?;
        ways.on_message(now, arrival, octets)
    }

    /// Whether a datagram is a message of ICE's.
    pub(crate) fn is_message(octets: &[u8]) -> bool {
        Kind::of(octets) == Kind::Stun
    }

    /// Whether packets may leave and come in, or a handshake is waited for.
    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Gives a handshake up that the peer has said nothing of.
    pub(crate) fn give_up_unanswered(&mut self) {
        self.protection.give_up_unanswered();
    }

    /// When [`on_timeout`](Self::on_timeout) is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        let handshake = self.protection.due().filter(|_| self.has_way());
        let ways = self.ways.as_ref().and_then(Ways::due);
        handshake.into_iter().chain(ways).min()
    }

    /// Lets a handshake begin or go on, where that is due and there is a way for it. How it ended, once.
    pub(crate) fn on_timeout(&mut self, now: Instant) -> Option<Result<(), Refused>> {
        if let Some(ways) = &mut self.ways {
            ways.on_timeout(now);
            self.take_way();
        }
        if self.has_way() { self.protection.on_timeout(now) } else { None }
    }

    /// Whether ICE, where it is done, has found a way.
    fn has_way(&self) -> bool {
        self.ways.is_none() || self.remote.is_some()
    }

    /// Takes a datagram of a handshake. How that ended, once.
    pub(crate) fn on_handshake(
        &mut self, now: Instant, source: SocketAddr, octets: &[u8],
    ) -> Result<Option<Result<(), Refused>>, Reason> {
        if let Some(ways) = &self.ways {
            return self.on_handshake_by_ice(now, ways.knows(source), octets);
        }
        let is = |remote: Option<Remote>| remote.is_some_and(|remote| remote.rtp == source);
        let agreed = is(self.agreed) || is(self.remote);
        let ended = self
            .protection
            .on_datagram(now, (source, agreed), octets, self.symmetric)
            .map_err(|_| Reason::WrongAddress)?;
        if let (Some(Ok(())), Some(remote)) = (ended, &mut self.remote) {
            // Who holds the certificate that was named has shown where it is.
            remote.rtp = source;
        }
        Ok(ended)
    }

    /// The same where ICE knows where the peer is: what comes from there comes from the end of the way
    /// that was chosen.
    fn on_handshake_by_ice(
        &mut self, now: Instant, known: bool, octets: &[u8],
    ) -> Result<Option<Result<(), Refused>>, Reason> {
        let end = self.remote.filter(|_| known).ok_or(Reason::WrongAddress)?.rtp;
        let taken = self.protection.on_datagram(now, (end, true), octets, false);
        taken.map_err(|_| Reason::WrongAddress)
    }

    /// Whether a datagram is of a handshake.
    pub(crate) fn is_handshake(by: Channel, octets: &[u8]) -> bool {
        by == Channel::Rtp && Kind::of(octets) == Kind::Dtls
    }

    /// Of which channel a datagram is that came by this one.
    pub(crate) fn channel(&self, by: Channel, octets: &[u8]) -> Channel {
        if self.rtcp_mux { muxed(octets) } else { by }
    }

    /// Makes room for RTP packets of so many octets, and for reports.
    pub(crate) fn make_room(&mut self, rtp: usize) {
        let overhead = self.protection.guard.sealer.overhead();
        self.rtp.buffer.resize(rtp + overhead.rtp, 0);
        self.rtcp.buffer.resize(REPORT + overhead.rtcp, 0);
    }

    /// Memory for [`open`](Self::open).
    pub(crate) fn room() -> Vec<u8> {
        vec![0; MAX_PACKET]
    }

    /// Where RTP is sent to.
    pub(crate) fn leads_to(&self) -> Option<IpAddr> {
        self.remote.map(|remote| remote.rtp.ip())
    }

    /// Whether there is somebody to send to.
    pub(crate) fn leads_anywhere(&self) -> bool {
        self.remote.is_some()
    }

    /// Opens a datagram in `room`, and returns what it protects.
    pub(crate) fn open<'a>(
        &mut self, now: Instant, (channel, source): (Channel, SocketAddr), octets: &[u8],
        room: &'a mut [u8],
    ) -> Result<&'a [u8], Reason> {
        if !self.may_come_from(now, source) {
            return Err(Reason::WrongAddress);
        }
        if Kind::of(octets) != Kind::Rtp {
            return Err(Reason::Malformed);
        }
        let packet = room.get_mut(..octets.len()).ok_or(Reason::Malformed)?;
        packet.copy_from_slice(octets);
        let opened = match channel {
            Channel::Rtp => self.protection.guard.opener.open_rtp(packet),
            Channel::Rtcp => self.protection.guard.opener.open_rtcp(packet),
        };
        packet.get(..opened?).ok_or(Reason::Malformed)
    }

    fn may_come_from(&self, now: Instant, source: SocketAddr) -> bool {
        if let Some(ways) = &self.ways {
            return ways.knows(source);
        }
        let is = |remote: Option<Remote>| remote.is_some_and(|it| it.rtp.ip() == source.ip());
        let known = is(self.agreed) || is(self.remote);
        self.remote.is_some()
            && match self.trust {
                Trust::Checked => false,
                Trust::Tag => true,
                Trust::Address => known,
                Trust::FirstWhoSpeaks => known || self.is_silent(now),
            }
    }

    /// Whether nothing comes from where is sent to.
    fn is_silent(&self, now: Instant) -> bool {
        self.spoken.is_none_or(|at| now.saturating_duration_since(at) >= SILENT)
    }

    /// Follows a packet that was believed to where it came from, if such are followed.
    pub(crate) fn latch(&mut self, now: Instant, channel: Channel, source: SocketAddr) {
        let silent = self.is_silent(now);
        let Some(remote) = &mut self.remote else { return };
        let follows = match self.trust {
            Trust::Tag => true,
            Trust::Address | Trust::Checked => false,
            Trust::FirstWhoSpeaks => match channel {
                Channel::Rtp => silent,
                // Reports go beside the audio, and are not what is followed.
                Channel::Rtcp => source.ip() == remote.rtp.ip(),
            },
        };
        match channel {
            // Both go there.
            Channel::Rtcp if follows && self.rtcp_mux && self.trust == Trust::Tag => {
                (remote.rtp, remote.rtcp) = (source, source);
            }
            Channel::Rtcp if follows => remote.rtcp = source,
            Channel::Rtp if follows && remote.rtp != source => {
                if self.trust == Trust::FirstWhoSpeaks {
                    remote.rtcp = SocketAddr::new(source.ip(), source.port().wrapping_add(1));
                }
                remote.rtp = source;
            }
            Channel::Rtp | Channel::Rtcp => {}
        }
        if channel == Channel::Rtp && remote.rtp == source {
            self.spoken = Some(now);
        }
    }

    /// Where a packet is written to before it is sealed.
    pub(crate) fn buffer(&mut self, channel: Channel) -> &mut [u8] {
        &mut self.outbox(channel).buffer
    }

    /// Seals the packet of so many octets that was written, for
    /// [`poll_transmit`](Self::poll_transmit). One that is not sealed is never sent.
    pub(crate) fn seal(&mut self, channel: Channel, length: usize) -> Result<(), PacketError> {
        let sealer = &mut self.protection.guard.sealer;
        let sealed = match channel {
            Channel::Rtp => sealer.seal_rtp(&mut self.rtp.buffer, length),
            Channel::Rtcp => sealer.seal_rtcp(&mut self.rtcp.buffer, length),
        };
        let outbox = self.outbox(channel);
        // A sealer that says more than there is has sealed nothing.
        let fits = |sealed: &usize| *sealed <= outbox.buffer.len();
        let sealed = sealed.and_then(|it| Some(it).filter(fits).ok_or(PacketError::NoRoom));
        outbox.ready = sealed.ok();
        sealed.map(|_| ())
    }

    /// Forgets what waits to be sent.
    pub(crate) fn forget(&mut self, channel: Channel) {
        self.outbox(channel).ready = None;
    }

    /// The next packet to be sent: ICE's first, which finds the way for the others.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if self.ways.as_mut().is_some_and(Ways::poll_message) {
            return self.ways.as_ref().and_then(Ways::sending);
        }
        let remote = self.remote?;
        if let Some(to) = self.protection.poll_datagram(remote.rtp) {
            let relayed = self.is_relayed(Channel::Rtp);
            let remote = if self.ways.is_some() { remote.rtp } else { to };
            let octets = self.protection.sending();
            return Some(Transmit::new(Channel::Rtp, remote, octets, relayed));
        }
        let (channel, remote) = match self.rtp.ready {
            Some(_) => (Channel::Rtp, remote.rtp),
            None if self.rtcp_mux => (Channel::Rtcp, remote.rtp),
            None => (Channel::Rtcp, remote.rtcp),
        };
        let by = if self.rtcp_mux { Channel::Rtp } else { channel };
        let relayed = self.is_relayed(by);
        let outbox = self.outbox(channel);
        let length = outbox.ready.take()?;
        Some(Transmit::new(by, remote, outbox.buffer.get(..length)?, relayed))
    }

    /// Whether a channel's packets go by our relay.
    fn is_relayed(&self, channel: Channel) -> bool {
        self.way(channel).is_some_and(|way| way.relayed)
    }

    fn outbox(&mut self, channel: Channel) -> &mut Outbox {
        match channel {
            Channel::Rtp => &mut self.rtp,
            Channel::Rtcp => &mut self.rtcp,
        }
    }
}
