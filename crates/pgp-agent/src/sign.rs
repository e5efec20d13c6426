//! Making one detached signature.

use crate::certificate::Component;
use crate::store::{Entry, Secret};
use pgp::composed::{DetachedSignature, SignedSecretKey, SubpacketConfig};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Notation, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, KeyDetails, KeyVersion, Password, SigningKey, Timestamp};
use rand08::rngs::OsRng;
use sma::{Error, ToSign};

/// The largest signature. Case G07.
pub(crate) const MAX_SIGNATURE: usize = 2048;

/// One binary signature packet, type 0x00, with SHA-256, the notation and the expiry, all three
/// critical. RFC 9580 §5.2.3.
pub(crate) fn sign(entry: &Entry, question: &ToSign, now: u64) -> Result<Vec<u8>, Error> {
    let secret = match &entry.secret {
        Secret::Open(secret) => secret,
        Secret::Closed => return Err(Error::Locked),
        Secret::Absent => return Err(Error::NoSuchKey),
    };
    let signer = entry.certificate.signer(now).ok_or(Error::Unusable)?;
    let signature = match signer {
        Component::Primary(_) => sign_with(&secret.primary_key, question, now),
        Component::Subkey(_) => sign_with(subkey(secret, &signer)?, question, now),
    };
    let packet = signature?.to_bytes().map_err(|_| Error::Failed)?;
    (packet.len() <= MAX_SIGNATURE).then_some(packet).ok_or(Error::TooLarge)
}

fn subkey<'a>(
    secret: &'a SignedSecretKey, signer: &Component<'_>,
) -> Result<&'a pgp::packet::SecretSubkey, Error> {
    let mut keys = secret.secret_subkeys.iter().map(|subkey| &subkey.key);
    keys.find(|key| key.fingerprint() == signer.fingerprint()).ok_or(Error::Unusable)
}

fn sign_with(
    key: &impl SigningKey, question: &ToSign, now: u64,
) -> Result<DetachedSignature, Error> {
    let subpackets = subpackets(key, question, now)?;
    DetachedSignature::sign_binary_data_with_subpackets(
        OsRng,
        key,
        &Password::empty(),
        HashAlgorithm::Sha256,
        question.data.as_slice(),
        subpackets,
    )
    .map_err(|_| Error::Failed)
}

fn subpackets(
    key: &impl KeyDetails, question: &ToSign, now: u64,
) -> Result<SubpacketConfig, Error> {
    let seconds = |seconds: u64| u32::try_from(seconds).map_err(|_| Error::Failed);
    let notation = &question.notation;
    let critical = [
        SubpacketData::SignatureCreationTime(Timestamp::from_secs(seconds(now)?)),
        SubpacketData::SignatureExpirationTime(Duration::from_secs(seconds(
            question.expires_in.as_secs(),
        )?)),
        SubpacketData::Notation(Notation {
            readable: std::str::from_utf8(&notation.value).is_ok(),
            name: notation.name.clone().into(),
            value: notation.value.clone().into(),
        }),
    ];
    let mut hashed = critical
        .into_iter()
        .map(Subpacket::critical)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Error::TooLarge)?;
    let regular = |data| Subpacket::regular(data).map_err(|_| Error::Failed);
    hashed.push(regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?);
    let unhashed = match key.version() {
        // GnuPG 2.2 looks a version 4 key up by its id.
        KeyVersion::V4 => vec![regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?],
        _ => Vec::new(),
    };
    Ok(SubpacketConfig::UserDefined { hashed, unhashed })
}
