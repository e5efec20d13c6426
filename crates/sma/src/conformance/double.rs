//! A security application in memory, for tests and simulations.

use super::toy::{self, ENCRYPTED, Reader, Signature};
use crate::{
    Decrypted, Error, Fingerprint, HashId, Key, KeyAdministration, KeyFacts, KeyValidity,
    MAX_OCTETS, Plaintext, Report, SecurityApplication, ToSign, ToVerify,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The wall clock, in Unix seconds: whoever runs the double says what time it is.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The toy keys that several doubles know of each other.
///
/// Two directories with different seeds share no key, also for the same user id: so a test gives
/// an impostor a directory of its own.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<Mutex<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    seed: u64,
    made: u64,
    keys: BTreeMap<Fingerprint, ToyKey>,
    /// Certifying key and certified one.
    certified: BTreeSet<(Fingerprint, Fingerprint)>,
    /// Keys whose owner wants them believed no more.
    over: BTreeMap<Fingerprint, KeyValidity>,
}

/// A toy key: its only secret is in the directory, for all to read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ToyKey {
    user_id: String,
    secret: [u8; 32],
}

impl ToyKey {
    fn fingerprint(&self) -> Fingerprint {
        let digest = toy::hash(&[b"fingerprint", &self.secret]);
        let mut digits = String::with_capacity(40);
        for octet in digest.iter().take(20) {
            let _ = write!(digits, "{octet:02x}");
        }
        Fingerprint(digits)
    }
}

impl Directory {
    /// An empty directory whose keys depend on `seed` and on the order in which they are made.
    pub fn new(seed: u64) -> Self {
        let keys = Keys { seed, ..Keys::default() };
        Self(Arc::new(Mutex::new(keys)))
    }

    /// The first key certifies the user id of the second.
    pub fn certify(&self, certifying: &Fingerprint, certified: &Fingerprint) {
        self.keys().certified.insert((certifying.clone(), certified.clone()));
    }

    /// From now on a key is expired, or revoked: nothing is encrypted to it, nor signed with it.
    pub fn end(&self, key: &Fingerprint, validity: KeyValidity) {
        self.keys().over.insert(key.clone(), validity);
    }

    fn validity(&self, key: &Fingerprint) -> KeyValidity {
        self.keys().over.get(key).copied().unwrap_or(KeyValidity::Valid)
    }

    fn usable(&self, key: &Fingerprint) -> Result<(), Error> {
        (self.validity(key) == KeyValidity::Valid).then_some(()).ok_or(Error::Unusable)
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, user_id: &str) -> Fingerprint {
        let mut keys = self.keys();
        keys.made += 1;
        let (seed, made) = (keys.seed.to_be_bytes(), keys.made.to_be_bytes());
        let secret = toy::hash(&[b"secret", &seed, &made, user_id.as_bytes()]);
        keys.add(ToyKey { user_id: user_id.to_owned(), secret })
    }

    fn key(&self, fingerprint: &Fingerprint) -> Result<ToyKey, Error> {
        let keys = self.keys();
        keys.keys.get(fingerprint).cloned().ok_or(Error::NoSuchKey)
    }
}

impl Keys {
    fn add(&mut self, key: ToyKey) -> Fingerprint {
        let fingerprint = key.fingerprint();
        self.keys.insert(fingerprint.clone(), key);
        fingerprint
    }
}

/// A security application in memory: the contract's answers without any cryptography.
///
/// A signature is one OpenPGP packet of tag 2 whose proof is a SHA-256 over a secret that all who
/// share the [`Directory`] know. It protects nothing; it makes every honest outcome and every
/// honest refusal reproducible.
pub struct Double {
    directory: Directory,
    own: Mutex<Vec<Fingerprint>>,
    clock: Clock,
}

impl Double {
    /// A double without keys of its own; it knows those of `directory`.
    pub fn new(directory: &Directory, clock: Clock) -> Self {
        Self { directory: directory.clone(), own: Mutex::default(), clock }
    }

    /// The keys that it knows.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Makes a key of its own.
    pub fn add_key(&self, user_id: &str) -> Fingerprint {
        let fingerprint = self.directory.make(user_id);
        self.own_keys().push(fingerprint.clone());
        fingerprint
    }

    fn own_keys(&self) -> MutexGuard<'_, Vec<Fingerprint>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn secret_key(&self, fingerprint: &Fingerprint) -> Result<ToyKey, Error> {
        let own = self.own_keys().contains(fingerprint);
        let key = self.directory.key(fingerprint)?;
        own.then_some(key).ok_or(Error::NoSuchKey)
    }

    fn certifiers(&self, fingerprint: &Fingerprint) -> Vec<Fingerprint> {
        let keys = self.directory.keys();
        let of = keys.certified.iter().filter(|(_, certified)| certified == fingerprint);
        let valid = of.filter(|(by, _)| !keys.over.contains_key(by));
        valid.map(|(by, _)| by.clone()).collect()
    }

    fn describe(&self, fingerprint: &Fingerprint) -> Result<Key, Error> {
        Ok(Key {
            fingerprint: fingerprint.clone(),
            user_ids: vec![self.directory.key(fingerprint)?.user_id],
            secret: self.own_keys().contains(fingerprint),
            facts: KeyFacts {
                expires: (self.directory.validity(fingerprint) == KeyValidity::Expired)
                    .then_some(0),
                revoked: self.directory.validity(fingerprint) == KeyValidity::Revoked,
                ..KeyFacts::default()
            },
            certified_by: self.certifiers(fingerprint),
        })
    }
}

#[async_trait]
impl SecurityApplication for Double {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        let own = self.own_keys().clone();
        let known: Vec<Fingerprint> = self.directory.keys().keys.keys().cloned().collect();
        let others = known.iter().filter(|known| !own.contains(known));
        own.iter().chain(others).map(|fingerprint| self.describe(fingerprint)).collect()
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        within_limit(&question.data)?;
        let key = self.secret_key(&question.signer)?;
        self.directory.usable(&question.signer)?;
        let mut signature = Signature {
            signer: question.signer.as_str().to_owned(),
            created: (self.clock)(),
            lifetime: question.expires_in.as_secs(),
            notation: question.notation,
            proof: [0; 32],
        };
        signature.notation.critical = true;
        signature.proof = signature.prove(&key.secret, &question.data);
        Ok(signature.to_packet())
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        within_limit(&question.data)?;
        within_limit(&question.signature)?;
        let key = self.directory.key(&question.signer)?;
        let validity = self.directory.validity(&question.signer);
        let signature = Signature::from_packet(&question.signature)?;
        let understood = question.known_notations.contains(&signature.notation.name);
        Ok(Report {
            good: signature.proof == signature.prove(&key.secret, &question.data)
                && signature.signer == question.signer.as_str()
                && (understood || !signature.notation.critical),
            data_sha256: toy::sha256(&question.data),
            signatures: 1,
            primary: question.signer,
            hash: HashId(8),
            class: 0,
            created: signature.created,
            expires: Some(signature.created.saturating_add(signature.lifetime)),
            key: validity,
            strong: true,
            notations: vec![signature.notation],
        })
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        let mut octets = octets.expose().to_vec();
        within_limit(&octets)?;
        if recipients.is_empty() {
            return Err(Error::NoSuchKey);
        }
        let session = toy::hash(&[b"session", &octets]);
        let mut body = Vec::new();
        toy::put(&mut body, &toy::hash(&[b"integrity", &session, &octets]));
        toy::mask(&session, &mut octets);
        toy::put(&mut body, &octets);
        for recipient in recipients {
            let mut wrapped = session;
            self.directory.usable(&recipient)?;
            toy::mask(&self.directory.key(&recipient)?.secret, &mut wrapped);
            toy::put(&mut body, recipient.as_str().as_bytes());
            toy::put(&mut body, &wrapped);
        }
        let message = toy::packet(ENCRYPTED, &body);
        within_limit(&message)?;
        Ok(message)
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        within_limit(&octets)?;
        let key = self.secret_key(&recipient)?;
        let mut reader = Reader(toy::only_packet(ENCRYPTED, &octets)?);
        let integrity = reader.field()?;
        let mut plain = reader.field()?.to_vec();
        let mut session = session_for(&recipient, &mut reader)?;
        toy::mask(&key.secret, &mut session);
        toy::mask(&session, &mut plain);
        if toy::hash(&[b"integrity", &session, &plain]) != integrity {
            return Err(Error::Malformed);
        }
        Ok(Decrypted { octets: plain.into(), integrity: true })
    }
}

#[async_trait]
impl KeyAdministration for Double {
    async fn generate(&self, user_id: String) -> Result<Key, Error> {
        let fingerprint = self.add_key(&user_id);
        self.describe(&fingerprint)
    }

    async fn import(&self, octets: Vec<u8>) -> Result<Vec<Key>, Error> {
        within_limit(&octets)?;
        let mut reader = Reader(&octets);
        if reader.field()? != b"toy key" {
            return Err(Error::Malformed);
        }
        let key = ToyKey { secret: unhex(&reader.text()?)?, user_id: reader.text()? };
        reader.end()?;
        let fingerprint = self.directory.keys().add(key);
        Ok(vec![self.describe(&fingerprint)?])
    }

    async fn export(&self, fingerprint: Fingerprint) -> Result<String, Error> {
        let key = self.directory.key(&fingerprint)?;
        let mut digits = String::with_capacity(64);
        for octet in key.secret {
            let _ = write!(digits, "{octet:02x}");
        }
        let mut text = Vec::new();
        toy::put(&mut text, b"toy key");
        toy::put(&mut text, digits.as_bytes());
        toy::put(&mut text, key.user_id.as_bytes());
        String::from_utf8(text).map_err(|_| Error::Failed)
    }
}

/// The wrapped session key for `recipient`, among those that follow.
fn session_for(recipient: &Fingerprint, reader: &mut Reader<'_>) -> Result<[u8; 32], Error> {
    while !reader.is_empty() {
        let found = reader.text()? == recipient.as_str();
        let wrapped = reader.field()?;
        if found {
            return wrapped.try_into().map_err(|_| Error::Malformed);
        }
    }
    Err(Error::NoSuchKey)
}

fn within_limit(octets: &[u8]) -> Result<(), Error> {
    (octets.len() <= MAX_OCTETS).then_some(()).ok_or(Error::TooLarge)
}

fn unhex(digits: &str) -> Result<[u8; 32], Error> {
    let mut octets = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(Error::Malformed);
    }
    for (octet, at) in octets.iter_mut().zip((0..64).step_by(2)) {
        let pair = digits.get(at..at + 2).ok_or(Error::Malformed)?;
        *octet = u8::from_str_radix(pair, 16).map_err(|_| Error::Malformed)?;
    }
    Ok(octets)
}
