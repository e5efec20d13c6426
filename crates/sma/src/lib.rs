//! **SMA**: the interface between a security manager and a security application.
//!
//! ```text
//!   security manager                             security application (its own process)
//!        │  identities ─────────────────────────────▶ │   keys that can sign, by full fingerprint
//!        │  sign / verify ──────────────────────────▶ │   detached signatures over bytes
//!        │  encrypt / decrypt ──────────────────────▶ │   to and from full fingerprints
//! ```
//!
//! The application works on bytes and **reports facts**; the manager alone decides what they are
//! worth. It knows nothing of telephony. Private keys never cross: they are named by fingerprint.
//!
//! What it is *not*: a transport (`sma-socket` carries it), a trust model, a key server. The
//! manager owns the deadlines; dropping a future cancels the work behind it.

mod algorithm;
#[cfg(feature = "conformance")]
pub mod conformance;
mod key_fault;
mod null;
mod observed;
mod plaintext;

pub use algorithm::{AlgorithmId, KeyFacts};
pub use key_fault::KeyFault;
pub use null::{Deny, Open};
pub use observed::{Observed, Signal, Sink};
pub use plaintext::Plaintext;

use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

/// The largest data, signature, plaintext or ciphertext that crosses, in bytes.
pub const MAX_OCTETS: usize = 64 * 1024;

/// A full primary fingerprint: 20 bytes (v4) or 32 bytes (v6). RFC 9580 §5.5.4.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads 40 or 64 hexadecimal digits of either case; anything shorter is no fingerprint.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        whole.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key that the application holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The full primary fingerprint.
    pub fingerprint: Fingerprint,
    /// The user ids, self-signed, in order.
    pub user_ids: Vec<String>,
    /// Whether the private part is here.
    pub secret: bool,
    /// What kind of key it is.
    pub facts: KeyFacts,
    /// The other keys of the application, valid now, that have certified a user id of this one; none
    /// from an application that does not look. RFC 9580 §5.2.1.4.
    pub certified_by: Vec<Fingerprint>,
}

/// A notation to be put into a signature, or found in one. RFC 9580 §5.2.3.24.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notation {
    /// The name, `name@domain`.
    pub name: String,
    /// The value.
    pub value: Vec<u8>,
    /// Whether a verifier that does not know the name must refuse the signature.
    pub critical: bool,
}

/// What is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSign {
    /// The key.
    pub signer: Fingerprint,
    /// The octets.
    pub data: Vec<u8>,
    /// The notation; always critical.
    pub notation: Notation,
    /// Signature expiration, in whole seconds. RFC 9580 §5.2.3.18.
    pub expires_in: Duration,
}

/// What is to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToVerify {
    /// The only key that counts.
    pub signer: Fingerprint,
    /// The octets that were signed.
    pub data: Vec<u8>,
    /// One binary signature packet.
    pub signature: Vec<u8>,
    /// Notation names that the caller understands.
    pub known_notations: Vec<String>,
}

/// A hash algorithm by its OpenPGP id: 8 is SHA-256, 9 SHA-384, 10 SHA-512. RFC 9580 §9.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashId(pub u8);

/// The facts about a signature. The manager decides what they are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the signature holds mathematically over the data.
    pub good: bool,
    /// SHA-256 of the data that was checked: shows that the answer is about this question.
    pub data_sha256: [u8; 32],
    /// Signature packets found.
    pub signatures: u32,
    /// The primary key's fingerprint.
    pub primary: Fingerprint,
    /// The hash algorithm.
    pub hash: HashId,
    /// The signature type; 0x00 is a binary document. RFC 9580 §5.2.1.
    pub class: u8,
    /// When it was made, Unix seconds.
    pub created: u64,
    /// When it ends, Unix seconds, where it does.
    pub expires: Option<u64>,
    /// Whether the signing key was valid when the signature was made.
    pub key: KeyValidity,
    /// Whether the key's algorithm and size meet the floor: Ed25519, Ed448, ECDSA ≥ P-256,
    /// RSA ≥ 2048.
    pub strong: bool,
    /// The notations in the hashed area.
    pub notations: Vec<Notation>,
}

/// What the application knows of a key at the time a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyValidity {
    /// Valid, and allowed to sign.
    Valid,
    /// Expired.
    Expired,
    /// Revoked.
    Revoked,
    /// A subkey without its back-signature, or one that may not sign.
    NotForSigning,
}

/// Plaintext and what is known of its ciphertext.
#[derive(Debug, PartialEq, Eq)]
pub struct Decrypted {
    /// The plaintext.
    pub octets: Plaintext,
    /// Whether it was protected against change (SEIPD with a passed integrity check).
    pub integrity: bool,
}

/// Why the application did not answer a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// It is not there, or its connection broke.
    Unavailable,
    /// It did not answer within the deadline.
    Deadline,
    /// Too many jobs run and wait.
    Busy,
    /// It has no such key, or not its private part.
    NoSuchKey,
    /// The key is locked and nobody unlocked it.
    Locked,
    /// What it was given cannot be read.
    Malformed,
    /// It exceeds [`MAX_OCTETS`] or the limits of a signature.
    TooLarge,
    /// The key may not do this: expired, revoked, too weak, or no key for the purpose.
    Unusable,
    /// A public key is not imported, or what was given is none.
    Key(KeyFault),
    /// It answered what cannot be.
    Protocol,
    /// The disk is full where it keeps its keys.
    DiskFull,
    /// It cannot write to where it keeps its keys; its own messages say why.
    Storage,
    /// Its own storage or cryptography failed.
    Failed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(fault) => return fault.fmt(f),
            Self::Unavailable => "the security application is not there",
            Self::Deadline => "the security application did not answer in time",
            Self::Busy => "the security application is busy",
            Self::NoSuchKey => "no such key",
            Self::Locked => "the key is locked",
            Self::Malformed => "malformed OpenPGP data",
            Self::TooLarge => "too large",
            Self::Unusable => "the key may not be used for this",
            Self::Protocol => "the security application answered nonsense",
            Self::DiskFull => "the disk is full where the security application keeps its keys",
            Self::Storage => {
                "the security application cannot write to its key folder; -v shows what it says"
            }
            Self::Failed => "the security application failed",
        })
    }
}

impl std::error::Error for Error {}

/// What a security manager asks of a security application.
///
/// What is larger than [`MAX_OCTETS`] is [`Error::TooLarge`] before anything else is looked at; a
/// key that is not there is [`Error::NoSuchKey`] before what it would have been used on is read.
/// All that an application owes stands in `docs/interfaces/sma.md`.
#[async_trait]
pub trait SecurityApplication: Send + Sync {
    /// All keys, the application's own first.
    async fn identities(&self) -> Result<Vec<Key>, Error>;

    /// Makes one detached binary signature: exactly one packet of tag 2, at most 2 048 bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NoSuchKey`], [`Error::Locked`], [`Error::Unusable`].
    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error>;

    /// Reports the facts about a signature; a bad one is a report, not an error.
    ///
    /// Two packets are not told as one: [`Error::Malformed`], or a report that says
    /// [`signatures`](Report::signatures) is 2 or that it is not good.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for data or signature, [`Error::NoSuchKey`] without the signer's public
    /// key, [`Error::Malformed`] for what is no signature.
    async fn verify(&self, question: ToVerify) -> Result<Report, Error>;

    /// Encrypts to all `recipients`, with integrity protection and without compression. No octets
    /// are a plaintext, too.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::NoSuchKey`] where one is unknown, and where there is none;
    /// [`Error::Unusable`] where one has no encryption key.
    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error>;

    /// Decrypts with the private key of `recipient`.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NoSuchKey`] without the private part; [`Error::Malformed`] also
    /// where the integrity check fails or there is none.
    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error>;
}

/// The second trait: making and moving keys, for the user's commands and never for a message.
#[async_trait]
pub trait KeyAdministration: Send + Sync {
    /// Makes an Ed25519 key with an X25519 encryption subkey for `user_id`. Keys of its own that are
    /// valid for the same user id certify it, as far as they are open.
    async fn generate(&self, user_id: String) -> Result<Key, Error>;

    /// Imports public keys, binary or armored, at most [`MAX_OCTETS`]; where one of
    /// them cannot be used, none is.
    ///
    /// What a key does not need is ignored: trust packets, and signatures that cannot be read or do
    /// not hold. RFC 9580 §5.10, §5.2.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::Malformed`] for what is no key, [`Error::Key`] for one that
    /// cannot be used.
    async fn import(&self, octets: Vec<u8>) -> Result<Vec<Key>, Error>;

    /// The public key, armored.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`].
    async fn export(&self, fingerprint: Fingerprint) -> Result<String, Error>;
}

#[cfg(all(doctest, feature = "conformance"))]
#[doc = include_str!("../README.md")]
struct Readme;
