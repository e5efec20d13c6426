//! Encrypting to others and decrypting for ourselves.

use crate::certificate::Component;
use crate::store::{Entry, Secret};
use bytes::Bytes;
use pgp::composed::{DecryptionOptions, Message, MessageBuilder, TheRing};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::errors::Error as PgpError;
use pgp::types::Password;
use rand08::rngs::OsRng;
use sma::{Decrypted, Error, MAX_OCTETS, Plaintext};
use std::io::Read as _;
use std::sync::Arc;
use zeroize::Zeroizing;

/// AES-256, integrity protected (SEIPD version 1, which version 4 keys and GnuPG 2.2 know), no
/// compression. RFC 9580 §5.13.1.
pub(crate) fn encrypt(
    recipients: &[Arc<Entry>], octets: Plaintext, now: u64,
) -> Result<Vec<u8>, Error> {
    let mut message = MessageBuilder::from_bytes("", Bytes::from_owner(octets))
        .seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
    for recipient in recipients {
        let key = recipient.certificate.recipient(now);
        match key.ok_or(Error::Unusable)? {
            Component::Primary(key) => message.encrypt_to_key(OsRng, key),
            Component::Subkey(key) => message.encrypt_to_key(OsRng, key),
        }
        .map_err(|_| Error::Failed)?;
    }
    let message = message.to_vec(OsRng).map_err(|_| Error::Failed)?;
    (message.len() <= MAX_OCTETS).then_some(message).ok_or(Error::TooLarge)
}

/// Opens a message whose integrity is protected and whose content is plain literal data.
///
/// Compressed data is refused unread, so that there is nothing to blow up; the integrity check
/// passes before any of the plaintext is looked at.
pub(crate) fn decrypt(entry: &Entry, octets: &[u8]) -> Result<Decrypted, Error> {
    let secret = match &entry.secret {
        Secret::Open(secret) => secret,
        Secret::Closed => return Err(Error::Locked),
        Secret::Absent => return Err(Error::NoSuchKey),
    };
    let message = Message::from_bytes(octets).map_err(|_| Error::Malformed)?;
    if !message.is_encrypted() {
        return Err(Error::Malformed);
    }
    let password = Password::empty();
    let ring = TheRing {
        secret_keys: vec![secret],
        key_passwords: vec![&password],
        // Neither unprotected data (tag 9) nor GnuPG's own format: `DecryptionOptions::new`.
        decrypt_options: DecryptionOptions::new(),
        ..TheRing::default()
    };
    let (message, _) = message.decrypt_the_ring(ring, true).map_err(|error| match error {
        PgpError::MissingKey => Error::NoSuchKey,
        _ => Error::Malformed,
    })?;
    if !message.is_literal() {
        return Err(Error::Malformed);
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(octets.len()));
    let read = message.take(MAX_OCTETS as u64 + 1).read_to_end(&mut plain);
    read.map_err(|_| Error::Malformed)?;
    match plain.len() > MAX_OCTETS {
        true => Err(Error::TooLarge),
        false => Ok(Decrypted { octets: std::mem::take(&mut *plain).into(), integrity: true }),
    }
}
