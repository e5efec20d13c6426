//! What happens to datagrams and segments on the way between two hosts.

use super::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// The way between two hosts, the same in both directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The probability that a datagram is lost, 0.0 to 1.0.
    pub loss: f64,
    /// The probability that a datagram arrives twice.
    pub duplication: f64,
    /// The shortest delay.
    pub min_delay: Duration,
    /// The longest delay. Datagrams overtake each other where it is above the shortest.
    pub max_delay: Duration,
}

impl Link {
    /// No loss, no duplication, 1 ms.
    pub const PERFECT: Self = Self {
        loss: 0.0,
        duplication: 0.0,
        min_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(1),
    };

    /// Within one host.
    const LOOPBACK: Self = Self {
        loss: 0.0,
        duplication: 0.0,
        min_delay: Duration::from_micros(10),
        max_delay: Duration::from_micros(10),
    };

    fn delay(&self, random: &mut Random) -> Duration {
        let spread = self.max_delay.saturating_sub(self.min_delay);
        let spread = u64::try_from(spread.as_nanos()).unwrap_or(u64::MAX);
        self.min_delay + Duration::from_nanos(random.below(spread.saturating_add(1)))
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::PERFECT
    }
}

/// A link is cut or healed at some time to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) between: (IpAddr, IpAddr),
    pub(super) cut: bool,
}

/// When a datagram arrives: not at all, once or twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Lost,
    Once(Duration),
    Twice(Duration, Duration),
}

/// TCP's first retransmission timeout and the tries that a lost segment costs at most.
const RETRANSMISSION: Duration = Duration::from_millis(200);
const RETRANSMISSIONS: u32 = 6;

/// All links.
pub(super) struct Links {
    default: Link,
    special: BTreeMap<(IpAddr, IpAddr), Link>,
    cut: BTreeSet<(IpAddr, IpAddr)>,
    /// The gateway that a host is behind: their ways are the same.
    behind: BTreeMap<IpAddr, IpAddr>,
}

impl Links {
    pub(super) const fn new(default: Link) -> Self {
        Self { default, special: BTreeMap::new(), cut: BTreeSet::new(), behind: BTreeMap::new() }
    }

    /// From now on the ways of `inside` are those of its gateway.
    pub(super) fn put_behind(&mut self, inside: IpAddr, outside: IpAddr) {
        self.behind.insert(inside, outside);
    }

    fn pair(&self, a: IpAddr, b: IpAddr) -> (IpAddr, IpAddr) {
        let [a, b] = [a, b].map(|ip| self.behind.get(&ip).copied().unwrap_or(ip));
        (a.min(b), a.max(b))
    }

    pub(super) fn set(&mut self, a: IpAddr, b: IpAddr, link: Link) {
        self.special.insert(self.pair(a, b), link);
    }

    pub(super) fn change(&mut self, change: Change) {
        let (a, b) = change.between;
        if change.cut {
            self.cut.insert(self.pair(a, b));
        } else {
            self.cut.remove(&self.pair(a, b));
        }
    }

    pub(super) fn is_cut(&self, a: IpAddr, b: IpAddr) -> bool {
        self.cut.contains(&self.pair(a, b))
    }

    fn link(&self, a: IpAddr, b: IpAddr) -> &Link {
        match self.special.get(&self.pair(a, b)) {
            Some(link) => link,
            None if a == b => &Link::LOOPBACK,
            None => &self.default,
        }
    }

    /// Throws the dice for a datagram.
    pub(super) fn fate(&self, from: IpAddr, to: IpAddr, random: &mut Random) -> Fate {
        let link = self.link(from, to);
        if random.chance(link.loss) {
            return Fate::Lost;
        }
        let first = link.delay(random);
        if random.chance(link.duplication) {
            Fate::Twice(first, link.delay(random))
        } else {
            Fate::Once(first)
        }
    }

    /// How long a segment of a stream takes: a loss costs a retransmission.
    pub(super) fn segment_delay(&self, from: IpAddr, to: IpAddr, random: &mut Random) -> Duration {
        let link = self.link(from, to);
        let mut delay = link.delay(random);
        let mut timeout = RETRANSMISSION;
        for _ in 0..RETRANSMISSIONS {
            if !random.chance(link.loss) {
                break;
            }
            delay += timeout;
            timeout *= 2;
        }
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Link, Links};
    use crate::sim::Random;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn a_link_has_no_direction() {
        let mut links = Links::new(Link::PERFECT);
        let slow = Duration::from_secs(1);
        links.set(B, A, Link { min_delay: slow, max_delay: slow, ..Link::PERFECT });
        let mut random = Random::new(1);
        assert_eq!(links.fate(A, B, &mut random), Fate::Once(slow));
        assert_eq!(links.fate(B, A, &mut random), Fate::Once(slow));
    }

    #[test]
    fn delays_stay_within_bounds() {
        let link = Link {
            min_delay: Duration::from_millis(10),
            max_delay: Duration::from_millis(30),
            ..Link::PERFECT
        };
        let mut random = Random::new(1);
        for _ in 0..1000 {
            let delay = link.delay(&mut random);
            assert!(delay >= link.min_delay && delay <= link.max_delay);
        }
    }

    #[test]
    fn a_lost_segment_is_late() {
        let links = Links::new(Link { loss: 1.0, ..Link::PERFECT });
        // 200 ms · (1 + 2 + 4 + 8 + 16 + 32) and the link's own delay.
        let delay = links.segment_delay(A, B, &mut Random::new(1));
        assert_eq!(delay, Duration::from_millis(12_601));
    }
}
