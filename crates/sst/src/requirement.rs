//! What is required of a peer: a set of acceptable proofs.

use std::fmt;

/// A way to prove who one is, as a policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Means {
    /// A Digest exchange. What comes over the registered flow of an account, or is taken on by an
    /// account's next hop with our credentials, will do as well: a registrar answers no challenge.
    Digest,
    /// A verified OpenPGP signature under the peer's own key, an encrypted body and SRTP.
    Pgp,
    /// The hop is TLS, and its certificate was judged to be for the domain of the peer's address.
    /// That domain's server vouches for the peer then; media are not secured by it.
    TlsName,
}

impl Means {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Digest, Self::Pgp, Self::TlsName];

    /// The word in a configuration, for example `tls-name`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Pgp => "pgp",
            Self::TlsName => "tls-name",
        }
    }
}

/// The proofs that are acceptable of a peer: any one of them will do, and nothing else. The empty
/// set requires nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requirement(u8);

/// Something is required, and no proof would do.
const UNMET: u8 = 0x80;

impl Requirement {
    /// Nothing is required.
    pub const NOTHING: Self = Self(0);
    /// [`Means::Digest`] alone will do.
    pub const DIGEST: Self = Self::NOTHING.or(Means::Digest);
    /// [`Means::Pgp`] alone will do.
    pub const PGP: Self = Self::NOTHING.or(Means::Pgp);
    /// [`Means::TlsName`] alone will do.
    pub const TLS_NAME: Self = Self::NOTHING.or(Means::TlsName);
    /// No proof at all will do.
    pub const IMPOSSIBLE: Self = Self(UNMET);

    /// The same, or this proof.
    #[must_use]
    pub const fn or(self, means: Means) -> Self {
        Self(self.0 | Self::bit(means))
    }

    /// Whether this proof will do, where one is required.
    pub const fn accepts(self, means: Means) -> bool {
        self.0 & Self::bit(means) != 0
    }

    /// Whether nothing is required.
    pub const fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// What is required where both are: the proofs that will do for either. Where they have none in
    /// common, an OpenPGP signature if one of them accepts it, which proves the most; else
    /// [`Requirement::IMPOSSIBLE`]. So neither makes less of the other.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self.0 & other.0, self.0 | other.0) {
            _ if self.is_nothing() => other,
            _ if other.is_nothing() => self,
            (0, either) if Self(either).accepts(Means::Pgp) && either & UNMET == 0 => Self::PGP,
            (0, _) => Self::IMPOSSIBLE,
            (both, _) => Self(both),
        }
    }

    /// The same without this proof; where no other will do, none will.
    #[must_use]
    pub const fn without(self, means: Means) -> Self {
        match self.0 & !Self::bit(means) {
            0 if !self.is_nothing() => Self::IMPOSSIBLE,
            rest => Self(rest),
        }
    }

    const fn bit(means: Means) -> u8 {
        match means {
            Means::Digest => 1,
            Means::Pgp => 2,
            Means::TlsName => 4,
        }
    }
}

impl fmt::Display for Requirement {
    /// `pgp or tls-name`; `nothing`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nothing() {
            return f.write_str("nothing");
        }
        let mut words = Means::ALL.into_iter().filter(|means| self.accepts(*means));
        let Some(first) = words.next() else { return f.write_str("what no proof does for") };
        f.write_str(first.word())?;
        words.try_for_each(|means| write!(f, " or {}", means.word()))
    }
}
