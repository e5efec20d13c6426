//! What is handed out for a line, and the guard that is made of it.

use super::keys::SrtpKeys;
use ssm::{Call, Guard, Handshake, Line, MediaGuard, MediaSecurity as _, Refused};

/// What protects a media line, before the two halves are made of its keys.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "srtp"),
    expect(dead_code, unreachable_pub, reason = "there are no keys to be had")
)]
pub enum Handed {
    /// Nothing: its media are in the clear.
    Plain,
    /// The keys of both directions.
    Srtp(SrtpKeys),
    /// Keys, of which the peer's is the one of before: what is opened by it goes on.
    Sealer(SrtpKeys),
    /// Keys, of which ours is the one of before: what is sealed by it goes on.
    Opener(SrtpKeys),
    /// A handshake on the media path that ends in them.
    Handshake(Box<dyn Handshake<SrtpKeys>>),
    /// What was handed out before goes on.
    Kept,
}

impl Handed {
    /// The guard that is made of it.
    pub(crate) fn guard(self) -> Result<Guard, Refused> {
        match self {
            Self::Plain => ssm::Open.guard(Call(0), Line(0)),
            Self::Srtp(keys) => halves(&keys).map(Guard::Ready),
            Self::Sealer(keys) => halves(&keys).map(|guard| Guard::Sealer(guard.sealer)),
            Self::Opener(keys) => halves(&keys).map(|guard| Guard::Opener(guard.opener)),
            Self::Handshake(machine) => {
                Ok(Guard::Handshake(ssm::ending(machine, |keys| halves(&keys))))
            }
            Self::Kept => Ok(Guard::Kept),
        }
    }
}

fn halves(keys: &SrtpKeys) -> Result<MediaGuard, Refused> {
    keys.guard().map_err(|_| Refused::Attributes)
}
