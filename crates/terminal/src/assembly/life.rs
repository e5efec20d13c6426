//! What becomes of a call whose media stops: its peer may be silent, or gone. Who sends neither RTP nor
//! RTCP is asked by an OPTIONS in the dialog, and whoever answers is there.

use super::dtmf::Digit;
use super::events::{Event, Outcome};
use super::shared::Shared;
use super::unrelayed::unrelayed;
use media_ctl::driver::MediaSession;
use sip_core::Method;
use sip_core::manager::{CallId, Cause, Prepared, RequestId};
use ssa::Body;
use std::sync::Arc;
use tokio::sync::mpsc::WeakSender;

impl Shared {
    /// The peer of a call is there, by its signalling.
    pub(super) fn is_there(&self, id: CallId) {
        if let Some((_, media)) = self.calls.media(id) {
            media.on_signalling();
        }
    }

    /// What is known of a call has changed: its media have keys of their own.
    fn keyed(&self, id: CallId) -> Option<Event> {
        let (call, _) = self.calls.media(id)?;
        let assurance = self.assurance(Prepared { id, call });
        self.calls.learn(id, &assurance);
        Some(Event::Keyed { id, assurance })
    }

    /// Ends a call for this reason; `Over` follows.
    fn end(&self, id: CallId, why: Outcome) {
        self.calls.note(id, why.clone());
        // Where the stack has ended it, it is over already.
        _ = self.hang_up_for(id, &why);
    }

    /// Asks the peer of a call whether it is there; `false` where that cannot be asked.
    fn ask(&self, id: CallId) -> bool {
        let sent = self.endpoint.request_within(id, Method::OPTIONS, Body::default());
        sent.is_ok_and(|request| self.calls.asks(id, request))
    }

    /// What a peer says that was asked; `false` for what answers another request.
    pub(super) fn asked(&self, request: RequestId, outcome: Result<u16, Cause>) -> bool {
        let Some(id) = self.calls.answered(request) else { return false };
        match outcome {
            Ok(408 | 481) | Err(Cause::Status(408 | 481) | Cause::Timeout | Cause::Transport) => {
                self.end(id, Outcome::NoMedia);
            }
            Ok(_) | Err(_) => self.is_there(id),
        }
        true
    }
}

/// Ends a call whose peer is not heard any more, or whose key may protect no more packets. Tells of
/// keys, and of a recording that goes no further.
pub(super) async fn watch_media(
    shared: Arc<Shared>, id: CallId, media: MediaSession, out: WeakSender<Event>,
) {
    // Nobody has to listen.
    let tell = |event| _ = out.upgrade().map(|out| drop(out.try_send(event)));
    while let Some(event) = media.event().await {
        let why = match event {
            media_ctl::Event::TimedOut if shared.ask(id) => continue,
            media_ctl::Event::TimedOut => Outcome::NoMedia,
            media_ctl::Event::Unreachable => Outcome::NoWay,
            media_ctl::Event::RelayLost(why) => {
                unrelayed(&media, why);
                continue;
            }
            media_ctl::Event::KeyExhausted => Outcome::KeyExhausted,
            media_ctl::Event::NotKeyed(why) => Outcome::NotKeyed(why),
            media_ctl::Event::Keyed => {
                shared.keyed(id).into_iter().for_each(tell);
                continue;
            }
            media_ctl::Event::SinkFailed(reason) => {
                let reason =
                    format!("{reason}; what was heard before is kept, and the call goes on");
                tell(Event::NotRecorded { id, reason });
                continue;
            }
            media_ctl::Event::Key(key) => {
                Digit::of_event(key).into_iter().for_each(|digit| tell(Event::Dtmf { id, digit }));
                continue;
            }
            media_ctl::Event::KeySent | media_ctl::Event::KeyNotSent => {
                let sent = event == media_ctl::Event::KeySent;
                tell(Event::Pressed { id, sent });
                continue;
            }
            // `Heard`, and what the media controller may tell in future.
            _ => continue,
        };
        shared.end(id, why);
    }
}
