//! What is required of peers, as it is written: `"pgp"`, or `["pgp", "tls-name"]`, any one of which
//! will do.

use serde::de::value::StrDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sst::{Means, Requirement};
use std::fmt;

/// A word of it, from what proves least to what proves most.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Require {
    /// None.
    #[default]
    Nothing,
    /// A Digest exchange.
    Digest,
    /// A TLS connection to the peer's own domain.
    TlsName,
    /// A verified OpenPGP signature, an encrypted body and SRTP.
    #[cfg_attr(not(feature = "pgp"), value(skip))]
    Pgp,
}

impl Require {
    /// The word in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Digest => Means::Digest.word(),
            Self::TlsName => Means::TlsName.word(),
            Self::Pgp => Means::Pgp.word(),
        }
    }
}

impl From<Require> for Requirement {
    fn from(require: Require) -> Self {
        match require {
            Require::Nothing => Self::NOTHING,
            Require::Digest => Self::DIGEST,
            Require::TlsName => Self::TLS_NAME,
            Require::Pgp => Self::PGP,
        }
    }
}

/// What will do where these words stand together.
///
/// # Errors
/// `nothing` stands beside another.
pub fn any_of(words: &[Require]) -> Result<Requirement, &'static str> {
    let all = words.iter().map(|word| Requirement::from(*word));
    if words.len() > 1 && words.contains(&Require::Nothing) {
        return Err("`nothing` stands alone");
    }
    let means = Means::ALL.into_iter().filter(|means| all.clone().any(|it| it.accepts(*means)));
    Ok(means.fold(Requirement::NOTHING, Requirement::or))
}

/// Reads a word or a list of them.
pub(super) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<Requirement, D::Error> {
    from.deserialize_any(Words)
}

/// The same, where it may be left out.
pub(super) fn if_said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Requirement>, D::Error> {
    required(from).map(Some)
}

struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = Requirement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of its words, in quotes, or a list of them in brackets")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Requirement, E> {
        Require::deserialize(StrDeserializer::new(word)).map(Requirement::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Requirement, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element()? {
            words.push(word);
        }
        any_of(&words).map_err(A::Error::custom)
    }
}
