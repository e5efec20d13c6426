//! Registrations, and their refresh. RFC 3261 §10.2.

mod binding;
mod gruu;
mod instance;
mod keep_alive;
mod routes;
mod seen;
mod way;

use self::instance::is_instance;
use self::routes::service_route;
use self::seen::seen;
use self::way::{NO_PONG, OpenWay, PING};
use super::cx::Cx;
use super::ended::Ended;
use super::pace::{
    LASTING, MAX_RETRY, are_refused, back_off, jitter, longer, longest, refresh_among_many,
};
use crate::builder::hex;
use crate::manager::accounts::Seen;
use crate::manager::config::{ContactAs, RegisterConfig};
use crate::manager::event::{Cause, Event, Misuse, RegistrationId};
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::renewal::Renewal;
use crate::manager::requests::{Answer, Contact, Draft, Outcome, Purpose, Registered, Way};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::{Fields, Method, Uri};
use ssa::{CallRef, FlowId};
use std::time::{Duration, Instant};

const REGISTER: Purpose = Purpose(0);

/// Refresh, or try again.
const REFRESH: u8 = 0;

/// The longest wait after the registration's connection was closed.
const ANEW: Duration = Duration::from_secs(4);

/// REGISTERs that may follow an accepted one at once since the registrar sees us at another address
/// than it was told. Where that is never the same twice, the next refresh tells it.
const CORRECTIONS: u8 = 1;

/// A registration. It keeps its Call-ID and counts its CSeq for as long as it lives.
/// RFC 3261 §10.2.4.
#[derive(Debug)]
pub(in crate::manager) struct Registration {
    config: RegisterConfig,
    name: CallRef,
    draft: Draft,
    target: Target,
    /// Our Contact. Its user part is 64 random bits, so that a request that names it comes from
    /// whoever was told.
    contact: Registered,
    /// REGISTERs in a row that only corrected it.
    corrections: u8,
    /// The REGISTER under way.
    request: Option<Key>,
    /// The flow that the registrar answered on last.
    flow: Option<FlowId>,
    /// The way there, while it is kept open.
    way: Option<OpenWay>,
    /// When it answered.
    answered: Option<Instant>,
    /// Failures in a row, connections that were closed soon among them.
    failures: u32,
    /// The registrar's Min-Expires was taken over since the last outcome.
    lengthened: bool,
    /// Whether the registrar holds a binding of ours, as far as it said: what is to be taken back.
    bound: bool,
    wanted: Wanted,
}

/// How long a registration is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// It is kept.
    Yes,
    /// The REGISTER under way is its last, but for the one that takes it back. RFC 3261 §10.2: not
    /// before the final response to the one before.
    NoMore,
    /// It is being taken back.
    TakenBack,
    /// Nothing is left to do.
    Over,
}

impl Registration {
    /// A registration that has sent nothing yet.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn prepare(
        io: &mut Io<'_>, config: RegisterConfig,
    ) -> Result<Self, Misuse> {
        let next_hop = config.next_hop.as_ref();
        let way = Way { from: &config.aor, to: &config.registrar, next_hop };
        let (mut draft, target, name) = Draft::prepare(io, Method::REGISTER, &way)?;
        let aor = Uri::parse(config.aor.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        if config.instance.as_deref().is_some_and(|instance| !is_instance(instance)) {
            return Err(Misuse::Instance);
        }
        let contact = Registered::of(hex(io.random()), config.instance.clone());
        io.out.accounts.insert(&contact.user, &aor);
        draft.to = [b"<", aor.as_bytes(), b">"].concat();
        draft.cseq = 0;
        Ok(Self {
            config,
            name,
            draft,
            target,
            contact,
            corrections: 0,
            request: None,
            flow: None,
            way: None,
            answered: None,
            failures: 0,
            lengthened: false,
            bound: false,
            wanted: Wanted::Yes,
        })
    }

    /// Puts these header fields into each REGISTER.
    pub(in crate::manager) fn add_fields(&mut self, fields: Fields) {
        self.draft.added = fields;
    }

    pub(super) const fn name(&self) -> CallRef {
        self.name
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.wanted, Wanted::Over)
    }

    /// Whether it stands on this connection.
    pub(in crate::manager) fn is_over_flow(&self, flow: FlowId) -> bool {
        self.flow == Some(flow)
    }

    /// Ends a registration: what the registrar granted is taken back (RFC 3261 §10.2.2). Where it
    /// granted nothing, or refuses us since, nothing is sent.
    pub(in crate::manager) fn unregister(&mut self, cx: &mut Cx<'_>) {
        if self.wanted != Wanted::Yes {
            return;
        }
        self.wanted = Wanted::NoMore;
        match self.request {
            Some(request) if cx.requests.has_left(request) => cx.requests.try_no_more(request),
            request => {
                let last = request.and_then(|request| cx.requests.forget(&mut cx.io, request));
                self.request = None;
                self.draft.cseq = last.unwrap_or(self.draft.cseq);
                self.take_back(cx);
            }
        }
    }

    /// Takes back what the registrar granted, or has nothing to take back.
    fn take_back(&mut self, cx: &mut Cx<'_>) {
        if self.bound {
            self.wanted = Wanted::TakenBack;
            self.refresh(cx);
        } else {
            self.close(cx, false);
        }
    }

    fn close(&mut self, cx: &mut Cx<'_>, taken_back: bool) {
        self.wanted = Wanted::Over;
        self.let_go(cx);
        cx.io.out.accounts.remove(&self.contact.user);
        let (id, aor) = (RegistrationId(cx.me), self.config.aor.clone());
        cx.tell(Event::Unregistered { id, aor, taken_back });
    }

    /// Sends REGISTER.
    pub(in crate::manager) fn refresh(&mut self, cx: &mut Cx<'_>) {
        cx.stop(REFRESH);
        self.draft.cseq = self.draft.cseq.saturating_add(1);
        let taken_back = self.wanted == Wanted::TakenBack;
        let expires = if taken_back { 0 } else { self.config.expires };
        let mut draft = self.draft.clone();
        draft.contact = Contact::Registered(Box::new(self.contact.clone()));
        // RFC 3327 §5.1: proxies on the way may have themselves put on the way back.
        let supported: &[u8] = if self.config.instance.is_some() { b"path, gruu" } else { b"path" };
        let expires = expires.to_string().into_bytes();
        draft.fields = vec![("Expires", expires), ("Supported", supported.to_vec())];
        self.request = Some(cx.send(REGISTER, self.name, (draft, self.target.clone())));
    }

    /// The time has come for the next REGISTER, or for what keeps the way open.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match timer {
            PING => self.on_ping_due(cx),
            NO_PONG => self.on_no_pong(cx),
            _ => self.refresh(cx),
        }
    }

    /// What became of a REGISTER.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: &Ended) {
        let Ended { cseq, outcome, proven, .. } = ended;
        self.request = None;
        self.draft.cseq = *cseq;
        // The refresh counts the nonce on. What was not accepted is not said again.
        self.draft.again = proven.filter(|_| matches!(outcome, Outcome::Accepted(..)));
        self.learn(outcome);
        match self.wanted {
            Wanted::Yes => self.on_answered(cx, outcome),
            Wanted::NoMore => self.take_back(cx),
            Wanted::TakenBack => self.close(cx, matches!(outcome, Outcome::Accepted(..))),
            Wanted::Over => {}
        }
    }

    /// What became of a REGISTER for a registration that is wanted.
    fn on_answered(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        let cause = match outcome {
            Outcome::Accepted(answer, _) => match self.granted(&answer.response) {
                Some(expires) => return self.on_registered(cx, answer, expires),
                None => Cause::NotBound,
            },
            Outcome::Untrusted(_, why) => Cause::Security(*why),
            // RFC 3261 §10.2.8: the registrar wants a longer interval; once more with that.
            Outcome::Failed(Cause::Status(423), Some(response)) if self.lengthen(response) => {
                return self.refresh(cx);
            }
            Outcome::Failed(cause, _) => *cause,
            Outcome::Cancelled => Cause::Timeout,
        };
        let asked = match outcome {
            Outcome::Failed(_, Some(response)) => response.retry_after(),
            Outcome::Failed(_, None)
            | Outcome::Accepted(..)
            | Outcome::Untrusted(..)
            | Outcome::Cancelled => None,
        };
        self.keep(cx, Vec::new(), None);
        // Nobody calls us by way of a registrar that keeps nothing of us.
        if !self.bound {
            self.let_go(cx);
        }
        let wait = jitter(&mut cx.io, self.back_off(cause));
        cx.start(REFRESH, wait.max(asked.unwrap_or_default()));
        let (id, aor) = (RegistrationId(cx.me), self.config.aor.clone());
        cx.tell(Event::RegistrationFailed { id, aor, cause });
    }

    /// Registers again what was registered over a connection that is closed.
    pub(super) fn on_flow_closed(&mut self, cx: &mut Cx<'_>, flow: FlowId) {
        if self.flow != Some(flow) {
            return;
        }
        self.flow = None;
        // Where we were seen was the port of that connection.
        self.note_seen(cx, None);
        if self.way.is_some_and(|way| way.is_dead) {
            return self.renew(cx, Renewal::NoPong);
        }
        self.let_go(cx);
        self.tell_renewal(cx, Renewal::ConnectionClosed);
        let lasted = self.answered.map(|answered| cx.io.now.saturating_duration_since(answered));
        let wait = match (lasted, self.failures) {
            (Some(lasted), _) if lasted >= LASTING => {
                self.failures = 0;
                ANEW
            }
            (_, 0) => {
                self.failures = 1;
                ANEW
            }
            _ => self.back_off(Cause::Transport),
        };
        let wait = jitter(&mut cx.io, wait);
        // One that is under way goes another way by itself.
        if self.request.is_none() {
            cx.start(REFRESH, wait);
        }
    }

    fn on_registered(&mut self, cx: &mut Cx<'_>, answer: &Answer, expires: u32) {
        let response = &answer.response;
        self.flow = Some(response.arrival.flow);
        // A connection is not known to last yet.
        self.answered = Some(cx.io.now);
        if !response.arrival.transport.is_reliable() {
            self.failures = 0;
        }
        self.lengthened = false;
        self.keep_open(cx, answer);
        self.keep(cx, service_route(&response.message), self.gruu(&response.message));
        if self.is_seen_elsewhere(cx, answer) {
            return self.refresh(cx);
        }
        let refresh = refresh_among_many(&mut cx.io, Duration::from_secs(expires.into()));
        cx.start(REFRESH, refresh);
        cx.tell(Event::Registered {
            id: RegistrationId(cx.me),
            aor: self.config.aor.clone(),
            expires,
            flow: response.arrival.flow,
            contact_user: self.contact.user.clone(),
            registrar: response.arrival.source,
            seen: self.contact.seen.map(|seen| seen.address),
        });
    }

    /// Notes where the registrar sees us; whether it is to be told so at once.
    fn is_seen_elsewhere(&mut self, cx: &mut Cx<'_>, answer: &Answer) -> bool {
        let before = self.contact.seen;
        if self.config.contact == ContactAs::Seen {
            self.note_seen(cx, seen(answer));
        }
        let corrects = self.contact.seen != before && self.corrections < CORRECTIONS;
        self.corrections = if corrects { self.corrections + 1 } else { 0 };
        corrects
    }

    /// Keeps the way that requests of the account take, and the Contact that they name, until the
    /// next answer.
    fn keep(&self, cx: &mut Cx<'_>, routes: Vec<Vec<u8>>, gruu: Option<Vec<u8>>) {
        if let Some(account) = cx.io.out.accounts.get_mut(&self.contact.user) {
            (account.routes, account.gruu) = (routes, gruu);
        }
    }

    /// Notes where the registrar sees us, for the account's requests as well.
    fn note_seen(&mut self, cx: &mut Cx<'_>, seen: Option<Seen>) {
        self.contact.seen = seen;
        if let Some(account) = cx.io.out.accounts.get_mut(&self.contact.user) {
            account.seen = seen;
        }
    }

    /// How long to wait at most after one more failure. RFC 5626 §4.5; what the registrar forbids
    /// should not be repeated at all (RFC 3261 §21.4.4, §22.1), unless its mind is changed.
    fn back_off(&mut self, cause: Cause) -> Duration {
        let wait = back_off(self.failures).min(longest(cause));
        self.failures = self.failures.saturating_add(1);
        self.lengthened = false;
        let forbidden = are_refused(cause) || matches!(cause.status(), Some(404 | 600..));
        if forbidden { MAX_RETRY } else { wait }
    }

    /// Takes over Min-Expires, a day at most; whether that is longer than what was asked for, the
    /// first time.
    fn lengthen(&mut self, response: &Inbound) -> bool {
        if std::mem::replace(&mut self.lengthened, true) {
            return false;
        }
        let longer = longer(response, self.config.expires);
        self.config.expires = longer.unwrap_or(self.config.expires);
        longer.is_some()
    }
}
