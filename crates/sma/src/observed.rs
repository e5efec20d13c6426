//! A decorator that shows every signal, redacted, to a sink.

use crate::{
    Decrypted, Error, Fingerprint, Key, Plaintext, Report, SecurityApplication, ToSign, ToVerify,
};
use async_trait::async_trait;
use std::sync::Arc;

/// One signal across the interface; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The signal's name, for example `sign`.
    pub name: &'static str,
    /// Whether it goes from the security application to the manager.
    pub from_application: bool,
    /// What it carries, in a few words.
    pub detail: String,
}

/// Who watches.
pub trait Sink: Send + Sync {
    /// Called once a signal, in order. Must not block.
    fn signal(&self, signal: Signal);
}

/// Shows the signals of `S` to a sink, and changes none.
pub struct Observed<S: ?Sized> {
    inner: Arc<S>,
    sink: Arc<dyn Sink>,
}

impl<S: ?Sized> Observed<S> {
    /// Watches `inner`.
    pub fn new(inner: Arc<S>, sink: Arc<dyn Sink>) -> Self {
        Self { inner, sink }
    }

    fn asked(&self, name: &'static str, detail: String) {
        self.sink.signal(Signal { name, from_application: false, detail });
    }

    fn answered<T>(
        &self, name: &'static str, answer: Result<T, Error>, show: impl FnOnce(&T) -> String,
    ) -> Result<T, Error> {
        let detail = answer.as_ref().map_or_else(ToString::to_string, show);
        self.sink.signal(Signal { name, from_application: true, detail });
        answer
    }
}

#[async_trait]
impl<S: SecurityApplication + ?Sized> SecurityApplication for Observed<S> {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        self.asked("identities", String::new());
        self.answered("identities", self.inner.identities().await, |keys| {
            format!("{} keys", keys.len())
        })
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        let detail = format!("{} bytes as {}", question.data.len(), question.signer);
        self.asked("sign", detail);
        self.answered("sign", self.inner.sign(question).await, |s| format!("{} bytes", s.len()))
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        let detail = format!("{} bytes of {}", question.data.len(), question.signer);
        self.asked("verify", detail);
        self.answered("verify", self.inner.verify(question).await, |report| {
            if report.good { "good".to_owned() } else { "bad".to_owned() }
        })
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        let names: Vec<&str> = recipients.iter().map(Fingerprint::as_str).collect();
        self.asked("encrypt", format!("{} bytes to {}", octets.expose().len(), names.join(", ")));
        let answer = self.inner.encrypt(recipients, octets).await;
        self.answered("encrypt", answer, |octets| format!("{} bytes", octets.len()))
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        self.asked("decrypt", format!("{} bytes as {recipient}", octets.len()));
        let answer = self.inner.decrypt(recipient, octets).await;
        self.answered("decrypt", answer, |plain| format!("{} bytes", plain.octets.expose().len()))
    }
}
