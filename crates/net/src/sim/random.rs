//! A seeded source of numbers, for simulations and never for secrets.

/// SplitMix64: one word of state, a few instructions a number, equally distributed.
///
/// Whoever knows one output knows all that follow, so this is for simulations only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Fills `octets`.
    pub fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            for (octet, random) in chunk.iter_mut().zip(word) {
                *octet = random;
            }
        }
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The high half of the 128-bit product: unbiased enough for a simulation, and no modulo.
        ((self.next_u64() as u128 * bound as u128) >> 64) as u64
    }

    /// Whether an event of this probability (0.0 to 1.0) happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what an f64 holds exactly.
        let unit = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    /// Another source, which shares nothing with this one but its origin.
    pub const fn fork(&mut self) -> Self {
        Self::new(self.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    /// The first outputs for seed 1234567, as Rosetta Code's SplitMix64 page lists them.
    #[test]
    fn known_sequence() {
        let mut random = Random::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| random.next_u64()), expected);
    }

    #[test]
    fn chance_follows_probability() {
        let mut random = Random::new(1);
        let hits = (0..100_000).filter(|_| random.chance(0.2)).count();
        assert!((19_500..=20_500).contains(&hits), "{hits}");
        assert!(!random.chance(0.0));
        assert!(random.chance(1.0));
    }

    #[test]
    fn below_stays_below() {
        let mut random = Random::new(2);
        let mut seen = [false; 10];
        for _ in 0..1000 {
            seen[usize::try_from(random.below(10)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn fill_covers_odd_lengths() {
        let mut octets = [0_u8; 13];
        Random::new(3).fill(&mut octets);
        assert!(octets.iter().filter(|octet| **octet != 0).count() > 8);
    }
}
