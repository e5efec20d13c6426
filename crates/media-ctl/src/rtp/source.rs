//! One source of the peer: the sequence number algorithm, losses and jitter. RFC 3550 §A.1, §A.3,
//! §A.8.

use super::fates::{Fates, Losses};

/// Packets in sequence before a source is believed.
const MIN_SEQUENTIAL: u8 = 2;

/// Seconds by which no network delays one packet more than the last.
const JUMP: u32 = 5;

/// A jump forward that is still a loss.
const MAX_DROPOUT: u16 = 3000;

/// A jump back that is still a reordering.
const MAX_MISORDER: u16 = 100;

/// One source. The names are the RFC's.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) ssrc: u32,
    max_seq: u16,
    /// Wraps of the sequence number, times 65 536.
    cycles: u32,
    base_seq: u16,
    /// The sequence number that would confirm a jump.
    bad_seq: Option<u16>,
    probation: u8,
    received: u32,
    expected_prior: u32,
    received_prior: u32,
    fates: Fates,
    transit: Option<u32>,
    /// In timestamp units, times 16.
    jitter: u32,
    /// What timestamps count, in Hz.
    clock_rate: u32,
}

/// What a report block says of a source. RFC 3550 §6.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reception {
    pub(crate) ssrc: u32,
    pub(crate) fraction_lost: u8,
    pub(crate) cumulative_lost: i32,
    pub(crate) extended_sequence: u32,
    pub(crate) jitter: u32,
}

impl Source {
    /// A source that was heard of by a packet that does not count yet.
    pub(super) fn new(ssrc: u32, sequence: u16) -> Self {
        let mut source = Self {
            ssrc,
            max_seq: sequence,
            cycles: 0,
            base_seq: sequence,
            bad_seq: None,
            probation: MIN_SEQUENTIAL - 1,
            received: 0,
            expected_prior: 0,
            received_prior: 0,
            fates: Fates::new(sequence),
            transit: None,
            jitter: 0,
            clock_rate: 0,
        };
        source.restart(sequence);
        source
    }

    fn restart(&mut self, sequence: u16) {
        self.base_seq = sequence;
        self.max_seq = sequence;
        self.bad_seq = None;
        self.cycles = 0;
        self.received = 0;
        self.received_prior = 0;
        self.expected_prior = 0;
        self.fates = Fates::new(sequence);
    }

    /// Takes a packet's sequence number, and says whether the packet is believed.
    /// RFC 3550 §A.1.
    pub(super) fn update(&mut self, sequence: u16) -> bool {
        if self.probation > 0 {
            return self.prove(sequence);
        }
        let delta = sequence.wrapping_sub(self.max_seq);
        if delta < MAX_DROPOUT {
            // In order, with a permissible gap.
            if sequence < self.max_seq {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.max_seq = sequence;
        } else if delta <= MAX_MISORDER.wrapping_neg() {
            // A very large jump: two packets in sequence say that the other side restarted.
            if self.bad_seq != Some(sequence) {
                self.bad_seq = Some(sequence.wrapping_add(1));
                return false;
            }
            self.restart(sequence);
        }
        // Else a duplicate or a reordered packet.
        self.received = self.received.wrapping_add(1);
        self.fates.arrived(sequence);
        true
    }

    /// A packet that was believed is not played: it was late.
    pub(super) fn discarded(&mut self, sequence: u16) {
        self.fates.discarded(sequence);
    }

    /// How losses came since the start.
    pub(super) fn losses(&self) -> Losses {
        self.fates.losses()
    }

    fn prove(&mut self, sequence: u16) -> bool {
        if sequence != self.max_seq.wrapping_add(1) {
            self.probation = MIN_SEQUENTIAL - 1;
            self.max_seq = sequence;
            return false;
        }
        self.probation -= 1;
        self.max_seq = sequence;
        if self.probation > 0 {
            return false;
        }
        self.restart(sequence);
        self.received = 1;
        true
    }

    /// Takes a packet's timestamp and its arrival on the same clock, and the rate of that in Hz.
    /// RFC 3550 §A.8.
    pub(super) fn arrived(&mut self, timestamp: u32, arrival: u32, clock_rate: u32) {
        self.set_clock_rate(clock_rate);
        let transit = arrival.wrapping_sub(timestamp);
        let Some(before) = self.transit.replace(transit) else { return };
        let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
        // A timestamp that jumped says nothing of the network.
        if difference <= JUMP * clock_rate {
            let decay = (self.jitter + 8) >> 4;
            self.jitter = (self.jitter + difference).saturating_sub(decay);
        }
    }

    /// Timestamps count something else from now on: what they counted is brought to it.
    fn set_clock_rate(&mut self, clock_rate: u32) {
        let before = std::mem::replace(&mut self.clock_rate, clock_rate);
        if before != clock_rate {
            let jitter = u64::from(self.jitter) * u64::from(clock_rate);
            let jitter = jitter.checked_div(before.into()).unwrap_or(0);
            self.jitter = u32::try_from(jitter).unwrap_or(u32::MAX >> 4);
            self.transit = None;
        }
    }

    /// The interarrival jitter in timestamp units.
    pub(super) fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    fn extended(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.max_seq))
    }

    fn expected(&self) -> u32 {
        self.extended().wrapping_sub(u32::from(self.base_seq)).wrapping_add(1)
    }

    /// Packets lost since the start; negative where duplicates outnumber them. RFC 3550 §A.3.
    pub(super) fn lost(&self) -> i32 {
        self.expected().wrapping_sub(self.received) as i32
    }

    /// What the next report says; the fraction is since the last one. RFC 3550 §A.3.
    pub(super) fn report(&mut self) -> Reception {
        let expected = self.expected().wrapping_sub(self.expected_prior);
        let received = self.received.wrapping_sub(self.received_prior);
        self.expected_prior = self.expected();
        self.received_prior = self.received;
        let lost = u64::from(expected.saturating_sub(received));
        let fraction = (lost << 8).checked_div(u64::from(expected)).unwrap_or(0);
        Reception {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: self.lost().clamp(-0x80_0000, 0x7f_ffff),
            extended_sequence: self.extended(),
            jitter: self.jitter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed(sequences: &[u16]) -> (Source, Vec<bool>) {
        let mut source = Source::new(1, sequences[0]);
        let verdicts = sequences[1..].iter().map(|s| source.update(*s)).collect();
        (source, verdicts)
    }

    #[test]
    fn two_packets_in_sequence_are_believed() {
        assert_eq!(believed(&[5, 6, 7]).1, [true, true]);
        assert_eq!(believed(&[5, 7, 9, 10]).1, [false, false, true]);
        assert_eq!(believed(&[u16::MAX, 0]).1, [true]);
    }

    #[test]
    fn losses_wraps_and_reordering_are_counted() {
        let (mut source, verdicts) = believed(&[65_533, 65_534, 65_535, 1, 0, 4, 4]);
        assert!(verdicts.iter().all(|v| *v));
        // 65534, 65535, 0, 1, 4 of 65534..=4, and one of them twice.
        let report = source.report();
        assert_eq!(report.extended_sequence, 65_536 + 4);
        assert_eq!(report.cumulative_lost, 7 - 6);
        assert_eq!(report.fraction_lost, (256 / 7) as u8);
        assert_eq!(source.report().fraction_lost, 0);
    }

    #[test]
    fn a_jump_is_believed_at_its_second_packet() {
        let (source, verdicts) = believed(&[10, 11, 30_000, 12, 30_000, 30_001, 30_002]);
        assert_eq!(verdicts, [true, false, true, false, true, true]);
        assert_eq!(source.lost(), 0);
    }

    #[test]
    fn jitter_follows_the_formula() {
        let mut source = Source::new(1, 0);
        source.arrived(0, 1000, 8000);
        source.arrived(160, 1160, 8000);
        assert_eq!(source.jitter(), 0);
        // 80 units late once: 80/16.
        source.arrived(320, 1400, 8000);
        assert_eq!(source.jitter(), 5);
        // Timestamps that jump say nothing of it, nor does another clock.
        source.arrived(1 << 31, 1560, 8000);
        assert_eq!(source.jitter(), 5);
        source.arrived(480, 9000, 48_000);
        assert_eq!(source.jitter(), 30);
        source.arrived(1440, 9960, 48_000);
        assert_eq!(source.jitter(), 28);
    }

    /// Delays that alternate by D make a jitter of D in the end: J is the mean of |D| (RFC 3550 §6.4.1).
    #[test]
    fn jitter_comes_to_the_mean_difference_of_delays() {
        let mut source = Source::new(1, 0);
        for n in 0..500 {
            let late = if n % 2 == 0 { 0 } else { 240 };
            source.arrived(n * 160, n * 160 + late, 8000);
        }
        assert!((230..=240).contains(&source.jitter()), "{}", source.jitter());
    }
}
