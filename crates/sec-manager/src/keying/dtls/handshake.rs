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
use crate::srtp::{SrtpKeys, Suite};
use dimpl::{Config, Dtls, Error, KeyingMaterial, Output, SecurityError, SrtpProfile};
use ssm::{Handshake, Refused};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a handshake may take.
const TIME: Duration = Duration::from_secs(10);
/// When a flight is sent again for the first time, doubled each time. RFC 6347 §4.2.4.1 allows less
/// than a second where time matters.
const FLIGHT: Duration = Duration::from_millis(200);
/// How often one is sent again: more often than there is time for.
const RETRIES: usize = 8;
/// The longest datagram that is looked at, and that is sent.
const LONGEST: usize = 2048;
const MTU: usize = 1200;
/// Octets that are looked at before there are keys: a handshake has about 4 000, and again as many
/// each time that something is lost.
const MOST_OCTETS: usize = 64 * 1024;
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
    /// What the machine writes to: a certificate is no longer than what came in.
    room: Vec<u8>,
    waiting: VecDeque<Vec<u8>>,
    timeout: Option<Instant>,
    outcome: Option<Result<SrtpKeys, Refused>>,
}

enum State {
    Waiting,
    Running {
        dtls: Box<Dtls>,
        until: Instant,
        /// Whether the peer's certificate is the one that was named.
        named: bool,
        /// What an alert says that anybody can have sent.
        told: Option<Refused>,
    },
    Keyed(Box<Dtls>),
    Failed,
}

impl DtlsHandshake {
    pub(super) fn new(terms: Terms, progress: Arc<Progress>) -> Self {
        Self {
            terms,
            progress,
            state: State::Waiting,
            octets: 0,
            room: Vec::new(),
            waiting: VecDeque::new(),
            timeout: None,
            outcome: None,
        }
    }

    fn begin(&mut self, now: Instant) {
        if !matches!(self.state, State::Waiting) {
            return;
        }
        match config() {
            Ok(config) => {
                let certificate = self.terms.certificate.with_key();
                let mut dtls = Box::new(Dtls::new_12(config, certificate, now));
                dtls.set_active(self.terms.active);
                self.room = vec![0; MOST_OCTETS];
                self.state = State::Running { dtls, until: now + TIME, named: false, told: None };
            }
            Err(_) => self.fail(Refused::Handshake),
        }
    }

    /// Lets the machine take a step, and takes what it gives.
    fn step(&mut self, step: impl FnOnce(&mut Dtls) -> Result<(), Error>) {
        let (dtls, keyed) = match &mut self.state {
            State::Running { dtls, .. } => (dtls, false),
            State::Keyed(dtls) => (dtls, true),
            State::Waiting | State::Failed => return,
        };
        match step(dtls) {
            Ok(()) => self.drain(),
            // What comes after it has ended changes nothing: the media have keys of their own.
            Err(_) if keyed => self.timeout = None,
            Err(error) if is_by_anybody(&error) => self.note(refused(&error)),
            Err(error) => {
                let alert = alert(dtls, &mut self.room);
                self.fail(refused(&error));
                self.waiting.extend(alert);
            }
        }
    }

    fn drain(&mut self) {
        let mut room = std::mem::take(&mut self.room);
        while let State::Running { dtls, .. } | State::Keyed(dtls) = &mut self.state {
            match dtls.poll_output(&mut room) {
                Output::Timeout(at) => {
                    self.timeout = Some(at);
                    break;
                }
                output => self.take(output),
            }
        }
        if let State::Keyed(_) = self.state {
            // What is said after the end is short, and a call is long.
            room.truncate(LONGEST);
            room.shrink_to_fit();
        }
        self.room = room;
    }

    fn take(&mut self, output: Output<'_>) {
        match output {
            Output::Packet(octets) if self.waiting.len() < MOST_WAITING => {
                self.waiting.push_back(octets.to_vec());
            }
            Output::PeerCert(certificate) => {
                let is_it = self.terms.fingerprints.name(certificate);
                match &mut self.state {
                    State::Running { named, .. } if is_it => *named = true,
                    State::Running { .. } => self.fail(Refused::Fingerprint),
                    State::Waiting | State::Keyed(_) | State::Failed => {}
                }
            }
            Output::KeyingMaterial(material, profile) => self.key(&material, profile),
            // Nothing that is sent is longer than the room.
            Output::BufferTooSmall { .. } => self.fail(Refused::Handshake),
            // Nobody speaks here but the media, and it is the call that ends them.
            _ => {}
        }
    }

    /// The end: keys, under a certificate that was named.
    fn key(&mut self, material: &KeyingMaterial, profile: SrtpProfile) {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Running { dtls, named: true, .. } => {
                let active = self.terms.active;
                let Some(keys) = suite(profile).and_then(|suite| keys(suite, material, active))
                else {
                    return self.fail(Refused::NothingInCommon);
                };
                self.state = State::Keyed(dtls);
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
        self.step(|dtls| dtls.handle_timeout(now));
    }

    fn on_datagram(&mut self, now: Instant, octets: &[u8]) {
        self.on_timeout(now);
        if octets.len() > LONGEST || self.is_too_much(octets.len()) {
            return;
        }
        self.step(|dtls| dtls.handle_packet(octets));
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

/// What a machine that broke off tells the peer.
fn alert(dtls: &mut Dtls, room: &mut [u8]) -> Option<Vec<u8>> {
    match dtls.poll_output(room) {
        Output::Packet(octets) => Some(octets.to_vec()),
        _ => None,
    }
}

/// DTLS 1.2 with certificates on both sides, and ClientHellos answered once their source is shown.
fn config() -> Result<Arc<Config>, Error> {
    Config::builder()
        .mtu(MTU)
        .flight_start_rto(FLIGHT)
        .flight_retries(RETRIES)
        .handshake_timeout(TIME)
        .require_client_certificate(true)
        .use_server_cookie(true)
        .build()
        .map(Arc::new)
}

/// RFC 5764 §4.1.2, RFC 7714 §14.2. `SRTP_AES128_CM_HMAC_SHA1_32` is not offered, and not taken.
const fn suite(profile: SrtpProfile) -> Option<Suite> {
    match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Some(Suite::AesCm128HmacSha1_80),
        SrtpProfile::AEAD_AES_128_GCM => Some(Suite::AeadAes128Gcm),
        SrtpProfile::AEAD_AES_256_GCM => Some(Suite::AeadAes256Gcm),
        _ => None,
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

/// Whether it needs no keys to have a machine say so: an alert in plain text, and messages that do not
/// follow. It goes on after either. RFC 6347 §4.1.2.7.
const fn is_by_anybody(error: &Error) -> bool {
    matches!(
        error,
        Error::SecurityError(SecurityError::FatalAlert { .. }) | Error::ReceiveQueueFull
    )
}

/// Why a handshake broke off. RFC 5246 §7.2: 40 is `handshake_failure`, 43 `unsupported_certificate`.
fn refused(error: &Error) -> Refused {
    match error {
        Error::CertificateError(_)
        | Error::CryptoError(_)
        | Error::SecurityError(
            SecurityError::FatalAlert { description: 40 | 43 }
            | SecurityError::NoMutuallyAcceptableCipherSuite
            | SecurityError::ExtendedMasterSecretNotNegotiated
            | SecurityError::SignatureAlgorithmMismatch { .. },
        ) => Refused::NothingInCommon,
        _ => Refused::Handshake,
    }
}
