//! A handshake, from the first datagram to the keys of both directions. RFC 5764 §4, RFC 6347.
//!
//! ```text
//!   Waiting ── on_timeout, on_datagram ─▶ Running ── keys, and the certificate is the one ─▶ Keyed
//!                                            │                                                │
//!                                            └── too late, broken off, another ─▶ Failed      └─ answers who
//!                                                                                                asks again
//! ```

use super::certificate::Certificate;
use super::fingerprint::Fingerprints;
use super::machine::{self, Broken, LONGEST, MOST_OCTETS, Machine, Output, TIME};
use crate::srtp::{SrtpKeys, Suite};
use ssm::{Handshake, Refused};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use zeroize::Zeroizing;

/// Datagrams that wait to be sent.
const MOST_WAITING: usize = 32;

/// How far a handshake is, for the manager that handed it out.
pub(super) struct Progress {
    reached: Mutex<Reached>,
    keyed: Box<dyn Fn() + Send + Sync>,
}

#[derive(Clone, Copy, Debug)]
enum Reached {
    Nothing,
    Keys(Suite),
    Failure,
}

impl Progress {
    /// None yet; `keyed` is called once there are keys.
    pub(super) fn new(keyed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { reached: Mutex::new(Reached::Nothing), keyed: Box::new(keyed) }
    }

    /// The suite, once there are keys.
    pub(super) fn suite(&self) -> Option<Suite> {
        match self.reached() {
            Reached::Keys(suite) => Some(suite),
            Reached::Nothing | Reached::Failure => None,
        }
    }

    /// Whether there will be none.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.reached(), Reached::Failure)
    }

    fn reached(&self) -> Reached {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, reached: Reached) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = reached;
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({:?})", self.reached())
    }
}

/// What offer and answer say of a handshake.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) certificate: Arc<Certificate>,
    /// Which certificate the peer must show.
    pub(super) fingerprints: Fingerprints,
    /// Whether this side begins, as client.
    pub(super) active: bool,
}

/// A handshake.
pub(super) struct DtlsHandshake {
    terms: Terms,
    progress: Arc<Progress>,
    state: State,
    octets: usize,
    waiting: VecDeque<Vec<u8>>,
    timeout: Option<Instant>,
    outcome: Option<Result<SrtpKeys, Refused>>,
}

enum State {
    Waiting,
    Running {
        machine: Box<dyn Machine>,
        until: Instant,
        /// Whether the peer's certificate is the one that was named.
        named: bool,
        /// What an alert says that anybody can have sent.
        told: Option<Refused>,
    },
    Keyed(Box<dyn Machine>),
    Failed,
}

impl DtlsHandshake {
    pub(super) fn new(terms: Terms, progress: Arc<Progress>) -> Self {
        Self {
            terms,
            progress,
            state: State::Waiting,
            octets: 0,
            waiting: VecDeque::new(),
            timeout: None,
            outcome: None,
        }
    }

    fn begin(&mut self, now: Instant) {
        if !matches!(self.state, State::Waiting) {
            return;
        }
        match machine::made(&self.terms.certificate, self.terms.active, now) {
            Ok(machine) => {
                self.state =
                    State::Running { machine, until: now + TIME, named: false, told: None };
            }
            Err(why) => self.fail(why),
        }
    }

    /// Lets the machine take a step, and takes what it gives.
    fn step(&mut self, step: impl FnOnce(&mut dyn Machine) -> Result<(), Broken>) {
        let (machine, keyed) = match &mut self.state {
            State::Running { machine, .. } => (machine, false),
            State::Keyed(machine) => (machine, true),
            State::Waiting | State::Failed => return,
        };
        match step(machine.as_mut()) {
            Ok(()) => self.drain(),
            // What comes after it has ended changes nothing: the media have keys of their own.
            Err(_) if keyed => self.timeout = None,
            Err(Broken { why, by_anybody: true }) => self.note(why),
            Err(Broken { why, by_anybody: false }) => {
                let alert = machine.poll();
                self.fail(why);
                if let Output::Datagram(alert) = alert {
                    self.waiting.push_back(alert);
                }
            }
        }
    }

    fn drain(&mut self) {
        while let State::Running { machine, .. } | State::Keyed(machine) = &mut self.state {
            match machine.poll() {
                Output::Wait(until) => {
                    self.timeout = until;
                    break;
                }
                output => self.take(output),
            }
        }
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Datagram(datagram) if self.waiting.len() < MOST_WAITING => {
                self.waiting.push_back(datagram);
            }
            Output::Certificate(certificate) => {
                let is_it = self.terms.fingerprints.name(&certificate);
                match &mut self.state {
                    State::Running { named, .. } if is_it => *named = true,
                    State::Running { .. } => self.fail(Refused::Fingerprint),
                    State::Waiting | State::Keyed(_) | State::Failed => {}
                }
            }
            Output::Keys(suite, material) => self.key(suite, &material),
            Output::Broken(why) => self.fail(why),
            Output::Datagram(_) | Output::Wait(_) => {}
        }
    }

    /// The end: keys, under a certificate that was named.
    fn key(&mut self, suite: Suite, material: &[u8]) {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Running { machine, named: true, .. } => {
                let Some(keys) = keys(suite, material, self.terms.active) else {
                    return self.fail(Refused::NothingInCommon);
                };
                self.state = State::Keyed(machine);
                self.progress.reach(Reached::Keys(keys.suite()));
                self.outcome = Some(Ok(keys));
                (self.progress.keyed)();
            }
            State::Running { .. } => self.fail(Refused::Fingerprint),
            other @ (State::Waiting | State::Keyed(_) | State::Failed) => self.state = other,
        }
    }

    /// Goes on: if it was the peer who said it, nothing more will come, and that is told in the end.
    fn note(&mut self, why: Refused) {
        if let (State::Running { told, .. }, true) = (&mut self.state, why != Refused::Handshake) {
            *told = Some(why);
        }
        self.drain();
    }

    fn fail(&mut self, why: Refused) {
        let why = match self.state {
            State::Running { told: Some(told), .. } if why == Refused::Handshake => told,
            _ => why,
        };
        self.state = State::Failed;
        self.waiting.clear();
        self.timeout = None;
        self.progress.reach(Reached::Failure);
        self.outcome = Some(Err(why));
    }

    /// Counts what comes in before there are keys.
    fn is_too_much(&mut self, octets: usize) -> bool {
        let running = matches!(self.state, State::Running { .. });
        self.octets = self.octets.saturating_add(octets);
        running && self.octets > MOST_OCTETS
    }

    fn is_too_late(&self, now: Instant) -> bool {
        matches!(self.state, State::Running { until, .. } if until <= now)
    }
}

impl Handshake<SrtpKeys> for DtlsHandshake {
    fn on_timeout(&mut self, now: Instant) {
        self.begin(now);
        if self.is_too_late(now) {
            return self.fail(Refused::Handshake);
        }
        self.step(|machine| machine.on_timeout(now));
    }

    fn on_datagram(&mut self, now: Instant, octets: &[u8]) {
        self.on_timeout(now);
        if octets.len() > LONGEST || self.is_too_much(octets.len()) {
            return;
        }
        self.step(|machine| machine.on_datagram(octets));
    }

    fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Running { until, .. } => {
                self.timeout.map_or(Some(until), |at| Some(at.min(until)))
            }
            State::Keyed(_) => self.timeout,
            State::Waiting | State::Failed => None,
        }
    }

    fn poll_outcome(&mut self) -> Option<Result<SrtpKeys, Refused>> {
        self.outcome.take()
    }
}

impl Drop for DtlsHandshake {
    /// Who gives one up before its end may have another.
    fn drop(&mut self) {
        if matches!(self.state, State::Waiting | State::Running { .. }) {
            self.progress.reach(Reached::Failure);
        }
    }
}

/// What was exported, cut into the keys of both sides: the client's key and the server's, then the
/// client's salt and the server's. RFC 5764 §4.2.
fn keys(suite: Suite, material: &[u8], active: bool) -> Option<SrtpKeys> {
    let (key, salt) = suite.lengths();
    let (keys, salts) = material.split_at_checked(2 * key)?;
    let (client, server) = (keys.split_at_checked(key)?, salts.split_at_checked(salt)?);
    let [client, server] = [(client.0, server.0), (client.1, server.1)]
        .map(|(key, salt)| Zeroizing::new([key, salt].concat()));
    let (ours, theirs) = if active { (client, server) } else { (server, client) };
    SrtpKeys::new(suite, &ours, &theirs).ok()
}
