//! Passwords that a person typed and that were accepted: their hashes, for as long as they are.
//!
//! Nothing of them outlives the manager, a new configuration, or a refusal.

use crate::digest::Keys;
use crate::policy::Account;
use crate::scheme::digest::proofs::DigestAnswer;
use sst::Algorithm;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The hash of the password of an account, by its AOR and realm.
#[derive(Default)]
pub(crate) struct Typed(BTreeMap<(String, Vec<u8>), (Algorithm, Arc<Keys>)>);

impl Typed {
    /// Keeps the hash that a 2xx accepted.
    pub(crate) fn keep(&mut self, aor: &str, realm: &[u8], answer: &DigestAnswer) {
        let keys = (answer.algorithm.hash, Arc::clone(&answer.keys));
        self.0.insert((aor.to_owned(), realm.to_vec()), keys);
    }

    /// The keys of an account; `None` where a person must be asked, also for another algorithm.
    pub(crate) fn of(&self, account: &Account, algorithm: Algorithm) -> Option<Arc<Keys>> {
        let (hash, keys) = self.0.get(&(account.aor.clone(), account.realm.clone()))?;
        (*hash == algorithm).then(|| Arc::clone(keys))
    }

    /// The password was refused: the next one is asked for.
    pub(crate) fn forget(&mut self, aor: &str, realm: &[u8]) {
        self.0.remove(&(aor.to_owned(), realm.to_vec()));
    }
}
