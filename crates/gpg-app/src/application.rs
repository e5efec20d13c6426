//! The security application over the user's GnuPG.

use crate::keys::{self, Listed, Which};
use crate::packet::MAX_SIGNATURE;
use crate::run::{Missing, Program, TIME_LIMIT};
use crate::{encryption, fault, sign, verify};
use async_trait::async_trait;
use sma::{
    Decrypted, Error, Fingerprint, Key, MAX_OCTETS, Plaintext, Report, SecurityApplication, ToSign,
    ToVerify,
};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Questions that are worked on at one time.
const MAX_JOBS: usize = 4;

/// The longest list of keys in bytes: it must fit into one answer.
const MAX_LIST: usize = MAX_OCTETS;

/// The user's GnuPG as a [`SecurityApplication`].
///
/// Every question runs `gpg` once or a few times, some ten milliseconds each. Dropping its future
/// ends the runs behind it. Needs a tokio runtime.
#[derive(Debug)]
pub struct Gpg {
    program: Program,
    within: Duration,
    places: Semaphore,
}

impl Gpg {
    /// The program `executable` (a path, or a name to be found on the `PATH`) over the keys of
    /// `home`, or of what `GNUPGHOME` and `HOME` say.
    ///
    /// # Errors
    /// It is not there, or is not GnuPG 2.2 or later.
    pub async fn open(executable: PathBuf, home: Option<PathBuf>) -> Result<Self, Missing> {
        let program = Program { executable, home };
        program.check().await?;
        Ok(Self { program, within: TIME_LIMIT, places: Semaphore::new(MAX_JOBS) })
    }

    /// The same with another limit of time than [`TIME_LIMIT`].
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Works within the limits of time and of jobs.
    async fn limited<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let _place = self.places.acquire().await.map_err(|_| Error::Failed)?;
        tokio::time::timeout(self.within, work).await.unwrap_or_else(|_| {
            fault::say("out of time", "it did not end in time, and was killed");
            Err(Error::Deadline)
        })
    }

    async fn all(&self) -> Result<Vec<Key>, Error> {
        let own = keys::list(&self.program, Which::Secret).await?;
        let own: Vec<Key> = own.iter().filter_map(Listed::key).filter(|key| key.secret).collect();
        let others = keys::list(&self.program, Which::Public).await?;
        let others = others.iter().filter_map(Listed::key);
        let others = others.filter(|key| own.iter().all(|it| it.fingerprint != key.fingerprint));
        let all: Vec<Key> = own.iter().cloned().chain(others).collect();
        Ok(fitting(all))
    }
}

/// The first keys, as many as fit into an answer.
fn fitting(mut keys: Vec<Key>) -> Vec<Key> {
    let mut room = MAX_LIST;
    let fits = |key: &Key| {
        let ids: usize = key.user_ids.iter().map(|id| id.len() + 8).sum();
        room = room.checked_sub(ids + key.fingerprint.as_str().len() + 16)?;
        Some(())
    };
    let count = keys.iter().map_while(fits).count();
    if count < keys.len() {
        fault::say("list keys", &format!("{} keys, of which {count} are told", keys.len()));
    }
    keys.truncate(count);
    keys
}

#[async_trait]
impl SecurityApplication for Gpg {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        self.limited(self.all()).await
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        within_limit(&question.data, MAX_OCTETS)?;
        self.limited(sign::sign(&self.program, &question)).await
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        within_limit(&question.data, MAX_OCTETS)?;
        within_limit(&question.signature, MAX_SIGNATURE)?;
        self.limited(verify::verify(&self.program, &question)).await
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        within_limit(octets.expose(), MAX_OCTETS)?;
        if recipients.is_empty() {
            return Err(Error::NoSuchKey);
        }
        self.limited(encryption::encrypt(&self.program, &recipients, &octets)).await
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        within_limit(&octets, MAX_OCTETS)?;
        self.limited(encryption::decrypt(&self.program, &recipient, &octets)).await
    }
}

fn within_limit(octets: &[u8], limit: usize) -> Result<(), Error> {
    (octets.len() <= limit).then_some(()).ok_or(Error::TooLarge)
}
