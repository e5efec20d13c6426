//! A security application that does what it is told: answers, fails, lies, or never answers.

use async_trait::async_trait;
use sma::conformance::Double;
use sma::{
    Decrypted, Error, Fingerprint, Key, KeyValidity, Plaintext, Report, SecurityApplication,
    ToSign, ToVerify,
};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

pub(crate) struct Scripted {
    honest: Double,
    /// What becomes of the next questions; after that, each is answered.
    script: Mutex<VecDeque<u8>>,
}

impl Scripted {
    pub(crate) fn new(honest: Double) -> Self {
        Self { honest, script: Mutex::default() }
    }

    /// What becomes of the next questions.
    pub(crate) fn say(&self, script: &[u8]) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = script.to_vec().into();
    }

    /// Whether the question at hand is answered, and with what lie.
    async fn turn(&self) -> Result<u8, Error> {
        let next = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match next.unwrap_or_default() & 15 {
            1 => Err(Error::Unavailable),
            2 => Err(Error::Deadline),
            3 => Err(Error::Busy),
            4 => Err(Error::Failed),
            5 => Err(Error::NoSuchKey),
            6 => Err(Error::Malformed),
            7 => std::future::pending().await,
            lie => Ok(lie),
        }
    }
}

#[async_trait]
impl SecurityApplication for Scripted {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        self.turn().await?;
        self.honest.identities().await
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        self.turn().await?;
        self.honest.sign(question).await
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        let lie = self.turn().await?;
        let mut report = self.honest.verify(question).await?;
        // Each of them makes a good signature one that must not count.
        match lie {
            8 => report.data_sha256 = [0; 32],
            9 => report.primary = Fingerprint::parse(&"e".repeat(40)).unwrap_or(report.primary),
            10 => report.signatures = 2,
            11 => report.key = KeyValidity::Expired,
            12 => report.strong = false,
            13 => report.class = 1,
            14 => report.notations.clear(),
            15 => report.good = false,
            _ => return Ok(report),
        }
        Ok(report)
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        self.turn().await?;
        self.honest.encrypt(recipients, octets).await
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        let lie = self.turn().await?;
        let opened = self.honest.decrypt(recipient, octets).await?;
        Ok(Decrypted { integrity: lie < 8, ..opened })
    }
}
