//! Many short octet strings on their way into a hash or a MAC.

use digest::Update;

/// Octets that are gathered before they are hashed.
const ROOM: usize = 256;

/// A hash, and what it has not been given yet.
///
/// One long update costs less than ten short ones: each of them looks at the block that is being
/// filled. What does not fit is given on at once.
pub(crate) struct Gather<'h, H> {
    hash: &'h mut H,
    octets: [u8; ROOM],
    length: usize,
}

impl<'h, H: Update> Gather<'h, H> {
    #[inline]
    pub(crate) const fn new(hash: &'h mut H) -> Self {
        Self { hash, octets: [0; ROOM], length: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, octets: &[u8]) {
        let end = self.length + octets.len();
        match self.octets.get_mut(self.length..end) {
            Some(room) => {
                room.copy_from_slice(octets);
                self.length = end;
            }
            None => self.pass(octets),
        }
    }

    #[cold]
    fn pass(&mut self, octets: &[u8]) {
        self.flush();
        self.hash.update(octets);
    }

    /// Gives the hash what is left. Without this call it stays unhashed.
    #[inline]
    pub(crate) fn flush(&mut self) {
        self.hash.update(self.octets.get(..self.length).unwrap_or_default());
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn gathering_changes_nothing(lengths in proptest::collection::vec(0..400usize, 0..8)) {
            let parts: Vec<Vec<u8>> = lengths.iter().map(|length| vec![7; *length]).collect();
            let mut hash = Sha256::new();
            let mut gather = Gather::new(&mut hash);
            parts.iter().for_each(|part| gather.push(part));
            gather.flush();
            prop_assert_eq!(hash.finalize(), Sha256::digest(parts.concat()));
        }
    }
}
