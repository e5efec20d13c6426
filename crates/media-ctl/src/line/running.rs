//! What runs between start and stop: the state that packets and time act on.

use super::event::Event;
use crate::audio::FRAME_TIME;
use crate::rtcp::Interval;
use crate::rtp::{Receiver, Sender};
use crate::sdp::Agreement;
use crate::stream::{Inbound, KeyReports, Outbound};
use crate::transport::{Agent, Channel, Path, Protection, Rekey, Standing, Transmit, Way};
use crate::{MediaConfig, Stats};
use ssm::Refused;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A running line. `incoming`, `outgoing` and `reports` hold what it does.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) agreement: Agreement,
    pub(super) path: Path,
    /// Where the peer said last that it takes RTP. A null address says nothing of it.
    described: Option<SocketAddr>,
    /// Memory for the packet that comes in.
    pub(super) room: Vec<u8>,
    /// Whether silence is sent in place of the source, because of how the call is.
    pub(super) silenced: bool,
    /// Whether silence is sent in its place, because the user wants it.
    pub(super) mute: bool,
    pub(super) outbound: Outbound,
    pub(super) inbound: Inbound,
    pub(super) key_reports: KeyReports,
    pub(super) receiver: Receiver,
    pub(super) cname: String,
    pub(super) interval: Interval,
    pub(super) started: Instant,
    /// Frames of 20 ms since the start: the next one is due at `started + frames · 20 ms`.
    pub(super) frames: u32,
    pub(super) next_report: Instant,
    /// Packets sent by the last report, and by the one before.
    pub(super) reported: (u64, u64),
    pub(super) last_sr: Option<LastSr>,
    /// Where our SSRC came from last.
    pub(super) conflicting: Option<SocketAddr>,
    /// When the peer gave a sign of life last; at first, the start.
    pub(super) heard: Instant,
    /// When one came from the address that is sent to.
    pub(super) reached: Instant,
    /// When the present agreement began, or signalling showed that the peer is there.
    pub(super) since: Instant,
    pub(super) timeout: Option<Duration>,
    /// Whether a sign of life came from the address that is sent to.
    pub(super) confirmed: bool,
    pub(super) timed_out: bool,
    pub(super) key_exhausted: bool,
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

impl Line {
    /// A line that runs as agreed, under this protection; `silenced` while the peer is to hear silence.
    pub(crate) fn new(
        config: &MediaConfig, agreement: Agreement,
        (protection, agent): (Protection, Option<Box<dyn Agent>>), silenced: bool, now: Instant,
    ) -> Self {
        let seed = &config.seed;
        let mut interval = Interval::new(seed.interval());
        let sender = Sender::new(seed.ssrc(), seed.sequence(), seed.timestamp());
        let mut line = Self {
            path: Path::new(protection, config.symmetric, &agreement, agent),
            described: agreement.remote.map(|remote| remote.rtp),
            room: Path::room(),
            silenced,
            mute: false,
            outbound: Outbound::new(sender, &agreement.sent, agreement.events),
            inbound: Inbound::new(agreement.sent.codec, config.playout_delay),
            key_reports: KeyReports::default(),
            agreement,
            receiver: Receiver::new(now),
            cname: seed.cname(),
            next_report: now + interval.next(),
            interval,
            started: now,
            frames: 0,
            reported: (0, 0),
            last_sr: None,
            conflicting: None,
            heard: now,
            reached: now,
            since: now,
            timeout: config.timeout,
            confirmed: false,
            timed_out: false,
            key_exhausted: false,
            events: VecDeque::new(),
            counted: Stats::default(),
        };
        line.path.make_room(line.outbound.largest());
        line
    }

    /// Goes over to a new agreement, and changes what protects its packets; source, clocks
    /// and counters go on.
    ///
    /// So does the time since the peer was heard from where is sent to: re-INVITEs alone would else have
    /// us send to a third party for as long as they come. Case M13.
    pub(crate) fn go_over(
        mut self, agreement: Agreement, (change, agent): (Rekey, Option<Box<dyn Agent>>),
        silenced: bool, now: Instant,
    ) -> Self {
        let before = self.path.leads_to();
        self.path = self.path.go_over(change, &agreement, agent);
        self.confirmed &= self.path.leads_to() == before;
        self.described = agreement.remote.map(|remote| remote.rtp).or(self.described);
        self.outbound.set_format(&agreement.sent, agreement.events);
        self.path.make_room(self.outbound.largest());
        self.agreement = agreement;
        // The peer may go on with another source at once.
        self.receiver.loosen();
        self.key_exhausted = false;
        self.is_answered(silenced, now);
        self
    }

    /// What began as early media goes on as the call's.
    pub(crate) fn is_answered(&mut self, silenced: bool, now: Instant) {
        self.silenced = silenced;
        self.since = now;
        // Silence is of what is over: early media may have been none at all.
        self.timed_out = false;
        self.events.retain(|event| *event != Event::TimedOut);
    }

    /// Whether silence is sent in place of the source.
    pub(crate) fn set_mute(&mut self, mute: bool) {
        self.mute = mute;
    }

    /// The peer is there, as its signalling shows.
    pub(crate) fn on_signalling(&mut self, now: Instant) {
        self.since = now;
        self.timed_out = false;
    }

    /// Gives its handshake up if the peer has said nothing of it so far.
    pub(crate) fn give_up_unanswered(&mut self) {
        self.path.give_up_unanswered();
    }

    /// Whether its handshake has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.path.protection().has_failed()
    }

    /// A handshake may have ended: with a guard, or for good.
    pub(super) fn is_keyed(&mut self, ended: Option<Result<(), Refused>>, now: Instant) {
        match ended {
            None => {}
            Some(Ok(())) => {
                self.path.make_room(self.outbound.largest());
                (self.heard, self.since) = (now, now);
                (self.reached, self.confirmed) = (now, true);
                self.events.push_back(Event::Keyed);
            }
            Some(Err(refused)) => self.events.push_back(Event::NotKeyed(refused)),
        }
    }

    /// What ICE has come to, where that is new: the peer is at the end of a way, or at none.
    pub(super) fn is_found(&mut self, now: Instant) {
        match self.path.poll_standing() {
            Some(Standing::Connected) => {
                (self.heard, self.since) = (now, now);
                (self.reached, self.confirmed) = (now, true);
                self.events.push_back(Event::Connected);
            }
            Some(Standing::Failed) => self.events.push_back(Event::Unreachable),
            Some(Standing::Checking) | None => {}
        }
    }

    /// The way that ICE has found for a channel.
    pub(crate) fn way(&self, channel: Channel) -> Option<Way> {
        self.path.way(channel)
    }

    /// Forgets the ways that ICE has found, or not found.
    pub(crate) fn forget_ways(&mut self) {
        self.path.forget_ways();
        self.events.retain(|event| *event != Event::Unreachable);
    }

    /// Whether ICE was agreed on, and there is no way.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.path.is_unreachable()
    }

    /// Whether the peer is elsewhere by an agreement: not where it holds by a null address, and not
    /// where its RTCP alone is.
    pub(crate) fn is_moved_by(&self, agreement: &Agreement) -> bool {
        let moved = |(to, from)| to != from;
        // RFC 8842 §4: where ICE finds the way, another one is no other peer.
        let remote = agreement.remote.filter(|_| agreement.ice.is_none());
        remote.map(|remote| remote.rtp).zip(self.described).is_some_and(moved)
    }

    /// What was agreed on for it.
    pub(crate) fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    pub(super) fn next_frame(&self) -> Instant {
        self.started + FRAME_TIME * self.frames
    }

    /// When something is due.
    pub(crate) fn next_timeout(&self) -> Instant {
        let due = self.next_frame().min(self.next_report);
        self.path.due().map_or(due, |handshake| due.min(handshake))
    }

    /// The next event.
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next packet to be sent.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        self.path.poll_transmit()
    }

    /// What was counted.
    pub(crate) fn stats(&self) -> Stats {
        let (packets_sent, octets_sent) = self.outbound.sender().sent();
        Stats {
            packets_sent,
            octets_sent,
            heard: self.inbound.heard(),
            said_level: self.outbound.level(),
            heard_level: self.inbound.level(),
            playout_delay: self.inbound.playout_delay(),
            lost: self.receiver.lost(),
            late: self.inbound.late(),
            duplicate: self.inbound.duplicate(),
            concealed: self.inbound.concealed(),
            recovered: self.inbound.recovered(),
            adjusted: self.inbound.adjusted(),
            jitter: self.receiver.jitter(),
            ..self.counted
        }
    }
}
