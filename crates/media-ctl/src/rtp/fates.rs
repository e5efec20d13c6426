//! What became of a source's packets, and whether losses came alone or in bursts. RFC 3611 §4.7.1,
//! §4.7.2.
//!
//! ```text
//!   11110111111111111111111X111X1011110111111111111111111X111111111      1 played, 0 lost, X discarded
//!   |---------gap----------|--burst---|------------gap------------|      Gmin = 16
//! ```

/// Packets by which one may be overtaken: what has not come by then is lost. Sequence numbers wrap at a
/// multiple of it.
const WINDOW: u16 = 64;

/// Packets in a row that were played and end a burst. RFC 3611 §4.7.6.
pub(crate) const GMIN: u8 = 16;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Missing,
    Played,
    Discarded,
}

/// What became of the packets of a source since its first.
#[derive(Debug)]
pub(super) struct Fates {
    /// Of the last packets, each at its sequence number; those before have settled.
    window: [Fate; WINDOW as usize],
    /// How many of them there are.
    held: u16,
    /// The sequence number of the last.
    newest: u16,
    settled: Runs,
}

impl Fates {
    /// Of a source whose first packet has this sequence number.
    pub(super) fn new(sequence: u16) -> Self {
        let window = [Fate::Played; WINDOW as usize];
        Self { window, held: 1, newest: sequence, settled: Runs::default() }
    }

    /// A packet has come that is no jump.
    pub(super) fn arrived(&mut self, sequence: u16) {
        let ahead = sequence.wrapping_sub(self.newest);
        if ahead >= 1 << 15 {
            if let Some(fate) = self.fate(sequence).filter(|fate| **fate == Fate::Missing) {
                *fate = Fate::Played;
            }
        } else if ahead > 0 {
            self.miss(ahead - 1);
            self.push(Fate::Played);
        }
    }

    /// A packet that has come is not played: it was late.
    pub(super) fn discarded(&mut self, sequence: u16) {
        if let Some(fate) = self.fate(sequence) {
            *fate = Fate::Discarded;
        }
    }

    /// So many packets have not come. Of more than the window has, those that it will not have are lost.
    fn miss(&mut self, packets: u16) {
        let over = packets.saturating_sub(WINDOW);
        if over > 0 {
            let runs = self.runs();
            self.settled = runs;
            self.held = 0;
            self.settled.bad(over.into());
            self.newest = self.newest.wrapping_add(over);
        }
        (over..packets).for_each(|_| self.push(Fate::Missing));
    }

    /// The place of a packet that has not settled.
    fn fate(&mut self, sequence: u16) -> Option<&mut Fate> {
        let held = self.newest.wrapping_sub(sequence) < self.held;
        self.window.get_mut(usize::from(sequence % WINDOW)).filter(|_| held)
    }

    fn push(&mut self, fate: Fate) {
        self.newest = self.newest.wrapping_add(1);
        let Some(place) = self.window.get_mut(usize::from(self.newest % WINDOW)) else { return };
        let before = std::mem::replace(place, fate);
        if self.held == WINDOW {
            self.settled.take(before);
        } else {
            self.held += 1;
        }
    }

    /// What has settled, and what has not as it is.
    fn runs(&self) -> Runs {
        let mut runs = self.settled;
        for behind in (0..self.held).rev() {
            let sequence = self.newest.wrapping_sub(behind);
            let fate = self.window.get(usize::from(sequence % WINDOW));
            fate.into_iter().for_each(|fate| runs.take(*fate));
        }
        runs
    }

    /// How losses came up to now.
    pub(super) fn losses(&self) -> Losses {
        let mut runs = self.runs();
        runs.close();
        runs.counted
    }
}

/// How losses came, in numbers of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Packets that were discarded.
    pub(crate) discarded: u32,
    /// The number of bursts, the packets in them, and those of them that were lost or discarded.
    pub(crate) bursts: u32,
    pub(crate) burst: (u32, u32),
    /// The same of what is between bursts.
    pub(crate) gap: (u32, u32),
}

impl Losses {
    /// Packets that were expected.
    pub(crate) const fn expected(&self) -> u32 {
        self.burst.0.saturating_add(self.gap.0)
    }

    /// Packets that were lost.
    pub(crate) const fn lost(&self) -> u32 {
        self.burst.1.saturating_add(self.gap.1).saturating_sub(self.discarded)
    }
}

/// Bursts and gaps, packet by packet.
#[derive(Clone, Copy, Debug, Default)]
struct Runs {
    counted: Losses,
    /// From a packet that was lost or discarded to the last such one that may be of the same burst: how
    /// many, and how many of them were.
    cluster: Option<(u32, u32)>,
    /// Packets that were played since.
    played: u32,
}

impl Runs {
    fn take(&mut self, fate: Fate) {
        match fate {
            Fate::Played => self.played = self.played.saturating_add(1),
            Fate::Missing => self.bad(1),
            Fate::Discarded => {
                self.counted.discarded = self.counted.discarded.saturating_add(1);
                self.bad(1);
            }
        }
    }

    /// So many packets are not played, one at least. They are of the burst before, or may begin another.
    fn bad(&mut self, packets: u32) {
        // RFC 3611 §4.7.2: enough packets are held for played before the first.
        if self.cluster.is_none() || self.played >= GMIN.into() {
            self.close();
        }
        let (all, bad) = self.cluster.unwrap_or_default();
        let all = all.saturating_add(self.played).saturating_add(packets);
        self.cluster = Some((all, bad.saturating_add(packets)));
        self.played = 0;
    }

    /// What was played ends the burst, if there was one: a single loss is of a gap.
    fn close(&mut self) {
        let Losses { bursts, burst, gap, .. } = &mut self.counted;
        if let Some((all, bad)) = self.cluster.take() {
            let is_burst = bad > 1;
            *bursts = bursts.saturating_add(is_burst.into());
            let of = if is_burst { burst } else { &mut *gap };
            *of = (of.0.saturating_add(all), of.1.saturating_add(bad));
        }
        gap.0 = gap.0.saturating_add(self.played);
        self.played = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of packets that fare so: `1` played, `0` lost, `X` discarded.
    fn after(pattern: &str) -> Losses {
        let first = 65_500;
        let mut fates = Fates::new(first);
        for (number, fate) in (0_u16..).zip(pattern.chars()) {
            let sequence = first.wrapping_add(number);
            if fate != '0' {
                fates.arrived(sequence);
            }
            if fate == 'X' {
                fates.discarded(sequence);
            }
        }
        fates.losses()
    }

    /// The example of RFC 3611 §4.7.2.
    #[test]
    fn bursts_and_gaps_are_those_of_the_rfc() {
        let pattern = "11110111111111111111111X111X1011110111111111111111111X111111111";
        let losses = after(pattern);
        assert_eq!((losses.expected(), losses.lost(), losses.discarded), (63, 3, 3));
        assert_eq!((losses.bursts, losses.burst), (1, (12, 4)));
        assert_eq!(losses.gap, (51, 2));
    }

    #[test]
    fn a_single_loss_is_of_a_gap_and_sixteen_packets_end_a_burst() {
        let played = |n: usize| "1".repeat(n);
        for (pattern, bursts, burst, gap) in [
            (played(200), 0, (0, 0), (200, 0)),
            (played(5) + "0" + &played(5), 0, (0, 0), (11, 1)),
            (played(5) + "0" + &played(15) + "0" + &played(20), 1, (17, 2), (25, 0)),
            (played(5) + "0" + &played(16) + "0" + &played(20), 0, (0, 0), (43, 2)),
            (played(90) + "000" + &played(100) + "X0" + &played(80), 2, (5, 5), (270, 0)),
        ] {
            let losses = after(&pattern);
            assert_eq!(
                (losses.bursts, losses.burst, losses.gap),
                (bursts, burst, gap),
                "{pattern}"
            );
            assert_eq!(losses.expected() as usize, pattern.len());
        }
    }

    #[test]
    fn packets_that_were_overtaken_are_not_lost() {
        let mut fates = Fates::new(65_530);
        for sequence in [65_531, 65_534, 65_532, 1, 65_533, 65_533, 0, 65_535, 3] {
            fates.arrived(sequence);
        }
        let losses = fates.losses();
        assert_eq!((losses.expected(), losses.lost()), (10, 1));
        // What comes after so many others is lost, and stays it.
        (4..200).for_each(|sequence| fates.arrived(sequence));
        fates.arrived(2);
        fates.discarded(2);
        let losses = fates.losses();
        assert_eq!((losses.expected(), losses.lost(), losses.discarded), (206, 1, 0));
    }

    #[test]
    fn a_jump_within_bounds_costs_what_it_skips() {
        let mut fates = Fates::new(10);
        fates.arrived(10 + 2_999);
        let losses = fates.losses();
        assert_eq!(
            (losses.expected(), losses.lost(), losses.burst),
            (3_000, 2_998, (2_998, 2_998))
        );
        // Those of them that are late after all.
        fates.arrived(10 + 2_950);
        fates.arrived(10 + 2_900);
        assert_eq!(fates.losses().lost(), 2_997);
    }
}
