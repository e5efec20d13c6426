//! What the manager tells of a call: who the peer is, by what proof, and how it is protected.

use crate::policy::Algorithm;
use crate::secrecy::Secrecy;
use std::fmt;
use std::sync::Arc;

/// Who the peer is and how signalling and media are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// The proof of the peer's identity.
    pub proof: Proof,
    /// The signalling hop to the next element.
    pub hop: HopProtection,
    /// Each media line's protection, in SDP order.
    pub media: Vec<MediaProtection>,
    /// A downgrade that was asked for and refused.
    pub refused: Option<Refused>,
    /// What a user may want to know: for example a Contact that a middlebox rewrote.
    pub notes: Vec<&'static str>,
}

/// By what the peer's identity is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By nothing.
    None,
    /// The registrar or proxy of an account vouches: the request came over the account's registered
    /// flow, or ours was taken on by the account's next hop, which proved nothing itself.
    AccountHop {
        /// The account's AOR.
        account: String,
    },
    /// The peer answered a Digest challenge of ours, or we one of its and it showed in return that
    /// it knows the password too (`rspauth`, RFC 7616 §3.5).
    Digest {
        /// The user name.
        user: Arc<str>,
        /// The realm.
        realm: Arc<str>,
        /// The algorithm, as spelled on the wire.
        algorithm: Algorithm,
    },
    /// The peer signed with its OpenPGP key, and both directions verified.
    Pgp {
        /// The peer's AOR.
        aor: String,
        /// The full primary fingerprint, lower-case hex.
        fingerprint: String,
        /// Why that key is believed.
        trust: Trust,
    },
    /// The peer signed the request that began the call with its pinned OpenPGP key, in the form of
    /// RFC 2543 §15.1: neither its Request-URI nor anything that followed, and no media are secured
    /// by it.
    Rfc2543 {
        /// The peer's AOR.
        aor: String,
        /// The full primary fingerprint, lower-case hex.
        fingerprint: String,
    },
    /// The TLS connection's certificate names the peer. RFC 5922.
    Tls {
        /// The name.
        name: String,
    },
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no proof"),
            Self::AccountHop { account } => write!(f, "account {account}"),
            Self::Digest { user, realm, algorithm } => {
                write!(f, "{user} at {realm}, {}", algorithm.name())
            }
            Self::Pgp { aor, fingerprint, trust } => {
                let trust = match trust {
                    Trust::Pinned => "pinned",
                    Trust::Unverified => "unverified",
                };
                write!(f, "{aor}, {trust} key {fingerprint}")
            }
            Self::Rfc2543 { aor, fingerprint } => {
                write!(f, "{aor}, request alone, as RFC 2543 has it, pinned key {fingerprint}")
            }
            Self::Tls { name } => write!(f, "certificate of {name}"),
        }
    }
}

/// Why an OpenPGP key is believed to be the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// A pin: AOR to full primary fingerprint.
    Pinned,
    /// First contact: the signature holds, nobody has said whose key it is.
    Unverified,
}

/// How the signalling hop is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopProtection {
    /// In the clear.
    Clear,
    /// TLS.
    Tls,
}

/// How a media line is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaProtection {
    /// No media yet.
    None,
    /// RTP in the clear.
    Rtp,
    /// SRTP. By whom its keys were agreed on, the proof says, where that is the peer's signature; with
    /// any other, and none, whoever can change what is signalled may have put in its own.
    Srtp {
        /// The crypto-suite's name. RFC 4568 §6.2, RFC 7714 §14.2.
        suite: &'static str,
        /// What becomes of it once somebody has the long-lived keys.
        secrecy: Secrecy,
    },
}

/// A downgrade that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// Digest was offered where PGP is required.
    DigestForPgp,
    /// An algorithm below the floor was offered.
    Algorithm,
    /// Plain RTP was asked for where SRTP is required.
    PlainMedia,
}
