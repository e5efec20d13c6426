//! What is known of a call's peer, as it is shown and reported.

use serde::Serialize;

/// Who the peer is, by what proof, and how the call is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assurance {
    /// `none`, `account`, `digest`, `pgp` or `tls`.
    pub proof: &'static str,
    /// Who was proved, in that proof's terms: an AOR, a user name, a host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The full primary fingerprint of the peer's OpenPGP key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// `pinned` or `unverified`, of an OpenPGP key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<&'static str>,
    /// The Digest algorithm and realm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// `RTP`, or `SRTP` with the suite.
    pub media: Vec<String>,
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
            fingerprint: None,
            trust: None,
            digest: None,
            media: vec!["RTP".to_owned()],
            notes: Vec::new(),
        }
    }

    /// The assurance in a few words.
    pub fn line(&self) -> String {
        let who = match (&self.peer, &self.fingerprint, self.trust) {
            (Some(peer), Some(key), Some(trust)) => format!("{peer}, key {key} ({trust})"),
            (Some(peer), _, _) => peer.clone(),
            _ => "nobody knows who this is".to_owned(),
        };
        format!("{}: {who}; media {}", self.proof, self.media.join(", "))
    }
}

#[cfg(feature = "digest")]
impl From<&sst::Assurance> for Assurance {
    fn from(told: &sst::Assurance) -> Self {
        let mut shown = Self::none();
        shown.media = told.media.iter().map(media).collect();
        shown.notes = told.notes.iter().map(|note| (*note).to_owned()).collect();
        if let Some(refused) = told.refused {
            shown.notes.push(refusal(refused).to_owned());
        }
        match &told.proof {
            sst::Proof::None => {}
            sst::Proof::AccountHop { account } => {
                shown.proof = "account";
                shown.peer = Some(account.clone());
            }
            sst::Proof::Digest { user, realm, algorithm } => {
                shown.proof = "digest";
                shown.peer = Some(user.clone());
                shown.digest = Some(format!("{} at {realm}", algorithm.name()));
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
        sst::MediaProtection::Rtp => "RTP".to_owned(),
        sst::MediaProtection::Srtp { suite } => format!("SRTP {suite}"),
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
