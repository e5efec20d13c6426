//! Access tokens out of files, read whenever one is wanted: whoever renews them replaces the file.

use super::settings::TokenFile;
use crate::config::read_token;
use async_trait::async_trait;
use sst::{
    Assurance, Call, Denial, Mismatch, Password, TelephonyApplication, TrustAnswer, TrustQuestion,
};
use std::fmt;
use std::sync::Arc;

/// Gives what the files hold, and asks for what no file is there for.
pub(super) struct Tokens {
    inner: Arc<dyn TelephonyApplication>,
    files: Vec<TokenFile>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(super) fn new(inner: Arc<dyn TelephonyApplication>, files: Vec<TokenFile>) -> Self {
        Self { inner, files }
    }
}

#[async_trait]
impl TelephonyApplication for Tokens {
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password> {
        self.inner.credentials(realm, user).await
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        let mut files = self.files.iter();
        let Some(file) = files.find(|file| file.realm == realm && file.user == user) else {
            return self.inner.token(server, realm, user).await;
        };
        match read_token(&file.path) {
            Ok(token) => Some(token),
            Err(why) => {
                tracing::warn!("no access token: {}", why.line());
                None
            }
        }
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        self.inner.trust(question).await
    }

    async fn unlock(&self, fingerprint: &str) -> Option<Password> {
        self.inner.unlock(fingerprint).await
    }

    fn assurance(&self, call: Call, assurance: &Assurance) {
        self.inner.assurance(call, assurance);
    }

    fn denied(&self, denial: Denial<'_>) {
        self.inner.denied(denial);
    }

    fn mismatch(&self, call: Call, mismatch: Mismatch) {
        self.inner.mismatch(call, mismatch);
    }
}
