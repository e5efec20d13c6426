//! What a 2xx says of the password that was typed for it.

use crate::manager::{Inner, Shared};
use crate::scheme::given::Proved;
use ssa::{CallRef, Request};

impl Shared {
    /// A 2xx came: what was typed for it need not be typed again.
    pub(crate) fn accepted(&self, call: CallRef, sent: &Request<'_>) {
        let mut inner = self.lock();
        let Inner { policy, records, typed, .. } = &mut *inner;
        let asked = || policy.accounts.iter().filter(|account| account.keys.is_none());
        let proved = records.get(call.0).map_or(&[][..], |record| &record.proved);
        for Proved { given, .. } in proved.iter().filter(|proved| proved.is_in(sent)) {
            let Some(answer) = given.by.digest() else { continue };
            if asked().any(|it| it.aor == given.account && it.realm == given.realm) {
                typed.keep(&given.account, &given.realm, answer);
            }
        }
    }
}
