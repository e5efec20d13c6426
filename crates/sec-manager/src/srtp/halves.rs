//! The keys of both directions of a line, and the two halves that are made of them.

use super::{SrtpOpener, SrtpSealer, Suite, WrongKeyLength};
use ssm::MediaGuard;
use std::fmt;
use zeroize::Zeroizing;

/// The master keys of a media line, each followed by its salt. Wiped on drop.
pub struct SrtpKeys {
    suite: Suite,
    ours: Zeroizing<Vec<u8>>,
    theirs: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SrtpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrtpKeys({}, [redacted])", self.suite.name())
    }
}

impl SrtpKeys {
    /// What we seal under, and what we open under.
    ///
    /// # Errors
    /// Either is not [`Suite::key_length`] octets.
    pub fn new(suite: Suite, ours: &[u8], theirs: &[u8]) -> Result<Self, WrongKeyLength> {
        if [ours, theirs].iter().any(|key| key.len() != suite.key_length()) {
            return Err(WrongKeyLength);
        }
        let kept = |key: &[u8]| Zeroizing::new(key.to_vec());
        Ok(Self { suite, ours: kept(ours), theirs: kept(theirs) })
    }

    /// The crypto-suite.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The master key that we seal under, then its salt.
    pub fn ours(&self) -> &[u8] {
        &self.ours
    }

    /// The master key that we open under, then its salt.
    pub fn theirs(&self) -> &[u8] {
        &self.theirs
    }

    /// The two halves. To be made once: two sealers under one key would use one key stream twice.
    ///
    /// # Errors
    /// None of keys that [`new`](Self::new) took.
    pub fn guard(&self) -> Result<MediaGuard, WrongKeyLength> {
        let sealer = Box::new(SrtpSealer::new(self.suite, &self.ours)?);
        let opener = Box::new(SrtpOpener::new(self.suite, &self.theirs)?);
        Ok(MediaGuard { sealer, opener })
    }
}
