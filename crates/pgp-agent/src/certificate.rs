//! A public key, evaluated: which of its components may sign and encrypt, and until when.
//!
//! RFC 9580 §10.1 lays out a transferable public key; what a component may do is said by the
//! newest valid self-signature over it (§5.2.3.10). Everything is checked once, when the key is
//! read: a signature that does not verify, or uses a weak hash, counts as absent.

use crate::strength;
use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{KeyFlags, PublicKey, PublicSubkey, Signature, SignatureType};
use pgp::types::{KeyDetails, SignedUser, Tag};
use sma::{AlgorithmId, Fingerprint, HashId, KeyFacts, KeyFault, KeyValidity};

/// A public key whose self-signatures have been checked.
pub(crate) struct Certificate {
    key: SignedPublicKey,
    fingerprint: Fingerprint,
    user_ids: Vec<String>,
    primary: Facts,
    subkeys: Vec<Facts>,
}

/// What the self-signatures say of one component. Times are Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    created: u64,
    expires: Option<u64>,
    revoked: bool,
    signs: bool,
    encrypts: bool,
    /// Whether algorithm and size meet the floor of `strength`.
    pub(crate) strong: bool,
}

/// The primary key or a subkey.
#[derive(Clone, Copy)]
pub(crate) enum Component<'a> {
    Primary(&'a PublicKey),
    Subkey(&'a PublicSubkey),
}

impl Component<'_> {
    pub(crate) fn fingerprint(&self) -> pgp::types::Fingerprint {
        match self {
            Self::Primary(key) => key.fingerprint(),
            Self::Subkey(key) => key.fingerprint(),
        }
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        match self {
            Self::Primary(key) => key.algorithm(),
            Self::Subkey(key) => key.algorithm(),
        }
    }

    /// Whether `signature` names this component as its issuer, or names none.
    fn issued(&self, signature: &Signature) -> bool {
        let (fingerprints, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
        let id = match self {
            Self::Primary(key) => key.legacy_key_id(),
            Self::Subkey(key) => key.legacy_key_id(),
        };
        match fingerprints.is_empty() {
            false => fingerprints.contains(&&self.fingerprint()),
            true => ids.is_empty() || ids.contains(&&id),
        }
    }
}

impl Facts {
    /// Whether a signature made at `created` and looked at `now` is one of a valid key.
    ///
    /// A key that has expired since, or was revoked for whatever reason, is not valid any more:
    /// the time in a signature is what its maker says (cases G02 and G03).
    pub(crate) fn validity(&self, created: u64, now: u64) -> KeyValidity {
        if self.revoked {
            KeyValidity::Revoked
        } else if !self.signs || created < self.created {
            KeyValidity::NotForSigning
        } else if self.expired(created.max(now)) {
            KeyValidity::Expired
        } else {
            KeyValidity::Valid
        }
    }

    fn expired(&self, at: u64) -> bool {
        self.expires.is_some_and(|end| at >= end)
    }

    fn may_encrypt(&self, now: u64) -> bool {
        self.encrypts && self.strong && !self.revoked && !self.expired(now)
    }
}

impl Certificate {
    /// Evaluates `key`.
    ///
    /// # Errors
    /// No valid self-signature binds a user id to it: the fault says why.
    pub(crate) fn evaluate(key: SignedPublicKey) -> Result<Self, KeyFault> {
        let primary_key = &key.primary_key;
        let mut user_ids = Vec::new();
        let mut newest: Option<&Signature> = None;
        for user in &key.details.users {
            if let Some(binding) = binding_of(user, primary_key) {
                user_ids.extend(user.id.as_str().map(str::to_owned));
                newest = newer(newest, Some(binding));
            }
        }
        if user_ids.is_empty() {
            return Err(fault(&key));
        }
        let direct = key
            .details
            .direct_signatures
            .iter()
            .filter(|signature| sound(signature) && signature.verify_key(primary_key).is_ok());
        newest = direct.fold(newest, |newest, one| newer(newest, Some(one)));
        let revoked = key
            .details
            .revocation_signatures
            .iter()
            .any(|signature| signature.verify_key(primary_key).is_ok());
        let primary = facts(primary_key, newest.ok_or(KeyFault::Unbound)?, revoked);
        let fingerprint = fingerprint_of(primary_key).ok_or_else(|| fault(&key))?;
        let subkeys = key
            .public_subkeys
            .iter()
            .map(|subkey| subkey_facts(subkey, primary_key, &primary))
            .collect();
        Ok(Self { fingerprint, user_ids, primary, subkeys, key })
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(crate) fn user_ids(&self) -> &[String] {
        &self.user_ids
    }

    pub(crate) fn key(&self) -> &SignedPublicKey {
        &self.key
    }

    /// Whether the primary key is neither revoked nor expired `now`, and strong enough to count.
    pub(crate) fn is_valid(&self, now: u64) -> bool {
        self.primary.strong && !self.primary.revoked && !self.primary.expired(now)
    }

    /// Whether a signature over keys is of a hash that counts.
    pub(crate) fn is_sound(signature: &Signature) -> bool {
        sound(signature)
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.primary.revoked
    }

    /// The component that `signature` says it was made by.
    pub(crate) fn issuer(&self, signature: &Signature) -> Option<(Component<'_>, Facts)> {
        self.components().find(|(component, _)| component.issued(signature))
    }

    /// The component to sign with now.
    pub(crate) fn signer(&self, now: u64) -> Option<Component<'_>> {
        self.components()
            .find(|(_, facts)| facts.strong && facts.validity(now, now) == KeyValidity::Valid)
            .map(|(component, _)| component)
    }

    /// The component to encrypt to now: the newest that may be.
    pub(crate) fn recipient(&self, now: u64) -> Option<Component<'_>> {
        self.components()
            .filter(|(_, facts)| facts.may_encrypt(now))
            .max_by_key(|(_, facts)| facts.created)
            .map(|(component, _)| component)
    }

    /// What kind of key it is now.
    pub(crate) fn facts(&self, now: u64) -> KeyFacts {
        let algorithm = |component: Component<'_>| AlgorithmId(component.algorithm().into());
        KeyFacts {
            signs: self.signer(now).map(algorithm),
            encrypts: self.recipient(now).map(algorithm),
            hardware: false,
            expires: self
                .end(|facts| facts.signs)
                .into_iter()
                .chain(self.end(|facts| facts.encrypts))
                .min(),
            revoked: self.primary.revoked,
        }
    }

    /// When the last component ends that may do something; `None`: never, or none may.
    fn end(&self, may: fn(&Facts) -> bool) -> Option<u64> {
        let facts = || self.components().map(|(_, facts)| facts);
        let usable = facts().filter(|it| may(it) && it.strong && !it.revoked);
        let ends: Option<Vec<u64>> = usable.map(|it| it.expires).collect();
        ends?.into_iter().max()
    }

    fn components(&self) -> impl Iterator<Item = (Component<'_>, Facts)> {
        let primary = (Component::Primary(&self.key.primary_key), self.primary);
        let subkeys = self.key.public_subkeys.iter().zip(&self.subkeys);
        let subkeys = subkeys.map(|(subkey, facts)| (Component::Subkey(&subkey.key), *facts));
        std::iter::once(primary).chain(subkeys)
    }
}

/// The full fingerprint of a primary key, as SMA names it.
pub(crate) fn fingerprint_of(key: &impl KeyDetails) -> Option<Fingerprint> {
    Fingerprint::parse(&key.fingerprint().to_string())
}

fn newer<'a>(one: Option<&'a Signature>, other: Option<&'a Signature>) -> Option<&'a Signature> {
    let at = |signature: &Option<&Signature>| signature.and_then(Signature::created);
    if at(&other) > at(&one) { other } else { one }
}

/// Whether a self-signature is of a hash that counts.
fn sound(signature: &Signature) -> bool {
    signature.hash_alg().is_some_and(strength::hash_is_sound)
}

/// The self-signatures over a user id, whatever their hash.
fn certifications<'a>(
    user: &'a SignedUser, key: &'a PublicKey,
) -> impl Iterator<Item = &'a Signature> {
    let holds = move |signature: &&Signature| {
        signature.verify_certification(key, Tag::UserId, &user.id).is_ok()
    };
    user.signatures.iter().filter(holds)
}

fn is_revoked(user: &SignedUser, key: &PublicKey) -> bool {
    let revokes = |signature: &Signature| signature.typ() == Some(SignatureType::CertRevocation);
    certifications(user, key).any(revokes)
}

/// The newest certification of a user id, unless one revokes it.
fn binding_of<'a>(user: &'a SignedUser, key: &'a PublicKey) -> Option<&'a Signature> {
    let sound = certifications(user, key).filter(|signature| sound(signature));
    let newest = sound.fold(None, |newest, one| newer(newest, Some(one)));
    newest.filter(|_| !is_revoked(user, key))
}

/// What is the matter with a key that has no user id bound to it.
fn fault(key: &SignedPublicKey) -> KeyFault {
    let (primary, users) = (&key.primary_key, &key.details.users);
    if users.is_empty() {
        return KeyFault::NoUserId;
    }
    if !strength::key_is_known(primary.public_params()) {
        return KeyFault::Algorithm(primary.algorithm().into());
    }
    if users.iter().any(|user| is_revoked(user, primary)) {
        return KeyFault::Revoked;
    }
    // Some weak hashes are not even computed for a check, so its own word has to do here.
    let own = |signature: &&Signature| Component::Primary(primary).issued(signature);
    let own = users.iter().flat_map(|user| &user.signatures).filter(own);
    let weak = own.filter(|signature| !sound(signature)).find_map(Signature::hash_alg);
    weak.map_or(KeyFault::Unbound, |hash| KeyFault::WeakHash(HashId(hash.into())))
}

fn facts(key: &impl KeyDetails, binding: &Signature, revoked: bool) -> Facts {
    let flags: KeyFlags = binding.key_flags();
    let created = u64::from(key.created_at().as_secs());
    let lifetime = binding
        .key_expiration_time()
        .map(|lifetime| u64::from(lifetime.as_secs()))
        .filter(|lifetime| *lifetime != 0);
    Facts {
        created,
        expires: lifetime.map(|lifetime| created + lifetime),
        revoked,
        signs: flags.sign(),
        encrypts: flags.encrypt_comms() || flags.encrypt_storage(),
        strong: strength::key_is_strong(key.public_params()),
    }
}

/// A subkey is no better than its primary: revoked with it, and expired with it.
fn subkey_facts(subkey: &SignedPublicSubKey, primary: &PublicKey, of_primary: &Facts) -> Facts {
    let key = &subkey.key;
    let valid = |signature: &&Signature| signature.verify_subkey_binding(primary, key).is_ok();
    let is = |signature: &Signature, typ| signature.typ() == Some(typ);
    let valid: Vec<&Signature> = subkey.signatures.iter().filter(valid).collect();
    let revoked = valid.iter().any(|s| is(s, SignatureType::SubkeyRevocation));
    let binding = valid
        .iter()
        .filter(|s| is(s, SignatureType::SubkeyBinding) && sound(s))
        .fold(None, |newest, one| newer(newest, Some(one)));
    let Some(binding) = binding else {
        return Facts {
            created: u64::MAX,
            expires: Some(0),
            revoked,
            signs: false,
            encrypts: false,
            strong: false,
        };
    };
    let mut facts = facts(key, binding, revoked || of_primary.revoked);
    facts.expires = match (facts.expires, of_primary.expires) {
        (Some(own), Some(primary)) => Some(own.min(primary)),
        (own, primary) => own.or(primary),
    };
    // RFC 9580 §5.2.1.9: what may sign has signed the primary key in turn (case G16).
    facts.signs &= binding
        .embedded_signature()
        .is_some_and(|back| sound(back) && back.verify_primary_key_binding(key, primary).is_ok());
    facts
}
