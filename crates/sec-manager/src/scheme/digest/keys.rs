//! A user's HA1 under each algorithm that is in use, so that no password is kept.

use super::challenge::Challenge;
use super::compute::{self, Asked, Reply};
use super::credentials::Credentials;
use super::ha1::{HA1, Hash, Hex, with_hash};
use crate::params::plain;
use crate::secret::{KEYING, sheltered};
use md5::Md5;
use sha2::{Sha256, Sha512_256};
use sip_syntax::Text;
use sst::{Algorithm, Secret};

/// What stands for a password within one realm, under the algorithms that may be used. Each in
/// its box, since a move would leave a copy behind.
#[derive(Debug)]
pub(crate) struct Keys {
    md5: Option<Box<Under<Md5>>>,
    sha256: Option<Box<Under<Sha256>>>,
    sha512_256: Option<Box<Under<Sha512_256>>>,
}

/// HA1 and the hashed user name under one hash.
#[derive(Debug)]
struct Under<D> {
    ha1: HA1<D>,
    userhash: Hex,
}

impl<D: Hash> Under<D> {
    /// `None` where the secret does not tell under this algorithm.
    fn of(algorithm: Algorithm, user: &[u8], realm: &[u8], secret: &Secret) -> Option<Box<Self>> {
        let ha1 = match secret {
            Secret::Password(password) => HA1::new(user, realm, password.expose()),
            Secret::Ha1(all) => {
                let (_, digits) = all.iter().find(|(its, _)| *its == algorithm)?;
                HA1::of_digits(digits.expose())
            }
            Secret::Tokens(_) | Secret::Sim => return None,
        };
        let userhash = compute::userhash::<D>(user, Text::plain(realm));
        Some(Box::new(Self { ha1, userhash }))
    }
}

/// The keys of one hash.
trait For<D> {
    fn under(&self) -> Option<&Under<D>>;
}

impl For<Md5> for Keys {
    fn under(&self) -> Option<&Under<Md5>> {
        self.md5.as_deref()
    }
}

impl For<Sha256> for Keys {
    fn under(&self) -> Option<&Under<Sha256>> {
        self.sha256.as_deref()
    }
}

impl For<Sha512_256> for Keys {
    fn under(&self) -> Option<&Under<Sha512_256>> {
        self.sha512_256.as_deref()
    }
}

impl Keys {
    /// Of a user name, a realm and a secret, for these algorithms and no others.
    pub(crate) fn new(
        algorithms: &[Algorithm], user: &[u8], realm: &[u8], secret: &Secret,
    ) -> Self {
        let used = |algorithm| algorithms.contains(&algorithm).then_some(algorithm);
        sheltered::<KEYING, _>(|| Self {
            md5: used(Algorithm::Md5).and_then(|it| Under::of(it, user, realm, secret)),
            sha256: used(Algorithm::Sha256).and_then(|it| Under::of(it, user, realm, secret)),
            sha512_256: used(Algorithm::Sha512_256)
                .and_then(|it| Under::of(it, user, realm, secret)),
        })
    }

    /// Whether there is a key under this algorithm.
    pub(crate) const fn has(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Md5 => self.md5.is_some(),
            Algorithm::Sha256 => self.sha256.is_some(),
            Algorithm::Sha512_256 => self.sha512_256.is_some(),
        }
    }

    /// The credentials' response, where it is right, under an algorithm that is in use.
    pub(crate) fn verify(&self, credentials: &Credentials<'_>, asked: &Asked<'_>) -> Option<Hex> {
        let expected = with_hash!(credentials.algorithm.hash, D => {
            compute::expected::<D>(credentials, &For::<D>::under(self)?.ha1, asked)
        });
        expected.is(&plain(credentials.response)).then_some(expected)
    }

    /// Whether `name` is the hash of these keys' user name.
    pub(crate) fn is_userhash(&self, algorithm: Algorithm, name: &[u8]) -> bool {
        let hash = with_hash!(algorithm, D => For::<D>::under(self).map(|under| under.userhash));
        hash.is_some_and(|hash| hash.is(name))
    }

    /// The value of an Authorization that answers `challenge`; `None` for an algorithm that is
    /// not in use.
    pub(crate) fn answer(&self, challenge: &Challenge<'_>, reply: &Reply<'_>) -> Option<Vec<u8>> {
        with_hash!(challenge.algorithm.hash, D => {
            let under = For::<D>::under(self)?;
            Some(compute::answer::<D>(challenge, &under.ha1, reply))
        })
    }

    /// The `rspauth` of a response; `None` for an algorithm that is not in use.
    pub(crate) fn response_proof(&self, credentials: &Credentials<'_>, body: &[u8]) -> Option<Hex> {
        with_hash!(credentials.algorithm.hash, D => {
            let under = For::<D>::under(self)?;
            Some(compute::response_proof::<D>(credentials, &under.ha1, body))
        })
    }
}
