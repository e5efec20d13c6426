//! Fresh keys, and the lock on a private one.

use pgp::composed::{
    ArmorOptions, EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::errors::Result;
use pgp::types::{KeyVersion, Password};
use rand08::rngs::OsRng;
use zeroize::Zeroizing;

/// A version 4 key: Ed25519 to certify and sign, an X25519 subkey to encrypt to.
///
/// Version 4 and its encodings of both curves, so that GnuPG 2.2 can use the key too.
pub(crate) fn key(user_id: &str) -> Result<SignedSecretKey> {
    let subkey = SubkeyParamsBuilder::default()
        .key_type(KeyType::ECDH(ECCCurve::Curve25519Legacy))
        .can_encrypt(EncryptionCaps::All)
        .build()
        .map_err(|error| error.to_string())?;
    let params = SecretKeyParamsBuilder::default()
        .version(KeyVersion::V4)
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id(user_id.to_owned())
        .preferred_symmetric_algorithms([SymmetricKeyAlgorithm::AES256].as_slice().into())
        .preferred_hash_algorithms([HashAlgorithm::Sha256, HashAlgorithm::Sha512].as_slice().into())
        .subkey(subkey)
        .build()
        .map_err(|error| error.to_string())?;
    params.generate(OsRng)
}

/// The key as text, locked under `passphrase` where there is one.
pub(crate) fn armored(
    key: &SignedSecretKey, passphrase: Option<&str>,
) -> Result<Zeroizing<String>> {
    let mut key = key.clone();
    if let Some(passphrase) = passphrase {
        let password = Password::from(passphrase);
        key.primary_key.set_password(OsRng, &password)?;
        for subkey in &mut key.secret_subkeys {
            subkey.key.set_password(OsRng, &password)?;
        }
    }
    let text = key.to_armored_string(ArmorOptions::default())?;
    Ok(Zeroizing::new(text))
}

/// Whether any private part is encrypted.
pub(crate) fn is_locked(key: &SignedSecretKey) -> bool {
    let subkeys = key.secret_subkeys.iter();
    key.primary_key.secret_params().is_encrypted()
        || subkeys.map(|subkey| subkey.key.secret_params()).any(|params| params.is_encrypted())
}

/// Opens every private part in place.
pub(crate) fn unlock(key: &mut SignedSecretKey, password: &Password) -> Result<()> {
    key.primary_key.remove_password(password)?;
    for subkey in &mut key.secret_subkeys {
        subkey.key.remove_password(password)?;
    }
    Ok(())
}
