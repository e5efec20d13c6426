//! The caller's side of a call: the INVITE and what comes back. RFC 3261 §9, §13.2.

use super::replaces::Replaces;
use super::state::{Early, INVITE, InviteUsage, MAX_EARLY, OwedPrack, Phase, RING, Session};
use super::timer::SessionTimer;
use super::{redirect, reliable};
use crate::dialog::{Dialog, is_sips};
use crate::manager::event::{CallId, Cause, Event, Misuse};
use crate::manager::io::Io;
use crate::manager::requests::{Answer, Draft, Outcome, Purpose, Way};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::{Fields, HeaderName, Message, Method};
use ssa::Body;

impl InviteUsage {
    /// Prepares a call. Nothing is sent.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn prepare(io: &mut Io<'_>, way: &Way<'_>) -> Result<Self, Misuse> {
        let (mut draft, target, name) = Draft::prepare(io, Method::INVITE, way)?;
        draft.fields.push(("Allow", io.config.capabilities.allow()));
        draft.fields.push(("Supported", io.config.capabilities.supported().into_bytes()));
        draft.fields.extend(io.config.session_expires.map(SessionTimer::asked_for));
        draft.fields.extend(Replaces::of_uri(way.to)?.map(|value| ("Replaces", value)));
        let calls_sips = is_sips(&draft.uri);
        Ok(Self {
            name,
            phase: Phase::Prepared(Box::new((draft, target))),
            dialog: None,
            early: Vec::new(),
            pracks: 0,
            reliable: None,
            contact: Box::default(),
            replaces: None,
            timer: None,
            takes_update: false,
            calls_sips,
            is_caller: true,
            quiet: false,
        })
    }

    /// Sends the INVITE of a prepared call with this offer; an empty one leaves it to the callee.
    ///
    /// # Errors
    /// [`Misuse::WrongState`].
    pub(in crate::manager) fn invite(&mut self, cx: &mut Cx<'_>, body: Body) -> Result<(), Misuse> {
        let prepared = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Prepared(prepared) => *prepared,
            other => {
                self.phase = other;
                return Err(Misuse::WrongState);
            }
        };
        let (mut draft, target) = prepared;
        let offered = !body.octets.is_empty();
        draft.original = body;
        let request = cx.send(INVITE, self.name, (draft, target));
        self.phase = Phase::Inviting { request, offered, owed: None };
        cx.start(RING, cx.io.config.ring);
        Ok(())
    }

    /// Adds header fields to the INVITE of a prepared call, in place of those added before.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] once it has left.
    pub(in crate::manager) fn add_fields(&mut self, fields: Fields) -> Result<(), Misuse> {
        let Phase::Prepared(prepared) = &mut self.phase else { return Err(Misuse::WrongState) };
        prepared.0.added = fields;
        Ok(())
    }

    /// A provisional response came in, with this body.
    pub(in crate::manager) fn on_progress(
        &mut self, cx: &mut Cx<'_>, purpose: Purpose, response: &Answer, body: Body,
    ) {
        let status = response.response.message.status().map_or(0, |status| status.as_u16());
        let Phase::Inviting { offered, .. } = self.phase else { return };
        if purpose != INVITE || status <= 100 {
            return;
        }
        let body = (!body.octets.is_empty()).then_some(body);
        let (answer, offer) = if offered { (body, None) } else { (None, body) };
        let is_first = self.may_be_offered();
        let Some(early) = self.early_of(cx, response) else { return };
        let rseq = reliable::sequence(&response.response.message);
        if rseq.is_some_and(|rseq| !early.is_next(rseq)) {
            return;
        }
        // RFC 3261 §13.2.1: an offer is in the first reliable response, and no other.
        let offer = offer.filter(|_| rseq.is_some() && early.answer.is_none());
        if offer.is_some() && !is_first {
            // Another dialog has made one: without a PRACK this one comes again.
            return;
        }
        let is_new = early.note(status, answer.as_ref());
        let dialog = early.dialog;
        let prack = rseq.zip(response.sent.cseq().ok());
        let prack = prack.map(|(rseq, cseq)| OwedPrack { dialog, rseq, cseq: cseq.number });
        if let Some(prack) = prack.filter(|_| offer.is_none()) {
            self.send_prack(cx, prack, Body::default());
        }
        if is_new {
            self.tell(cx, Event::Ringing { id: CallId(cx.me), status, answer });
        }
        if let Some((prack, offer)) = prack.zip(offer) {
            self.owe_prack(cx, prack, offer);
        }
    }

    /// The early dialog of a provisional response; none of one too many, nor of one that makes no
    /// dialog. RFC 3261 §12.1.2.
    fn early_of(&mut self, cx: &mut Cx<'_>, response: &Answer) -> Option<&mut Early> {
        let known = find(cx, response);
        if let Some(at) = self.early.iter().position(|early| Some(early.dialog) == known) {
            return self.early.get_mut(at);
        }
        if self.early.len() >= MAX_EARLY {
            return None;
        }
        let dialog = Dialog::of_caller(&response.sent, &response.response.message)?;
        let hop = response.kept_hop(cx.io.config.own());
        let dialog = cx.dialogs.insert(&cx.io, dialog, hop, cx.me);
        self.early.push(Early { dialog, status: 0, answer: None, rseq: None });
        self.early.last_mut()
    }

    /// The callee did not answer for too long.
    pub(super) fn give_up(&mut self, cx: &mut Cx<'_>) {
        self.fail(cx, Cause::Timeout);
        if let Phase::Inviting { request, .. } = self.phase {
            cx.requests.cancel(&mut cx.io, request);
        }
    }

    /// Tells the application that the call did not come about; nothing follows.
    pub(super) fn fail(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        self.tell(cx, Event::Failed { id: CallId(cx.me), cause });
        self.quiet = true;
    }

    /// What became of the INVITE.
    pub(super) fn on_invited(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        cx.stop(RING);
        match outcome {
            Outcome::Accepted(answer, body) => {
                self.on_accepted(cx, answer, body);
                self.end_unless_wanted(cx);
            }
            Outcome::Untrusted(answer, why) => {
                self.fail(cx, Cause::Security(why));
                self.establish(cx, &answer);
                self.acknowledge(cx, &answer, Body::default());
                self.end_unless_wanted(cx);
            }
            Outcome::Failed(cause, response) => {
                if let Some(response) = response.filter(|_| leads_elsewhere(cause)) {
                    self.tell_elsewhere(cx, &response.message);
                }
                self.fail(cx, cause);
                self.phase = Phase::Over;
            }
            Outcome::Cancelled => self.phase = Phase::Over,
        }
    }

    /// A 2xx that is believed came in, with this body.
    fn on_accepted(&mut self, cx: &mut Cx<'_>, answer: Box<Answer>, mut body: Body) {
        let offered = matches!(self.phase, Phase::Inviting { offered: true, .. });
        let early = self.establish(cx, &answer);
        if !offered {
            return self.on_accepted_without_offer(cx, answer, body, early.is_some());
        }
        // RFC 3261 §13.2.1: the answer came before, and need not be said again.
        if let Some(early) = early.filter(|_| body.octets.is_empty()) {
            body = early;
        }
        self.acknowledge(cx, &answer, Body::default());
        self.tell(cx, Event::Answered { id: CallId(cx.me), body });
    }

    /// Tells the application whom a 3xx names.
    fn tell_elsewhere(&self, cx: &mut Cx<'_>, response: &Message) {
        let to = redirect::addresses(response, self.calls_sips);
        if !to.is_empty() {
            self.tell(cx, Event::Redirected { id: CallId(cx.me), to });
        }
    }

    /// Makes the dialog of a 2xx, which is to be acknowledged; the other early dialogs are no more.
    /// What its own was answered before. RFC 3261 §13.2.2.4.
    fn establish(&mut self, cx: &mut Cx<'_>, answer: &Answer) -> Option<Body> {
        self.phase = Phase::Over;
        let hop = answer.kept_hop(cx.io.config.own());
        let message = &answer.response.message;
        let known =
            find(cx, answer).filter(|known| self.early.iter().any(|early| early.dialog == *known));
        let key = if let Some(early) = known {
            if let Some(entry) = cx.dialogs.get_mut(early) {
                entry.dialog.confirm(message);
                entry.peer = hop;
            }
            early
        } else if let Some(dialog) = Dialog::of_caller(&answer.sent, message) {
            cx.dialogs.insert(&cx.io, dialog, hop, cx.me)
        } else {
            return None;
        };
        let mut answered = None;
        for early in std::mem::take(&mut self.early) {
            if early.dialog == key {
                answered = early.answer;
            } else {
                cx.dialogs.leave(early.dialog, cx.me);
            }
        }
        self.dialog = Some(key);
        self.contact = answer.sent.header(HeaderName::Contact).unwrap_or_default().into();
        self.phase = Phase::Up(Session::default());
        let timer =
            SessionTimer::of_response(message).or_else(|| SessionTimer::of_sent(&answer.sent));
        self.begin_session(cx, message, timer);
        answered
    }

    /// Ends a call that came about when the application had heard its end.
    fn end_unless_wanted(&mut self, cx: &mut Cx<'_>) {
        if self.quiet {
            self.bye(cx, Fields::default());
        }
    }
}

impl Early {
    /// Notes a provisional response; whether it says anything new.
    fn note(&mut self, status: u16, answer: Option<&Body>) -> bool {
        let is_new = answer.is_some() && self.answer.as_ref() != answer;
        if is_new {
            self.answer = answer.cloned();
        }
        std::mem::replace(&mut self.status, status) != status || is_new
    }
}

/// Whether a call failed by a 3xx that names whom to call. That of a 305 is a proxy, by way of which
/// the same callee would be called. RFC 3261 §21.3.4.
fn leads_elsewhere(cause: Cause) -> bool {
    cause.status().is_some_and(|status| (300..400).contains(&status) && status != 305)
}

/// The dialog of a response to our INVITE, where there is one.
fn find(cx: &Cx<'_>, answer: &Answer) -> Option<Key> {
    let response = answer.response.message.ssa_response()?;
    let [local, remote] = [response.from, response.to].map(|it| it.tag.unwrap_or_default());
    cx.dialogs.find(&cx.io, response.call_id, local, remote)
}
