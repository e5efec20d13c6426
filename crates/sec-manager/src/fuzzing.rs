//! What fuzzers reach of what is private here: the PGP scheme's header fields, and SDP with media
//! keys. Feature `fuzzing`; no part of the crate's interface.

#[cfg(feature = "srtp")]
use crate::keying::sdes::{self, LineKey, MasterKey};
use crate::pgp::{self, Challenge, Credentials, Signed};

/// Realm and nonce of a challenge of the PGP scheme that would be answered.
pub fn challenge(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let read = Challenge::parse(value).ok().flatten()?;
    Some((read.realm.into_owned(), read.nonce.into_owned()))
}

/// A challenge of the PGP scheme, as it is sent.
pub fn challenge_value(realm: &str, nonce: &[u8]) -> Vec<u8> {
    pgp::challenge_value(realm, nonce)
}

/// Credentials of the PGP scheme as they are written once they were read; `None` for what is none,
/// or malformed.
pub fn credentials_again(value: &[u8]) -> Option<Vec<u8>> {
    let Credentials { realm, nonce, uri, contact, signer, signature, .. } =
        Credentials::parse(value).ok().flatten()?;
    let [realm, nonce, uri, contact] = [realm, nonce, uri, contact].map(Vec::from);
    Some(Signed { realm, nonce, uri, contact, signer }.value(&signature))
}

/// An SDP body without its media keys, and the keys in their order.
#[cfg(feature = "srtp")]
pub fn emptied(body: Vec<u8>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (body, keys) = sdes::empty(body);
    (body, octets(&keys))
}

/// An SDP body with a key of `octet` alone in every slot, and the keys in their order; `None`
/// where a slot stands where none may.
#[cfg(feature = "srtp")]
pub fn filled(body: &[u8], octet: u8) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let make = |_, suite| {
        MasterKey::made(suite, |key| {
            key.fill(octet);
            Ok(())
        })
    };
    let (mut body, keys) = sdes::fill(body, make).ok()?;
    Some((std::mem::take(&mut *body), octets(&keys)))
}

#[cfg(feature = "srtp")]
fn octets(keys: &[LineKey]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.key.octets().to_vec()).collect()
}
