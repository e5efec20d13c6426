//! Calls whose media are helped: whoever calls, or is called, waits until the helpers have said where
//! media may reach us.

use super::events::Outcome;
use super::shared::{Shared, offer};
use media_ctl::driver::MediaSession;
use sip_core::manager::{CallId, EndReason, Prepared};
use std::sync::Arc;

impl Shared {
    /// Whether media have helpers that are asked before they are offered.
    pub(super) fn has_helpers(&self) -> bool {
        self.lines.ice && !self.helpers.is_empty()
    }

    /// Whether they are asked before this offer is answered: whoever makes it does ICE, or leaves the
    /// offer to us. Nobody else is told what they say.
    pub(super) fn has_helpers_for(&self, offer: &[u8]) -> bool {
        self.has_helpers() && may_be_ice(offer)
    }

    /// Sends the INVITE of a call that was prepared once its media are helped. Where it cannot be sent,
    /// the call is over.
    pub(super) fn invite_once_helped(
        self: &Arc<Self>, prepared: Prepared, late_offer: bool, media: MediaSession,
    ) {
        self.once_helped(media, move |shared, media| {
            let id = prepared.id;
            let why = match offer(&media, late_offer) {
                Ok(offer) => match shared.endpoint.invite(id, offer) {
                    Ok(()) => return,
                    // The user has hung up meanwhile.
                    Err(_) => Outcome::Ended(EndReason::Local),
                },
                Err(error) => Outcome::Media(error.to_string()),
            };
            let over = shared.over(id, why);
            shared.forget(prepared.call);
            // The draft goes, too.
            _ = shared.endpoint.hang_up(id);
            // Nobody has to listen.
            _ = over.zip(shared.events.upgrade()).map(|(over, out)| drop(out.try_send(over)));
        });
    }

    /// Answers a call that waits for it once its media are helped.
    pub(super) fn answer_once_helped(
        self: &Arc<Self>, id: CallId, media: MediaSession, offer: Vec<u8>,
    ) {
        self.calls.attach(id, media.clone());
        self.once_helped(media, move |shared, media| {
            // Where it is over meanwhile, or has been refused, that was told.
            _ = shared.answer(id, media, &offer);
        });
    }

    fn once_helped(
        self: &Arc<Self>, media: MediaSession,
        then: impl FnOnce(&Arc<Self>, MediaSession) + Send + 'static,
    ) {
        let shared = Arc::clone(self);
        self.media.runtime.spawn(Box::pin(async move {
            shared.helpers.help(&shared.media, &media).await;
            then(&shared, media);
        }));
    }
}

/// Whether ICE may come of an offer: it does ICE (RFC 8839 §5.4), or is left to us.
fn may_be_ice(offer: &[u8]) -> bool {
    let mut lines = offer.split(|octet| matches!(octet, b'\r' | b'\n'));
    offer.is_empty() || lines.any(|line| line.starts_with(b"a=ice-ufrag:"))
}

#[cfg(test)]
mod tests {
    use super::may_be_ice;

    /// RFC 8839 §4.2.1, and RFC 3261 §13.2.1: an INVITE may leave the offer to whoever is called.
    #[test]
    fn whoever_calls_without_ice_does_not_wait_for_our_servers() {
        let without = b"v=0\r\nm=audio 5000 RTP/AVP 0\r\na=x-ice-ufrag:1\r\na=ice-lite\r\n";
        let with = [&without[..], b"a=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"];
        assert!(!may_be_ice(without));
        assert!(may_be_ice(&with.concat()) && may_be_ice(b""));
    }
}
