//! Who guesses: proofs that failed, by source. SECURITY: A21.
//!
//! Only what came under a nonce of ours is counted, so that nobody can fail in another's name: the
//! nonce's MAC has shown that the source receives what we send to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failed proofs of one source that are judged within [`WINDOW`].
const ALLOWED: u8 = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// Sources that are remembered; the one whose window began first makes room.
const SOURCES: usize = 1024;

/// Failed proofs within the last minute.
#[derive(Debug, Default)]
pub(super) struct Failures(BTreeMap<IpAddr, Failed>);

#[derive(Clone, Copy, Debug)]
struct Failed {
    since: Instant,
    times: u8,
}

impl Failures {
    /// How long a source has to wait before another proof of it is judged; `None`: not at all.
    pub(super) fn wait(&self, now: Instant, source: IpAddr) -> Option<Duration> {
        let failed = self.0.get(&block(source)).filter(|failed| failed.times >= ALLOWED)?;
        let left = (failed.since + WINDOW).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// A proof of this source did not hold.
    pub(super) fn count(&mut self, now: Instant, source: IpAddr) {
        self.0.retain(|_, failed| now < failed.since + WINDOW);
        let source = block(source);
        if self.0.len() >= SOURCES && !self.0.contains_key(&source) {
            let first = self.0.iter().min_by_key(|(_, failed)| failed.since).map(|(ip, _)| *ip);
            first.map(|ip| self.0.remove(&ip));
        }
        let failed = self.0.entry(source).or_insert(Failed { since: now, times: 0 });
        failed.times = failed.times.saturating_add(1);
    }
}

/// What one party holds: an IPv4 address, or the /64 that is handed out for IPv6.
fn block(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a21_the_sixth_within_a_minute_waits() {
        let (now, mut failures) = (Instant::now(), Failures::default());
        for number in 0..5 {
            assert_eq!(failures.wait(now, ip("192.0.2.1")), None, "{number}");
            failures.count(now, ip("192.0.2.1"));
        }
        assert_eq!(failures.wait(now, ip("192.0.2.1")), Some(WINDOW));
        assert_eq!(failures.wait(now, ip("::ffff:192.0.2.1")), Some(WINDOW), "the same source");
        assert_eq!(failures.wait(now, ip("192.0.2.2")), None);
        assert_eq!(failures.wait(now + WINDOW, ip("192.0.2.1")), None);
        failures.count(now + WINDOW, ip("192.0.2.1"));
        assert_eq!(failures.wait(now + WINDOW, ip("192.0.2.1")), None, "a new window");
    }

    #[test]
    fn a21_a_source_of_ipv6_is_its_64_and_the_table_is_bounded() {
        let (now, mut failures) = (Instant::now(), Failures::default());
        for host in 0..5 {
            failures.count(now, ip(&format!("2001:db8::{host:x}")));
        }
        assert_eq!(failures.wait(now, ip("2001:db8::ffff")), Some(WINDOW));
        assert_eq!(failures.wait(now, ip("2001:db8:0:1::1")), None);
        for number in 0..2 * SOURCES as u32 {
            failures.count(now + Duration::from_millis(number.into()), IpAddr::V4(number.into()));
        }
        assert_eq!(failures.0.len(), SOURCES);
    }
}
