//! What a network does to the packets of one call.

use net::sim::Random;
use std::time::{Duration, Instant};

/// The losses and delays of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    /// The probability that a packet begins a loss, and that the packet after a lost one is not
    /// lost: Gilbert's model.
    begins: f64,
    ends: f64,
    /// A packet is delayed by up to so much, evenly.
    delay: Duration,
    /// How many are delayed so.
    delayed: f64,
    /// Whether those behind it wait for it.
    in_order: bool,
}

const CLEAN: Profile = Profile {
    name: "clean",
    begins: 0.0,
    ends: 1.0,
    delay: Duration::ZERO,
    delayed: 1.0,
    in_order: true,
};

/// All there are.
pub(crate) const PROFILES: [Profile; 7] = [
    CLEAN,
    Profile { name: "loss-1", begins: 0.01, ends: 0.99, ..CLEAN },
    Profile { name: "loss-5", begins: 0.05, ends: 0.95, ..CLEAN },
    // 5 %, four in a row on the mean.
    Profile { name: "bursts", begins: 0.0132, ends: 0.25, ..CLEAN },
    Profile { name: "jitter-40", delay: Duration::from_millis(40), ..CLEAN },
    Profile { name: "jitter-120", delay: Duration::from_millis(120), ..CLEAN },
    // One in twenty is overtaken by the next two.
    Profile {
        name: "reordering",
        delay: Duration::from_millis(60),
        delayed: 0.05,
        in_order: false,
        ..CLEAN
    },
];

/// A profile at work: the same packets are lost and delayed each time.
#[derive(Debug)]
pub(crate) struct Fate {
    profile: Profile,
    random: Random,
    is_losing: bool,
    /// When the last one leaves.
    last: Option<Instant>,
}

impl Fate {
    pub(crate) const fn new(profile: Profile) -> Self {
        Self { profile, random: Random::new(1), is_losing: false, last: None }
    }

    /// When the next packet leaves, if it is sent now; `None`: it is lost.
    pub(crate) fn of_next(&mut self, now: Instant) -> Option<Instant> {
        let Profile { begins, ends, delay, delayed, in_order, .. } = self.profile;
        let [changes, late, by] = [(); 3].map(|()| self.share());
        self.is_losing = if self.is_losing { changes >= ends } else { changes < begins };
        let wait = if late < delayed { delay.mul_f64(by) } else { Duration::ZERO };
        let leaves = now + wait;
        let leaves = self.last.filter(|last| in_order && *last > leaves).unwrap_or(leaves);
        self.last = Some(leaves);
        (!self.is_losing).then_some(leaves)
    }

    /// 0.0 to 1.0, evenly.
    fn share(&mut self) -> f64 {
        self.random.below(1 << 32) as f64 / f64::from(u32::MAX)
    }
}
