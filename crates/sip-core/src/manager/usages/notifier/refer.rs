//! A REFER of a peer's: whether the application follows it, and what the peer is told of how far it
//! is. RFC 3515 §2.4, RFC 4488.

use super::usage::{DECIDE, Notifier, Of, Stage, Telling, UNDECIDED};
use crate::manager::event::{Event, RequestId};
use crate::manager::misuse::Misuse;
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::subscriptions::{SubscriptionState, Termination};
use crate::manager::usages::cx::Cx;
use crate::manager::usages::subscription::EventType;
use crate::manager::usages::{refuses_subscription, text};
use crate::{HeaderName, Message, NameAddr, StatusCode};
use ssa::Body;

/// How long the peer is kept informed, in seconds: longer than a call rings.
const LIFETIME: u32 = 240;

impl Notifier {
    /// The REFER came in.
    pub(super) fn on_refer(&mut self, cx: &mut Cx<'_>, server: Key) {
        match self.referred(cx, server) {
            Ok(event) => {
                self.stage = Stage::Waiting(server);
                cx.start(UNDECIDED, DECIDE);
                cx.tell(event);
            }
            Err(reply) => {
                self.stage = Stage::Over;
                cx.answer(server, reply);
            }
        }
    }

    /// What the application is told, and the dialog, where it came outside of any.
    ///
    /// # Errors
    /// What it is answered.
    fn referred(&mut self, cx: &mut Cx<'_>, server: Key) -> Result<Event, Reply> {
        let served = cx.serving.get(server).ok_or_else(|| Reply::new(481))?;
        let Of::Refer(within, subscribes) = &mut self.of else { return Err(Reply::new(481)) };
        let message = &served.request.message;
        // RFC 3515 §2.4.2: exactly one.
        let to = sole_target(message).ok_or_else(|| Reply::new(400))?;
        let by = message.header(HeaderName::ReferredBy);
        let by = by.and_then(|by| NameAddr::parse(by).ok()).map(|by| text(by.uri().as_bytes()));
        let from = text(message.ssa_request().ok_or_else(|| Reply::new(400))?.from.uri);
        // RFC 3515 §2.4.6: its CSeq is what the peer tells its NOTIFYs by.
        self.event = Some(EventType::new("refer", Some(&served.cseq.to_string())));
        *subscribes = !refuses_subscription(message);
        let (id, within, call) = (RequestId(cx.me), *within, self.name);
        if within.is_none() {
            self.make_dialog(cx, server)?;
        }
        Ok(Event::Referred { id, within, call, from, to, by })
    }

    /// The application follows it: 202, and then it tells how far it is.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where it was decided before.
    pub(in crate::manager) fn agree(&mut self, cx: &mut Cx<'_>) -> Result<(), Misuse> {
        let (Stage::Waiting(server), Of::Refer(_, subscribes)) = (self.stage, &self.of) else {
            return Err(Misuse::WrongState);
        };
        cx.stop(UNDECIDED);
        let mut reply = Reply::new(202);
        reply.fields.extend(self.contact(cx, server));
        if *subscribes {
            self.most = LIFETIME;
            self.lasts(cx, LIFETIME);
            self.body = fragment(100);
            self.telling = Telling::UnderWay;
        } else {
            self.stage = Stage::Over;
            reply.fields.push(("Refer-Sub", b"false".to_vec()));
        }
        cx.answer(server, reply);
        Ok(())
    }

    /// The peer is told how far it is: a final status is the last word. One that nobody wants to
    /// hear, or whose time is up, is told nothing.
    pub(in crate::manager) fn tell_progress(&mut self, cx: &mut Cx<'_>, status: u16) {
        if self.stage != Stage::Standing || self.is_ending() {
            return;
        }
        self.body = fragment(status);
        if status >= 200 {
            self.state = SubscriptionState::Terminated(Termination::NoResource);
        }
        self.tell_peer(cx);
    }

    /// Its time is up: 487 says that nothing is known of its end. RFC 3515 §2.4.7.
    pub(super) fn on_referrer_expired(&mut self, cx: &mut Cx<'_>) {
        if !self.is_ending() {
            self.body = fragment(487);
            self.state = SubscriptionState::Terminated(Termination::TimedOut);
            self.tell_peer(cx);
        }
    }
}

/// The URI of the one Refer-To.
fn sole_target(refer: &Message) -> Option<String> {
    let mut rows = refer.headers(HeaderName::ReferTo);
    let (row, None) = (rows.next()?, rows.next()) else { return None };
    Some(text(NameAddr::parse(row).ok()?.uri().as_bytes()))
}

/// A status line as a body. RFC 3420.
fn fragment(status: u16) -> Body {
    let reason = StatusCode::new(status).map_or("", StatusCode::reason);
    Body {
        content_type: Some(b"message/sipfrag;version=2.0".to_vec()),
        octets: format!("SIP/2.0 {status} {reason}\r\n").into_bytes(),
    }
}
