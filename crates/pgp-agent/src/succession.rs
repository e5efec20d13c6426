//! One key in the place of another: the older one certifies the newer. RFC 9580 §5.2.1.4.
//!
//! Only a key that is valid now can certify: whoever gets hold of an expired or a revoked one could
//! date a certification as he likes (cases G02 and G03).

use crate::certificate::Certificate;
use pgp::composed::SignedSecretKey;
use pgp::crypto::hash::HashAlgorithm;
use pgp::errors::Result;
use pgp::packet::{Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails, KeyVersion, Password, SignedUser, Tag, Timestamp};
use rand08::rngs::OsRng;

/// Whether the key `by`, looked at `now`, has certified a user id of `key` that is its own too, and
/// not taken that back. To certify another name is to say whose key that is: a friend's, and no
/// successor's.
pub(crate) fn certifies(by: &Certificate, key: &Certificate, now: u64) -> bool {
    let bound = |to: &Certificate, id: &str| to.user_ids().iter().any(|bound| bound == id);
    let shared = |user: &&SignedUser| {
        let id = user.id.as_str();
        id.is_some_and(|id| bound(key, id) && bound(by, id))
    };
    let mut users = key.key().details.users.iter().filter(shared);
    by.fingerprint() != key.fingerprint()
        && by.is_valid(now)
        && users.any(|user| certifies_user(by, key, user, now))
}

fn certifies_user(by: &Certificate, key: &Certificate, user: &SignedUser, now: u64) -> bool {
    let (by, key) = (&by.key().primary_key, &key.key().primary_key);
    // One that names nobody would cost a verification against every key.
    let names_issuer = |signature: &Signature| {
        !signature.issuer_fingerprint().is_empty() || !signature.issuer_key_id().is_empty()
    };
    let holds = |signature: &&Signature| {
        names_issuer(signature)
            && signature.verify_third_party_certification(key, by, Tag::UserId, &user.id).is_ok()
    };
    let revokes = |signature: &Signature| signature.typ() == Some(SignatureType::CertRevocation);
    let of_by: Vec<&Signature> = user.signatures.iter().filter(holds).collect();
    let is_over = |signature: &Signature| {
        let lifetime = signature.signature_expiration_time().map_or(0, |it| it.as_secs());
        let created = signature.created().map_or(0, |at| u64::from(at.as_secs()));
        lifetime != 0 && now >= created + u64::from(lifetime)
    };
    let counts = |signature: &Signature| Certificate::is_sound(signature) && !is_over(signature);
    let lasts = of_by.iter().any(|signature| !revokes(signature) && counts(signature));
    // What takes it back may be of a hash too weak to certify with.
    lasts && !of_by.iter().any(|signature| revokes(signature))
}

/// Has the open key `by` certify every user id of a key that was just made, `now`.
pub(crate) fn certify(made: &mut SignedSecretKey, by: &SignedSecretKey, now: u32) -> Result<()> {
    let signer = &by.primary_key;
    let regular = |data| Subpacket::regular(data);
    for user in &mut made.details.users {
        let typ = SignatureType::CertGeneric;
        let mut config = match signer.version() {
            KeyVersion::V6 => SignatureConfig::from_key(OsRng, signer, typ)?,
            _ => SignatureConfig::v4(typ, signer.algorithm(), HashAlgorithm::Sha256),
        };
        config.hashed_subpackets = vec![
            regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(now)))?,
            regular(SubpacketData::IssuerFingerprint(signer.fingerprint()))?,
        ];
        let (password, tag) = (Password::empty(), Tag::UserId);
        let made = made.primary_key.public_key();
        let certified =
            config.sign_certification_third_party(signer, &password, made, tag, &user.id)?;
        user.signatures.push(certified);
    }
    Ok(())
}
