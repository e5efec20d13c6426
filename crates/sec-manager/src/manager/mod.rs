//! The security manager itself: what the interfaces' signals do.
//!
//! ```text
//!   request.rs    request_received, authenticate       who must prove what, and did
//!   last.rs                                            what the one found for the other
//!   owed.rs                                            which proofs will do
//!   challenge.rs  got_401_unauthorized, authorize      what we prove, and to whom
//!   response.rs   response_leaving, response_received  the proof of the answer
//!   body.rs       encrypt, decrypt                     bodies and their media keys
//!   crate::scheme                                      the same, for one scheme
//!   media.rs      SSM                                  what a line may be, and its guard
//!   telephony.rs  SST                                  policy in, assurance out
//! ```
//!
//! One lock guards the records of calls and is never held while anything is awaited.

mod body;
pub(crate) mod challenge;
pub(crate) mod failures;
pub(crate) mod last;
mod media;
pub(crate) mod owed;
pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod response;
mod sip;
mod telephony;

use crate::Platform;
use crate::aka::Aka;
use crate::aor::Aor;
use crate::bearer::Bearer;
use crate::digest::Digest;
use crate::fsm::{Role, Signal, State, StateSink, Step, WaitingTable};
use crate::keying::{CallMedia, Carried, Standing};
use crate::nonce::{Issuer, ReplayTable, seconds};
use crate::pgp::pins::Pins;
use crate::pgp::{Jobs, Pgp};
use crate::policy::Policy;
use crate::scheme::digest::realms::Realms;
use crate::scheme::digest::typed::Typed;
use failures::{Attempt, Failures, Trace, Verdict};
use last::{Known, Last};
use record::{Record, Records};
use ssa::CallRef;
use sst::{RegisteredFlow, Secrecy, TelephonyApplication};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The security manager. See the crate's documentation.
pub struct SecurityManager {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for SecurityManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecurityManager({} calls)", self.shared.lock().records.len())
    }
}

impl SecurityManager {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// Calls that a record is kept for: none for a challenge that was sent.
    pub fn records(&self) -> usize {
        self.shared.lock().records.len()
    }

    /// Asks about the media of a call; `None` for a call that is not known.
    pub(crate) fn with_media<R>(
        &self, call: u64, ask: impl FnOnce(&mut CallMedia, Standing) -> R,
    ) -> Option<R> {
        let mut inner = self.shared.lock();
        let policy = Arc::clone(&inner.policy);
        let record = inner.records.get_mut(call)?;
        let standing = record.standing(&policy, Carried::Clear);
        Some(ask(&mut record.media, standing))
    }

    /// Has a record of a call to be keyed by DTLS.
    pub(crate) fn remember(&self, call: u64) {
        let now = self.shared.platform.now();
        let mut inner = self.shared.lock();
        if inner.policy.dtls.is_taken {
            inner.remember(call, now);
        }
    }
}

impl SecurityManager {
    /// Plain RTP was asked for where only SRTP will do: the application is told so.
    pub(crate) fn plain_media_refused(&self, call: u64) {
        if let Some(record) = self.shared.lock().records.get_mut(call) {
            record.assurance.refused = Some(sst::Refused::PlainMedia);
        }
        self.shared.tell_assurance(call);
    }

    /// What the media of a call without a record are asked: such a call was admitted because
    /// nothing is required of it.
    pub(crate) fn unknown(&self) -> Result<ssm::Open, ssm::Refused> {
        let policy = self.shared.policy();
        if policy.secrecy > Secrecy::None {
            return Err(ssm::Refused::Secrecy);
        }
        if policy.require.is_nothing() { Ok(ssm::Open) } else { Err(ssm::Refused::Unknown) }
    }
}

/// What the manager's futures share with it.
pub(crate) struct Shared {
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) issuer: Issuer,
    /// The two clocks when the issuer was made.
    started: (Instant, Duration),
    pub(crate) replay: Mutex<ReplayTable>,
    pub(crate) application: Arc<dyn TelephonyApplication>,
    pub(crate) digest: Option<Digest>,
    pub(crate) bearer: Option<Bearer>,
    pub(crate) aka: Option<Aka>,
    /// The way to the security application, where the PGP scheme was given.
    pub(crate) jobs: Option<Jobs>,
    observer: Option<Arc<dyn StateSink>>,
    inner: Mutex<Inner>,
}

/// What changes.
pub(crate) struct Inner {
    pub(crate) policy: Arc<Policy>,
    pub(crate) records: Records,
    pub(crate) waiting: WaitingTable,
    pub(crate) flows: Vec<(String, RegisteredFlow)>,
    pub(crate) failures: Failures,
    pub(crate) last: Last<Known>,
    pub(crate) realms: Realms,
    pub(crate) typed: Typed,
    /// Whose key is whose: as configured, and what the user said since.
    pub(crate) pins: Pins,
    /// The contacts whose keys the user is being asked about.
    pub(crate) asking: BTreeSet<Aor>,
}

impl Inner {
    /// Has a record of a call of which nothing is required, for what its media are keyed by.
    pub(crate) fn remember(&mut self, call: u64, now: Instant) {
        if self.policy.require.is_nothing() {
            // Where there is no room for it, the offer is refused like that of any unknown call.
            _ = self.records.enter(call, now);
        }
    }

    fn repin(&mut self, pins: Pins) {
        self.pins = pins.after(std::mem::take(&mut self.pins));
    }
}

impl Shared {
    pub(crate) fn new(
        platform: Arc<dyn Platform>, issuer: Issuer, unix_start: Duration,
        application: Arc<dyn TelephonyApplication>,
    ) -> Self {
        let inner = Inner {
            policy: Arc::default(),
            records: Records::default(),
            waiting: WaitingTable::default(),
            flows: Vec::new(),
            failures: Failures::default(),
            last: Last::default(),
            realms: Realms::default(),
            typed: Typed::default(),
            pins: Pins::default(),
            asking: BTreeSet::new(),
        };
        Self {
            started: (platform.now(), unix_start),
            platform,
            issuer,
            replay: Mutex::default(),
            application,
            digest: None,
            bearer: None,
            aka: None,
            jobs: None,
            observer: None,
            inner: Mutex::new(inner),
        }
    }

    pub(crate) fn with_digest(mut self, digest: Option<Digest>) -> Self {
        self.digest = digest;
        self
    }

    pub(crate) fn with_bearer(mut self, bearer: Option<Bearer>) -> Self {
        self.bearer = bearer;
        self
    }

    pub(crate) fn with_aka(mut self, aka: Option<Aka>) -> Self {
        self.aka = aka;
        self
    }

    pub(crate) fn with_pgp(mut self, pgp: Option<Pgp>) -> Self {
        let platform = Arc::clone(&self.platform);
        self.jobs = pgp.map(|pgp| Jobs::new(pgp.application, platform));
        self
    }

    pub(crate) fn with_observer(mut self, observer: Option<Arc<dyn StateSink>>) -> Self {
        self.observer = observer;
        self
    }

    /// The state. A thread that panicked left it whole: no invariant spans two statements.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the policy and the pins, which name the keys that the user trusted since.
    pub(crate) fn configure(&self, policy: Policy, pins: Pins) {
        let mut inner = self.lock();
        inner.realms.keep(&policy.accounts);
        inner.policy = Arc::new(policy);
        inner.last = Last::default();
        inner.typed = Typed::default();
        inner.repin(pins);
    }

    /// Replaces the pins.
    pub(crate) fn repin(&self, pins: Pins) {
        self.lock().repin(pins);
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.lock().policy)
    }

    /// Unix seconds, as nonces carry them: the wall clock at the start and the monotonic clock
    /// since. A wall clock that is set moves no nonce's lifetime (S11).
    pub(crate) fn seconds(&self) -> u32 {
        let (start, unix_start) = self.started;
        seconds(unix_start + self.platform.now().saturating_duration_since(start))
    }

    pub(crate) fn replay(&self) -> MutexGuard<'_, ReplayTable> {
        self.replay.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A21: whether the proof of an attempt may be looked at. Asked before anything is kept of it.
    pub(crate) fn standing(&self, attempt: &Attempt, trace: impl FnOnce() -> Trace) -> Verdict {
        let now = self.platform.now();
        self.lock().failures.standing(now, attempt, trace)
    }

    /// A proof under a nonce of ours did not hold.
    pub(crate) fn failed(&self, call: CallRef, attempt: &Attempt, trace: Trace) {
        let now = self.platform.now();
        self.lock().failures.count(now, attempt, trace);
        self.settled(call, Signal::Refused);
    }

    /// Moves the sender's machine of a record; says whether the signal had a meaning.
    pub(crate) fn step(&self, call: u64, record: &mut Record, signal: Signal) -> bool {
        match record.state.on(Role::Sender, signal) {
            Step::To(to) => {
                self.tell(call, Role::Sender, record.state, to, signal);
                record.state = to;
                record.since = self.platform.now();
                true
            }
            Step::Stay => true,
            Step::Unexpected => false,
        }
    }

    /// Tells of a transition of the receiver's machine, whose state is in the nonce.
    pub(crate) fn receiver(&self, call: u64, signal: Signal) {
        let (from, to) = match signal {
            Signal::Unauthorized => (State::Idle, State::WaitForAuthorization),
            Signal::Authorized | Signal::Refused | Signal::Expired | Signal::Ended => {
                (State::WaitForAuthorization, State::Idle)
            }
        };
        self.tell(call, Role::Receiver, from, to, signal);
    }

    fn tell(&self, call: u64, role: Role, from: State, to: State, signal: Signal) {
        if let Some(observer) = &self.observer {
            observer.state(call, role, from, to, signal.name(role));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
