//! The sum of what several say, and for each of them without its own.
//!
//! ```text
//!   slots of 20 ms         …   n-3    n-2    n-1    n, the newest
//!   the sum of all              Σ      Σ      Σ      Σ    ◀── add(party, n, frame)
//!   what a party said           p      p      p      p
//!                                      └── others(party, n-2) = Σ - p
//! ```
//!
//! So a frame is added once and taken off once, however many parties there are.

use crate::audio::frame_samples;
use std::collections::BTreeMap;

/// Samples a second: as much as G.722 carries, and as recordings have. Opus has more, which is hardly
/// heard of a voice; a rate that followed the parties would change as they come and go, and cost three
/// times as much for one that speaks Opus.
pub(super) const RATE: u32 = 16_000;

/// Samples in a slot.
pub(super) const FRAME: usize = frame_samples(RATE);

/// Slots that are kept.
const SLOTS: usize = 8;

/// Parties at most.
pub(super) const PARTIES: usize = 32;

/// The slot that comes first: those before it are silent.
const FIRST: u64 = SLOTS as u64;

/// Who has a part in the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Party(u64);

/// The last slots, and what each party said in them. Ten kilobytes, and as much for each party.
#[derive(Debug)]
pub(super) struct Mixer {
    newest: u64,
    sum: Ring,
    parties: BTreeMap<Party, Ring>,
    /// Parties that there have been.
    came: u64,
}

impl Mixer {
    pub(super) fn new() -> Self {
        Self { newest: FIRST, sum: Ring::new(), parties: BTreeMap::new(), came: 0 }
    }

    /// The newest slot in which something was said.
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// A party comes; `None` where all places are taken.
    pub(super) fn come(&mut self) -> Option<Party> {
        if self.parties.len() >= PARTIES {
            return None;
        }
        self.came += 1;
        let party = Party(self.came);
        self.parties.insert(party, Ring::new());
        Some(party)
    }

    /// A party goes: what it has said stays said.
    pub(super) fn go(&mut self, party: Party) {
        self.parties.remove(&party);
    }

    /// A party says this in a slot, beside what it said there before; nothing where it is none, or the
    /// slot is not kept any more.
    pub(super) fn add(&mut self, party: Party, slot: u64, frame: &[i16]) {
        let Some(own) = self.parties.get_mut(&party) else { return };
        // Its own slots are never newer than those of all.
        if let (Some(sum), Some(own)) = (self.sum.at_mut(slot), own.at_mut(slot)) {
            for ((sum, own), sample) in sum.iter_mut().zip(own).zip(frame) {
                *sum += i32::from(*sample);
                *own += i32::from(*sample);
            }
            self.newest = self.newest.max(slot);
        }
    }

    /// What all but this party said in a slot: silence for who is none, and where nothing is known.
    pub(super) fn others(&self, party: Party, slot: u64, heard: &mut [i32; FRAME]) {
        let known = self.parties.get(&party).zip(self.sum.at(slot));
        let Some((own, sum)) = known else { return heard.fill(0) };
        heard.copy_from_slice(sum);
        for (heard, own) in heard.iter_mut().zip(own.at(slot).into_iter().flatten()) {
            *heard -= own;
        }
    }
}

/// The last slots, each in its place.
#[derive(Debug)]
struct Ring(Vec<Slot>);

#[derive(Clone, Debug)]
struct Slot {
    number: u64,
    samples: [i32; FRAME],
}

impl Ring {
    fn new() -> Self {
        Self(vec![Slot { number: 0, samples: [0; FRAME] }; SLOTS])
    }

    fn place(number: u64) -> usize {
        (number % SLOTS as u64) as usize
    }

    fn at(&self, number: u64) -> Option<&[i32; FRAME]> {
        let slot = self.0.get(Self::place(number)).filter(|slot| slot.number == number);
        slot.map(|slot| &slot.samples)
    }

    /// The slot of this number, in the place of an older one if need be; `None` where a newer one is
    /// there.
    fn at_mut(&mut self, number: u64) -> Option<&mut [i32; FRAME]> {
        let slot = self.0.get_mut(Self::place(number)).filter(|slot| slot.number <= number)?;
        if slot.number < number {
            *slot = Slot { number, samples: [0; FRAME] };
        }
        Some(&mut slot.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn others(mixer: &Mixer, party: Party, slot: u64) -> [i32; FRAME] {
        let mut heard = [7; FRAME];
        mixer.others(party, slot, &mut heard);
        heard
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_hears_the_sum_of_all_others(
            said in prop::collection::vec(any::<[i16; 4]>(), 2..=PARTIES), later in 0_u64..100,
        ) {
            let mut mixer = Mixer::new();
            let slot = FIRST + later;
            let parties: Vec<_> = said.iter().map(|_| mixer.come().unwrap()).collect();
            for (party, frame) in parties.iter().zip(&said) {
                mixer.add(*party, slot, frame);
            }
            for (n, party) in parties.iter().enumerate() {
                let heard = others(&mixer, *party, slot);
                for (at, heard) in heard.iter().take(4).enumerate() {
                    let sum: i32 = (0..said.len())
                        .filter(|other| *other != n)
                        .map(|other| i32::from(said[other][at]))
                        .sum();
                    prop_assert_eq!(*heard, sum);
                }
            }
        }
    }

    #[test]
    fn a_slot_is_forgotten_when_its_place_is_wanted_and_never_comes_back() {
        let mut mixer = Mixer::new();
        let (one, two) = (mixer.come().unwrap(), mixer.come().unwrap());
        let last = FIRST + SLOTS as u64;
        mixer.add(one, FIRST, &[1; FRAME]);
        assert_eq!(others(&mixer, two, FIRST), [1; FRAME]);
        mixer.add(one, last, &[2; FRAME]);
        // Both would change what is said in the slot that took its place.
        mixer.add(two, FIRST, &[4; FRAME]);
        mixer.add(one, FIRST, &[8; FRAME]);
        assert_eq!(others(&mixer, two, FIRST), [0; FRAME]);
        assert_eq!(others(&mixer, two, last), [2; FRAME]);
        assert_eq!((others(&mixer, one, last), mixer.newest()), ([0; FRAME], last));
        // Who has said nothing since has what it said before in its own place, and hears none of it.
        let three = mixer.come().unwrap();
        mixer.add(three, last + 1, &[16; FRAME]);
        mixer.add(one, last + 1 + SLOTS as u64, &[32; FRAME]);
        assert_eq!(others(&mixer, three, last + 1), [0; FRAME]);
    }

    #[test]
    fn who_goes_is_neither_heard_nor_hears_and_leaves_a_place() {
        let mut mixer = Mixer::new();
        let parties: Vec<_> = std::iter::from_fn(|| mixer.come()).take(99).collect();
        assert_eq!(parties.len(), PARTIES);
        let (one, two) = (parties[0], parties[1]);
        mixer.add(one, FIRST, &[1; FRAME]);
        mixer.go(one);
        mixer.add(one, FIRST, &[2; FRAME]);
        // What it said before it went stays said.
        assert_eq!(others(&mixer, two, FIRST), [1; FRAME]);
        mixer.add(two, FIRST, &[4; FRAME]);
        assert_eq!(others(&mixer, one, FIRST), [0; FRAME]);
        let new = mixer.come().unwrap();
        assert_eq!((mixer.come(), others(&mixer, new, FIRST)), (None, [5; FRAME]));
    }
}
