//! A REFER of a peer's: whether the application follows it, and what the peer is told of how far it
//! is. RFC 3515 §2.4, RFC 4488, RFC 6665 §4.2.
//!
//! ```text
//!   REFER ─▶ Arriving ─▶ Waiting ── agree: 202 ──▶ Active ── final status: NOTIFY ──▶ Over
//!                           │                        └─ status: NOTIFY, one at a time
//!                           └── decline, or nothing in time: 603 ──▶ Over
//! ```

use super::cx::Cx;
use super::{refuses_subscription, text};
use crate::manager::event::{CallId, Event, Misuse, RequestId};
use crate::manager::requests::{Draft, Outcome, Purpose};
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::{HeaderName, Message, Method, NameAddr, StatusCode};
use ssa::{Body, CallRef};
use std::time::Duration;

const NOTIFY: Purpose = Purpose(0);

/// The application has not decided.
const UNDECIDED: u8 = 0;
/// The subscription's time is up.
const EXPIRED: u8 = 1;

/// How long the application may take to decide: half of what the peer waits by default. RFC 3261
/// §17.1.2.2.
const DECIDE: Duration = Duration::from_secs(16);

/// How long the peer is kept informed: longer than a call rings.
const LIFETIME: Duration = Duration::from_secs(240);

/// A REFER of a peer's.
#[derive(Debug)]
pub(in crate::manager) struct Notifier {
    name: CallRef,
    dialog: Key,
    within: CallId,
    /// The CSeq of the REFER, by which the peer tells its NOTIFYs. RFC 3515 §2.4.6.
    id: u32,
    /// Whether the peer wants to hear how it goes on. RFC 4488 §4.
    subscribes: bool,
    state: State,
}

/// How far it is.
#[derive(Debug)]
enum State {
    /// It was received.
    Arriving,
    /// The application is to decide on what waits in this transaction.
    Waiting(Key),
    /// It was taken. The statuses that are to be told yet; the first is under way.
    Active(Vec<u16>),
    Over,
}

impl Notifier {
    /// One that came in the dialog of a call.
    pub(in crate::manager) const fn incoming(name: CallRef, dialog: Key, within: CallId) -> Self {
        Self { name, dialog, within, id: 0, subscribes: true, state: State::Arriving }
    }

    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    pub(super) const fn dialog(&self) -> Key {
        self.dialog
    }

    /// The REFER came in; or something else in a dialog that has nothing else any more.
    pub(super) fn on_request(&mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>) {
        let arriving = matches!(self.state, State::Arriving) && method == Method::REFER;
        let Some(served) = cx.serving.get(server).filter(|_| arriving) else {
            return cx.answer(server, Reply::new(481));
        };
        let message = &served.request.message;
        // RFC 3515 §2.4.2: exactly one.
        let Some(to) = sole_target(message) else {
            self.state = State::Over;
            return cx.answer(server, Reply::new(400));
        };
        let by = message.header(HeaderName::ReferredBy);
        let by = by.and_then(|by| NameAddr::parse(by).ok()).map(|by| text(by.uri().as_bytes()));
        self.id = served.cseq;
        self.subscribes = !refuses_subscription(message);
        self.state = State::Waiting(server);
        cx.start(UNDECIDED, DECIDE);
        let (id, within, call) = (RequestId(cx.me), self.within, self.name);
        cx.tell(Event::Referred { id, within, call, to, by });
    }

    /// The application follows it: 202, and then it tells how far it is.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where it was decided before.
    pub(in crate::manager) fn agree(&mut self, cx: &mut Cx<'_>) -> Result<(), Misuse> {
        let State::Waiting(server) = self.state else { return Err(Misuse::WrongState) };
        cx.stop(UNDECIDED);
        let mut reply = Reply::new(202);
        if self.subscribes {
            self.state = State::Active(Vec::new());
            cx.start(EXPIRED, LIFETIME);
        } else {
            self.state = State::Over;
            reply.fields.push(("Refer-Sub", b"false".to_vec()));
        }
        cx.answer(server, reply);
        // RFC 3515 §2.4.4: the first one at once.
        self.tell_peer(cx, 100);
        Ok(())
    }

    /// The application does not follow it.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where it was decided before, and for a status that refuses nothing.
    pub(in crate::manager) fn decline(
        &mut self, cx: &mut Cx<'_>, status: u16,
    ) -> Result<(), Misuse> {
        let State::Waiting(server) = self.state else { return Err(Misuse::WrongState) };
        if !(300..700).contains(&status) {
            return Err(Misuse::WrongState);
        }
        self.state = State::Over;
        cx.answer(server, Reply::declining(status, cx.io.config));
        Ok(())
    }

    /// The peer is told how far it is: a final status is the last word. One that nobody wants to
    /// hear, or whose time is up, is told nothing.
    pub(in crate::manager) fn tell_peer(&mut self, cx: &mut Cx<'_>, status: u16) {
        let State::Active(statuses) = &mut self.state else { return };
        // Of what waits only the latest matters, and nothing follows a final one.
        let under_way = statuses.len().min(1);
        if statuses.last().is_some_and(|last| *last >= 200) {
            return;
        }
        statuses.truncate(under_way);
        statuses.push(status);
        if under_way == 0 {
            self.notify(cx, status);
        }
    }

    /// Sends NOTIFY. RFC 3515 §2.4.5.
    fn notify(&mut self, cx: &mut Cx<'_>, status: u16) {
        let Some((mut draft, target)) = Draft::of_dialog(cx.dialogs, self.dialog, Method::NOTIFY)
        else {
            self.state = State::Over;
            return;
        };
        let left = LIFETIME.as_secs();
        let state = match status {
            200.. => "terminated;reason=noresource".to_owned(),
            _ => format!("active;expires={left}"),
        };
        draft.contact = draft.own_contact();
        draft.fields.push(("Event", format!("refer;id={}", self.id).into_bytes()));
        draft.fields.push(("Subscription-State", state.into_bytes()));
        draft.original = fragment(status);
        cx.send(NOTIFY, self.name, (draft, target));
    }

    /// What became of a NOTIFY: what waits leaves. A peer that refuses one wants no other.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        let State::Active(statuses) = &mut self.state else { return };
        let told = statuses.drain(..1.min(statuses.len())).next().unwrap_or_default();
        let next = statuses.first().copied();
        match (outcome, next) {
            (Outcome::Accepted(..), Some(next)) => self.notify(cx, next),
            (Outcome::Accepted(..), None) if told < 200 => {}
            _ => self.state = State::Over,
        }
    }

    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match timer {
            UNDECIDED => _ = self.decline(cx, 603),
            // 487 says that nothing is known of its end. RFC 3515 §2.4.7.
            _ => self.tell_peer(cx, 487),
        }
    }

    /// The peer has no such dialog any more.
    pub(super) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>) {
        let _ = self.decline(cx, 481);
        self.state = State::Over;
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
