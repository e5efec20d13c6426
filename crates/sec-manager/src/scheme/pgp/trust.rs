//! Which key a peer has, and what the user says of one that nobody has pinned.
//! Case G15.

use crate::aor::Aor;
use crate::manager::Shared;
use crate::pgp::Jobs;
use sma::Fingerprint;
use ssa::CallRef;
use sst::{Call, TrustAnswer, TrustQuestion};

/// Questions about keys that are open at once: whoever has a key could otherwise bury the user.
const QUESTIONS: usize = 4;

/// What the user said of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is the peer's.
    Yes,
    /// It is not, or nothing.
    No,
    /// The user is being asked about this contact already, or about too many.
    Busy,
}

impl Shared {
    /// The key of a call's peer: the one that set the call up, whatever became of its pin since, or
    /// the one that is pinned.
    pub(crate) fn key_of(&self, call: CallRef, peer: &Aor) -> Option<Fingerprint> {
        let inner = self.lock();
        let record = inner.records.get(call.0);
        let proved = record.filter(|it| it.authenticated && it.peer.as_ref() == Some(peer));
        let key = proved.and_then(|record| record.pgp.peer());
        key.or_else(|| inner.pins.of(peer)).cloned()
    }

    /// Asks the user whose key it is, with what is known of it.
    pub(crate) async fn ask_whose(
        &self, jobs: &Jobs, call: CallRef, from: &Aor, signer: &Fingerprint,
    ) -> Said {
        let Some(_asking) = Asking::about(self, from) else { return Said::Busy };
        let pinned_to = self.lock().pins.pinned_to(signer);
        let question = TrustQuestion {
            call: Call(call.0),
            aor: from.as_str().to_owned(),
            fingerprint: signer.as_str().to_owned(),
            user_ids: user_ids(jobs, signer).await,
            pinned_to,
        };
        if self.application.trust(question).await == TrustAnswer::No {
            return Said::No;
        }
        let mut inner = self.lock();
        inner.pins.add(from, signer);
        // Of two answers the first holds.
        if inner.pins.of(from) == Some(signer) { Said::Yes } else { Said::No }
    }
}

/// What the key says of itself: a claim, as everything that its maker writes. Where the application
/// does not say it, the user is asked all the same.
async fn user_ids(jobs: &Jobs, key: &Fingerprint) -> Vec<String> {
    let keys = jobs.identities().await.unwrap_or_default();
    let known = keys.into_iter().find(|known| known.fingerprint == *key);
    known.map(|known| known.user_ids).unwrap_or_default()
}

/// An open question about a contact; closed when dropped, also with the call.
struct Asking<'a> {
    shared: &'a Shared,
    contact: Aor,
}

impl<'a> Asking<'a> {
    /// `None`: this contact is being asked about, or as many as may be.
    fn about(shared: &'a Shared, aor: &Aor) -> Option<Self> {
        let contact = aor.as_contact();
        let mut inner = shared.lock();
        let free = inner.asking.len() < QUESTIONS && inner.asking.insert(contact.clone());
        drop(inner);
        free.then(|| Self { shared, contact })
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.shared.lock().asking.remove(&self.contact);
    }
}
