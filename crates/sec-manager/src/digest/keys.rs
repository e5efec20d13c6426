//! A user's HA1 under each algorithm, so that no password is kept.

use super::challenge::Challenge;
use super::compute::{self, Asked, Reply};
use super::credentials::Credentials;
use super::ha1::{HA1, Hash, Hex, with_hash};
use digest::Update;
use md5::Md5;
use sha2::{Sha256, Sha512_256};
use sst::Algorithm;

/// What stands for a password within one realm, under every algorithm.
#[derive(Debug)]
pub(crate) struct Keys {
    md5: Under<Md5>,
    sha256: Under<Sha256>,
    sha512_256: Under<Sha512_256>,
}

/// HA1 and the hashed user name under one hash.
#[derive(Debug)]
struct Under<D> {
    ha1: HA1<D>,
    userhash: Hex,
}

impl<D: Hash> Under<D> {
    fn new(user: &[u8], realm: &[u8], password: &[u8]) -> Self {
        let mut hash = D::new();
        [user, b":", realm].iter().for_each(|part| Update::update(&mut hash, part));
        Self { ha1: HA1::new(user, realm, password), userhash: Hex::of(&hash.finalize()) }
    }
}

/// The keys of one hash.
trait For<D> {
    fn under(&self) -> &Under<D>;
}

impl For<Md5> for Keys {
    fn under(&self) -> &Under<Md5> {
        &self.md5
    }
}

impl For<Sha256> for Keys {
    fn under(&self) -> &Under<Sha256> {
        &self.sha256
    }
}

impl For<Sha512_256> for Keys {
    fn under(&self) -> &Under<Sha512_256> {
        &self.sha512_256
    }
}

impl Keys {
    /// Of a user name, a realm and a password.
    pub(crate) fn new(user: &[u8], realm: &[u8], password: &[u8]) -> Self {
        Self {
            md5: Under::new(user, realm, password),
            sha256: Under::new(user, realm, password),
            sha512_256: Under::new(user, realm, password),
        }
    }

    /// Whether the credentials' response is right.
    pub(crate) fn verify(&self, credentials: &Credentials<'_>, asked: &Asked<'_>) -> bool {
        with_hash!(credentials.algorithm.hash, D => {
            compute::verify::<D>(credentials, &For::<D>::under(self).ha1, asked)
        })
    }

    /// Whether `name` is the hash of these keys' user name.
    pub(crate) fn is_userhash(&self, algorithm: Algorithm, name: &[u8]) -> bool {
        let hash = with_hash!(algorithm, D => For::<D>::under(self).userhash);
        hash.is(name)
    }

    /// The value of an Authorization that answers `challenge`.
    pub(crate) fn answer(&self, challenge: &Challenge<'_>, reply: &Reply<'_>) -> Vec<u8> {
        with_hash!(challenge.algorithm.hash, D => {
            compute::answer::<D>(challenge, &For::<D>::under(self).ha1, reply)
        })
    }

    /// The `rspauth` of a response.
    pub(crate) fn response_proof(&self, credentials: &Credentials<'_>, body: &[u8]) -> Hex {
        with_hash!(credentials.algorithm.hash, D => {
            compute::response_proof::<D>(credentials, &For::<D>::under(self).ha1, body)
        })
    }
}
