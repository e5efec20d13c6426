//! Tables by numbers that no peer can choose: keyed hashes, random numbers, places in our own tables.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by such a number. Nothing depends on the order of its entries.
pub(super) type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<Mixing>>;

/// Spreads numbers over a table; against keys that somebody chose it would be no help.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixing(u64);

impl Mixing {
    const fn mix(&mut self, number: u64) {
        // Odd, and its bits follow no pattern: 2^64 over the golden ratio.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Mixing {
    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.mix(u64::from(*octet)));
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    /// What a derived hash tells variants apart by.
    fn write_isize(&mut self, number: isize) {
        self.mix(number as u64);
    }

    fn finish(&self) -> u64 {
        // A product's high bits depend on all bits of its factor, the low ones on few.
        self.0.rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_spread() {
        let low = |number: u64| {
            let mut mixing = Mixing::default();
            mixing.write_u64(number << 16);
            mixing.finish() & 0xff
        };
        let mut places: Vec<u64> = (0..256).map(low).collect();
        places.sort_unstable();
        places.dedup();
        assert!(places.len() > 128, "{} of 256", places.len());
    }

    #[test]
    fn whatever_is_written_counts() {
        let written = |write: &dyn Fn(&mut Mixing)| {
            let mut mixing = Mixing::default();
            write(&mut mixing);
            mixing.finish()
        };
        let all = [
            written(&|_| {}),
            written(&|it| it.write(b"ab")),
            written(&|it| it.write(b"ba")),
            written(&|it| it.write_u8(9)),
            written(&|it| it.write_u32(10)),
            written(&|it| it.write_u64(11)),
            written(&|it| it.write_isize(12)),
        ];
        assert_eq!(std::collections::HashSet::from(all).len(), all.len());
    }
}
