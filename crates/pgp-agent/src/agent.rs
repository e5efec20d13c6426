//! The security application over a key folder.

use crate::clock::now;
use crate::store::{Entry, Store, is_user_id};
use crate::{encryption, parse, sign, verify};
use async_trait::async_trait;
use pgp::composed::ArmorOptions;
use sma::{
    Decrypted, Error, Fingerprint, Key, KeyAdministration, MAX_OCTETS, Plaintext, Report,
    SecurityApplication, ToSign, ToVerify,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::{io::Write as _, sync::PoisonError};
use zeroize::zeroize_stack;

/// OpenPGP keys of a folder as a [`SecurityApplication`].
///
/// Signing and verifying take some ten microseconds, as long as handing them to another thread
/// would; they run where they are asked. Everything else runs on tokio's threads for blocking work.
/// A panic is [`Error::Failed`] to whoever asked, and to nobody else.
#[derive(Clone)]
pub struct Agent {
    store: Arc<RwLock<Store>>,
}

impl Agent {
    /// Serves the keys of `store`.
    pub fn new(store: Store) -> Self {
        Self { store: Arc::new(RwLock::new(store)) }
    }

    fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, fingerprint: &Fingerprint) -> Result<Arc<Entry>, Error> {
        let store = self.store();
        store.entry(fingerprint).cloned().ok_or(Error::NoSuchKey)
    }

    fn change<T>(
        &self, change: impl FnOnce(&mut Store) -> Result<T, crate::StoreError>,
    ) -> Result<T, Error> {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut store).map_err(|error| {
            // Whoever asked learns no more than what kind it is; the folder is ours alone.
            let _ = writeln!(std::io::stderr(), "countersign-pgp: {error}");
            error.told()
        })
    }
}

#[async_trait]
impl SecurityApplication for Agent {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        Ok(self.store().keys())
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        within_limit(&question.data)?;
        let entry = self.entry(&question.signer)?;
        at_once(|| sign::sign(&entry, &question, now()))
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        within_limit(&question.data)?;
        let entry = self.entry(&question.signer)?;
        at_once(|| verify::verify(&entry.certificate, &question, now()))
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        within_limit(octets.expose())?;
        if recipients.is_empty() {
            return Err(Error::NoSuchKey);
        }
        let recipients = recipients.iter().map(|recipient| self.entry(recipient));
        let recipients = recipients.collect::<Result<Vec<_>, _>>()?;
        blocking(move || encryption::encrypt(&recipients, octets, now())).await
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        within_limit(&octets)?;
        let entry = self.entry(&recipient)?;
        blocking(move || encryption::decrypt(&entry, &octets)).await
    }
}

#[async_trait]
impl KeyAdministration for Agent {
    async fn generate(&self, user_id: String) -> Result<Key, Error> {
        if !is_user_id(&user_id) {
            return Err(Error::Malformed);
        }
        let agent = self.clone();
        blocking(move || agent.change(|store| store.generate(&user_id))).await
    }

    async fn import(&self, octets: Vec<u8>) -> Result<Vec<Key>, Error> {
        within_limit(&octets)?;
        let agent = self.clone();
        blocking(move || {
            let certificates = parse::public(&octets)?;
            let add = |certificate| agent.change(|store| store.add(certificate));
            certificates.into_iter().map(add).collect()
        })
        .await
    }

    async fn export(&self, fingerprint: Fingerprint) -> Result<String, Error> {
        let entry = self.entry(&fingerprint)?;
        let text = entry.certificate.key().to_armored_string(ArmorOptions::default());
        text.map_err(|_| Error::Failed)
    }
}

fn within_limit(octets: &[u8]) -> Result<(), Error> {
    (octets.len() <= MAX_OCTETS).then_some(()).ok_or(Error::TooLarge)
}

fn at_once<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What the work looks at is shared and read only, so a panic leaves nothing half changed.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Failed))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let work = || {
        let answer = apart(work);
        zeroize_stack::<DEPTH>();
        answer
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Failed))
}

/// Octets of stack that work may leave a plaintext or a session key in; rPGP goes 150 000 deep
/// where it is not optimised.
const DEPTH: usize = 256 * 1024;

/// Work in a frame of its own, which lies where the wiped one will lie.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}
