//! SRTP and SRTCP: media packets protected in place. RFC 3711, RFC 7714.
//!
//! ```text
//!            master key and salt (44, 30 or 28 octets)
//!                          │ keys: KDF, rate 0
//!                ┌─────────┴─────────┐
//!            RTP transform      RTCP transform      cipher and MAC over one packet
//!                └─────────┬─────────┘
//!      sealer / opener ────┴──── sources: index, ROC, replay windows, for each SSRC
//! ```
//!
//! Nothing is believed or kept of a packet before its tag has verified: not its SSRC, not its
//! sequence number. No packet allocates.
//!
//! What it is *not*: MKI, key derivation rates other than 0, unencrypted SRTP or SRTCP,
//! encrypted header extensions. None of them is ever negotiated here.

mod halves;
mod keys;
mod opener;
mod packet;
mod sealer;
mod sources;
mod transform;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use halves::SrtpKeys;
pub use opener::SrtpOpener;
pub use sealer::SrtpSealer;

use std::fmt;

/// A crypto-suite: cipher, MAC and lengths. RFC 4568 §6.2, RFC 7714 §14.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES in counter mode, HMAC-SHA1 of 80 bits. RFC 3711.
    AesCm128HmacSha1_80,
    /// AES-GCM with a tag of 128 bits. RFC 7714.
    AeadAes128Gcm,
    /// The same with keys of 256 bits.
    AeadAes256Gcm,
}

impl Suite {
    /// Every suite that is known here.
    pub const ALL: [Self; 3] =
        [Self::AeadAes128Gcm, Self::AesCm128HmacSha1_80, Self::AeadAes256Gcm];

    /// Those that are offered by SDES, the preferred one first.
    pub const SDES: [Self; 2] = [Self::AeadAes128Gcm, Self::AesCm128HmacSha1_80];

    /// Octets of the longest master key with its salt.
    pub const LONGEST_KEY: usize = 44;

    /// The name in an `a=crypto` attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The suite of that name; names are case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Octets of the master key followed by the master salt.
    pub const fn key_length(self) -> usize {
        let (key, salt) = self.lengths();
        key + salt
    }

    /// Octets of the master key, and of the master salt.
    pub(crate) const fn lengths(self) -> (usize, usize) {
        match self {
            Self::AesCm128HmacSha1_80 => (16, 14),
            Self::AeadAes128Gcm => (16, 12),
            Self::AeadAes256Gcm => (32, 12),
        }
    }

    /// Octets of the authentication tag.
    pub const fn tag_length(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }
}

/// The master key and salt have another length than the suite's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongKeyLength;

impl fmt::Display for WrongKeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("master key and salt have the wrong length for the suite")
    }
}

impl std::error::Error for WrongKeyLength {}
