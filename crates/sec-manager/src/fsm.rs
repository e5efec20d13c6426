//! The security manager's state machine: claims 2 and 3 of `docs/claims.md`, both roles.
//!
//! ```text
//!   sender                                     receiver
//!                 ┌──────┐                                   ┌──────┐
//!      ┌────────▶ │ Idle │ ◀────────┐             ┌────────▶ │ Idle │ ◀────────┐
//!      │          └──┬───┘          │             │          └──┬───┘          │
//!      │  got_401_unauthorized      │             │  unauthorized INVITE came  │
//!  authorized        │        given up,       authorized        │         expired,
//!  INVITE sent       ▼        timed out,      INVITE came       ▼         refused,
//!      │   ┌──────────────────────┐ ended         │   ┌──────────────────────┐ ended
//!      └── │ WaitForAuthorization │ ─┘            └── │ WaitForAuthorization │ ─┘
//!          └──────────────────────┘                   └──────────────────────┘
//! ```
//!
//! Pure: a state and a signal give a state. The sender's state is kept per call; the receiver's
//! *wait for authorization* is sealed into the nonce it sends ([`crate::nonce`]), so that its
//! transitions are derived when a 401 leaves and when an authorized request verifies. A bounded
//! [`WaitingTable`] mirrors them for the application to look at; nothing here ever reads it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Which side of an invitation this terminal is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It sends the invitation and is challenged.
    Sender,
    /// It receives the invitation and challenges.
    Receiver,
}

/// The two states of claim 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing is waited for.
    #[default]
    Idle,
    /// A challenge was received or sent, and no authorized invitation has followed yet.
    WaitForAuthorization,
}

/// What moves the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Sender: 401 or 407 came in and is answered. Receiver: an unauthorized request came in and
    /// 401 goes out.
    Unauthorized,
    /// Sender: the authorized request goes out. Receiver: it came in and verified.
    Authorized,
    /// Sender: the challenge is not answered. Receiver: the credentials are refused.
    Refused,
    /// Sender: 64·T1 have passed. Receiver: the nonce's lifetime has.
    Expired,
    /// The call was cancelled or has ended.
    Ended,
}

impl Signal {
    /// All signals, for whoever walks every pair.
    pub const ALL: [Self; 5] =
        [Self::Unauthorized, Self::Authorized, Self::Refused, Self::Expired, Self::Ended];

    /// The signal's name where `role` sees it, as the ladder shows it.
    pub const fn name(self, role: Role) -> &'static str {
        match (role, self) {
            (Role::Sender, Self::Unauthorized) => "got_401_unauthorized",
            (Role::Sender, Self::Authorized) => "authorized request sent",
            (Role::Sender, Self::Refused) => "challenge not answered",
            (Role::Sender, Self::Expired) => "no answer within 64*T1",
            (Role::Receiver, Self::Unauthorized) => "unauthorized request challenged",
            (Role::Receiver, Self::Authorized) => "authorized request verified",
            (Role::Receiver, Self::Refused) => "credentials refused",
            (Role::Receiver, Self::Expired) => "nonce expired",
            (Role::Sender | Role::Receiver, Self::Ended) => "call ended",
        }
    }
}

/// What a signal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The machine is in this state now.
    To(State),
    /// It stays where it is, as it may.
    Stay,
    /// The signal has no meaning in this state: refused, and nothing changes.
    Unexpected,
}

impl State {
    /// What `signal` does in this state, for `role`.
    #[must_use]
    pub const fn on(self, role: Role, signal: Signal) -> Step {
        use Signal::{Authorized, Ended, Expired, Refused, Unauthorized};
        use State::{Idle, WaitForAuthorization};
        match (role, self, signal) {
            (Role::Sender | Role::Receiver, Idle, Unauthorized) => Step::To(WaitForAuthorization),
            // A sender authorizes only what was challenged before.
            (Role::Sender, Idle, Authorized) => Step::Unexpected,
            // The receiver's waiting state is in the nonce: after a restart of its mirror, an
            // authorized request finds it idle and is as good.
            (Role::Receiver, Idle, Authorized) => Step::Stay,
            (Role::Sender, Idle, Refused | Expired) => Step::Stay,
            (Role::Receiver, Idle, Refused | Expired) => Step::Stay,
            (Role::Sender | Role::Receiver, Idle, Ended) => Step::Stay,
            // Another challenge: a second realm, a fork, a stale nonce, or a retransmission.
            (Role::Sender | Role::Receiver, WaitForAuthorization, Unauthorized) => Step::Stay,
            (Role::Sender | Role::Receiver, WaitForAuthorization, Authorized) => Step::To(Idle),
            (Role::Sender | Role::Receiver, WaitForAuthorization, Refused) => Step::To(Idle),
            (Role::Sender | Role::Receiver, WaitForAuthorization, Expired) => Step::To(Idle),
            (Role::Sender | Role::Receiver, WaitForAuthorization, Ended) => Step::To(Idle),
        }
    }
}

/// Who is told of every transition, in order: a recorder, a trace. Must not block.
pub trait StateSink: Send + Sync {
    /// The machine of `call` went from `from` to `to`; `why` names the signal.
    fn state(&self, call: u64, role: Role, from: State, to: State, why: &'static str);
}

/// A receiver's waiting state, mirrored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The call.
    pub call: u64,
    /// The AOR that the unauthorized request claimed; nothing proves it.
    pub claimed: String,
    /// When the challenge was first sent.
    pub since: Instant,
    /// When its nonce expires.
    pub until: Instant,
}

/// The newest 64 receivers' waiting states, for the application to look at.
///
/// Correctness never reads it: a stranger can push entries out, and nothing depends on them.
#[derive(Debug, Default)]
pub struct WaitingTable {
    rows: VecDeque<Waits>,
}

impl WaitingTable {
    /// Rows kept.
    pub const CAPACITY: usize = 64;
    /// Bytes of a claimed AOR that are kept.
    const CLAIMED: usize = 128;

    /// Mirrors a challenge; says whether the call was idle before.
    pub fn challenged(
        &mut self, now: Instant, call: u64, claimed: &str, lifetime: Duration,
    ) -> bool {
        self.expire(now);
        let until = now + lifetime;
        if let Some(row) = self.rows.iter_mut().find(|row| row.call == call) {
            row.until = until;
            return false;
        }
        if self.rows.len() >= Self::CAPACITY {
            self.rows.pop_front();
        }
        self.rows.push_back(Waits {
            call,
            claimed: claimed.chars().take(Self::CLAIMED).collect(),
            since: now,
            until,
        });
        true
    }

    /// Takes a call's row out, where it is still there.
    pub fn settled(&mut self, call: u64) -> bool {
        let before = self.rows.len();
        self.rows.retain(|row| row.call != call);
        self.rows.len() < before
    }

    /// Drops rows whose nonce has expired.
    pub fn expire(&mut self, now: Instant) {
        self.rows.retain(|row| row.until > now);
    }

    /// Whether the call waits.
    pub fn contains(&self, call: u64) -> bool {
        self.rows.iter().any(|row| row.call == call)
    }

    /// The rows, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Waits> {
        self.rows.iter().rev()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
mod tests {
    use super::*;

    #[test]
    fn s01_every_state_and_signal_of_both_roles() {
        use Signal::{Authorized, Ended, Expired, Refused, Unauthorized};
        use State::{Idle, WaitForAuthorization};
        use Step::{Stay, To, Unexpected};
        let rows = [
            (Role::Sender, Idle, Unauthorized, To(WaitForAuthorization)),
            (Role::Sender, Idle, Authorized, Unexpected),
            (Role::Sender, Idle, Refused, Stay),
            (Role::Sender, Idle, Expired, Stay),
            (Role::Sender, Idle, Ended, Stay),
            (Role::Sender, WaitForAuthorization, Unauthorized, Stay),
            (Role::Sender, WaitForAuthorization, Authorized, To(Idle)),
            (Role::Sender, WaitForAuthorization, Refused, To(Idle)),
            (Role::Sender, WaitForAuthorization, Expired, To(Idle)),
            (Role::Sender, WaitForAuthorization, Ended, To(Idle)),
            (Role::Receiver, Idle, Unauthorized, To(WaitForAuthorization)),
            (Role::Receiver, Idle, Authorized, Stay),
            (Role::Receiver, Idle, Refused, Stay),
            (Role::Receiver, Idle, Expired, Stay),
            (Role::Receiver, Idle, Ended, Stay),
            (Role::Receiver, WaitForAuthorization, Unauthorized, Stay),
            (Role::Receiver, WaitForAuthorization, Authorized, To(Idle)),
            (Role::Receiver, WaitForAuthorization, Refused, To(Idle)),
            (Role::Receiver, WaitForAuthorization, Expired, To(Idle)),
            (Role::Receiver, WaitForAuthorization, Ended, To(Idle)),
        ];
        let mut seen = Vec::new();
        for (role, state, signal, step) in rows {
            assert_eq!(state.on(role, signal), step, "{role:?} {state:?} {signal:?}");
            assert!(!signal.name(role).is_empty());
            assert!(!seen.contains(&(role, state, signal)), "a row twice");
            seen.push((role, state, signal));
        }
        assert_eq!(seen.len(), 2 * 2 * Signal::ALL.len(), "every pair is there");
    }

    #[test]
    fn the_mirror_holds_64_rows_and_forgets_the_oldest() {
        let now = Instant::now();
        let mut table = WaitingTable::default();
        for call in 0..100 {
            assert!(table.challenged(now, call, "sip:x@example.org", Duration::from_secs(1)));
        }
        assert_eq!(table.newest_first().count(), WaitingTable::CAPACITY);
        assert_eq!(table.newest_first().next().map(|row| row.call), Some(99));
        assert!(!table.contains(0) && table.contains(36));
    }

    #[test]
    fn a_challenge_lengthens_its_row_and_drops_those_that_are_over() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut table = WaitingTable::default();
        assert!(table.challenged(now, 1, "sip:a@example.org", second));
        assert!(table.challenged(now, 2, "sip:b@example.org", 2 * second));
        assert!(!table.challenged(now, 2, "sip:b@example.org", 4 * second));
        assert!(table.challenged(now + 3 * second, 3, "sip:c@example.org", second));
        assert!(!table.contains(1), "its nonce had expired");
        assert!(table.contains(2) && table.contains(3), "asked again, it waits longer");
    }

    #[test]
    fn a_row_goes_when_it_settles_or_its_nonce_expires() {
        let now = Instant::now();
        let lifetime = Duration::from_secs(120);
        let mut table = WaitingTable::default();
        assert!(table.challenged(now, 1, "sip:a@example.org", lifetime));
        assert!(!table.challenged(now, 1, "sip:a@example.org", lifetime), "once");
        assert!(table.settled(1) && !table.settled(1));
        assert!(table.challenged(now, 2, "sip:a@example.org", lifetime));
        table.expire(now + lifetime);
        assert!(!table.contains(2));
    }
}
