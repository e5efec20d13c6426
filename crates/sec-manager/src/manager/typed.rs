//! Passwords that a person typed and that were accepted: their hashes, for as long as they are.
//!
//! Nothing of them outlives the manager, a new configuration, or a refusal.

use super::record::DigestAnswer;
use super::response::carried;
use super::{Inner, Shared};
use crate::digest::Keys;
use crate::policy::Account;
use ssa::{CallRef, Request};
use sst::Algorithm;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The hash of the password of an account, by its AOR and realm.
#[derive(Default)]
pub(super) struct Typed(BTreeMap<(String, Vec<u8>), (Algorithm, Arc<Keys>)>);

impl Typed {
    fn keep(&mut self, answer: &DigestAnswer) {
        let keys = (answer.algorithm.hash, Arc::clone(&answer.keys));
        self.0.insert((answer.account.clone(), answer.realm.clone()), keys);
    }

    /// The keys of an account; `None` where a person must be asked, also for another algorithm.
    pub(super) fn of(&self, account: &Account, algorithm: Algorithm) -> Option<Arc<Keys>> {
        let (hash, keys) = self.0.get(&(account.aor.clone(), account.realm.clone()))?;
        (*hash == algorithm).then(|| Arc::clone(keys))
    }

    /// The password was refused: the next one is asked for.
    pub(super) fn forget(&mut self, aor: &str, realm: &[u8]) {
        self.0.remove(&(aor.to_owned(), realm.to_vec()));
    }
}

impl Shared {
    /// A 2xx came: what was typed for it need not be typed again.
    pub(super) fn accepted(&self, call: CallRef, sent: &Request<'_>) {
        let mut inner = self.lock();
        let Inner { policy, records, typed, .. } = &mut *inner;
        let asked = || policy.accounts.iter().filter(|account| account.keys.is_none());
        if asked().next().is_none() {
            return;
        }
        let proved = records.get(call.0).map_or(&[][..], |record| &record.proved);
        let answers = proved.iter().filter(|proved| carried(proved, sent)).map(|it| &it.answer);
        let was_asked = |answer: &&DigestAnswer| {
            asked().any(|it| it.aor == answer.account && it.realm == answer.realm)
        };
        answers.filter(was_asked).for_each(|answer| typed.keep(answer));
    }
}
