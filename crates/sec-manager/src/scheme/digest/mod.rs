//! HTTP Digest for SIP, as client and as server. RFC 3261 §22, RFC 7616, RFC 8760.
//!
//! The computation is a handful of pure functions over borrowed text ([`answer`], [`verify`],
//! [`expected`]); the rules of who may ask and who is answered stand in the scheme that the
//! manager is given as a [`Digest`].

mod accepted;
mod answer;
mod challenge;
mod client;
mod compute;
mod credentials;
pub mod explain;
mod ha1;
mod keys;
pub(crate) mod proofs;
pub(crate) mod realms;
mod seam;
mod server;
pub(crate) mod typed;

pub use challenge::{Challenge, Qops};
pub use compute::{Asked, Reply, answer, expected, response_proof, verify};
pub use credentials::{Bad, Credentials};
pub use ha1::{HA1, Hash, Hex, ha1};

pub(crate) use keys::Keys;

use sip_syntax::Text;
use sst::Algorithm;

/// The scheme's word.
pub const SCHEME: &str = "Digest";

/// The scheme as a value: given to the manager's builder, it is linked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Digest;

/// An algorithm as the wire names it: the hash, and whether the session variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The hash.
    pub hash: Algorithm,
    /// `-sess`: HA1 also covers nonce and cnonce. RFC 7616 §3.4.2.
    pub session: bool,
}

impl Named {
    /// MD5, which is meant where no algorithm is named. RFC 7616 §3.3.
    pub const DEFAULT: Self = Self { hash: Algorithm::Md5, session: false };

    const ALL: [(&'static str, Self); 6] = [
        ("MD5", Self { hash: Algorithm::Md5, session: false }),
        ("MD5-sess", Self { hash: Algorithm::Md5, session: true }),
        ("SHA-256", Self { hash: Algorithm::Sha256, session: false }),
        ("SHA-256-sess", Self { hash: Algorithm::Sha256, session: true }),
        ("SHA-512-256", Self { hash: Algorithm::Sha512_256, session: false }),
        ("SHA-512-256-sess", Self { hash: Algorithm::Sha512_256, session: true }),
    ];

    /// The algorithm of this name, in any case; `None` for one that is not known.
    pub fn parse(name: Text<'_>) -> Option<Self> {
        let known = Self::ALL.iter().find(|(n, _)| name.is_word(n));
        known.map(|(_, named)| *named)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, named)| *named == self);
        known.map_or("MD5", |(name, _)| name)
    }
}

/// The quality of protection. RFC 7616 §3.4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// Method and URI are covered.
    Auth,
    /// The body too.
    AuthInt,
}

impl Qop {
    /// The token on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    /// The quality that `token` names.
    pub fn parse(token: Text<'_>) -> Option<Self> {
        [Self::Auth, Self::AuthInt].into_iter().find(|qop| token.is_word(qop.name()))
    }
}

#[cfg(test)]
mod tests;
