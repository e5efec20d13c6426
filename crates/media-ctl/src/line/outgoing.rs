//! What time does: every 20 ms a frame is played and one is sent; now and then a report.

use super::event::Event;
use super::running::Line;
use crate::audio::{AudioSink, AudioSource, FRAME_TIME};
use crate::format::Dtmf;
use crate::sdp::Direction;
use crate::transport::Channel;
use ssm::PacketError;
use std::time::{Duration, Instant};

/// A frame that is due for longer is not sent any more: nobody would play it.
const STALE: Duration = Duration::from_millis(100);

/// How long is sent to an address from which nothing has come. Case M13.
const UNCONFIRMED: Duration = Duration::from_secs(10);

/// The longest silence of a call in which media does not flow both ways: whoever is on hold need
/// not send anything. As long as a session that nobody refreshes. RFC 4028 §4.2.
const HELD: Duration = Duration::from_secs(1_800);

impl Line {
    /// Plays a frame, sends a frame and a report, as far as they are due: one of each at most.
    pub(crate) fn on_timeout(
        &mut self, now: Instant, source: &mut dyn AudioSource, sink: &mut dyn AudioSink,
    ) {
        let ended = self.path.on_timeout(now);
        self.is_found(now);
        self.is_keyed(ended, now);
        let due = self.next_frame();
        if due <= now {
            self.frames += 1;
            self.play(sink);
            self.send(now.saturating_duration_since(due) < STALE, source);
            self.watch(now);
        }
        if self.next_report <= now {
            self.next_report = now + self.interval.next();
            self.report(now, false);
        }
    }

    fn play(&mut self, sink: &mut dyn AudioSink) {
        if let Err(error) = self.inbound.play(self.agreement.direction.receives(), sink) {
            self.events.push_back(Event::SinkFailed(error.kind()));
        }
    }

    /// Reads the source's next frame and, unless it is stale, sends it.
    fn send(&mut self, fresh: bool, source: &mut dyn AudioSource) {
        if !self.flows() {
            self.outbound.pause();
            return self.tell_of_key();
        }
        let source = (!self.silenced && !self.mute).then_some(source);
        let buffer = self.path.buffer(Channel::Rtp);
        if let Some(length) = self.outbound.packet(source, fresh, buffer)
            && !self.seal(Channel::Rtp, length)
        {
            self.outbound.take_back();
        }
        self.tell_of_key();
    }

    fn tell_of_key(&mut self) {
        if let Some(sent) = self.outbound.take_key_sent() {
            self.events.push_back(if sent { Event::KeySent } else { Event::KeyNotSent });
        }
    }

    /// Presses a key; [`Event::KeySent`] or [`Event::KeyNotSent`] follows. `false` where it cannot be
    /// sent, or another one is under way.
    pub(crate) fn press(&mut self, key: Dtmf) -> bool {
        self.flows() && self.outbound.press(key)
    }

    /// Whether packets are sent.
    fn flows(&self) -> bool {
        let flows = self.agreement.direction.sends() && self.path.leads_anywhere();
        let keyed = self.path.protection().is_ready();
        flows && keyed && !self.is_paused() && !self.key_exhausted
    }

    /// Seals a packet to be sent, and says whether it was.
    pub(super) fn seal(&mut self, channel: Channel, length: usize) -> bool {
        let sealed = self.path.seal(channel, length);
        if sealed == Err(PacketError::KeyExhausted) && !self.key_exhausted {
            self.key_exhausted = true;
            self.events.push_back(Event::KeyExhausted);
        }
        sealed.is_ok()
    }

    /// Whether nothing more is sent to where the peer is said to be: it has not been heard from there,
    /// and it may be somebody else, who never asked; or it is gone. Case M13.
    fn is_paused(&self) -> bool {
        let silent = self.next_frame().saturating_duration_since(self.reached);
        self.timed_out || (!self.confirmed && silent > UNCONFIRMED + FRAME_TIME)
    }

    /// Raises the timeout, once, where the peer has given no sign of life for too long since the
    /// present agreement began.
    fn watch(&mut self, now: Instant) {
        let both_ways = self.agreement.direction == Direction::SendRecv;
        let limit = self.timeout.map(|timeout| if both_ways { timeout } else { HELD });
        let since = self.heard.max(self.since);
        let silent = now.saturating_duration_since(since);
        if limit.is_some_and(|limit| silent > limit) && !self.timed_out {
            self.timed_out = true;
            self.events.push_back(Event::TimedOut);
        }
    }
}
