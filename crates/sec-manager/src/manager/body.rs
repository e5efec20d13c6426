//! Bodies that leave and come in, and the media keys within. SSA's `encrypt` and `decrypt`.

use super::Shared;
use ssa::{Answer, Body, BodyVerdict, CallRef, Direction};

impl Shared {
    /// A body that is about to leave: its key slots are filled only where it travels encrypted.
    pub(super) fn encrypt(
        &self, call: CallRef, direction: Direction, body: Body,
    ) -> Answer<BodyVerdict> {
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            return Answer::Ready(BodyVerdict::Body(body));
        };
        let standing = record.standing(false);
        match record.media.fill(direction, body, standing, &*self.platform) {
            Ok(body) => Answer::Ready(BodyVerdict::Body(body)),
            Err(refusal) => Answer::Ready(BodyVerdict::Refused(refusal)),
        }
    }

    /// A body that came in: key slots are emptied.
    pub(super) fn decrypt(
        &self, call: CallRef, direction: Direction, body: Body,
    ) -> Answer<BodyVerdict> {
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            return Answer::Ready(BodyVerdict::Body(body));
        };
        let standing = record.standing(false);
        match record.media.empty(direction, body, standing) {
            Ok(body) => Answer::Ready(BodyVerdict::Body(body)),
            Err(refusal) => Answer::Ready(BodyVerdict::Refused(refusal)),
        }
    }
}
