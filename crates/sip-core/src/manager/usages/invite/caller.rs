//! The caller's side of a call: the INVITE and what comes back. RFC 3261 §9, §13.2.

use super::acknowledge::acknowledge;
use super::state::{INVITE, InviteUsage, MAX_EARLY, Phase, RING, Session};
use crate::dialog::Dialog;
use crate::manager::event::{CallId, Cause, Event, Misuse};
use crate::manager::io::Io;
use crate::manager::requests::{Answer, Draft, Outcome, Purpose, Way};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::{HeaderName, Method};
use ssa::Body;

impl InviteUsage {
    /// Prepares a call. Nothing is sent.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn prepare(io: &mut Io<'_>, way: &Way<'_>) -> Result<Self, Misuse> {
        let (mut draft, target, name) = Draft::prepare(io, Method::INVITE, way)?;
        draft.fields.push(("Allow", io.config.capabilities.allow()));
        Ok(Self {
            name,
            phase: Phase::Prepared(Box::new((draft, target))),
            dialog: None,
            early: Vec::new(),
            contact: Box::default(),
            is_caller: true,
            quiet: false,
        })
    }

    /// Sends the INVITE of a prepared call with this offer.
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
        draft.original = body;
        let request = cx.send(INVITE, self.name, (draft, target));
        self.phase = Phase::Inviting { request };
        cx.start(RING, cx.io.config.ring);
        Ok(())
    }

    /// A provisional response came in.
    pub(in crate::manager) fn on_progress(
        &mut self, cx: &mut Cx<'_>, purpose: Purpose, answer: &Answer,
    ) {
        let status = answer.response.message.status().map_or(0, |status| status.as_u16());
        let inviting = matches!(self.phase, Phase::Inviting { .. });
        if inviting && purpose == INVITE && status > 100 && self.makes_progress(cx, status, answer)
        {
            self.tell(cx, Event::Ringing { id: CallId(cx.me), status });
        }
    }

    /// Notes a provisional response of its early dialog (RFC 3261 §12.1.2); whether it says anything
    /// new. Those of one early dialog too many say nothing.
    fn makes_progress(&mut self, cx: &mut Cx<'_>, status: u16, answer: &Answer) -> bool {
        if let Some(known) = find(cx, answer)
            && let Some((_, last)) = self.early.iter_mut().find(|(early, _)| *early == known)
        {
            return std::mem::replace(last, status) != status;
        }
        if self.early.len() >= MAX_EARLY {
            return false;
        }
        let Some(dialog) = Dialog::of_caller(&answer.sent, &answer.response.message) else {
            return false;
        };
        let hop = answer.hop.kept(answer.response.arrival.flow, cx.io.config.own());
        self.early.push((cx.dialogs.insert(&cx.io, dialog, hop, cx.me), status));
        true
    }

    /// The callee did not answer for too long.
    pub(super) fn give_up(&mut self, cx: &mut Cx<'_>) {
        self.fail(cx, Cause::Timeout);
        if let Phase::Inviting { request } = self.phase {
            cx.requests.cancel(&mut cx.io, request);
        }
    }

    /// Tells the application that the call did not come about; nothing follows.
    fn fail(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        self.tell(cx, Event::Failed { id: CallId(cx.me), cause });
        self.quiet = true;
    }

    /// What became of the INVITE.
    pub(super) fn on_invited(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        cx.stop(RING);
        match outcome {
            Outcome::Accepted(answer, body) => {
                self.establish(cx, &answer);
                self.tell(cx, Event::Answered { id: CallId(cx.me), body });
                self.end_unless_wanted(cx);
            }
            Outcome::Untrusted(answer, why) => {
                self.fail(cx, Cause::Security(why));
                self.establish(cx, &answer);
                self.end_unless_wanted(cx);
            }
            Outcome::Failed(cause, _) => {
                self.fail(cx, cause);
                self.phase = Phase::Over;
            }
            Outcome::Cancelled => self.phase = Phase::Over,
        }
    }

    /// Makes the dialog of a 2xx and acknowledges it; the other early dialogs are no more.
    /// RFC 3261 §13.2.2.4.
    fn establish(&mut self, cx: &mut Cx<'_>, answer: &Answer) {
        self.phase = Phase::Over;
        let hop = answer.hop.kept(answer.response.arrival.flow, cx.io.config.own());
        let message = &answer.response.message;
        let known = find(cx, answer).filter(|known| self.early.iter().any(|(it, _)| it == known));
        let key = if let Some(early) = known {
            if let Some(entry) = cx.dialogs.get_mut(early) {
                entry.dialog.confirm(message);
                entry.peer = hop;
            }
            early
        } else if let Some(dialog) = Dialog::of_caller(&answer.sent, message) {
            cx.dialogs.insert(&cx.io, dialog, hop, cx.me)
        } else {
            return;
        };
        for (early, _) in std::mem::take(&mut self.early) {
            if early != key {
                cx.dialogs.leave(early, cx.me);
            }
        }
        if let Some(entry) = cx.dialogs.get(key) {
            acknowledge(&mut cx.io, cx.requests, answer, (&entry.dialog, &hop));
        }
        self.dialog = Some(key);
        self.contact = answer.sent.header(HeaderName::Contact).unwrap_or_default().into();
        self.phase = Phase::Up(Session::default());
    }

    /// Ends a call that came about when the application had heard its end.
    fn end_unless_wanted(&mut self, cx: &mut Cx<'_>) {
        if self.quiet {
            self.bye(cx);
        }
    }
}

/// The dialog of a response to our INVITE, where there is one.
fn find(cx: &Cx<'_>, answer: &Answer) -> Option<Key> {
    let response = answer.response.message.ssa_response()?;
    let [local, remote] = [response.from, response.to].map(|it| it.tag.unwrap_or_default());
    cx.dialogs.find(&cx.io, response.call_id, local, remote)
}
