//! Addresses that a name's requests are best not sent to for a while. RFC 3263 §1, §4.3.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Addresses that are remembered.
const REMEMBERED: usize = 64;

/// For how long, where the server does not say: whoever is well again is to have requests again.
const FOR: Duration = Duration::from_secs(600);

/// The addresses that failed, each with its time, the latest at the end.
#[derive(Debug, Default)]
pub(super) struct Avoided(Vec<(SocketAddr, Instant)>);

impl Avoided {
    /// An address failed; `within`: the Retry-After that it gave. RFC 3261 §20.33, §21.5.4.
    pub(super) fn note(&mut self, now: Instant, address: SocketAddr, within: Option<Duration>) {
        self.0.retain(|(it, until)| *it != address && *until > now);
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((address, now + within.unwrap_or(FOR)));
    }

    /// How late this address comes among others: 0 where nothing is against it.
    pub(super) fn place(&self, now: Instant, address: SocketAddr) -> usize {
        let at = self.0.iter().position(|(it, until)| *it == address && *until > now);
        at.map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    fn the_latest_sixty_four_are_remembered_and_the_last_comes_last() {
        let now = Instant::now();
        let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut avoided = Avoided::default();
        for port in 1..=65 {
            avoided.note(now, address(port), None);
        }
        assert_eq!(avoided.place(now, address(1)), 0, "there was no room for it any more");
        assert_eq!(avoided.place(now, address(2)), 1);
        assert_eq!(avoided.place(now, address(65)), 64);
        // One that fails again is the latest.
        avoided.note(now, address(2), None);
        assert_eq!(avoided.place(now, address(2)), 64);
        assert_eq!(avoided.place(now + FOR, address(2)), 0, "its time is up");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    fn what_is_over_is_remembered_no_more() {
        let now = Instant::now();
        let [one, other] = [1, 2].map(|port| SocketAddr::from(([192, 0, 2, 1], port)));
        let brief = Duration::from_secs(1);
        let mut avoided = Avoided::default();
        avoided.note(now, one, Some(brief));
        avoided.note(now + brief, other, None);
        assert_eq!(avoided.place(now + brief, other), 1, "it is the only one");
    }
}
