//! A request came in: who must prove what. Case F01.

use super::Shared;
use super::last::{Aors, Known};
use super::owed::{Owed, authorizations, opens_call};
use crate::aor::{self, Aor};
use crate::fsm::Signal;
use crate::nonce::{Origin, Source};
use crate::pgp::RETRY;
use crate::policy::Policy;
use crate::scheme::digest::proofs::Judged;
use ssa::{Answer, Arrival, Authentication, CallRef, Field, InDialog, Received, Refusal, Request};
use sst::{Call, Denial, Denied, Proof, Requirement};
use std::borrow::Cow;
use std::cell::LazyCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const BAD_REQUEST: Refusal = Refusal::new(400, "Bad Request");
pub(crate) const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");
/// An invitation under the identifiers of a call that goes on. RFC 3261 §8.2.2.2.
pub(crate) const MERGED: Refusal = Refusal::new(482, "Loop Detected");

/// Octets by which a 401 is longer than what it copies of its request, challenges apart: status
/// line, `received`, `rport`, To tag and Content-Length, less the request line.
const FRAME: usize = 128;

/// Promise 6: whether a 401 with these challenges is at most twice as large as its datagram.
pub(crate) fn fits<'a>(arrival: &Arrival<'_>, fields: impl IntoIterator<Item = &'a Field>) -> bool {
    let octets = fields.into_iter().map(|field| field.name.len() + field.value.len() + 4);
    arrival.transport.is_reliable() || octets.sum::<usize>() + FRAME <= arrival.octets
}

/// What the salt of a nonce for a request depends on.
pub(crate) const fn origin<'a>(
    arrival: &Arrival<'a>, request: &Request<'a>, source: &'a Source,
) -> Origin<'a> {
    Origin { branch: arrival.branch, call_id: request.call_id, cseq: request.cseq, source }
}

/// A request that owes a proof, and what it is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) call: CallRef,
    pub(crate) arrival: &'a Arrival<'a>,
    pub(crate) request: &'a Request<'a>,
    pub(crate) policy: &'a Arc<Policy>,
    pub(crate) aors: &'a Aors,
    /// What Digest has found of its credentials when it came in, where that is known.
    pub(crate) judged: Option<&'a Judged>,
}

impl<'a> Claim<'a> {
    /// Who makes it.
    pub(crate) fn asker(&self) -> Asker<'a> {
        Asker::of(self.call, self.arrival, self.request)
    }
}

/// Who sent a request that is refused.
pub(crate) struct Asker<'a> {
    pub(crate) call: CallRef,
    /// What From says.
    pub(crate) claimed: Cow<'a, str>,
    pub(crate) source: SocketAddr,
}

impl<'a> Asker<'a> {
    pub(crate) fn of(call: CallRef, arrival: &Arrival<'_>, request: &Request<'a>) -> Self {
        let claimed = String::from_utf8_lossy(request.from.uri);
        Self { call, claimed, source: arrival.source }
    }
}

impl Shared {
    /// A request is refused: the peer gets the status, the application hears why.
    pub(crate) fn deny(&self, asker: &Asker<'_>, why: Denied, refusal: Refusal) -> Refusal {
        let (call, claimed) = (Call(asker.call.0), &*asker.claimed);
        self.application.denied(Denial { call, claimed, source: Some(asker.source), why });
        refusal
    }

    /// Decides without storing anything about the sender, but for the one request that was right
    /// last.
    pub(crate) fn request_received(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Received {
        let reject = |why, refusal| {
            Received::Reject(self.deny(&Asker::of(call, arrival, request), why, refusal))
        };
        if opens_call(arrival, request) && self.is_taken(call) {
            return reject(Denied::OfAnother, MERGED);
        }
        let policy = self.policy();
        let from = LazyCell::new(|| aor::canonical(request.from.uri).ok());
        let owed = match self.owed(call, arrival, request, &policy, || from.as_ref()) {
            Ok(owed) => owed,
            Err(why) => return reject(why, FORBIDDEN),
        };
        // What no rule can be looked up for must not pass by none applying.
        if policy.might_be_a_contact(request.from.uri) {
            return reject(Denied::Malformed, BAD_REQUEST);
        }
        let required = match owed {
            Owed::Nothing => {
                self.admitted(call, arrival, request);
                return Received::Admit;
            }
            Owed::NothingMore { name } => {
                return match self.admitted_by_name(call, arrival, request, name) {
                    true => Received::Admit,
                    false => reject(Denied::Busy, Refusal::try_later(RETRY)),
                };
            }
            Owed::OneOf(required) => required,
        };
        let to = aor::canonical(request.to.uri).ok();
        let Some((from, to)) = from.clone().zip(to) else {
            return reject(Denied::Malformed, BAD_REQUEST);
        };
        let aors = Aors { from, to };
        let claim = Claim { call, arrival, request, policy: &policy, aors: &aors, judged: None };
        self.challenges(required, &claim)
            .unwrap_or_else(|| reject(Denied::NotConfigured, FORBIDDEN))
    }

    /// The challenges of all schemes whose proof will do, as many as fit; or what one of them says of
    /// the credentials that it found. `None`: none of those schemes was given.
    fn challenges(&self, required: Requirement, claim: &Claim<'_>) -> Option<Received> {
        let mut fields: Option<Vec<Field>> = None;
        for scheme in self.schemes(required) {
            let more = match scheme.challenge(self, claim) {
                Received::SendWwwAuthenticate(more) => more,
                decided => return Some(decided),
            };
            match &mut fields {
                None => fields = Some(more),
                Some(fields) if fits(claim.arrival, fields.iter().chain(&more)) => {
                    fields.extend(more);
                }
                Some(_) => {}
            }
        }
        fields.map(Received::SendWwwAuthenticate)
    }

    /// The verdict of the scheme whose credentials a request brings, of those whose proof will do.
    fn judged(
        self: &Arc<Self>, required: Requirement, claim: &Claim<'_>,
    ) -> Option<Answer<Authentication>> {
        let mut schemes = self.schemes(required).peekable();
        let first = schemes.next()?;
        if schemes.peek().is_none() {
            return Some(first.judge(self, claim));
        }
        let mut all = std::iter::once(first).chain(schemes);
        let brought = all.find(|it| matches!(it.challenge(self, claim), Received::Authenticate));
        let found = brought.unwrap_or(first);
        Some(found.judge(self, claim))
    }

    /// D04: within a dialog only the user who began the call can prove anything for it.
    pub(crate) fn is_another_user(&self, call: CallRef, arrival: &Arrival<'_>, user: &str) -> bool {
        let inner = self.lock();
        let known = inner.records.get(call.0).and_then(|record| record.digest.verified.as_ref());
        arrival.in_dialog != InDialog::No && known.is_none_or(|known| *known.user != *user)
    }

    /// Whether the identifiers are those of a call that our user started or a peer proved. Whoever
    /// learns them could otherwise speak, fail and be forgotten in that call's name.
    pub(crate) fn is_taken(&self, call: CallRef) -> bool {
        let inner = self.lock();
        inner.records.get(call.0).is_some_and(|record| record.started || record.authenticated)
    }

    /// An invitation that an account's registrar vouches for: the application is told so. What a
    /// subscription of ours tells is read as it comes.
    fn admitted(&self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>) {
        let now = || self.platform.now();
        if request.method == "NOTIFY" {
            let mut inner = self.lock();
            if inner.came_as_it_does(None, arrival, request) {
                inner.expect_in_the_clear(call, now());
            }
        }
        if !opens_call(arrival, request) {
            return;
        }
        let mut inner = self.lock();
        let Some(account) = inner.vouching(arrival, request).cloned() else { return };
        if let Some(record) = inner.records.enter(call.0, now()) {
            record.authenticated = true;
            record.through = vec![account.clone()];
            record.assurance.proof = Proof::AccountHop { account };
        }
        drop(inner);
        self.tell_assurance(call.0);
    }

    /// A request that the server of the domain it claims has brought over TLS; `false` where there is
    /// no room for its record.
    fn admitted_by_name(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, name: String,
    ) -> bool {
        let mut inner = self.lock();
        let account = inner.vouching(arrival, request).cloned();
        let Some(record) = inner.records.enter(call.0, self.platform.now()) else { return false };
        record.through = account.into_iter().collect();
        record.proved_by_hop(arrival.flow, name);
        drop(inner);
        self.tell_assurance(call.0);
        true
    }

    /// Asks for the authentication signal.
    pub(crate) fn authenticate(
        self: &Arc<Self>, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        let policy = self.policy();
        let refused = |why, refusal| {
            let refusal = self.deny(&Asker::of(call, arrival, request), why, refusal);
            Answer::Ready(Authentication::Refused(refusal))
        };
        let credentials = authorizations(request);
        let known = self.lock().last.take((arrival, request), credentials, &policy);
        let (known, judged) = match known {
            Some(Known { aors, judged }) => (Some(aors), Some(judged)),
            None => (Aors::of(request), None),
        };
        let Some(aors) = known else {
            return refused(Denied::Malformed, BAD_REQUEST);
        };
        let (aors, judged) = (&aors, judged.as_ref());
        let claim = Claim { call, arrival, request, policy: &policy, aors, judged };
        let answer = match self.owed(call, arrival, request, &policy, || Some(&aors.from)) {
            Ok(Owed::OneOf(required)) => self
                .judged(required, &claim)
                .unwrap_or_else(|| refused(Denied::NotConfigured, FORBIDDEN)),
            Ok(Owed::Nothing | Owed::NothingMore { .. }) => {
                Self::scheme(Requirement::NOTHING).judge(self, &claim)
            }
            Err(why) => refused(why, FORBIDDEN),
        };
        let account = self.lock().vouching(arrival, request).cloned();
        match account.filter(|_| opens_call(arrival, request)) {
            Some(account) => self.came_through(call, account, answer),
            None => answer,
        }
    }

    /// Notes which account's registered flow a call came over, once it is authenticated.
    fn came_through(
        self: &Arc<Self>, call: CallRef, account: String, answer: Answer<Authentication>,
    ) -> Answer<Authentication> {
        let shared = Arc::clone(self);
        let note = move |answer| {
            if answer == Authentication::Authenticated
                && let Some(record) = shared.lock().records.get_mut(call.0)
            {
                record.through = vec![account];
            }
            answer
        };
        match answer {
            Answer::Ready(answer) => Answer::Ready(note(answer)),
            Answer::Pending { within, future } => {
                let future = Box::pin(async move { note(future.await) });
                Answer::Pending { within, future }
            }
        }
    }

    /// A challenge is about to leave: the receiver's machine, and its mirror.
    pub(crate) fn challenged(
        &self, call: CallRef, claimed: &Aor, lifetime: Duration, fields: Vec<Field>,
    ) -> Vec<Field> {
        let now = self.platform.now();
        let first = self.lock().waiting.challenged(now, call.0, claimed.as_str(), lifetime);
        if first {
            self.receiver(call.0, Signal::Unauthorized);
        }
        fields
    }

    /// The receiver's machine goes back to idle.
    pub(crate) fn settled(&self, call: CallRef, signal: Signal) {
        if self.lock().waiting.settled(call.0) {
            self.receiver(call.0, signal);
        }
    }
}
