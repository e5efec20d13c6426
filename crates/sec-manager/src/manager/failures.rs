//! Who guesses: proofs that failed, by who they are held against. Case A21.
//!
//! Only what came under a nonce of ours is counted, so that nobody can fail in another's name: the
//! nonce's MAC has shown that the source receives what we send to it. A failure counts against
//!
//! ```text
//!   a source             5 a minute for an IPv4 address or an IPv6 /64, 20 for a /48
//!   behind a proxy       5 a minute for the user that is claimed, 5 under one nonce
//! ```
//!
//! Nothing is ever pushed out: an entry leaves when its minute is over. A full table counts
//! those that it has no place for together, and makes them wait together.

use crate::nonce::Opened;
use crate::party::Party;
use sha2::{Digest as _, Sha256};
use ssa::Request;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failed proofs that are judged within [`WINDOW`]: of one party, and of an IPv6 site.
const ALLOWED: usize = 5;
const ALLOWED_SITE: usize = 20;
/// How long a failure counts; also `Retry-After`, so that the same request gets the same answer.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// Counts that one table holds, and failures that it counts beyond them.
const PLACES: usize = 4096;
const BEYOND: usize = 1024;

/// One attempt to prove something under a nonce of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) party: Party,
    /// What names the nonce.
    pub(crate) nonce: [u8; 8],
}

/// What tells a request and its proof from all others: a copy has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace([u8; 16]);

impl Trace {
    /// The trace of a request with `proof`, a digest or a signature.
    pub(crate) fn of(request: &Request<'_>, proof: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [proof, request.method.as_bytes(), request.uri, request.body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut short = [0; 16];
        short.iter_mut().zip(hash.finalize()).for_each(|(octet, hashed)| *octet = hashed);
        Self(short)
    }
}

/// What is to be done with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its proof may be looked at.
    Judge,
    /// It is a copy of one that failed: the same answer is owed, and nothing is counted.
    Failed,
    /// Its party has guessed too often: not before [`WINDOW`] is over.
    Wait,
}

/// Failed proofs within the last minute.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Of sources that were seen themselves.
    seen: Table,
    /// Of users that were claimed behind proxies: they cannot fill the other one.
    claimed: Table,
}

/// What failures are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Party(Party),
    Site(IpAddr),
    Nonce([u8; 8]),
}

impl Count {
    const fn allowed(self) -> usize {
        match self {
            Self::Party(_) | Self::Nonce(_) => ALLOWED,
            Self::Site(_) => ALLOWED_SITE,
        }
    }
}

impl Attempt {
    /// An attempt of this party under `nonce`.
    pub(crate) const fn new(party: Party, nonce: &Opened) -> Self {
        Self { party, nonce: nonce.key() }
    }

    /// The counts that an attempt goes under. A source's own limit bounds the tries under each
    /// nonce of it; behind a proxy, where the user is only claimed, the nonce has one of its own.
    fn counts(&self) -> impl Iterator<Item = Count> {
        let besides = match self.party {
            Party::Source(_) => self.party.site().map(Count::Site),
            Party::Claimed(_) => Some(Count::Nonce(self.nonce)),
        };
        [Some(Count::Party(self.party)), besides].into_iter().flatten()
    }
}

impl Failures {
    /// What is to be done with an attempt; `trace` costs a hash, and is asked for where something
    /// is held against its party.
    pub(crate) fn standing(
        &self, now: Instant, attempt: &Attempt, trace: impl FnOnce() -> Trace,
    ) -> Verdict {
        let table = self.table(attempt.party);
        let own = table.places.get(&Count::Party(attempt.party)).filter(|own| own.counts(now));
        if own.is_some_and(|own| own.traces.contains(&trace())) {
            return Verdict::Failed;
        }
        let full = |count: Count| table.failed(now, count) >= count.allowed();
        if attempt.counts().any(full) { Verdict::Wait } else { Verdict::Judge }
    }

    /// An attempt failed.
    pub(crate) fn count(&mut self, now: Instant, attempt: &Attempt, trace: Trace) {
        let table = match attempt.party {
            Party::Source(_) => &mut self.seen,
            Party::Claimed(_) => &mut self.claimed,
        };
        table.expire(now);
        attempt.counts().for_each(|count| table.count(now, count, trace));
    }

    const fn table(&self, party: Party) -> &Table {
        match party {
            Party::Source(_) => &self.seen,
            Party::Claimed(_) => &self.claimed,
        }
    }
}

/// Counts, each for a minute from its first failure.
#[derive(Debug, Default)]
struct Table {
    places: BTreeMap<Count, Failed>,
    /// Failures that found no place.
    beyond: Option<Failed>,
}

#[derive(Clone, Debug)]
struct Failed {
    since: Instant,
    times: usize,
    /// The attempts that failed, at most [`ALLOWED`].
    traces: Vec<Trace>,
}

impl Failed {
    const fn begin(since: Instant) -> Self {
        Self { since, times: 0, traces: Vec::new() }
    }

    fn counts(&self, now: Instant) -> bool {
        now < self.since + WINDOW
    }
}

impl Table {
    fn expire(&mut self, now: Instant) {
        self.places.retain(|_, failed| failed.counts(now));
        self.beyond.take_if(|failed| !failed.counts(now));
    }

    fn count(&mut self, now: Instant, count: Count, trace: Trace) {
        if self.places.len() >= PLACES && !self.places.contains_key(&count) {
            self.beyond.get_or_insert_with(|| Failed::begin(now)).times += 1;
            return;
        }
        let failed = self.places.entry(count).or_insert_with(|| Failed::begin(now));
        failed.times = failed.times.saturating_add(1);
        if matches!(count, Count::Party(_)) && failed.traces.len() < ALLOWED {
            failed.traces.push(trace);
        }
    }

    /// How often it failed within the window; who has no place shares the fate of all without.
    fn failed(&self, now: Instant, count: Count) -> usize {
        match (self.places.get(&count), &self.beyond) {
            (Some(failed), _) if failed.counts(now) => failed.times,
            (None, Some(beyond)) if beyond.counts(now) && beyond.times >= BEYOND => usize::MAX,
            (Some(_) | None, _) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
