//! The facts about a signature. Nothing here decides what they are worth.

use crate::certificate::{Certificate, Component};
use crate::sign::MAX_SIGNATURE;
use pgp::packet::{Packet, PacketParser, Signature, SignatureType, Subpacket, SubpacketData};
use sha2::{Digest as _, Sha256};
use sma::{Error, HashId, KeyValidity, Notation, Report, ToVerify};

/// Reports on `question`, whose signer has `certificate`, looked at `now`.
///
/// `good` is said only of exactly one binary signature that holds over the data, was made by a
/// component of the certificate, and marks nothing as critical that is not understood.
pub(crate) fn verify(
    certificate: &Certificate, question: &ToVerify, now: u64,
) -> Result<Report, Error> {
    let signatures = parse(&question.signature)?;
    let [signature, ..] = signatures.as_slice() else {
        return Err(Error::Malformed);
    };
    let config = signature.config().ok_or(Error::Malformed)?;
    let created = signature.created().ok_or(Error::Malformed)?;
    let created = u64::from(created.as_secs());
    let issuer = certificate.issuer(signature);
    let holds = issuer.as_ref().is_some_and(|(issuer, _)| holds(signature, issuer, &question.data));
    let lifetime = signature
        .signature_expiration_time()
        .map(|lifetime| u64::from(lifetime.as_secs()))
        .filter(|lifetime| *lifetime != 0);
    Ok(Report {
        good: holds
            && signatures.len() == 1
            && config
                .hashed_subpackets()
                .all(|subpacket| understood(subpacket, &question.known_notations)),
        data_sha256: Sha256::digest(&question.data).into(),
        signatures: u32::try_from(signatures.len()).unwrap_or(u32::MAX),
        primary: question.signer.clone(),
        hash: HashId(config.hash_alg.into()),
        class: config.typ.into(),
        created,
        expires: lifetime.map(|lifetime| created + lifetime),
        key: issuer
            .as_ref()
            .map_or(KeyValidity::NotForSigning, |(_, facts)| facts.validity(created, now)),
        strong: issuer.is_some_and(|(_, facts)| facts.strong),
        notations: notations(config.hashed_subpackets()),
    })
}

/// Signature packets and nothing else. RFC 9580 §5.2.
fn parse(octets: &[u8]) -> Result<Vec<Signature>, Error> {
    if octets.len() > MAX_SIGNATURE {
        return Err(Error::TooLarge);
    }
    PacketParser::new(octets)
        .map(|packet| match packet {
            Ok(Packet::Signature(signature)) => Ok(signature),
            _ => Err(Error::Malformed),
        })
        .collect()
}

fn holds(signature: &Signature, issuer: &Component<'_>, data: &[u8]) -> bool {
    signature.typ() == Some(SignatureType::Binary)
        && match issuer {
            Component::Primary(key) => signature.verify(key, data).is_ok(),
            Component::Subkey(key) => signature.verify(key, data).is_ok(),
        }
}

/// RFC 9580 §5.2.3.7: a critical subpacket that is not understood makes the signature an error.
fn understood(subpacket: &Subpacket, known_notations: &[String]) -> bool {
    if !subpacket.is_critical {
        return true;
    }
    match &subpacket.data {
        SubpacketData::Notation(notation) => {
            known_notations.iter().any(|known| known.as_bytes() == notation.name.as_ref())
        }
        SubpacketData::SignatureCreationTime(_)
        | SubpacketData::SignatureExpirationTime(_)
        | SubpacketData::IssuerKeyId(_)
        | SubpacketData::IssuerFingerprint(_)
        | SubpacketData::SignersUserID(_) => true,
        _ => false,
    }
}

/// The notations of the hashed area; a name that is no text cannot be one that is asked for.
fn notations<'a>(subpackets: impl Iterator<Item = &'a Subpacket>) -> Vec<Notation> {
    subpackets
        .filter_map(|subpacket| match &subpacket.data {
            SubpacketData::Notation(notation) => Some(Notation {
                name: String::from_utf8(notation.name.to_vec()).ok()?,
                value: notation.value.to_vec(),
                critical: subpacket.is_critical,
            }),
            _ => None,
        })
        .collect()
}
