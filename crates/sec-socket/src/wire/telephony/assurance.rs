//! What the manager tells of a call.

use super::policy::{algorithm_number, algorithm_value, secrecy_number, secrecy_value};
use crate::wire::number::numbered;
use crate::wire::words::{note, note_place, suite, suite_place};
use prost::Message;
use sst::{HopProtection, MediaProtection, Proof, Refused, Trust};

numbered!(HopProtection, hop, hop_of { HopProtection::Clear = 1, HopProtection::Tls = 2 });
numbered!(Trust, trust, trust_of { Trust::Pinned = 1, Trust::Unverified = 2 });
numbered!(Refused, refused, refused_of, else 2 {
    Refused::DigestForPgp = 1, Refused::Algorithm = 2, Refused::PlainMedia = 3,
});

#[derive(Clone, PartialEq, Message)]
struct WireProof {
    /// 1 none, 2 account, 3 Digest, 4 OpenPGP, 5 TLS, 6 as RFC 2543 has it.
    #[prost(uint32, tag = "1")]
    kind: u32,
    /// The account, user, AOR or name.
    #[prost(string, tag = "2")]
    who: String,
    /// The realm or fingerprint.
    #[prost(string, tag = "3")]
    by: String,
    /// The algorithm, or why the key is trusted.
    #[prost(uint32, tag = "4")]
    how: u32,
}

impl WireProof {
    fn of(proof: &Proof) -> Self {
        let (kind, who, by, how) = match proof {
            Proof::None => (1, "", "", 0),
            Proof::AccountHop { account } => (2, &account[..], "", 0),
            Proof::Digest { user, realm, algorithm } => {
                (3, &user[..], &realm[..], algorithm_number(*algorithm))
            }
            Proof::Pgp { aor, fingerprint, trust: why } => {
                (4, &aor[..], &fingerprint[..], trust(*why))
            }
            Proof::Tls { name } => (5, &name[..], "", 0),
            Proof::Rfc2543 { aor, fingerprint } => (6, &aor[..], &fingerprint[..], 0),
        };
        Self { kind, who: who.to_owned(), by: by.to_owned(), how }
    }

    fn read(self) -> Option<Proof> {
        let Self { kind, who, by, how } = self;
        Some(match kind {
            1 => Proof::None,
            2 => Proof::AccountHop { account: who },
            3 => Proof::Digest {
                user: who.into(),
                realm: by.into(),
                algorithm: algorithm_value(how)?,
            },
            4 => Proof::Pgp { aor: who, fingerprint: by, trust: trust_of(how)? },
            5 => Proof::Tls { name: who },
            6 => Proof::Rfc2543 { aor: who, fingerprint: by },
            _ => return None,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
struct Media {
    /// 1 none, 2 RTP, 3 SRTP.
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(uint32, tag = "2")]
    suite: u32,
    #[prost(uint32, tag = "3")]
    secrecy: u32,
}

impl Media {
    fn of(media: &MediaProtection) -> Self {
        let kind = |kind| Self { kind, suite: 0, secrecy: 0 };
        match media {
            MediaProtection::None => kind(1),
            MediaProtection::Rtp => kind(2),
            MediaProtection::Srtp { suite, secrecy } => {
                Self { suite: suite_place(suite), secrecy: secrecy_number(*secrecy), ..kind(3) }
            }
        }
    }

    fn read(self) -> Option<MediaProtection> {
        Some(match self.kind {
            1 => MediaProtection::None,
            2 => MediaProtection::Rtp,
            3 => MediaProtection::Srtp {
                suite: suite(self.suite)?,
                secrecy: secrecy_value(self.secrecy)?,
            },
            _ => return None,
        })
    }
}

/// [`sst::Assurance`].
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Assurance {
    #[prost(message, optional, tag = "1")]
    proof: Option<WireProof>,
    #[prost(uint32, tag = "2")]
    hop: u32,
    #[prost(message, repeated, tag = "3")]
    media: Vec<Media>,
    #[prost(uint32, optional, tag = "4")]
    refused: Option<u32>,
    #[prost(uint32, repeated, tag = "5")]
    notes: Vec<u32>,
}

impl Assurance {
    pub(crate) fn of(it: &sst::Assurance) -> Self {
        Self {
            proof: Some(WireProof::of(&it.proof)),
            hop: hop(it.hop),
            media: it.media.iter().map(Media::of).collect(),
            refused: it.refused.map(refused),
            notes: it.notes.iter().map(|it| note_place(it)).collect(),
        }
    }

    pub(crate) fn read(self) -> Option<sst::Assurance> {
        Some(sst::Assurance {
            proof: self.proof?.read()?,
            hop: hop_of(self.hop)?,
            media: self.media.into_iter().map(Media::read).collect::<Option<_>>()?,
            refused: match self.refused {
                Some(number) => Some(refused_of(number)?),
                None => None,
            },
            notes: self.notes.into_iter().map(note).collect::<Option<_>>()?,
        })
    }
}

/// The answer to `assurance`; empty where the call is not known.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Assured {
    #[prost(message, optional, tag = "1")]
    pub(crate) assurance: Option<Assurance>,
}

/// A call's assurance, told because it changed.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct CallAssurance {
    #[prost(uint64, tag = "1")]
    pub(crate) call: u64,
    #[prost(message, optional, tag = "2")]
    pub(crate) assurance: Option<Assurance>,
}
