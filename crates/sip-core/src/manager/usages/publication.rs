//! What is published of us, its refresh, its change and its end. RFC 3903 §4.
//!
//! ```text
//!            body            SIP-If-Match, no body
//!   PUBLISH ──────▶ Standing ──────────────────────▶ Standing
//!                    │   │ ▲ SIP-If-Match and body: it has changed
//!                    │   └─┘
//!                    └─ Expires: 0 ─▶ Over      412: from the start, with the body
//! ```

use super::cx::Cx;
use super::ended::Ended;
use super::pace::{LONGEST, back_off, is_final, jitter, longer, refresh_after};
use super::subscription::EventType;
use crate::manager::event::{Cause, Event};
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::misuse::Misuse;
use crate::manager::publications::{PublicationId, PublicationNews, PublishConfig};
use crate::manager::requests::{Contact, Draft, Outcome, Purpose, Way};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::{HeaderName, Method};
use ssa::{Body, CallRef};
use std::time::Duration;

const PUBLISH: Purpose = Purpose(0);

/// Refresh, or try again.
const AGAIN: u8 = 0;

/// A publication. It keeps its Call-ID and counts its CSeq for as long as it lives.
#[derive(Debug)]
pub(in crate::manager) struct Publication {
    name: CallRef,
    draft: Draft,
    target: Target,
    /// The lifetime to ask for, in seconds.
    expires: u32,
    body: Body,
    /// What the server names the published state by.
    tag: Option<Vec<u8>>,
    /// Whether the server has the body, or it is under way.
    is_told: bool,
    /// The PUBLISH under way.
    request: Option<Key>,
    /// Failures in a row.
    failures: u32,
    /// The server's Min-Expires was taken over since the last outcome.
    lengthened: bool,
    wanted: Wanted,
}

/// How long it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// It is kept.
    Yes,
    /// It is taken back once the PUBLISH under way has its answer. RFC 3903 §4.1.
    NoMore,
    /// It is being taken back.
    TakenBack,
    Over,
}

impl Publication {
    /// One that is to be sent.
    ///
    /// # Errors
    /// As [`Draft::prepare`]; [`Misuse::NotAPackage`].
    pub(in crate::manager) fn prepare(
        io: &mut Io<'_>, config: PublishConfig, body: Body,
    ) -> Result<Self, Misuse> {
        let event = EventType::parse(config.event.as_bytes()).ok_or(Misuse::NotAPackage)?;
        check(&body)?;
        let PublishConfig { from, to, next_hop, expires, .. } = &config;
        let way = Way { from, to, next_hop: next_hop.as_ref() };
        let (mut draft, target, name) = Draft::prepare(io, Method::PUBLISH, &way)?;
        draft.contact = Contact::None;
        draft.cseq = 0;
        draft.fields.push(("Event", event.value()));
        Ok(Self {
            name,
            draft,
            target,
            expires: *expires,
            body,
            tag: None,
            is_told: false,
            request: None,
            failures: 0,
            lengthened: false,
            wanted: Wanted::Yes,
        })
    }

    pub(super) const fn name(&self) -> CallRef {
        self.name
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.wanted, Wanted::Over)
    }

    /// Sends PUBLISH: what has changed, or that it goes on, or that it does not. RFC 3903 §4.1.
    pub(in crate::manager) fn send(&mut self, cx: &mut Cx<'_>) {
        cx.stop(AGAIN);
        self.draft.cseq = self.draft.cseq.saturating_add(1);
        let ends = self.wanted == Wanted::TakenBack;
        let expires = if ends { 0 } else { self.expires };
        let mut draft = self.draft.clone();
        draft.fields.push(("Expires", expires.to_string().into_bytes()));
        draft.fields.extend(self.tag.clone().map(|tag| ("SIP-If-Match", tag)));
        if !ends && (self.tag.is_none() || !self.is_told) {
            draft.original = self.body.clone();
            self.is_told = true;
        }
        self.request = Some(cx.send(PUBLISH, self.name, (draft, self.target.clone())));
    }

    /// Publishes something else.
    ///
    /// # Errors
    /// [`Misuse::NotAPackage`] without a body; [`Misuse::WrongState`] once it is being taken back.
    pub(in crate::manager) fn change(&mut self, cx: &mut Cx<'_>, body: Body) -> Result<(), Misuse> {
        check(&body)?;
        if self.wanted != Wanted::Yes {
            return Err(Misuse::WrongState);
        }
        self.body = body;
        self.is_told = false;
        // What waits after a failure goes on waiting.
        if self.request.is_none() && self.failures == 0 {
            self.send(cx);
        }
        Ok(())
    }

    /// Takes it back: where the server has nothing, nothing is sent.
    pub(in crate::manager) fn take_back(&mut self, cx: &mut Cx<'_>) {
        if self.wanted != Wanted::Yes {
            return;
        }
        self.wanted = Wanted::NoMore;
        match self.request {
            Some(request) if cx.requests.has_left(request) => cx.requests.try_no_more(request),
            request => {
                let last = request.and_then(|it| cx.requests.forget(&mut cx.io, it));
                self.request = None;
                self.draft.cseq = last.unwrap_or(self.draft.cseq);
                self.remove(cx);
            }
        }
    }

    fn remove(&mut self, cx: &mut Cx<'_>) {
        if self.tag.is_some() {
            self.wanted = Wanted::TakenBack;
            self.send(cx);
        } else {
            self.close(cx, None);
        }
    }

    /// What became of a PUBLISH.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: &Ended) {
        let Ended { cseq, outcome, proven, .. } = ended;
        self.request = None;
        self.draft.cseq = *cseq;
        self.draft.again = proven.filter(|_| matches!(outcome, Outcome::Accepted(..)));
        if let Outcome::Accepted(answer, _) = outcome {
            let tag = answer.response.message.header(HeaderName::SipEtag);
            self.tag = tag.map(<[u8]>::to_vec);
        }
        match self.wanted {
            Wanted::Yes => self.on_answered(cx, outcome),
            Wanted::NoMore => self.remove(cx),
            Wanted::TakenBack => self.close(cx, None),
            Wanted::Over => {}
        }
    }

    fn on_answered(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(answer, _) => self.on_accepted(cx, &answer.response),
            Outcome::Untrusted(_, why) => self.on_failed(cx, Cause::Security(*why), None),
            Outcome::Failed(cause, response) => self.on_failed(cx, *cause, response.as_deref()),
            Outcome::Cancelled => self.on_failed(cx, Cause::Timeout, None),
        }
    }

    fn on_accepted(&mut self, cx: &mut Cx<'_>, response: &Inbound) {
        self.failures = 0;
        self.lengthened = false;
        let granted = response.message.expires().ok().flatten().unwrap_or(self.expires);
        let expires = granted.min(self.expires).min(LONGEST);
        self.tell(cx, PublicationNews::Published { expires });
        if self.is_told {
            cx.start(AGAIN, refresh_after(Duration::from_secs(expires.into())));
        } else {
            self.send(cx);
        }
    }

    fn on_failed(&mut self, cx: &mut Cx<'_>, cause: Cause, response: Option<&Inbound>) {
        self.is_told = false;
        // RFC 3903 §5: the server has no such state any more.
        if cause == Cause::Status(412) && self.tag.take().is_some() {
            return self.send(cx);
        }
        if cause.status() == Some(423) && response.is_some_and(|it| self.lengthen(it)) {
            return self.send(cx);
        }
        if is_final(cause) {
            return self.close(cx, Some(cause));
        }
        let wait = jitter(&mut cx.io, back_off(self.failures));
        self.failures = self.failures.saturating_add(1);
        let asked = response.and_then(Inbound::retry_after).unwrap_or_default();
        let again = wait.max(asked);
        cx.start(AGAIN, again);
        self.tell(cx, PublicationNews::Failed { cause, again });
    }

    /// Takes over Min-Expires, a day at most; whether that is longer than what was asked for, the
    /// first time. RFC 3903 §5.
    fn lengthen(&mut self, response: &Inbound) -> bool {
        let longer = longer(response, self.expires);
        self.expires = longer.unwrap_or(self.expires);
        !std::mem::replace(&mut self.lengthened, true) && longer.is_some()
    }

    /// The time for the next PUBLISH has come.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>) {
        self.send(cx);
    }

    fn close(&mut self, cx: &mut Cx<'_>, cause: Option<Cause>) {
        self.wanted = Wanted::Over;
        self.tell(cx, PublicationNews::Over { cause });
    }

    fn tell(&self, cx: &mut Cx<'_>, news: PublicationNews) {
        cx.tell(Event::Publication { id: PublicationId(cx.me), news });
    }
}

/// Whether there is something to publish. RFC 3903 §4.2.
fn check(body: &Body) -> Result<(), Misuse> {
    let is_some = body.content_type.is_some() && !body.octets.is_empty();
    if is_some { Ok(()) } else { Err(Misuse::NotAPackage) }
}
