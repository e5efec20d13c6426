//! Registrations, and their refresh. RFC 3261 §10.2.

use super::cx::Cx;
use super::ended::Ended;
use crate::builder::hex;
use crate::delta_seconds;
use crate::manager::config::RegisterConfig;
use crate::manager::event::{Cause, Event, Misuse, RegistrationId};
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::requests::{Contact, Draft, Outcome, Purpose, Way};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::{HeaderName, Method, Uri};
use ssa::{CallRef, FlowId, Why};
use std::time::{Duration, Instant};

const REGISTER: Purpose = Purpose(0);

/// Refresh, or try again.
const REFRESH: u8 = 0;

/// The longest wait before a registration that failed is tried again; twice as long with each
/// failure in a row. RFC 5626 §4.5 calls it base-time.
const RETRY: Duration = Duration::from_secs(30);

/// The longest such wait of all. RFC 5626 §4.5 calls it max-time.
const MAX_RETRY: Duration = Duration::from_secs(1800);

/// The longest wait after the registration's connection was closed.
const ANEW: Duration = Duration::from_secs(4);

/// A connection that lasted for less after its registration has failed like an attempt. RFC 5626
/// §4.5.
const LASTING: Duration = Duration::from_secs(120);

/// What a refresh is sent ahead of the end at least, so that a lost request can be repeated:
/// 64*T1.
const AHEAD: Duration = Duration::from_secs(32);

/// No binding is refreshed sooner after it was granted: T2, as often as a lost request is repeated
/// at most. A registrar that grants less than this would be asked several times a second.
const SOONEST: Duration = Duration::from_secs(4);

/// The longest lifetime in seconds that is counted on, and that a registrar's Min-Expires may ask us
/// for: a day. A registrar that was restarted within a longer one would know us no more.
const LONGEST: u32 = 24 * 3600;

/// A registration. It keeps its Call-ID and counts its CSeq for as long as it lives.
/// RFC 3261 §10.2.4.
#[derive(Debug)]
pub(in crate::manager) struct Registration {
    config: RegisterConfig,
    name: CallRef,
    draft: Draft,
    target: Target,
    /// The user part of our Contact: 64 random bits, so that a request that names it comes from
    /// whoever was told.
    contact_user: String,
    /// The REGISTER under way.
    request: Option<Key>,
    /// The flow that the registrar answered on last.
    flow: Option<FlowId>,
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
        let contact_user = hex(io.random());
        let shown = aor.user().unwrap_or_default().to_vec();
        io.out.aliases.insert(contact_user.clone().into_bytes(), shown);
        draft.to = [b"<", aor.as_bytes(), b">"].concat();
        draft.contact = Contact::User(contact_user.clone());
        draft.cseq = 0;
        Ok(Self {
            config,
            name,
            draft,
            target,
            contact_user,
            request: None,
            flow: None,
            answered: None,
            failures: 0,
            lengthened: false,
            bound: false,
            wanted: Wanted::Yes,
        })
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
        cx.io.out.aliases.remove(self.contact_user.as_bytes());
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
        draft.fields = vec![("Expires", expires.to_string().into_bytes())];
        self.request = Some(cx.send(REGISTER, self.name, (draft, self.target.clone())));
    }

    /// The time for the next REGISTER has come.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>) {
        self.refresh(cx);
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
                Some(expires) => return self.on_registered(cx, &answer.response, expires),
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

    fn on_registered(&mut self, cx: &mut Cx<'_>, response: &Inbound, expires: u32) {
        self.flow = Some(response.arrival.flow);
        // A connection is not known to last yet.
        self.answered = Some(cx.io.now);
        if !response.arrival.transport.is_reliable() {
            self.failures = 0;
        }
        self.lengthened = false;
        cx.start(REFRESH, refresh_after(expires));
        cx.tell(Event::Registered {
            id: RegistrationId(cx.me),
            aor: self.config.aor.clone(),
            expires,
            flow: response.arrival.flow,
            contact_user: self.contact_user.clone(),
            registrar: response.arrival.source,
        });
    }

    /// The lifetime that the registrar granted our Contact, as far as it is counted on; `None` where
    /// it keeps us for no time, or lists several others alone. One that lists nobody, as none should
    /// (RFC 3261 §10.3 (8)), is taken at its word; and a binding that stands alone is ours, which
    /// somebody on the way has rewritten. RFC 3261 §10.2.4.
    fn granted(&self, response: &Inbound) -> Option<u32> {
        let message = &response.message;
        let own = message.bindings().find(|contact| {
            let user = contact.address().and_then(|address| address.uri().user());
            user == Some(self.contact_user.as_bytes())
        });
        let alone = || {
            let mut all = message.bindings();
            all.next().filter(|_| all.next().is_none())
        };
        let own = own.or_else(alone);
        if own.is_none() && message.bindings().next().is_some() {
            return None;
        }
        let expires = own.and_then(|contact| contact.expires());
        let expires = expires.or_else(|| message.expires().ok().flatten());
        let expires = expires.unwrap_or(self.config.expires).min(LONGEST);
        (expires > 0).then_some(expires)
    }

    /// What an outcome says of the registrar's binding. Who refuses us would refuse to take it back
    /// as well, and counts the credentials that were tried: it is left to lapse.
    fn learn(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(answer, _) => self.bound = self.granted(&answer.response).is_some(),
            Outcome::Untrusted(..) => self.bound = true,
            Outcome::Failed(cause, _) if are_refused(*cause) => self.bound = false,
            Outcome::Failed(..) | Outcome::Cancelled => {}
        }
    }

    /// How long to wait at most after one more failure. RFC 5626 §4.5; what the registrar forbids
    /// should not be repeated at all (RFC 3261 §21.4.4, §22.1), unless its mind is changed.
    fn back_off(&mut self, cause: Cause) -> Duration {
        let doubled = RETRY.saturating_mul(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        self.lengthened = false;
        let forbidden = are_refused(cause) || matches!(cause.status(), Some(404 | 600..));
        if forbidden { MAX_RETRY } else { doubled.min(MAX_RETRY) }
    }

    /// Takes over Min-Expires, a day at most; whether that is longer than what was asked for, the
    /// first time.
    fn lengthen(&mut self, response: &Inbound) -> bool {
        if std::mem::replace(&mut self.lengthened, true) {
            return false;
        }
        let least = response.message.header(HeaderName::MinExpires);
        let least = least.and_then(|value| delta_seconds(value).ok()).unwrap_or(0);
        let longer = least > self.config.expires && least <= LONGEST;
        if longer {
            self.config.expires = least;
        }
        longer
    }
}

/// A random part of `most`, from one half: many that failed at once do not come back at once.
/// RFC 5626 §4.5.
fn jitter(io: &mut Io<'_>, most: Duration) -> Duration {
    let part = 500 + io.random() % 501;
    most.mul_f64(part as f64 / 1000.0)
}

/// Whether a failure says that our credentials will not do.
const fn are_refused(cause: Cause) -> bool {
    matches!(cause, Cause::Status(401 | 403 | 407) | Cause::Security(Why::TriedAlready))
}

/// How long after its registration a binding of this lifetime is refreshed: at nine tenths of it,
/// early enough for a request to be repeated, but not in its first half, nor sooner than is sensible.
fn refresh_after(expires: u32) -> Duration {
    let life = Duration::from_secs(u64::from(expires));
    let early = (life / 10 * 9).min(life.saturating_sub(AHEAD));
    early.max(life / 2).max(SOONEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_leaves_time_to_repeat_it() {
        let after = |expires| refresh_after(expires).as_secs();
        assert_eq!([86_400, 600, 320, 100, 60, 10].map(after), [77_760, 540, 288, 68, 30, 5]);
    }

    #[test]
    fn no_registrar_is_asked_several_times_a_second() {
        assert_eq!([8, 2, 1].map(|expires| refresh_after(expires).as_secs()), [4, 4, 4]);
    }
}
