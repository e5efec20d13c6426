//! A request that stands for itself, ours or a peer's, in a dialog or outside any: OPTIONS (RFC 3261
//! §11), and what the table of methods says so of.

use super::cx::Cx;
use super::text;
use crate::Method;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::{CallId, Cause, Event, Misuse, RequestId, Response};
use crate::manager::io::Io;
use crate::manager::requests::{Contact, Draft, Outcome, Purpose, Way};
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::places::Party;
use ssa::{Body, CallRef};
use std::time::Duration;

const ONLY: Purpose = Purpose(0);
const UNANSWERED: u8 = 0;
/// How long the application may take to answer a peer's: half of what the peer waits by default.
/// RFC 3261 §17.1.2.2.
const ANSWER: Duration = Duration::from_secs(16);

/// A request that is its own usage.
#[derive(Debug)]
pub(in crate::manager) struct Single {
    name: CallRef,
    dialog: Option<Key>,
    /// Whether the application wants the response, not its status alone.
    wants_response: bool,
    state: State,
}

/// How far it is.
#[derive(Debug)]
enum State {
    /// Ours has left, or is about to.
    Sent,
    /// A peer's, of this call.
    Arriving(Option<CallId>),
    /// The application is to answer the peer's in this transaction.
    Waiting(Key),
    Over,
}

impl Single {
    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    pub(super) const fn dialog(&self) -> Option<Key> {
        self.dialog
    }

    /// The transaction of the peer's that waits for an answer.
    pub(super) const fn waiting(&self) -> Option<Key> {
        match self.state {
            State::Waiting(server) => Some(server),
            State::Sent | State::Arriving(_) | State::Over => None,
        }
    }

    /// One of ours outside any dialog: what it holds towards the security manager, and what is to be
    /// sent. RFC 3261 §11.1.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn prepare(
        io: &mut Io<'_>, method: Method<'static>, way: &Way<'_>, body: Body,
    ) -> Result<(Self, (Draft, Target)), Misuse> {
        let (mut draft, target, name) = Draft::prepare(io, method, way)?;
        draft.original = body;
        if method == Method::OPTIONS {
            draft.fields.push(("Accept", b"application/sdp".to_vec()));
        } else {
            // Only what makes a dialog, and OPTIONS, has one. RFC 3428 §4, RFC 6086 §4.2.1.
            draft.contact = Contact::None;
        }
        Ok((
            Self { name, dialog: None, wants_response: false, state: State::Sent },
            (draft, target),
        ))
    }

    /// A REGISTER without a Contact, which asks the registrar what it keeps of an address of record.
    /// RFC 3261 §10.2.3.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn fetch(
        io: &mut Io<'_>, way: &Way<'_>,
    ) -> Result<(Self, (Draft, Target)), Misuse> {
        let (single, (mut draft, target)) =
            Self::prepare(io, Method::REGISTER, way, Body::default())?;
        draft.to = Party::new(b"", draft.from.uri(), None);
        Ok((single, (draft, target)))
    }

    /// The application is to be told the response, too.
    pub(in crate::manager) const fn want_response(&mut self) {
        self.wants_response = true;
    }

    /// Sends it.
    pub(in crate::manager) fn send(&self, cx: &mut Cx<'_>, request: (Draft, Target)) {
        cx.send(ONLY, self.name, request);
    }

    /// One of ours in a dialog, and what is to be sent; none where the dialog is gone.
    pub(in crate::manager) fn within(
        dialogs: &mut Dialogs, dialog: Key, name: CallRef, method: Method<'static>, body: Body,
    ) -> Option<(Self, (Draft, Target))> {
        let (mut draft, target) = Draft::of_dialog(dialogs, dialog, method)?;
        draft.original = body;
        Some((
            Self { name, dialog: Some(dialog), wants_response: false, state: State::Sent },
            (draft, target),
        ))
    }

    /// One of a peer's, in this dialog and call where it came in one.
    pub(in crate::manager) const fn incoming(
        name: CallRef, dialog: Option<Key>, within: Option<CallId>,
    ) -> Self {
        Self { name, dialog, wants_response: false, state: State::Arriving(within) }
    }

    /// The peer's came in; or another one came in the same dialog, which knows of nothing else.
    pub(super) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>, body: Body,
    ) {
        let State::Arriving(within) = self.state else {
            return cx.answer(server, Reply::new(481));
        };
        self.state = State::Waiting(server);
        let Some(served) = cx.serving.get(server) else { return };
        // It was matched by its From: there is one.
        let from = served.request.message.ssa_request().map(|it| text(it.from.uri));
        let from = from.unwrap_or_default();
        let (id, source) = (RequestId(cx.me), served.request.arrival.source);
        cx.start(UNANSWERED, ANSWER);
        cx.tell(Event::Received { id, within, call: self.name, method, from, body, source });
    }

    /// The application answers the peer's.
    ///
    /// # Errors
    /// [`Misuse::Unknown`] where it is answered, or was ours.
    pub(in crate::manager) fn reply(&mut self, cx: &mut Cx<'_>, status: u16) -> Result<(), Misuse> {
        let State::Waiting(server) = self.state else { return Err(Misuse::Unknown) };
        self.state = State::Over;
        let mut reply = Reply::declining(status, cx.io.config);
        if status == 415 {
            // RFC 3261 §21.4.13.
            reply.fields.push(("Accept", cx.io.config.capabilities.accept().into_bytes()));
        }
        cx.answer(server, reply);
        Ok(())
    }

    /// The application has not answered.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>) {
        // Nothing waits for it where ours was sent: no timer runs then.
        let _ = self.reply(cx, 480);
    }

    /// What became of ours. A peer that has no such dialog, or is gone, has lost it. RFC 5057 §5.1.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        self.state = State::Over;
        let response = match outcome {
            Outcome::Accepted(answer, _) => Some(&answer.response.message),
            Outcome::Failed(_, Some(response)) => Some(&response.message),
            Outcome::Failed(_, None) | Outcome::Untrusted(..) | Outcome::Cancelled => None,
        };
        if let Some(response) = response.filter(|_| self.wants_response) {
            let response = Response(response.as_bytes().clone());
            cx.tell(Event::Responded { id: RequestId(cx.me), response });
        }
        let outcome = match outcome {
            Outcome::Accepted(answer, _) => {
                Ok(answer.response.message.status().map_or(200, |status| status.as_u16()))
            }
            Outcome::Untrusted(_, why) => Err(Cause::Security(*why)),
            Outcome::Failed(cause @ Cause::Later(..), _) => Err(*cause),
            Outcome::Failed(cause, _) => cause.status().ok_or(*cause),
            Outcome::Cancelled => Err(Cause::Timeout),
        };
        if let (Some(dialog), Ok(481 | 408) | Err(Cause::Timeout)) = (self.dialog, outcome) {
            cx.dialogs.lose(dialog);
        }
        cx.tell(Event::RequestAnswered { id: RequestId(cx.me), outcome });
    }
}
