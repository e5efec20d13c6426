//! The application's commands about REFER, in a call and outside any. RFC 3515, RFC 5589.

use super::config::ReferConfig;
use super::core::SipManager;
use super::event::{CallId, RequestId};
use super::misuse::Misuse;
use super::requests::Draft;
use super::target::Target;
use super::usages::{Cx, Notifier, Replaces, Subscription, Usage, text};
use crate::Uri;
use std::time::Instant;

impl SipManager {
    /// Asks the peer of a call that is up to call `to`: a blind transfer, where the call is hung up
    /// once that has worked. RFC 3515, RFC 5589 §6.
    ///
    /// # Errors
    /// [`Misuse::NotAUri`], [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn refer(&mut self, now: Instant, id: CallId, to: &str) -> Result<RequestId, Misuse> {
        Uri::parse(to.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        self.send_refer(now, id, to.as_bytes())
    }

    /// Asks the peer of a call that is up to take our place in another one: an attended transfer.
    /// RFC 5589 §7.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]; [`Misuse::WrongState`] where one of the two is not up.
    pub fn refer_to_call(
        &mut self, now: Instant, id: CallId, other: CallId,
    ) -> Result<RequestId, Misuse> {
        let to = self.in_our_place(now, other)?;
        self.send_refer(now, id, to.as_bytes())
    }

    /// A URI of the peer of a call that is up, by which whoever calls it takes our place in that call:
    /// for a REFER to somebody else, or for a message to a person. RFC 5589 §7.1, RFC 5359 §2.6.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]; [`Misuse::WrongState`] where the call is not up.
    pub fn in_our_place(&mut self, now: Instant, id: CallId) -> Result<String, Misuse> {
        let dialog = self.call(now, id, |call, _| Ok(call.confirmed()))?;
        let entry = dialog.and_then(|dialog| self.dialogs.get(dialog));
        let uri = entry.and_then(|entry| Replaces::to_uri(&entry.dialog));
        uri.map(|uri| text(&uri)).ok_or(Misuse::WrongState)
    }

    /// Asks somebody with whom there is no call to call somebody: a server that plays music or parks
    /// calls, or a telephone from a computer. RFC 3515, RFC 5359 §2.3, §2.15, §2.18.
    ///
    /// # Errors
    /// What is no URI or cannot be reached.
    pub fn refer_outside(
        &mut self, now: Instant, config: &ReferConfig,
    ) -> Result<RequestId, Misuse> {
        let (subscription, request) = Subscription::referral(&mut self.io(now), config)?;
        self.begin_refer(now, subscription, request)
    }

    fn send_refer(&mut self, now: Instant, id: CallId, to: &[u8]) -> Result<RequestId, Misuse> {
        let (name, dialog) = self.call(now, id, |call, _| Ok((call.name(), call.confirmed())))?;
        let dialog = dialog.ok_or(Misuse::WrongState)?;
        let refer = Subscription::refer(&mut self.dialogs, dialog, (name, id), to);
        let (subscription, request) = refer.ok_or(Misuse::WrongState)?;
        self.begin_refer(now, subscription, request)
    }

    fn begin_refer(
        &mut self, now: Instant, subscription: Subscription, request: (Draft, Target),
    ) -> Result<RequestId, Misuse> {
        let key = self.insert(now, Usage::Subscription(Box::new(subscription)));
        self.give(now, key, |subscription: &mut Subscription, cx| {
            subscription.send_refer(cx, request);
            Ok(RequestId(key))
        })
    }

    /// Follows a REFER of a peer's: 202. The peer is told how far it is by
    /// [`tell_referrer`](Self::tell_referrer).
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`] where it was decided before.
    pub fn agree(&mut self, now: Instant, id: RequestId) -> Result<(), Misuse> {
        self.notifier(now, id, Notifier::agree)
    }

    /// Does not follow a REFER of a peer's, with a status of 300 to 699.
    ///
    /// # Errors
    /// As [`agree`](Self::agree).
    pub fn decline(&mut self, now: Instant, id: RequestId, status: u16) -> Result<(), Misuse> {
        self.notifier(now, id, |notifier, cx| notifier.decline(cx, status))
    }

    /// Tells who sent a REFER the status of the last response to what it asked for: a final one ends
    /// it. RFC 3515 §2.4.5.
    ///
    /// # Errors
    /// [`Misuse::Unknown`] once the last word is said.
    pub fn tell_referrer(
        &mut self, now: Instant, id: RequestId, status: u16,
    ) -> Result<(), Misuse> {
        self.notifier(now, id, |notifier, cx| {
            notifier.tell_progress(cx, status);
            Ok(())
        })
    }

    /// Gives a command to a REFER of a peer's.
    fn notifier<T>(
        &mut self, now: Instant, id: RequestId,
        give: impl FnOnce(&mut Notifier, &mut Cx<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        self.give(
            now,
            id.0,
            |it: &mut Notifier, cx| {
                if it.is_subscriber() { Err(Misuse::Unknown) } else { give(it, cx) }
            },
        )
    }
}
