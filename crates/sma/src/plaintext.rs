//! Octets that are secret.

use std::fmt;
use std::hint::black_box;
use std::sync::atomic::{Ordering, compiler_fence};

/// What is to be encrypted, or was decrypted: never printed, not cloned, wiped on drop.
pub struct Plaintext(Vec<u8>);

impl Plaintext {
    /// The octets, for whoever encrypts or reads them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Plaintext {
    /// Takes the octets over.
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl AsRef<[u8]> for Plaintext {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Plaintext {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        let differing = pairs.fold(0, |found, (own, other)| black_box(found | (own ^ other)));
        self.0.len() == other.0.len() && differing == 0
    }
}

impl Eq for Plaintext {}

impl Drop for Plaintext {
    fn drop(&mut self) {
        // Room that was written to and given up is wiped, too.
        let room = self.0.capacity();
        self.0.clear();
        self.0.resize(room, 0);
        // Keeps the wipe from being optimised away as a dead store.
        black_box(&self.0);
        compiler_fence(Ordering::SeqCst);
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}
