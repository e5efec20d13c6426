//! Key material of a fixed length.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, zeroize_stack};

/// Octets of stack that making keys may leave copies in.
pub(crate) const KEYING: usize = 32 * 1024;

/// Computes with secrets, and wipes `DEPTH` octets of the stack that the computation used.
///
/// Whatever is keyed is moved on its way to where it stays, and a move leaves its source behind.
/// What `work` returns should be in a box, since it is moved once more. The compiler promises
/// nothing about stacks: what holds is what a search of memory finds (`docs/promises.md`, 16).
pub(crate) fn sheltered<const DEPTH: usize, T>(work: impl FnOnce() -> T) -> T {
    // A frame of its own, which lies where the wiped one will lie.
    #[inline(never)]
    fn apart<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
    let value = apart(work);
    zeroize_stack::<DEPTH>();
    value
}

/// Whether two octet strings are the same, in a time that depends on their lengths alone.
pub(crate) fn same(ours: &[u8], theirs: &[u8]) -> bool {
    if ours.len() != theirs.len() {
        return false;
    }
    // Eight at a time, since every comparison is hidden from the optimiser by itself.
    let (our_words, our_rest) = ours.as_chunks::<8>();
    let (their_words, their_rest) = theirs.as_chunks::<8>();
    let differing = our_words.iter().zip(their_words).fold(0, |found, (our, their)| {
        found | (u64::from_ne_bytes(*our) ^ u64::from_ne_bytes(*their))
    });
    let rest = our_rest.iter().zip(their_rest).fold(0, |found, (our, their)| found | (our ^ their));
    (differing | u64::from(rest)).ct_eq(&0).into()
}

/// `N` secret bytes: never printed, wiped on drop, not copied, compared in constant time.
pub(crate) struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes the bytes over; the caller's array is wiped.
    pub(crate) fn take(bytes: &mut [u8; N]) -> Self {
        let secret = Self(*bytes);
        bytes.zeroize();
        secret
    }

    /// The bytes, for whoever computes with them.
    pub(crate) const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a12_every_octet_counts() {
        for length in [0, 1, 7, 8, 18, 32, 64] {
            let ours = vec![0x5a; length];
            assert!(same(&ours, &ours.clone()));
            for at in 0..length {
                let mut theirs = ours.clone();
                theirs[at] ^= 1;
                assert!(!same(&ours, &theirs), "{at} of {length}");
            }
            assert!(!same(&ours, &[ours.as_slice(), &[0]].concat()));
        }
    }

    #[test]
    fn takes_wipes_and_hides() {
        let mut bytes = [7u8; 4];
        let secret = Secret::take(&mut bytes);
        assert_eq!(bytes, [0; 4]);
        assert_eq!(secret.expose(), &[7; 4]);
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert!(secret == Secret::take(&mut [7; 4]) && secret != Secret::take(&mut [8; 4]));
    }
}
