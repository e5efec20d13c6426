//! Key material of a fixed length.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

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
        self.0.ct_eq(&other.0).into()
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
    fn takes_wipes_and_hides() {
        let mut bytes = [7u8; 4];
        let secret = Secret::take(&mut bytes);
        assert_eq!(bytes, [0; 4]);
        assert_eq!(secret.expose(), &[7; 4]);
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert!(secret == Secret::take(&mut [7; 4]) && secret != Secret::take(&mut [8; 4]));
    }
}
