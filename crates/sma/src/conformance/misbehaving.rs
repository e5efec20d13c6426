//! Security applications that fail, each in one way.

use super::Gate;
use crate::{
    Decrypted, Deny, Error, Fingerprint, Key, Plaintext, Report, SecurityApplication, ToSign,
    ToVerify,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers late: every question waits until a [`Gate`] is open.
pub struct Late<S> {
    inner: S,
    gate: Gate,
}

impl<S> Late<S> {
    /// Holds the questions to `inner` at `gate`.
    pub fn new(inner: S, gate: Gate) -> Self {
        Self { inner, gate }
    }

    async fn pass(&self) -> Result<(), Error> {
        self.gate.pass().await;
        Ok(())
    }
}

/// Never answers, as a stopped process does.
pub struct Hanging {
    inner: Deny,
    never: Gate,
}

impl Hanging {
    /// An application that hangs from the first question on.
    pub fn new() -> Self {
        Self { inner: Deny, never: Gate::closed() }
    }

    /// How many questions hang in it; one whose future was dropped is gone.
    pub fn waiting(&self) -> usize {
        self.never.waiting()
    }

    async fn pass(&self) -> Result<(), Error> {
        self.never.pass().await;
        Ok(())
    }
}

impl Default for Hanging {
    fn default() -> Self {
        Self::new()
    }
}

/// Crashes: after some answers it is gone, until it is restarted.
pub struct Crashing<S> {
    inner: S,
    left: AtomicUsize,
}

impl<S> Crashing<S> {
    /// Answers `answers` questions, then [`Error::Unavailable`] to each.
    pub fn after(inner: S, answers: usize) -> Self {
        Self { inner, left: AtomicUsize::new(answers) }
    }

    /// Answers `answers` questions more.
    pub fn restart(&self, answers: usize) {
        self.left.store(answers, Ordering::Relaxed);
    }

    async fn pass(&self) -> Result<(), Error> {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .map(drop)
            .map_err(|_| Error::Unavailable)
    }
}

/// What is changed in an answer.
type Lie<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// Lies: what an honest application answered is changed before it is told.
pub struct Lying<S> {
    inner: S,
    report: Lie<Report>,
    signature: Lie<Vec<u8>>,
}

impl<S> Lying<S> {
    /// Tells the truth about everything but the reports that `lie` changes.
    pub fn about_reports(inner: S, lie: impl Fn(&mut Report) + Send + Sync + 'static) -> Self {
        Self { inner, report: Arc::new(lie), signature: Arc::new(|_| {}) }
    }

    /// Tells the truth about everything but the signatures that `lie` changes.
    pub fn about_signatures(inner: S, lie: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self { inner, report: Arc::new(|_| {}), signature: Arc::new(lie) }
    }

    /// Says *good*, and echoes other data than it was asked about.
    pub fn about_data(inner: S) -> Self {
        Self::about_reports(inner, |report| {
            report.good = true;
            report.data_sha256 = [0x5A; 32];
        })
    }

    /// Says *good*, and names `other` as the signer.
    pub fn about_signer(inner: S, other: Fingerprint) -> Self {
        Self::about_reports(inner, move |report| {
            report.good = true;
            report.primary = other.clone();
        })
    }
}

#[async_trait]
impl<S: SecurityApplication> SecurityApplication for Lying<S> {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        self.inner.identities().await
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        let mut signature = self.inner.sign(question).await?;
        (self.signature)(&mut signature);
        Ok(signature)
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        let mut report = self.inner.verify(question).await?;
        (self.report)(&mut report);
        Ok(report)
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        self.inner.encrypt(recipients, octets).await
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        self.inner.decrypt(recipient, octets).await
    }
}

/// Every question has to `pass` before `inner` is asked.
macro_rules! obstructed {
    ($name:ty $(, $inner:ident)?) => {
        #[async_trait]
        impl$(<$inner: SecurityApplication>)? SecurityApplication for $name {
            async fn identities(&self) -> Result<Vec<Key>, Error> {
                self.pass().await?;
                self.inner.identities().await
            }

            async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
                self.pass().await?;
                self.inner.sign(question).await
            }

            async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
                self.pass().await?;
                self.inner.verify(question).await
            }

            async fn encrypt(
                &self,
                recipients: Vec<Fingerprint>,
                octets: Plaintext,
            ) -> Result<Vec<u8>, Error> {
                self.pass().await?;
                self.inner.encrypt(recipients, octets).await
            }

            async fn decrypt(
                &self,
                recipient: Fingerprint,
                octets: Vec<u8>,
            ) -> Result<Decrypted, Error> {
                self.pass().await?;
                self.inner.decrypt(recipient, octets).await
            }
        }
    };
}

obstructed!(Late<S>, S);
obstructed!(Crashing<S>, S);
obstructed!(Hanging);
