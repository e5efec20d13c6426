//! What time does: every 20 ms a frame is played and one is sent; now and then a report.

use super::event::Event;
use super::media::Media;
use crate::audio::{AudioSink, AudioSource, FRAME_SAMPLES, FRAME_TIME};
use crate::rtcp::{self, Outgoing, SenderInfo};
use crate::sdp::Direction;
use ssm::PacketError;
use std::time::{Duration, Instant};

/// A frame that is due for longer is not sent any more: nobody would play it.
const STALE: Duration = Duration::from_millis(100);

/// The longest silence of a call in which media does not flow both ways: whoever is on hold need
/// not send anything. As long as a session that nobody refreshes. RFC 4028 §4.2.
const HELD: Duration = Duration::from_secs(1_800);

impl Media {
    pub(super) fn on_timeout(
        &mut self, now: Instant, source: &mut dyn AudioSource, sink: &mut dyn AudioSink,
    ) {
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
        let mut frame = [0; FRAME_SAMPLES];
        self.jitter.pop(&mut frame);
        if !self.agreement.direction.receives() {
            frame.fill(0);
        }
        if let Err(error) = sink.write(&frame) {
            self.events.push_back(Event::SinkFailed(error.kind()));
        }
    }

    /// Reads the source's next frame and, unless it is stale, sends it. A stale one is left out
    /// so that what follows stays in its place in time.
    fn send(&mut self, fresh: bool, source: &mut dyn AudioSource) {
        let flows = self.agreement.direction.sends() && self.remote.is_some();
        if !flows || self.is_paused() || self.key_exhausted {
            return self.sender.pause();
        }
        let mut frame = [0; FRAME_SAMPLES];
        let silent = self.silenced || self.mute;
        let read = if silent { FRAME_SAMPLES } else { source.read(&mut frame) };
        if let Some(rest) = frame.get_mut(read..) {
            rest.fill(0);
        }
        if read == 0 || !fresh {
            return self.sender.pause();
        }
        let Some(length) = self.sender.packet(self.agreement.sent, &frame, &mut self.rtp.buffer)
        else {
            return;
        };
        let sealed = self.guard.sealer.seal_rtp(&mut self.rtp.buffer, length);
        self.rtp.ready = self.sealed(sealed);
    }

    /// The length of a packet that was sealed; one that was not is never sent.
    fn sealed(&mut self, result: Result<usize, PacketError>) -> Option<usize> {
        if result == Err(PacketError::KeyExhausted) && !self.key_exhausted {
            self.key_exhausted = true;
            self.events.push_back(Event::KeyExhausted);
        }
        result.ok()
    }

    /// Whether the peer has been silent for so long that nothing more is sent to where it is said
    /// to be: it may be somebody else, who never asked.
    fn is_paused(&self) -> bool {
        self.next_frame().saturating_duration_since(self.heard) > self.timeout + FRAME_TIME
    }

    /// Raises the timeout, once, where the peer has been silent for too long since the present
    /// agreement began.
    fn watch(&mut self, now: Instant) {
        let both_ways = self.agreement.direction == Direction::SendRecv;
        let limit = if both_ways { self.timeout } else { HELD };
        let since = self.heard.max(self.since);
        if now.saturating_duration_since(since) > limit && !self.timed_out {
            self.timed_out = true;
            self.events.push_back(Event::TimedOut);
        }
    }

    /// RFC 3550 §6.3.7: who has never sent anything does not say BYE.
    pub(super) fn say_bye(&mut self, now: Instant) {
        self.rtp.ready = None;
        if self.sender.packets > 0 || self.counted.reports_sent > 0 {
            self.report(now, true);
        }
    }

    /// Makes a compound packet: a sender's report if something was sent since the last one but one.
    /// RFC 3550 §6.4.
    fn report(&mut self, now: Instant, bye: bool) {
        let sent = self.sender.packets;
        let sender = (sent != self.reported.1).then(|| SenderInfo {
            ntp: self.ntp(now),
            timestamp: self.timestamp(now),
            // RFC 3550 §6.4.1: 32 bits, which wrap.
            packets: sent as u32,
            octets: self.sender.octets as u32,
        });
        let reception = self.receiver.report();
        let last_sr = self.last_sr.filter(|sr| reception.is_some_and(|of| of.ssrc == sr.ssrc));
        let since = |at: Instant| now.saturating_duration_since(at).as_nanos() * 65_536;
        let outgoing = Outgoing {
            ssrc: self.sender.ssrc,
            cname: &self.cname,
            sender,
            reception,
            last_sr: last_sr.map_or(0, |sr| sr.ntp_middle),
            delay_since_last_sr: last_sr.map_or(0, |sr| (since(sr.at) / 1_000_000_000) as u32),
            bye,
        };
        let Some(length) = rtcp::write(outgoing, &mut self.rtcp.buffer) else {
            return;
        };
        self.reported = (sent, self.reported.0);
        let sealed = self.guard.sealer.seal_rtcp(&mut self.rtcp.buffer, length);
        self.rtcp.ready = self.sealed(sealed);
        self.counted.reports_sent += u64::from(self.rtcp.ready.is_some() && self.remote.is_some());
    }

    /// The RTP timestamp of this instant, between the last frame's and the next.
    fn timestamp(&self, now: Instant) -> u32 {
        let until_next = self.next_frame().saturating_duration_since(now);
        let samples = (until_next.as_micros() / 125) as u32;
        self.sender.timestamp().wrapping_sub(samples)
    }
}
