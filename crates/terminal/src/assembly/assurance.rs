//! What is known of a call's peer, as it is shown and reported.

use serde::Serialize;

const PLAIN: &str = "RTP";
const NO_SECRECY: &str = "none";
#[cfg(feature = "digest")]
const FORWARD: &str = "forward";
const POST_QUANTUM: &str = "post_quantum";
/// What is said of a call where there is no security manager.
const UNKNOWN: &str = "Nobody has proved who this is; its media are not encrypted.";

/// Who the peer is, by what proof, and how the call is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assurance {
    /// `none`, `account`, `digest`, `pgp` or `tls`.
    pub proof: &'static str,
    /// Who was proved: an AOR or a host name; by Digest a caller's user name, or the URI that was
    /// called, where its answer showed that the password is known there (RFC 7616 §3.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Our account whose registrar or proxy vouches for the peer, and proved nothing itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The full primary fingerprint of the peer's OpenPGP key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// `pinned` or `unverified`, of an OpenPGP key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<&'static str>,
    /// The Digest algorithm and realm, and in a call that was placed the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// `RTP`, or `SRTP` with the suite.
    pub media: Vec<String>,
    /// Of each of them what is left to somebody who has recorded it and gets the long-lived keys of
    /// both sides later: `none` (no secrecy: it is heard), `forward` (nothing is heard, unless with a
    /// quantum computer), `post_quantum` (nothing at all).
    pub secrecy: Vec<&'static str>,
    /// The same in one sentence.
    pub sentence: String,
    /// A downgrade that was refused, and what a user may want to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Assurance {
    /// Nothing is known: there is no security manager in this flavour.
    pub fn none() -> Self {
        Self {
            proof: "none",
            peer: None,
            account: None,
            fingerprint: None,
            trust: None,
            digest: None,
            media: vec![PLAIN.to_owned()],
            secrecy: vec![NO_SECRECY],
            sentence: UNKNOWN.to_owned(),
            notes: Vec::new(),
        }
    }

    /// Whether no media line goes in the clear: one whose keys are still agreed on carries nothing.
    pub(super) fn is_encrypted(&self) -> bool {
        self.media.iter().all(|media| media != PLAIN)
    }

    /// Nobody has been asked about the call yet, nor about its media.
    pub(super) fn nothing_yet() -> Self {
        let sentence = "Nobody has proved who this is; there are no media yet.".to_owned();
        Self { media: Vec::new(), secrecy: Vec::new(), sentence, ..Self::none() }
    }

    /// Whether each media line is of no use to whoever gets the long-lived keys later.
    pub fn is_forward_secret(&self) -> bool {
        !self.secrecy.is_empty() && self.secrecy.iter().all(|secrecy| *secrecy != NO_SECRECY)
    }

    /// Whether that holds against a quantum computer, too.
    pub fn is_post_quantum(&self) -> bool {
        !self.secrecy.is_empty() && self.secrecy.iter().all(|secrecy| *secrecy == POST_QUANTUM)
    }

    /// Who calls, as a person is to be asked: who was proved, and what the rest of the world could
    /// have written there. `from` is what the caller says. Case F02.
    pub fn caller(&self, from: &str) -> String {
        match (self.proof, &self.peer, &self.digest, &self.account) {
            ("pgp", Some(peer), ..) => format!("{peer}, proved by the pinned key"),
            ("digest", Some(user), Some(digest), _) => {
                format!("{user}, proved by Digest ({digest}), who says to be {from}")
            }
            (_, Some(peer), ..) => {
                format!("{peer}, proved by {}, who says to be {from}", self.proof)
            }
            (_, None, _, Some(account)) => format!(
                "somebody who says to be {from}, unverified: only the registrar or proxy of \
                 {account} vouches"
            ),
            (_, None, _, None) => format!("somebody who says to be {from}, unverified"),
        }
    }
}

#[cfg(feature = "digest")]
impl Assurance {
    /// What the security manager tells of a call; `called` is the URI that we called.
    pub(super) fn of(told: &sst::Assurance, called: Option<&str>) -> Self {
        let mut shown = Self { sentence: sec_manager::sentence(told, called), ..Self::none() };
        shown.media = told.media.iter().map(media).collect();
        shown.secrecy = told.media.iter().map(secrecy).collect();
        shown.notes = told.notes.iter().map(|note| (*note).to_owned()).collect();
        if let Some(refused) = told.refused {
            shown.notes.push(refusal(refused).to_owned());
        }
        match &told.proof {
            sst::Proof::None => {}
            sst::Proof::AccountHop { account } => {
                shown.proof = "account";
                shown.account = Some(account.clone());
            }
            sst::Proof::Digest { user, realm, algorithm } => {
                shown.proof = "digest";
                let digest = format!("{} at {realm}", algorithm.name());
                // The user of a call that was placed is ourselves.
                (shown.peer, shown.digest) = match called {
                    Some(called) => (Some(called.to_owned()), Some(format!("{digest} as {user}"))),
                    None => (Some(user.to_string()), Some(digest)),
                };
            }
            sst::Proof::Pgp { aor, fingerprint, trust } => {
                shown.proof = "pgp";
                shown.peer = Some(aor.clone());
                shown.fingerprint = Some(fingerprint.clone());
                shown.trust = Some(match trust {
                    sst::Trust::Pinned => "pinned",
                    sst::Trust::Unverified => "unverified",
                });
            }
            sst::Proof::Rfc2543 { aor, fingerprint } => {
                shown.proof = "rfc2543";
                shown.peer = Some(aor.clone());
                shown.fingerprint = Some(fingerprint.clone());
            }
            sst::Proof::Tls { name } => {
                shown.proof = "tls";
                shown.peer = Some(name.clone());
            }
        }
        shown
    }
}

#[cfg(feature = "digest")]
fn media(protection: &sst::MediaProtection) -> String {
    match protection {
        sst::MediaProtection::None => "none".to_owned(),
        sst::MediaProtection::Rtp => PLAIN.to_owned(),
        sst::MediaProtection::Srtp { suite, .. } => format!("SRTP {suite}"),
    }
}

#[cfg(feature = "digest")]
const fn secrecy(protection: &sst::MediaProtection) -> &'static str {
    match protection {
        sst::MediaProtection::Srtp { secrecy: sst::Secrecy::PostQuantum, .. } => POST_QUANTUM,
        sst::MediaProtection::Srtp { secrecy: sst::Secrecy::Forward, .. } => FORWARD,
        _ => NO_SECRECY,
    }
}

#[cfg(feature = "digest")]
const fn refusal(refused: sst::Refused) -> &'static str {
    match refused {
        sst::Refused::DigestForPgp => "Digest was offered where PGP is required, and refused",
        sst::Refused::Algorithm => "an algorithm below the floor was offered, and refused",
        sst::Refused::PlainMedia => "plain media was asked for where SRTP is required, and refused",
        _ => "a downgrade was refused",
    }
}

#[cfg(all(test, feature = "digest"))]
mod tests {
    use super::Assurance;
    use sst::{Algorithm, MediaProtection, Proof};

    fn shown(proof: &Proof, media: Vec<MediaProtection>, called: Option<&str>) -> Assurance {
        let told = sst::Assurance {
            proof: proof.clone(),
            hop: sst::HopProtection::Clear,
            media,
            refused: None,
            notes: Vec::new(),
        };
        Assurance::of(&told, called)
    }

    #[test]
    fn before_the_manager_was_asked_nothing_is_said_of_media() {
        assert_eq!(Assurance::nothing_yet(), shown(&Proof::None, Vec::new(), None));
    }

    #[test]
    fn a_call_that_was_placed_names_who_was_called_and_not_ourselves() {
        let bob = "sip:bob@example.org";
        let digest = Proof::Digest {
            user: "alice".into(),
            realm: "example.org".into(),
            algorithm: Algorithm::Sha256,
        };
        for (called, peer, algorithm) in [
            (Some(bob), bob, "SHA-256 at example.org as alice"),
            (None, "alice", "SHA-256 at example.org"),
        ] {
            let shown = shown(&digest, Vec::new(), called);
            assert_eq!(shown.peer.as_deref(), Some(peer));
            assert_eq!(shown.digest.as_deref(), Some(algorithm));
            assert!(
                shown.sentence.starts_with(&format!("{peer} has proved")),
                "{}",
                shown.sentence
            );
        }
    }

    #[test]
    fn of_a_call_that_nothing_is_known_of_the_same_is_said_in_every_flavour() {
        let open = shown(&Proof::None, vec![MediaProtection::Rtp], None);
        assert_eq!(open, Assurance::none());
    }
}
