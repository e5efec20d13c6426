//! Keys whose self-signatures are made by hand, and signatures made with them.

use crate::certificate::Certificate;
use crate::verify::verify;
use pgp::composed::{
    DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    KeyFlags, SecretKey, SecretSubkey, Signature, SignatureConfig, SignatureType, Subpacket,
    SubpacketData,
};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, KeyDetails, Password, SigningKey, Tag, Timestamp};
use rand08::rngs::OsRng;
use sma::{Error, Report, ToVerify};

/// When the keys were made, in Unix seconds.
pub(super) const MADE: u32 = 1_600_000_000;

/// What the signatures are over.
pub(super) const DATA: &[u8] = b"data";

/// What a self-signature says, and how.
#[derive(Clone)]
pub(super) struct Says {
    /// When, in Unix seconds.
    pub(super) at: u32,
    /// How long the key is good for, in seconds.
    pub(super) lifetime: Option<u32>,
    pub(super) flags: fn(&mut KeyFlags),
    pub(super) hash: HashAlgorithm,
}

/// For signing, without an end, as soon as the key was made.
pub(super) const SIGNS: Says = Says {
    at: MADE,
    lifetime: None,
    flags: |flags| flags.set_sign(true),
    hash: HashAlgorithm::Sha256,
};

/// The same for encrypting.
pub(super) const ENCRYPTS: Says = Says { flags: |flags| flags.set_encrypt_comms(true), ..SIGNS };

/// The same for neither.
pub(super) const CERTIFIES: Says = Says { flags: |flags| flags.set_certify(true), ..SIGNS };

impl Says {
    pub(super) fn config(&self, typ: SignatureType, key: &impl KeyDetails) -> SignatureConfig {
        let mut flags = KeyFlags::default();
        (self.flags)(&mut flags);
        let lifetime = self.lifetime.map(Duration::from_secs);
        let mut config = SignatureConfig::v4(typ, key.algorithm(), self.hash);
        let created = SubpacketData::SignatureCreationTime(Timestamp::from_secs(self.at));
        config.hashed_subpackets = [created, SubpacketData::KeyFlags(flags)]
            .into_iter()
            .chain(lifetime.map(SubpacketData::KeyExpirationTime))
            .map(regular)
            .collect();
        config
    }
}

pub(super) fn regular(data: SubpacketData) -> Subpacket {
    Subpacket::regular(data).unwrap()
}

/// A private key and its self-signatures.
pub(super) struct Key(pub(super) SignedSecretKey);

impl Key {
    /// An Ed25519 key for signing, with subkeys that nothing binds yet: what each is, and how many
    /// seconds after the primary key it was made.
    pub(super) fn new(subkeys: &[(KeyType, u32)]) -> Self {
        Self::of(KeyType::Ed25519Legacy, subkeys)
    }

    pub(super) fn of(primary: KeyType, subkeys: &[(KeyType, u32)]) -> Self {
        let subkey = |(kind, later): &(KeyType, u32)| {
            let created = Timestamp::from_secs(MADE + later);
            SubkeyParamsBuilder::default().key_type(kind.clone()).created_at(created).build()
        };
        let params = SecretKeyParamsBuilder::default()
            .key_type(primary)
            .created_at(Timestamp::from_secs(MADE))
            .primary_user_id("sip:alice@example.org".into())
            .subkeys(subkeys.iter().map(|kind| subkey(kind).unwrap()).collect::<Vec<_>>())
            .build();
        Self(params.unwrap().generate(OsRng).unwrap()).certified(&[SIGNS])
    }

    pub(super) fn primary(&self) -> &SecretKey {
        &self.0.primary_key
    }

    pub(super) fn subkey(&self, number: usize) -> &SecretSubkey {
        &self.0.secret_subkeys[number].key
    }

    pub(super) fn certificate(&self) -> Certificate {
        Certificate::evaluate(self.0.to_public_key()).unwrap()
    }

    /// With these certifications of its user id, in this order.
    pub(super) fn certified(mut self, says: &[Says]) -> Self {
        let certify = |says: &Says| self.user_id_signature(says, SignatureType::CertPositive);
        self.0.details.users[0].signatures = says.iter().map(certify).collect();
        self
    }

    pub(super) fn user_id_signature(&self, says: &Says, typ: SignatureType) -> Signature {
        let (key, id) = (self.primary(), &self.0.details.users[0].id);
        let config = says.config(typ, key);
        let (password, tag) = (Password::empty(), Tag::UserId);
        config.sign_certification(key, key.public_key(), &password, tag, id).unwrap()
    }

    /// A signature over `of`'s primary key itself.
    pub(super) fn key_signature(&self, says: &Says, typ: SignatureType, of: &Self) -> Signature {
        let (key, of) = (self.primary(), of.primary().public_key());
        says.config(typ, key).sign_key(key, &Password::empty(), of).unwrap()
    }

    /// With these signatures over a subkey, in this order.
    pub(super) fn bound(mut self, number: usize, signatures: Vec<Signature>) -> Self {
        self.0.secret_subkeys[number].signatures = signatures;
        self
    }

    /// A binding of a subkey, with its back-signature where it is to sign.
    pub(super) fn binding(&self, number: usize, says: &Says) -> Signature {
        let config = says.config(SignatureType::SubkeyBinding, self.primary());
        let mut flags = KeyFlags::default();
        (says.flags)(&mut flags);
        let back = flags.sign().then(|| self.back(number, &SIGNS, self));
        self.binding_with(number, config, back, self)
    }

    /// A signature over a subkey of `of`, with `back` in it.
    pub(super) fn binding_with(
        &self, number: usize, mut config: SignatureConfig, back: Option<Signature>, of: &Self,
    ) -> Signature {
        let back = back.map(|back| regular(SubpacketData::EmbeddedSignature(Box::new(back))));
        config.hashed_subpackets.extend(back);
        let (key, of, subkey) = (self.primary(), of.primary(), of.subkey(number));
        let password = Password::empty();
        let (of, subkey) = (of.public_key(), subkey.public_key());
        config.sign_subkey_binding(key, of, &password, subkey).unwrap()
    }

    /// A signature of a subkey over `primary`'s primary key.
    pub(super) fn back(&self, number: usize, says: &Says, primary: &Self) -> Signature {
        let key = self.subkey(number);
        let config = says.config(SignatureType::KeyBinding, key);
        let (password, primary) = (Password::empty(), primary.primary().public_key());
        config.sign_primary_key_binding(key, key.public_key(), &password, primary).unwrap()
    }

    pub(super) fn revocation(&self, number: usize, of: &Self) -> Signature {
        let config = SIGNS.config(SignatureType::SubkeyRevocation, self.primary());
        self.binding_with(number, config, None, of)
    }
}

/// A signature over [`DATA`] with these hashed subpackets.
pub(super) fn signature(
    key: &impl SigningKey, typ: SignatureType, hashed: Vec<Subpacket>, unhashed: Vec<Subpacket>,
) -> Vec<u8> {
    let mut config = SignatureConfig::v4(typ, key.algorithm(), HashAlgorithm::Sha256);
    config.hashed_subpackets = hashed;
    config.unhashed_subpackets = unhashed;
    let made = config.sign(key, &Password::empty(), DATA).unwrap();
    DetachedSignature::new(made).to_bytes().unwrap()
}

/// The subpackets that say when a signature was made, and by whom.
pub(super) fn made(key: &impl KeyDetails, at: u32) -> Vec<Subpacket> {
    let created = SubpacketData::SignatureCreationTime(Timestamp::from_secs(at));
    [created, SubpacketData::IssuerFingerprint(key.fingerprint())].map(regular).into()
}

/// What is reported at `now` of a signature over [`DATA`].
pub(super) fn report(
    certificate: &Certificate, signature: Vec<u8>, now: u64,
) -> Result<Report, Error> {
    let question = ToVerify {
        signer: certificate.fingerprint().clone(),
        data: DATA.to_vec(),
        signature,
        known_notations: vec!["known@example.org".into()],
    };
    verify(certificate, &question, now)
}

/// What is reported of a signature that `key` made, both times in seconds after it was made.
pub(super) fn looked_at(
    certificate: &Certificate, key: &impl SigningKey, at: u32, now: u32,
) -> Report {
    let octets = signature(key, SignatureType::Binary, made(key, MADE + at), Vec::new());
    report(certificate, octets, (MADE + now).into()).unwrap()
}
