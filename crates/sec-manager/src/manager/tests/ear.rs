//! An application that notes what it is told, and says no to everything.

use super::*;
use sst::{Assurance, Call, Denial, Denied, Mismatch, Proof, TrustAnswer, TrustQuestion};
use std::net::SocketAddr;

/// A refusal as it is told: why, who claimed to be there, and from where.
pub(super) type Heard = (Denied, String, Option<SocketAddr>);

#[derive(Default)]
pub(super) struct Ear {
    assured: Mutex<Vec<Assurance>>,
    denied: Mutex<Vec<Heard>>,
    mismatches: Mutex<Vec<Mismatch>>,
}

impl Ear {
    pub(super) fn assured(&self) -> Vec<Assurance> {
        std::mem::take(&mut self.assured.lock().unwrap())
    }

    /// By what the peers of calls were proved.
    pub(super) fn proofs(&self) -> Vec<Proof> {
        self.assured().into_iter().map(|assurance| assurance.proof).collect()
    }

    pub(super) fn denied(&self) -> Vec<Heard> {
        std::mem::take(&mut self.denied.lock().unwrap())
    }

    /// Why requests were refused.
    pub(super) fn whys(&self) -> Vec<Denied> {
        self.denied().into_iter().map(|(why, ..)| why).collect()
    }

    pub(super) fn mismatches(&self) -> Vec<Mismatch> {
        std::mem::take(&mut self.mismatches.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl sst::TelephonyApplication for Ear {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        None
    }

    async fn trust(&self, _: TrustQuestion) -> TrustAnswer {
        TrustAnswer::No
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _: Call, assurance: &Assurance) {
        self.assured.lock().unwrap().push(assurance.clone());
    }

    fn denied(&self, denial: Denial<'_>) {
        let heard = (denial.why, denial.claimed.to_owned(), denial.source);
        self.denied.lock().unwrap().push(heard);
    }

    fn mismatch(&self, _: Call, mismatch: Mismatch) {
        self.mismatches.lock().unwrap().push(mismatch);
    }
}

/// A Digest manager whose application hears.
pub(super) fn hearing(platform: &Arc<TestPlatform>) -> (Arc<SecurityManager>, Arc<Ear>) {
    let ear = Arc::new(Ear::default());
    let manager = SecurityManager::builder(platform.clone())
        .digest(Digest)
        .application(ear.clone())
        .build()
        .unwrap();
    (manager, ear)
}
