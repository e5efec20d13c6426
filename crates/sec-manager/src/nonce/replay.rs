//! What was accepted, so that nothing is accepted twice.
//!
//! Bounded: an entry that goes, by age or because the table is full, raises the issuer's floor
//! above its issue time, so that whatever the table forgot is refused as stale.

use super::seal::Opened;
use super::{BUCKET, NEXT_NONCE_LIFETIME};
use std::collections::{BTreeSet, HashMap};

/// Nonce counts that may arrive out of order.
const WINDOW: u32 = 64;
/// How far a nonce count may run ahead: gaps are lost requests.
const JUMP: u32 = 1024;

/// The nonce, or its nonce count, was used before: refused as stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen;

/// A nonce of the PGP scheme that is being verified: nobody else may use it meanwhile.
///
/// Dropped, it stays burnt; [`ReplayTable::release`] frees it where the security application
/// failed and nothing was learnt about the signature.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a reservation that is dropped is burnt"]
pub struct Reservation {
    issue: u32,
    key: [u8; 8],
}

#[derive(Clone, Copy)]
struct Entry {
    issue: u32,
    high: u32,
    window: u64,
}

/// The nonces that were accepted, and their nonce counts.
pub struct ReplayTable {
    capacity: usize,
    entries: HashMap<[u8; 8], Entry>,
    by_issue: BTreeSet<(u32, [u8; 8])>,
}

impl std::fmt::Debug for ReplayTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplayTable({} of {})", self.len(), self.capacity)
    }
}

impl Default for ReplayTable {
    /// A table of 65 536 entries.
    fn default() -> Self {
        Self::with_capacity(65_536)
    }
}

impl ReplayTable {
    /// A table of at most `capacity` entries, at least one; it grows as it fills.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), entries: HashMap::new(), by_issue: BTreeSet::new() }
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether `count` could still be accepted for `nonce`. Changes nothing: asked before the
    /// digest is computed, so that a replay costs none.
    ///
    /// # Errors
    /// [`Seen`], which is answered with a fresh challenge.
    pub fn probe(&self, nonce: &Opened, count: u32) -> Result<(), Seen> {
        self.advanced(nonce, count).map(|_| ())
    }

    /// Accepts `count` for `nonce`: at most one caller ever gets `Ok` for the pair.
    ///
    /// The second value is the floor that the issuer is to be raised to, if anything was removed.
    ///
    /// # Errors
    /// [`Seen`], also where another caller was faster.
    pub fn accept(&mut self, now: u32, nonce: &Opened, count: u32) -> Result<Option<u32>, Seen> {
        let entry = self.advanced(nonce, count)?;
        Ok(self.enter(now, nonce.key(), entry))
    }

    /// Reserves `nonce` for one verification.
    ///
    /// # Errors
    /// [`Seen`] where it is reserved or burnt already.
    pub fn reserve(
        &mut self, now: u32, nonce: &Opened,
    ) -> Result<(Reservation, Option<u32>), Seen> {
        if self.entries.contains_key(&nonce.key()) {
            return Err(Seen);
        }
        let reservation = Reservation { issue: nonce.issue(), key: nonce.key() };
        let entry = Entry { issue: nonce.issue(), high: u32::MAX, window: u64::MAX };
        let floor = self.enter(now, nonce.key(), entry);
        Ok((reservation, floor))
    }

    /// Frees a reserved nonce: the security application itself failed.
    pub fn release(&mut self, reservation: Reservation) {
        self.entries.remove(&reservation.key);
        self.by_issue.remove(&(reservation.issue, reservation.key));
    }

    /// The entry as it is after `count`.
    fn advanced(&self, nonce: &Opened, count: u32) -> Result<Entry, Seen> {
        let entry = self.entries.get(&nonce.key()).copied().unwrap_or_else(|| Entry {
            issue: nonce.issue(),
            high: 0,
            window: 0,
        });
        if count > entry.high {
            let ahead = count - entry.high;
            if ahead > JUMP {
                return Err(Seen);
            }
            let kept = entry.window.checked_shl(ahead).unwrap_or(0);
            return Ok(Entry { high: count, window: kept | 1, ..entry });
        }
        let behind = entry.high - count;
        let bit = 1u64.checked_shl(behind).unwrap_or(0);
        if count == 0 || behind >= WINDOW || entry.window & bit != 0 {
            return Err(Seen);
        }
        Ok(Entry { window: entry.window | bit, ..entry })
    }

    /// Enters `entry`, after removing what is too old and, in a full table, the oldest issued.
    fn enter(&mut self, now: u32, key: [u8; 8], entry: Entry) -> Option<u32> {
        let longest = u32::try_from(NEXT_NONCE_LIFETIME.as_secs()).unwrap_or(u32::MAX);
        let oldest_needed = now.saturating_sub(longest.saturating_add(2 * BUCKET));
        let mut floor = None;
        while let Some(&(issue, oldest)) = self.by_issue.first() {
            let full = self.entries.len() >= self.capacity && !self.entries.contains_key(&key);
            if !full && issue >= oldest_needed {
                break;
            }
            self.by_issue.remove(&(issue, oldest));
            self.entries.remove(&oldest);
            floor = Some(issue.saturating_add(1));
        }
        self.entries.insert(key, entry);
        self.by_issue.insert((entry.issue, key));
        floor
    }
}
