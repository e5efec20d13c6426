//! What a machine is asked and gives, and what bounds it.

use crate::srtp::Suite;
use ssm::Refused;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a handshake may take.
pub(crate) const TIME: Duration = Duration::from_secs(10);
/// The longest datagram that is looked at, and that is sent.
pub(crate) const LONGEST: usize = 2048;
/// Octets that are looked at before there are keys: a handshake has about 4 000, and again as many
/// each time that something is lost.
pub(crate) const MOST_OCTETS: usize = 64 * 1024;
/// The longest datagram that it makes.
pub(super) const MTU: u16 = 1200;

/// A machine.
pub(crate) trait Machine: Send {
    /// Begins, or sends again what was not answered.
    ///
    /// # Errors
    /// The handshake is over, or somebody wants it to be.
    fn on_timeout(&mut self, now: Instant) -> Result<(), Broken>;

    /// Takes a datagram, after a call of `on_timeout` with its time.
    ///
    /// # Errors
    /// The handshake is over, or somebody wants it to be.
    fn on_datagram(&mut self, octets: &[u8]) -> Result<(), Broken>;

    /// What comes next of that; to be asked until it waits. After an error, it may be an alert for the
    /// peer.
    fn poll(&mut self) -> Output;
}

/// What a machine gives.
pub(crate) enum Output {
    /// To be sent.
    Datagram(Vec<u8>),
    /// The peer's certificate, in DER (RFC 5280): before anything leaves that follows from it. That the
    /// peer has its key is certain once there are keys.
    Certificate(Vec<u8>),
    /// The keys of both sides, as they are exported. RFC 5764 §4.2.
    Keys(Suite, Zeroizing<Vec<u8>>),
    /// It cannot go on.
    Broken(Refused),
    /// Nothing, until then.
    Wait(Option<Instant>),
}

/// It broke off.
pub(crate) struct Broken {
    /// Why.
    pub(crate) why: Refused,
    /// Whether it needs no keys to have a machine say so: an alert in plain text, and messages that do
    /// not follow. It goes on after either. RFC 6347 §4.1.2.7.
    pub(crate) by_anybody: bool,
}
