//! HA1: what stands for a user's password.

use crate::secret::same;
use digest::Update;
use sip_syntax::{Text, hex};
use sst::{Algorithm, Password};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

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

/// A digest in lower-case hexadecimal, at most 32 octets of it.
#[derive(Clone, Copy)]
pub struct Hex {
    digits: [u8; 64],
    length: usize,
}

impl Hex {
    /// The digits of `octets`: 16 or 32, as every algorithm here has.
    pub(super) fn of(octets: &[u8]) -> Self {
        let (halves, _) = octets.as_chunks::<16>();
        let mut hex = Self { digits: [0; 64], length: halves.len().min(2) * 32 };
        let (places, _) = hex.digits.as_chunks_mut::<2>();
        let (places, _) = places.as_chunks_mut::<16>();
        places.iter_mut().zip(halves).for_each(|(place, half)| *place = hex::digits(*half));
        hex
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    /// The digits as a parameter's value.
    pub(super) fn as_text(&self) -> Text<'_> {
        Text::plain(self.as_bytes())
    }

    /// Whether `text` is these digits, in a time that does not depend on where they differ.
    pub fn is(&self, text: &[u8]) -> bool {
        same(self.as_bytes(), text)
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} digits]", self.length)
    }
}

/// A hash that the scheme can run over, which wipes itself on drop: `Md5`, `Sha256`, `Sha512_256`.
pub trait Hash:
    digest::Digest + digest::Update + digest::FixedOutputReset + Clone + ZeroizeOnDrop
{
}

impl<D> Hash for D where
    D: digest::Digest + digest::Update + digest::FixedOutputReset + Clone + ZeroizeOnDrop
{
}

/// The digits of `H(username:realm:password)`, in lower case, for who keeps them in place of the
/// password: [`sst::Secret::Ha1`]. Within the realm they are as good as it. RFC 7616 §3.4.2, §5.13.
pub fn ha1(algorithm: Algorithm, user: &[u8], realm: &[u8], password: &[u8]) -> Password {
    with_hash!(algorithm, D => {
        let mut hex = digits::<D>(user, realm, password);
        let kept = Password::new(hex.as_bytes().to_vec());
        hex.digits.zeroize();
        kept
    })
}

/// The digits, to be wiped.
fn digits<D: Hash>(user: &[u8], realm: &[u8], password: &[u8]) -> Hex {
    let mut hash = D::new();
    for part in [user, b":", realm, b":", password] {
        Update::update(&mut hash, part);
    }
    let mut octets = hash.finalize();
    let hex = Hex::of(&octets);
    octets.zeroize();
    hex
}

/// `H(username:realm:password)` under the hash `D`: as good as the password within its realm.
///
/// RFC 7616 §3.4.2. Never printed, wiped on drop, not cloned. What is kept is the hash of a
/// response that has been fed HA1's digits: every response begins with them.
pub struct HA1<D> {
    begun: D,
}

impl<D: Hash> HA1<D> {
    /// Of a user name, a realm and a password, each as its octets.
    pub fn new(user: &[u8], realm: &[u8], password: &[u8]) -> Self {
        let mut hex = digits::<D>(user, realm, password);
        let ha1 = Self::of_digits(hex.as_bytes());
        hex.digits.zeroize();
        ha1
    }

    /// Of its digits, as they are hashed.
    pub(super) fn of_digits(digits: &[u8]) -> Self {
        let mut begun = D::new();
        Update::update(&mut begun, digits);
        Self { begun }
    }

    /// A hash that has been fed the digits.
    pub(super) fn begun(&self) -> D {
        self.begun.clone()
    }
}

impl<D> fmt::Debug for HA1<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
