//! The null implementations.

use crate::{
    Decrypted, Error, Fingerprint, Key, Plaintext, Report, SecurityApplication, ToSign, ToVerify,
};
use async_trait::async_trait;

/// A security application that refuses every question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deny;

/// A security application that holds no key: it answers `identities`, and has nothing to open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

macro_rules! without_keys {
    ($name:ty, $identities:expr, $error:expr) => {
        #[async_trait]
        impl SecurityApplication for $name {
            async fn identities(&self) -> Result<Vec<Key>, Error> {
                $identities
            }

            async fn sign(&self, _: ToSign) -> Result<Vec<u8>, Error> {
                Err($error)
            }

            async fn verify(&self, _: ToVerify) -> Result<Report, Error> {
                Err($error)
            }

            async fn encrypt(&self, _: Vec<Fingerprint>, _: Plaintext) -> Result<Vec<u8>, Error> {
                Err($error)
            }

            async fn decrypt(&self, _: Fingerprint, _: Vec<u8>) -> Result<Decrypted, Error> {
                Err($error)
            }
        }
    };
}

without_keys!(Deny, Err(Error::Unavailable), Error::Unavailable);
without_keys!(Open, Ok(Vec::new()), Error::NoSuchKey);
