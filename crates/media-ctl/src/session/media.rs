//! What runs between start and stop: the state that packets and time act on.

use super::event::{Channel, Event, Transmit};
use crate::audio::FRAME_TIME;
use crate::rtcp::Interval;
use crate::rtp::{Receiver, Sender};
use crate::sdp::{Agreement, Remote};
use crate::{JitterBuffer, MediaConfig, Stats};
use ssm::MediaGuard;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The largest packet that is taken in: an Ethernet frame's, with room.
pub(super) const MAX_PACKET: usize = 2048;

/// Octets for a packet of ours before it is sealed: a frame with its header, or a report.
const OWN_PACKET: usize = 256;

/// A running line. `incoming` and `outgoing` hold what it does.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) agreement: Agreement,
    pub(super) guard: MediaGuard,
    /// Where to send: as agreed, or where authenticated packets come from since.
    pub(super) remote: Option<Remote>,
    /// Whether silence is sent in place of the source, because of how the call is.
    pub(super) silenced: bool,
    /// Whether silence is sent in its place, because the user wants it.
    pub(super) mute: bool,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) jitter: JitterBuffer,
    pub(super) cname: String,
    pub(super) interval: Interval,
    pub(super) started: Instant,
    /// Frames of 20 ms since the start: the next one is due at `started + frames · 20 ms`.
    pub(super) frames: u32,
    pub(super) next_report: Instant,
    /// Packets sent by the last report, and by the one before.
    pub(super) reported: (u64, u64),
    pub(super) last_sr: Option<LastSr>,
    /// When something of the peer was accepted last; at first, the start.
    pub(super) heard: Instant,
    /// When the present agreement began.
    pub(super) since: Instant,
    pub(super) timeout: Duration,
    pub(super) timed_out: bool,
    pub(super) key_exhausted: bool,
    pub(super) inbound: Vec<u8>,
    pub(super) rtp: Outbound,
    pub(super) rtcp: Outbound,
    pub(super) events: VecDeque<Event>,
    pub(super) counted: Stats,
}

/// The last sender report of the peer. RFC 3550 §6.4.1.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastSr {
    /// The source that it is of.
    pub(super) ssrc: u32,
    /// The middle 32 bits of its NTP timestamp.
    pub(super) ntp_middle: u32,
    pub(super) at: Instant,
}

/// A packet's buffer, reused, and the length of what waits in it.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    pub(super) buffer: Vec<u8>,
    pub(super) ready: Option<usize>,
}

impl Media {
    pub(super) fn new(
        config: &MediaConfig, agreement: Agreement, guard: MediaGuard, silenced: bool, now: Instant,
    ) -> Self {
        let seed = &config.seed;
        let mut interval = Interval::new(seed.interval());
        let delay = config.playout_delay.as_millis().min(1000) as u32 * 8;
        let mut media = Self {
            remote: agreement.remote,
            agreement,
            guard,
            silenced,
            mute: false,
            sender: Sender::new(seed.ssrc(), seed.sequence(), seed.timestamp()),
            receiver: Receiver::new(now),
            jitter: JitterBuffer::new(delay),
            cname: seed.cname(),
            next_report: now + interval.next(),
            interval,
            started: now,
            frames: 0,
            reported: (0, 0),
            last_sr: None,
            heard: now,
            since: now,
            timeout: config.timeout,
            timed_out: false,
            key_exhausted: false,
            inbound: vec![0; MAX_PACKET],
            rtp: Outbound::default(),
            rtcp: Outbound::default(),
            events: VecDeque::new(),
            counted: Stats::default(),
        };
        media.make_room();
        media
    }

    /// Goes over to a new agreement and its guard; source, clocks and counters go on.
    ///
    /// So does the time since the peer was heard: re-INVITEs alone would else have us send to a
    /// third party for as long as they come. Case M13.
    pub(super) fn go_over(
        &mut self, agreement: Agreement, guard: MediaGuard, silenced: bool, now: Instant,
    ) {
        self.remote = agreement.remote;
        self.agreement = agreement;
        // The peer may go on with another source at once.
        self.receiver.loosen();
        self.guard = guard;
        self.key_exhausted = false;
        self.make_room();
        self.is_answered(silenced, now);
    }

    /// What began as early media goes on as the call's.
    pub(super) fn is_answered(&mut self, silenced: bool, now: Instant) {
        self.silenced = silenced;
        self.since = now;
        // Silence is of what is over: early media may have been none at all.
        self.timed_out = false;
        self.events.retain(|event| *event != Event::TimedOut);
    }

    fn make_room(&mut self) {
        let overhead = self.guard.sealer.overhead();
        self.rtp.buffer.resize(OWN_PACKET + overhead.rtp, 0);
        self.rtcp.buffer.resize(OWN_PACKET + overhead.rtcp, 0);
    }

    pub(super) fn next_frame(&self) -> Instant {
        self.started + FRAME_TIME * self.frames
    }

    pub(super) fn next_timeout(&self) -> Instant {
        self.next_frame().min(self.next_report)
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        let remote = self.remote?;
        let (channel, outbound, remote) = if self.rtp.ready.is_some() {
            (Channel::Rtp, &mut self.rtp, remote.rtp)
        } else {
            (Channel::Rtcp, &mut self.rtcp, remote.rtcp)
        };
        let length = outbound.ready.take()?;
        Some(Transmit { channel, remote, octets: outbound.buffer.get(..length)? })
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            packets_sent: self.sender.packets,
            octets_sent: self.sender.octets,
            lost: self.receiver.lost(),
            late: self.jitter.late(),
            duplicate: self.jitter.duplicate(),
            concealed: self.jitter.concealed(),
            jitter: self.receiver.jitter(),
            ..self.counted
        }
    }

    /// The time since the start as an NTP timestamp: a clock that is not the wall's, which
    /// RFC 3550 §6.4.1 allows.
    pub(super) fn ntp(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.started);
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        (elapsed.as_secs() << 32) | fraction
    }

    /// The middle 32 bits of [`ntp`](Self::ntp), in 1/65 536 s.
    pub(super) fn ntp_middle(&self, now: Instant) -> u32 {
        (self.ntp(now) >> 16) as u32
    }
}
