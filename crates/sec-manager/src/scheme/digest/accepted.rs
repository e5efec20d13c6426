//! What a 2xx says of the password that was typed for it.

use crate::manager::{Inner, Shared};
use crate::scheme::digest::answer::carried;
use crate::scheme::digest::proofs::DigestAnswer;
use ssa::{CallRef, Request};

impl Shared {
    /// A 2xx came: what was typed for it need not be typed again.
    pub(crate) fn accepted(&self, call: CallRef, sent: &Request<'_>) {
        let mut inner = self.lock();
        let Inner { policy, records, typed, .. } = &mut *inner;
        let asked = || policy.accounts.iter().filter(|account| account.keys.is_none());
        let proved = records.get(call.0).map_or(&[][..], |record| &record.digest.proved);
        let answers = proved.iter().filter(|proved| carried(proved, sent)).map(|it| &it.answer);
        let was_asked = |answer: &&DigestAnswer| {
            asked().any(|it| it.aor == answer.account && it.realm == answer.realm)
        };
        answers.filter(was_asked).for_each(|answer| typed.keep(answer));
    }
}
