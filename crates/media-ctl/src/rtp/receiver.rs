//! Which source is listened to. One source at a time: another takes over once it is believed and
//! the current one has been silent for a while or has said BYE.

use super::clock::ticks;
use super::fates::Losses;
use super::source::{Reception, Source};
use std::time::{Duration, Instant};

/// How long a source must be silent before another may take its place.
const SILENT: Duration = Duration::from_millis(500);

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is of the source that is listened to.
    Heard,
    /// It is of a source that is listened to from now on: what was buffered is another's.
    NewSource,
    /// It introduces a source that is not believed yet. RFC 3550 §A.1.
    Unproven,
    /// It does not count.
    Dropped,
}

/// What a packet's header says, and what its timestamp counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    /// The clock rate of the packet's format, in Hz; `None` where its timestamp says nothing of when it
    /// was sent.
    pub(crate) clock_rate: Option<u32>,
}

/// The sources of a line.
#[derive(Debug)]
pub(crate) struct Receiver {
    start: Instant,
    /// Of the last packet that counted, in Hz.
    clock_rate: u32,
    current: Option<Current>,
    candidate: Option<Source>,
    /// Lost by sources that were listened to before.
    lost_before: i64,
}

#[derive(Debug)]
struct Current {
    source: Source,
    heard: Instant,
    ended: bool,
    /// Whether another may take over at once, until this one is heard again.
    loose: bool,
}

impl Receiver {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, clock_rate: 1, current: None, candidate: None, lost_before: 0 }
    }

    /// Takes a packet's header.
    pub(crate) fn packet(&mut self, now: Instant, header: Header) -> Verdict {
        let Header { ssrc, sequence, timestamp, clock_rate } = header;
        let since = now.saturating_duration_since(self.start);
        let arrival = clock_rate.map(|rate| (ticks(since, rate), rate));
        if let Some(current) = &mut self.current
            && current.source.ssrc == ssrc
        {
            if !current.source.update(sequence) {
                return Verdict::Dropped;
            }
            if let Some((arrival, rate)) = arrival {
                current.source.arrived(timestamp, arrival, rate);
            }
            current.heard = now;
            current.loose = false;
            self.clock_rate = clock_rate.unwrap_or(self.clock_rate);
            return Verdict::Heard;
        }
        let free = self.is_free(now);
        let refused = if free { Verdict::Unproven } else { Verdict::Dropped };
        let Some(candidate) = self.candidate.as_mut().filter(|c| c.ssrc == ssrc) else {
            self.candidate = Some(Source::new(ssrc, sequence));
            return refused;
        };
        if !candidate.update(sequence) || !free {
            return refused;
        }
        if let Some((arrival, rate)) = arrival {
            candidate.arrived(timestamp, arrival, rate);
        }
        self.clock_rate = clock_rate.unwrap_or(self.clock_rate);
        self.take_over(now);
        Verdict::NewSource
    }

    fn is_free(&self, now: Instant) -> bool {
        self.current.as_ref().is_none_or(|current| {
            current.ended || current.loose || now.saturating_duration_since(current.heard) >= SILENT
        })
    }

    fn take_over(&mut self, now: Instant) {
        let next = self.candidate.take().map(|source| Current {
            source,
            heard: now,
            ended: false,
            loose: false,
        });
        if let Some(before) = std::mem::replace(&mut self.current, next) {
            self.lost_before += i64::from(before.source.lost());
        }
    }

    /// The session was agreed on anew: the peer may go on with another source at once.
    pub(crate) fn loosen(&mut self) {
        if let Some(current) = &mut self.current {
            current.loose = true;
        }
    }

    /// A source said BYE: another may take over at once.
    pub(crate) fn bye(&mut self, ssrc: u32) {
        if let Some(current) = self.current.as_mut().filter(|c| c.source.ssrc == ssrc) {
            current.ended = true;
        }
    }

    /// What the next report says of the current source.
    pub(crate) fn report(&mut self) -> Option<Reception> {
        self.current.as_mut().map(|current| current.source.report())
    }

    /// A packet of the current source is not played: it was late.
    pub(crate) fn discarded(&mut self, sequence: u16) {
        if let Some(current) = &mut self.current {
            current.source.discarded(sequence);
        }
    }

    /// How the losses of the current source came.
    pub(crate) fn losses(&self) -> Losses {
        self.current.as_ref().map(|current| current.source.losses()).unwrap_or_default()
    }

    /// Packets lost, of all sources.
    pub(crate) fn lost(&self) -> u64 {
        let current = self.current.as_ref().map_or(0, |c| i64::from(c.source.lost()));
        u64::try_from(self.lost_before + current).unwrap_or(0)
    }

    /// The current source's jitter.
    pub(crate) fn jitter(&self) -> Duration {
        let units = self.current.as_ref().map_or(0, |c| c.source.jitter());
        Duration::from_micros(u64::from(units) * 1_000_000 / u64::from(self.clock_rate.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(ssrc: u32, sequence: u16) -> Header {
        Header { ssrc, sequence, timestamp: sequence.into(), clock_rate: Some(8000) }
    }

    /// (milliseconds, SSRC, sequence number) → verdict, in one table.
    #[test]
    fn a_source_is_locked_until_it_is_silent_or_says_bye() {
        use Verdict::{Dropped, Heard, NewSource, Unproven};
        #[expect(clippy::disallowed_methods, reason = "the origin of a test's own clock")]
        let start = Instant::now();
        let mut receiver = Receiver::new(start);
        for (ms, ssrc, sequence, verdict) in [
            (0, 1, 10, Unproven),
            (20, 1, 11, NewSource),
            (40, 1, 12, Heard),
            (41, 2, 90, Dropped),
            (61, 2, 91, Dropped),
            (60, 1, 13, Heard),
            (560, 2, 92, NewSource),
            (561, 1, 14, Dropped),
            (580, 2, 93, Heard),
        ] {
            let now = start + Duration::from_millis(ms);
            let found = receiver.packet(now, header(ssrc, sequence));
            assert_eq!(found, verdict, "{ms} ms");
        }
        receiver.bye(2);
        let now = start + Duration::from_millis(590);
        assert_eq!(receiver.packet(now, header(1, 15)), NewSource);
        assert_eq!(receiver.lost(), 0);
    }

    #[test]
    fn a_new_agreement_lets_another_source_take_over_at_once() {
        use Verdict::{Dropped, Heard, NewSource, Unproven};
        #[expect(clippy::disallowed_methods, reason = "the origin of a test's own clock")]
        let now = Instant::now();
        let mut receiver = Receiver::new(now);
        let verdicts = |receiver: &mut Receiver, packets: &[(u32, u16)]| -> Vec<Verdict> {
            packets.iter().map(|(ssrc, s)| receiver.packet(now, header(*ssrc, *s))).collect()
        };
        assert_eq!(verdicts(&mut receiver, &[(1, 1), (1, 2)]), [Unproven, NewSource]);
        receiver.loosen();
        assert_eq!(verdicts(&mut receiver, &[(2, 1), (2, 2)]), [Unproven, NewSource]);
        receiver.loosen();
        let kept = verdicts(&mut receiver, &[(2, 3), (3, 1), (3, 2)]);
        assert_eq!(kept, [Heard, Dropped, Dropped]);
    }

    /// 10 000 sources cost one candidate.
    #[test]
    fn sources_that_are_not_believed_are_not_kept() {
        #[expect(clippy::disallowed_methods, reason = "the origin of a test's own clock")]
        let start = Instant::now();
        let mut receiver = Receiver::new(start);
        for ssrc in 0..10_000 {
            assert_eq!(receiver.packet(start, header(ssrc, 1)), Verdict::Unproven);
        }
        assert!(receiver.report().is_none());
    }
}
