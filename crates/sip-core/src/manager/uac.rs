//! The client side: how an exchange moves. RFC 3261 §8.1, §22.2.

use super::action::Hop;
use super::call::{Cancel, Phase, Reinvite, Session};
use super::clients::{Branch, Departure, User};
use super::consult::Verdict;
use super::core::{SipManager, Subject};
use super::event::Cause;
use super::exchange::{Answer, Exchange, MAX_ANSWERED, Outcome, Owner, State, Step};
use super::inbound::Inbound;
use super::outgoing::Draft;
use super::register::Registration;
use super::slab::Key;
use super::target::{Fallback, Host, Target};
use super::timers::Due;
use crate::validate::is_usable_response;
use crate::{Message, Method};
use ssa::{Authorized, Body, BodyVerdict, CallRef, Incoming, Plan, Refusal, Required, Why};
use std::time::Instant;

impl SipManager {
    /// Starts an exchange. Its owner hears the outcome in [`settle`](Self::settle).
    pub(super) fn begin(
        &mut self, now: Instant, owner: Owner, call: CallRef, draft: Draft, target: Target,
    ) -> Key {
        let located = matches!(target.host, Host::Address(_));
        let key = self.exchanges.insert(Box::new(Exchange {
            owner,
            call,
            draft,
            target,
            state: State::Locating,
            answered: 0,
            consult: None,
        }));
        if located {
            self.protect(now, key);
        } else {
            self.suspend(key, State::Locating);
        }
        key
    }

    /// Ends an exchange without an outcome: nobody waits for it any more. A transaction that is
    /// under way still acknowledges what comes in, for 64*T1.
    pub(super) fn drop_exchange(&mut self, now: Instant, key: Key) {
        let Some(exchange) = self.exchanges.remove(key) else { return };
        self.withdraw(exchange.consult);
        if let Some(client) = exchange.trying().and_then(|client| self.clients.get_mut(client)) {
            client.user = User::Nobody;
        }
        if let Some(client) = exchange.trying() {
            let at = now + self.io.timing.timeout();
            self.io.timers.start(Due::Orphan(client), at);
        }
    }

    /// Ends an exchange.
    pub(super) fn finish(&mut self, key: Key, outcome: Outcome) {
        if let Some(exchange) = self.exchanges.remove(key) {
            self.withdraw(exchange.consult);
            self.outcomes.push_back((exchange.owner, exchange.call, key, outcome));
        }
    }

    /// Waits in `state` for a verdict.
    fn suspend(&mut self, key: Key, state: State) {
        let id = self.ask(Subject::Exchange(key));
        if let Some(exchange) = self.exchanges.get_mut(key) {
            exchange.state = state;
            exchange.consult = Some(id);
        }
    }

    /// Protects the body, where there is one; then the request leaves.
    fn protect(&mut self, now: Instant, key: Key) {
        match self.exchanges.get(key) {
            Some(exchange) if exchange.has_body() => self.suspend(key, State::Encrypting),
            Some(_) => self.depart(now, key),
            None => {}
        }
    }

    /// Sends the request as it is.
    fn depart(&mut self, now: Instant, key: Key) {
        let branch = self.ports.random.next();
        match self.shape(key, 0, branch) {
            Some((hop, request)) => self.launch(now, key, hop, branch, request),
            None => self.finish(key, Outcome::Failed(Cause::Transport, None)),
        }
    }

    /// Chooses the hop for the draft's size and `reserve` octets more, and puts it into octets.
    fn shape(&mut self, key: Key, reserve: usize, branch: u64) -> Option<(Hop, Message)> {
        let exchange = self.exchanges.get_mut(key)?;
        let own = self.config.own();
        let hop = exchange.target.hop(0, own)?;
        exchange.draft.fix_contact(own, &hop);
        let mut octets = exchange.draft.octets(&hop, branch);
        let chosen = exchange.target.hop(octets.len() + reserve, own)?;
        if chosen != hop {
            octets = exchange.draft.octets(&chosen, branch);
        }
        Some((chosen, Message::parse(octets, &self.config.limits).ok()?))
    }

    fn launch(&mut self, now: Instant, key: Key, hop: Hop, branch: u64, request: Message) {
        let departure = Departure {
            request: request.clone(),
            branch: Branch { number: branch, cancel: false },
            hop,
            user: User::Exchange(key),
        };
        let client = self.clients.start(&mut self.io, now, departure);
        if let Some(exchange) = self.exchanges.get_mut(key) {
            exchange.state = State::Trying { client, hop, sent: request };
        }
    }

    /// The request did not get through: it takes the next way, where there is one.
    pub(super) fn on_unsent(&mut self, now: Instant, key: Key, client: Key) {
        let Some(exchange) = self.exchanges.get(key) else { return };
        let owner = exchange.owner;
        match &exchange.state {
            State::Trying { client: own, hop, .. } if *own == client => {
                let hop = *hop;
                let wanted = self.is_wanted(owner);
                let exchange = self.exchanges.get_mut(key).filter(|_| wanted);
                match exchange.and_then(|exchange| exchange.target.fall_back(&hop)) {
                    // The credentials stay: they cover neither Via nor transport.
                    Some(Fallback::SamePeer) => self.depart(now, key),
                    // Whoever is there was not the one who asked for them.
                    Some(Fallback::ByUri) => self.start_over(now, key),
                    None => self.finish(key, Outcome::Failed(Cause::Transport, None)),
                }
            }
            State::Locating
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => {}
        }
    }

    /// Sends the request as if nobody had challenged it yet.
    fn start_over(&mut self, now: Instant, key: Key) {
        if let Some(exchange) = self.exchanges.get_mut(key) {
            exchange.draft.credentials.clear();
            self.protect(now, key);
        }
    }

    /// A response came in.
    pub(super) fn on_response(&mut self, now: Instant, inbound: Inbound) {
        let found = inbound.message.identity().and_then(|id| self.clients.find(&id));
        let Some(client) = found else { return };
        // RFC 3261 §18.3: a response that is not as it should be is discarded.
        if !is_usable_response(&inbound.message, &self.config.limits) {
            return;
        }
        let report = self.clients.on_response(&mut self.io, now, client, &inbound.message);
        if let Some((user, report)) = report {
            self.on_client_report(now, client, user, report, Some(inbound));
        }
    }

    /// A response came in for an exchange.
    pub(super) fn on_answer(&mut self, now: Instant, key: Key, client: Key, response: Inbound) {
        let Some(exchange) = self.exchanges.get(key) else { return };
        let (owner, answered) = (exchange.owner, exchange.answered);
        let Some(status) = response.message.status().map(|status| status.as_u16()) else { return };
        let (hop, sent) = match &exchange.state {
            State::Trying { client: own, hop, sent } if *own == client => (*hop, sent.clone()),
            // Retransmissions, and other forks' answers, while the first is being looked at.
            State::Locating
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => return,
        };
        let answer = Answer { client, hop, sent, response };
        match status {
            ..=199 => self.on_progress(now, owner, status, &answer.response),
            200..=299 => self.suspend(key, State::Judging(answer)),
            // Credentials are for whoever the request was sent to, and for a call that is wanted.
            401 | 407 if answered < MAX_ANSWERED && answer.came_back() && self.is_wanted(owner) => {
                self.suspend(key, State::Authorizing(Step::Challenged(Box::new(answer))));
            }
            _ => {
                let cause = Cause::of(status, answer.response.message.reason());
                self.finish(key, Outcome::Failed(cause, Some(answer.response)));
            }
        }
    }

    /// Whether a request may leave once more: an INVITE or re-INVITE that was not taken back, the
    /// REGISTER of a registration that is still wanted.
    fn is_wanted(&self, owner: Owner) -> bool {
        if let Owner::Register(key) = owner {
            return self.registrations.get(key).is_some_and(Registration::is_wanted);
        }
        let (Owner::Invite(call) | Owner::Reinvite(call)) = owner else { return true };
        let cancel = match self.calls.get(call).map(|call| &call.phase) {
            Some(Phase::Inviting(inviting)) => inviting.cancel,
            Some(Phase::Up(Session { reinvite: Reinvite::Ours(ours), .. })) => ours.cancel,
            Some(_) | None => Cancel::No,
        };
        cancel == Cancel::No
    }

    /// The verdict that an exchange waits for.
    pub(super) fn on_exchange_verdict(&mut self, now: Instant, key: Key, verdict: Verdict) {
        let Some(exchange) = self.exchanges.get_mut(key) else { return };
        exchange.consult = None;
        match (exchange.take_state(), verdict) {
            (State::Locating, Verdict::Located(found)) => self.on_located(now, key, &found),
            (State::Encrypting, Verdict::Body(BodyVerdict::Body(body))) => {
                exchange.draft.body = body;
                self.depart(now, key);
            }
            (State::Encrypting, Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.give_up(key, why(&refusal), None);
            }
            (State::Authorizing(step), verdict) => self.authorize(now, key, step, verdict),
            (State::Judging(answer), Verdict::Incoming(incoming)) => {
                self.on_judged(key, answer, incoming);
            }
            (State::Reading(answer), Verdict::Body(BodyVerdict::Body(body))) => {
                self.finish(key, Outcome::Accepted(answer, body));
            }
            (State::Reading(answer), Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.finish(key, Outcome::Untrusted(answer, why(&refusal)));
            }
            // No answer, or one to another question: a refusal.
            (State::Judging(answer) | State::Reading(answer), _) => {
                self.finish(key, Outcome::Untrusted(answer, Why::ApplicationUnavailable));
            }
            (State::Locating, _) => self.finish(key, Outcome::Failed(Cause::Unresolved, None)),
            (State::Encrypting, _) => self.give_up(key, Why::ApplicationUnavailable, None),
            (trying @ State::Trying { .. }, _) => exchange.state = trying,
        }
    }

    fn give_up(&mut self, key: Key, why: Why, response: Option<Inbound>) {
        self.finish(key, Outcome::Failed(Cause::Security(why), response));
    }

    fn on_located(&mut self, now: Instant, key: Key, found: &[std::net::IpAddr]) {
        let own = self.config.own();
        let reachable = found.iter().find(|ip| own.reaches(**ip));
        match (reachable, self.exchanges.get_mut(key)) {
            (Some(ip), Some(exchange)) => {
                exchange.target.host = Host::Address(*ip);
                self.protect(now, key);
            }
            _ => self.finish(key, Outcome::Failed(Cause::Unresolved, None)),
        }
    }

    /// Goes on with a challenge that is being answered: `got_401_unauthorized`, `encrypt`,
    /// `authorize`, and the request leaves again.
    fn authorize(&mut self, now: Instant, key: Key, step: Step, verdict: Verdict) {
        match (step, verdict) {
            (
                Step::Challenged(_),
                Verdict::Required(Required::SendWwwAuthenticate { plan, reserve }),
            ) => self.plan(key, plan, reserve),
            (Step::Challenged(answer), Verdict::Required(Required::GiveUp(why))) => {
                self.give_up(key, why, Some(answer.response));
            }
            (Step::Encrypting { plan, reserve }, Verdict::Body(BodyVerdict::Body(body))) => {
                if let Some(exchange) = self.exchanges.get_mut(key) {
                    exchange.draft.body = body;
                }
                self.sign(key, plan, reserve);
            }
            (Step::Encrypting { .. }, Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.give_up(key, why(&refusal), None);
            }
            (
                Step::Signing { hop, branch, .. },
                Verdict::Authorized(Authorized::Fields(fields)),
            ) => {
                let Some(exchange) = self.exchanges.get_mut(key) else { return };
                exchange.draft.credentials = fields;
                let octets = exchange.draft.octets(&hop, branch);
                match Message::parse(octets, &self.config.limits) {
                    Ok(request) => self.launch(now, key, hop, branch, request),
                    Err(_) => self.give_up(key, Why::ApplicationFailed, None),
                }
            }
            (Step::Signing { .. }, Verdict::Authorized(Authorized::GiveUp(why))) => {
                self.give_up(key, why, None);
            }
            // No answer, or one to another question: a refusal.
            (Step::Challenged(_) | Step::Encrypting { .. } | Step::Signing { .. }, _) => {
                self.give_up(key, Why::ApplicationUnavailable, None);
            }
        }
    }

    /// The challenge is to be answered: a new request, with the original body. RFC 3261 §8.1.3.5.
    fn plan(&mut self, key: Key, plan: Plan, reserve: usize) {
        let Some(exchange) = self.exchanges.get_mut(key) else { return };
        exchange.answered += 1;
        let (owner, cseq) = (exchange.owner, exchange.draft.cseq);
        let cseq = self.raised_cseq(owner, cseq);
        let Some(exchange) = self.exchanges.get_mut(key) else { return };
        exchange.draft.cseq = cseq;
        exchange.draft.credentials.clear();
        if exchange.has_body() {
            self.suspend(key, State::Authorizing(Step::Encrypting { plan, reserve }));
        } else {
            self.sign(key, plan, reserve);
        }
    }

    /// Shapes the draft and has it authorized.
    fn sign(&mut self, key: Key, plan: Plan, reserve: usize) {
        let branch = self.ports.random.next();
        match self.shape(key, reserve, branch) {
            Some((hop, draft)) => {
                let step = Step::Signing { plan, hop, branch, draft: Box::new(draft) };
                self.suspend(key, State::Authorizing(step));
            }
            None => self.finish(key, Outcome::Failed(Cause::Transport, None)),
        }
    }

    /// The CSeq after `current`: a dialog's and a registration's are counted by their owner.
    fn raised_cseq(&mut self, owner: Owner, current: u32) -> u32 {
        let counted = match owner {
            Owner::Reinvite(call) | Owner::Bye(call) => self.calls.get_mut(call).and_then(|call| {
                let dialog = call.dialog.as_mut()?;
                Some(dialog.next_cseq())
            }),
            Owner::Register(key) => self.registrations.get_mut(key).map(|it| it.next_cseq()),
            Owner::Invite(_) | Owner::Fork | Owner::Options => None,
        };
        counted.unwrap_or_else(|| current.saturating_add(1))
    }

    fn on_judged(&mut self, key: Key, answer: Answer, incoming: Incoming) {
        let invite = answer.sent.method() == Some(Method::INVITE);
        match incoming {
            Incoming::Accept if invite || !answer.response.message.body().is_empty() => {
                self.suspend(key, State::Reading(answer));
            }
            Incoming::Accept => self.finish(key, Outcome::Accepted(answer, Body::default())),
            Incoming::AckThenBye(why) => self.finish(key, Outcome::Untrusted(answer, why)),
            Incoming::Discard => {
                // As if it had not come: the transaction may bring another one.
                if self.clients.get(answer.client).is_none() {
                    return self.finish(key, Outcome::Failed(Cause::Timeout, None));
                }
                if let Some(exchange) = self.exchanges.get_mut(key) {
                    let Answer { client, hop, sent, .. } = answer;
                    exchange.state = State::Trying { client, hop, sent };
                }
            }
        }
    }
}

/// Why a body of ours, or its answer's, was refused: trouble that passes is not the body's.
const fn why(refusal: &Refusal) -> Why {
    if refusal.retry_after.is_some() { Why::ApplicationUnavailable } else { Why::Body }
}
