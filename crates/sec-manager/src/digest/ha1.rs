//! HA1: what stands for a user's password.

use digest::Digest;
use std::fmt;
use std::marker::PhantomData;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A digest in lower-case hexadecimal, at most 32 octets of it.
#[derive(Clone, Copy)]
pub struct Hex {
    digits: [u8; 64],
    length: usize,
}

impl Hex {
    /// The digits of `octets`; those beyond 32 are dropped, which no algorithm here has.
    pub(super) fn of(octets: &[u8]) -> Self {
        const fn digit(nibble: u8) -> u8 {
            if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
        }
        let mut hex = Self { digits: [0; 64], length: octets.len().min(32) * 2 };
        for (pair, octet) in hex.digits.chunks_exact_mut(2).zip(octets) {
            if let [high, low] = pair {
                *high = digit(octet >> 4);
                *low = digit(octet & 15);
            }
        }
        hex
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    /// Whether `text` is these digits, in a time that does not depend on where they differ.
    pub fn is(&self, text: &[u8]) -> bool {
        self.as_bytes().ct_eq(text).into()
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} digits]", self.length)
    }
}

/// `H(username:realm:password)` under the hash `D`: as good as the password within its realm.
///
/// RFC 7616 §3.4.2. Never printed, wiped on drop, not cloned.
pub struct HA1<D> {
    hex: Hex,
    hash: PhantomData<fn() -> D>,
}

impl<D: Digest> HA1<D> {
    /// Of a user name, a realm and a password, each as its octets.
    pub fn new(user: &[u8], realm: &[u8], password: &[u8]) -> Self {
        let mut hash = D::new();
        for part in [user, b":", realm, b":", password] {
            hash.update(part);
        }
        let mut octets = hash.finalize();
        let hex = Hex::of(&octets);
        octets.zeroize();
        Self { hex, hash: PhantomData }
    }

    /// The digits, for whoever hashes them.
    pub(super) fn expose(&self) -> &[u8] {
        self.hex.as_bytes()
    }
}

impl<D> Drop for HA1<D> {
    fn drop(&mut self) {
        self.hex.digits.zeroize();
    }
}

impl<D> fmt::Debug for HA1<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Runs `$body` with `$d` as the hash of `$algorithm`.
macro_rules! with_hash {
    ($algorithm:expr, $d:ident => $body:expr) => {
        match $algorithm {
            sst::Algorithm::Md5 => {
                type $d = md5::Md5;
                $body
            }
            sst::Algorithm::Sha256 => {
                type $d = sha2::Sha256;
                $body
            }
            sst::Algorithm::Sha512_256 => {
                type $d = sha2::Sha512_256;
                $body
            }
        }
    };
}
pub(super) use with_hash;
