//! Registrations, and their refresh. RFC 3261 §10.2. Also OPTIONS, §11.

use super::config::{NextHop, RegisterConfig};
use super::core::SipManager;
use super::event::{Cause, Event, Misuse, OptionsId, RegistrationId};
use super::exchange::{Outcome, Owner, State};
use super::inbound::Inbound;
use super::outgoing::{Contact, Draft};
use super::slab::Key;
use super::target::Target;
use super::timers::Due;
use crate::builder::hex;
use crate::delta_seconds;
use crate::{HeaderName, Method, Uri};
use ssa::{CallRef, FlowId, Why};
use std::time::{Duration, Instant};

/// The longest wait before a registration that failed is tried again; twice as long with each
/// failure in a row. RFC 5626 §4.5 calls it base-time.
const RETRY: Duration = Duration::from_secs(30);

/// The longest such wait of all. RFC 5626 §4.5 calls it max-time.
const MAX_RETRY: Duration = Duration::from_secs(1800);

/// The longest that a Retry-After is heeded: a day.
const HEEDED: Duration = Duration::from_secs(24 * 3600);

/// The longest wait after the registration's connection was closed.
const ANEW: Duration = Duration::from_secs(4);

/// What a refresh is sent ahead of the end at least, so that a lost request can be repeated:
/// 64*T1.
const AHEAD: Duration = Duration::from_secs(32);

/// A registration. It keeps its Call-ID and counts its CSeq for as long as it lives.
/// RFC 3261 §10.2.4.
#[derive(Debug)]
pub(super) struct Registration {
    config: RegisterConfig,
    pub(super) call: CallRef,
    draft: Draft,
    target: Target,
    /// The user part of our Contact: 64 random bits, so that a request that names it comes from
    /// whoever was told.
    contact_user: String,
    exchange: Option<Key>,
    /// The flow that the registrar answered on last.
    pub(super) flow: Option<FlowId>,
    /// Failures in a row.
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
}

impl Registration {
    /// The CSeq of its next request.
    pub(super) fn next_cseq(&mut self) -> u32 {
        self.draft.cseq = self.draft.cseq.saturating_add(1);
        self.draft.cseq
    }

    /// Whether a challenge to its REGISTER is to be answered.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted != Wanted::NoMore
    }
}

impl SipManager {
    /// Registers an address of record, and keeps it registered until
    /// [`unregister`](Self::unregister).
    ///
    /// # Errors
    /// What is no URI or cannot be reached over UDP or TCP.
    pub fn register(
        &mut self, now: Instant, config: RegisterConfig,
    ) -> Result<RegistrationId, Misuse> {
        let next_hop = config.next_hop.as_ref();
        let (mut draft, target, call) =
            self.draft_outside(Method::REGISTER, &config.aor, &config.registrar, next_hop)?;
        let aor = Uri::parse(config.aor.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let contact_user = hex(self.ports.random.next());
        draft.to = [b"<", aor.as_bytes(), b">"].concat();
        draft.contact = Contact::User(contact_user.clone());
        draft.cseq = 0;
        let key = self.registrations.insert(Registration {
            config,
            call,
            draft,
            target,
            contact_user,
            exchange: None,
            flow: None,
            failures: 0,
            lengthened: false,
            bound: false,
            wanted: Wanted::Yes,
        });
        self.refresh(now, key);
        self.settle(now);
        Ok(RegistrationId(key))
    }

    /// Ends a registration: what the registrar granted is taken back (RFC 3261 §10.2.2). Where it
    /// granted nothing, or refuses us since, nothing is sent.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unregister(&mut self, now: Instant, id: RegistrationId) -> Result<(), Misuse> {
        let registration = self.registrations.get_mut(id.0).ok_or(Misuse::Unknown)?;
        if registration.wanted != Wanted::Yes {
            return Ok(());
        }
        registration.wanted = Wanted::NoMore;
        let exchange = registration.exchange;
        if exchange.is_none_or(|exchange| !self.has_left(exchange)) {
            exchange.into_iter().for_each(|exchange| self.drop_exchange(now, exchange));
            self.take_back(now, id.0);
        }
        self.settle(now);
        Ok(())
    }

    /// Whether an answer to this request may still grant something.
    fn has_left(&self, exchange: Key) -> bool {
        let state = self.exchanges.get(exchange).map(|exchange| &exchange.state);
        match state {
            Some(State::Trying { .. } | State::Judging(_) | State::Reading(_)) => true,
            Some(State::Locating | State::Encrypting | State::Authorizing(_)) | None => false,
        }
    }

    /// Takes back what the registrar granted, or has nothing to take back.
    fn take_back(&mut self, now: Instant, key: Key) {
        match self.registrations.get_mut(key) {
            Some(registration) if registration.bound => {
                registration.wanted = Wanted::TakenBack;
                self.refresh(now, key);
            }
            Some(_) => self.forget_registration(key, false),
            None => {}
        }
    }

    fn forget_registration(&mut self, key: Key, taken_back: bool) {
        self.io.timers.stop(Due::Registration(key));
        let Some(registration) = self.registrations.remove(key) else { return };
        self.release(registration.call);
        let (id, aor) = (RegistrationId(key), registration.config.aor);
        self.io.tell(Event::Unregistered { id, aor, taken_back });
    }

    /// Sends REGISTER.
    pub(super) fn refresh(&mut self, now: Instant, key: Key) {
        self.io.timers.stop(Due::Registration(key));
        let Some(registration) = self.registrations.get_mut(key) else { return };
        registration.next_cseq();
        let taken_back = registration.wanted == Wanted::TakenBack;
        let expires = if taken_back { 0 } else { registration.config.expires };
        let mut draft = registration.draft.clone();
        draft.fields = vec![("Expires", expires.to_string().into_bytes())];
        let (call, target) = (registration.call, registration.target.clone());
        let exchange = self.begin(now, Owner::Register(key), call, draft, target);
        if let Some(registration) = self.registrations.get_mut(key) {
            registration.exchange = Some(exchange);
        }
    }

    /// What became of a REGISTER.
    pub(super) fn on_register_done(&mut self, now: Instant, key: Key, outcome: &Outcome) {
        let Some(registration) = self.registrations.get_mut(key) else { return };
        registration.exchange = None;
        registration.learn(outcome);
        match registration.wanted {
            Wanted::Yes => self.on_answered(now, key, outcome),
            Wanted::NoMore => self.take_back(now, key),
            Wanted::TakenBack => {
                self.forget_registration(key, matches!(outcome, Outcome::Accepted(..)));
            }
        }
    }

    /// What became of a REGISTER for a registration that is wanted.
    fn on_answered(&mut self, now: Instant, key: Key, outcome: &Outcome) {
        let Some(registration) = self.registrations.get_mut(key) else { return };
        let cause = match outcome {
            Outcome::Accepted(answer, _) => return self.on_registered(now, key, &answer.response),
            Outcome::Untrusted(_, why) => Cause::Security(*why),
            // RFC 3261 §10.2.8: the registrar wants a longer interval; once more with that.
            Outcome::Failed(Cause::Status(423), Some(response))
                if registration.lengthen(response) =>
            {
                return self.refresh(now, key);
            }
            Outcome::Failed(cause, _) => *cause,
        };
        let asked = match outcome {
            Outcome::Failed(_, Some(response)) => retry_after(response),
            Outcome::Failed(_, None) | Outcome::Accepted(..) | Outcome::Untrusted(..) => None,
        };
        let (wait, aor) = (registration.back_off(cause), registration.config.aor.clone());
        let wait = self.jitter(wait).max(asked.unwrap_or_default());
        self.io.timers.start(Due::Registration(key), now + wait);
        self.io.tell(Event::RegistrationFailed { id: RegistrationId(key), aor, cause });
    }

    /// Registers again what was registered over a connection that is closed.
    pub(super) fn register_anew(&mut self, now: Instant, flow: FlowId) {
        let all = self.registrations.iter();
        let over = all.filter(|(_, it)| it.flow == Some(flow)).map(|(key, _)| key);
        for key in over.collect::<Vec<_>>() {
            let wait = self.jitter(ANEW);
            let Some(registration) = self.registrations.get_mut(key) else { continue };
            registration.flow = None;
            // One that is under way goes another way by itself.
            if registration.exchange.is_none() {
                self.io.timers.start(Due::Registration(key), now + wait);
            }
        }
    }

    /// A random part of `most`, from one half: many that failed at once do not come back at once.
    /// RFC 5626 §4.5.
    fn jitter(&mut self, most: Duration) -> Duration {
        let part = 500 + self.ports.random.next() % 501;
        most.mul_f64(part as f64 / 1000.0)
    }

    fn on_registered(&mut self, now: Instant, key: Key, response: &Inbound) {
        let Some(registration) = self.registrations.get_mut(key) else { return };
        registration.flow = Some(response.arrival.flow);
        let expires = registration.granted(response);
        registration.failures = 0;
        registration.lengthened = false;
        self.io.timers.start(Due::Registration(key), now + refresh_after(expires));
        self.io.tell(Event::Registered {
            id: RegistrationId(key),
            aor: registration.config.aor.clone(),
            expires,
            flow: response.arrival.flow,
            contact_user: registration.contact_user.clone(),
            registrar: response.arrival.source,
        });
    }

    /// The user part that others than the registrar are shown where a request calls us by `user`:
    /// the address of record's for the random one, which admits requests over UDP.
    pub(super) fn shown_user<'a>(&'a self, user: &'a [u8]) -> &'a [u8] {
        let mut registered = self.registrations.iter().map(|(_, registration)| registration);
        let own = registered.find(|it| it.contact_user.as_bytes() == user);
        let aor = own.and_then(|it| Uri::parse(it.config.aor.as_bytes()).ok());
        match own {
            Some(_) => aor.and_then(|aor| aor.user()).unwrap_or_default(),
            None => user,
        }
    }

    /// Asks a peer what it can do. RFC 3261 §11.1.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn options(
        &mut self, now: Instant, from: &str, to: &str, next_hop: Option<&NextHop>,
    ) -> Result<OptionsId, Misuse> {
        let (mut draft, target, call) = self.draft_outside(Method::OPTIONS, from, to, next_hop)?;
        draft.fields = vec![("Accept", b"application/sdp".to_vec())];
        let key = self.begin(now, Owner::Options, call, draft, target);
        self.settle(now);
        Ok(OptionsId(key))
    }

    /// What became of an OPTIONS.
    pub(super) fn on_options_done(&mut self, call: CallRef, key: Key, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Accepted(answer, _) => {
                Ok(answer.response.message.status().map_or(200, |status| status.as_u16()))
            }
            Outcome::Untrusted(_, why) => Err(Cause::Security(*why)),
            Outcome::Failed(cause @ Cause::Later(..), _) => Err(*cause),
            Outcome::Failed(cause, _) => cause.status().ok_or(*cause),
        };
        self.release(call);
        self.io.tell(Event::OptionsAnswered { id: OptionsId(key), outcome });
    }
}

impl Registration {
    /// The lifetime that the registrar granted our Contact. RFC 3261 §10.2.4.
    fn granted(&self, response: &Inbound) -> u32 {
        let message = &response.message;
        let own = message.contacts().map_while(Result::ok).find(|contact| {
            let user = contact.address().and_then(|address| address.uri().user());
            user == Some(self.contact_user.as_bytes())
        });
        let expires = own.and_then(|contact| contact.expires());
        expires.or_else(|| message.expires().ok().flatten()).unwrap_or(self.config.expires)
    }

    /// What an outcome says of the registrar's binding. Who refuses us would refuse to take it back
    /// as well, and counts the credentials that were tried: it is left to lapse.
    fn learn(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(answer, _) => self.bound = self.granted(&answer.response) > 0,
            Outcome::Untrusted(..) => self.bound = true,
            Outcome::Failed(cause, _) if are_refused(*cause) => self.bound = false,
            Outcome::Failed(..) => {}
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

    /// Takes over Min-Expires; whether that is longer than what was asked for, the first time.
    fn lengthen(&mut self, response: &Inbound) -> bool {
        if std::mem::replace(&mut self.lengthened, true) {
            return false;
        }
        let least = response.message.header(HeaderName::MinExpires);
        let least = least.and_then(|value| delta_seconds(value).ok()).unwrap_or(0);
        let longer = least > self.config.expires;
        self.config.expires = self.config.expires.max(least);
        longer
    }
}

/// Whether a failure says that our credentials will not do.
const fn are_refused(cause: Cause) -> bool {
    matches!(cause, Cause::Status(401 | 403 | 407) | Cause::Security(Why::TriedAlready))
}

/// How long after its registration a binding of this lifetime is refreshed: at nine tenths of it,
/// early enough for a request to be repeated, but not in its first half.
fn refresh_after(expires: u32) -> Duration {
    let life = Duration::from_secs(u64::from(expires));
    if life.is_zero() {
        // The registrar keeps nothing: there is nothing to hurry for.
        return RETRY;
    }
    (life / 2).max((life / 10 * 9).min(life.saturating_sub(AHEAD)))
}

/// What Retry-After says, without its comment and parameters. RFC 3261 §20.33.
pub(super) fn retry_after(response: &Inbound) -> Option<Duration> {
    let value = response.message.header(HeaderName::RetryAfter)?;
    let digits = value.split(|octet| !octet.is_ascii_digit()).next()?;
    Some(Duration::from_secs(u64::from(delta_seconds(digits).ok()?)).min(HEEDED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_leaves_time_to_repeat_it() {
        let after = |expires| refresh_after(expires).as_secs();
        assert_eq!([600, 320, 100, 60, 10, 0].map(after), [540, 288, 68, 30, 5, 30]);
    }
}
