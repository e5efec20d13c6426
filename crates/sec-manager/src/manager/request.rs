//! A request came in: who must prove what. Case F01.

use super::record::Record;
use super::{Inner, Shared};
use crate::aor::{self, Aor};
use crate::fsm::Signal;
use crate::nonce::{Origin, Source};
use crate::policy::Policy;
use ssa::{Answer, Arrival, Authentication, CallRef, Field, InDialog, Received, Refusal, Request};
use sst::{Call, Denial, Denied, Proof, Requirement};
use std::borrow::Cow;
use std::cell::LazyCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const BAD_REQUEST: Refusal = Refusal::new(400, "Bad Request");
pub(crate) const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");
/// An invitation under the identifiers of a call that goes on. RFC 3261 §8.2.2.2.
pub(crate) const MERGED: Refusal = Refusal::new(482, "Loop Detected");

/// `Authorization` fields that are looked at.
const LOOKED_AT: usize = 8;

/// The values of a request's `Authorization` fields, as many as are looked at.
pub(crate) fn authorizations<'a>(request: &Request<'a>) -> impl Iterator<Item = &'a [u8]> {
    let headers = request.headers;
    (0..LOOKED_AT).map_while(move |nth| headers.value("Authorization", nth))
}

/// The AORs of a request, as they are bound and judged.
pub(crate) struct Aors {
    pub(crate) from: Aor,
    pub(crate) to: Aor,
}

impl Aors {
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        let from = aor::canonical(request.from.uri).ok()?;
        Some(Self { from, to: aor::canonical(request.to.uri).ok()? })
    }
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
    pub(crate) policy: &'a Policy,
    pub(crate) aors: &'a Aors,
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

    /// Decides without storing anything about the sender.
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
        let required = match self.required(call, arrival, request, &policy, || from.as_ref()) {
            Ok(required) => required,
            Err(refusal) => return reject(Denied::OfAnother, refusal),
        };
        // What no rule can be looked up for must not pass by none applying.
        if policy.might_be_a_contact(request.from.uri) {
            return reject(Denied::Malformed, BAD_REQUEST);
        }
        if required == Requirement::Nothing {
            self.admitted(call, arrival, request);
            return Received::Admit;
        }
        let to = aor::canonical(request.to.uri).ok();
        let Some((from, to)) = from.clone().zip(to) else {
            return reject(Denied::Malformed, BAD_REQUEST);
        };
        let aors = Aors { from, to };
        let scheme = Self::scheme(required);
        if !scheme.is_given(self) {
            return reject(Denied::NotConfigured, FORBIDDEN);
        }
        scheme.challenge(self, &Claim { call, arrival, request, policy: &policy, aors: &aors })
    }

    /// The proof that a request owes.
    ///
    /// # Errors
    /// Where nobody could give it.
    fn required<'a>(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        from: impl FnOnce() -> Option<&'a Aor>,
    ) -> Result<Requirement, Refusal> {
        let inner = self.lock();
        let record = inner.records.get(call.0).filter(|_| arrival.in_dialog != InDialog::No);
        let came_as_it_does = inner.came_as_it_does(record, arrival, request);
        let required = match record {
            Some(record) if !record.tells => record.require,
            // D07: who is subscribed to is no caller. It tells what was asked for, and cannot sign.
            _ if came_as_it_does && request.method == "NOTIFY" => Requirement::Nothing,
            _ => policy.required_of_caller(from()),
        };
        if required == Requirement::Pgp {
            return Ok(required);
        }
        match arrival.in_dialog {
            InDialog::No if inner.vouching(arrival, request).is_some() => Ok(Requirement::Nothing),
            // D08: what reaches the user without being asked comes from somebody who proved it.
            InDialog::No if comes_unasked(arrival, request) => match self.digest {
                Some(_) => Ok(Requirement::Digest),
                None => Err(FORBIDDEN),
            },
            InDialog::No => Ok(required),
            // D03: within a dialog that needed no signature, the dialog's identifiers suffice.
            _ if came_as_it_does => Ok(Requirement::Nothing),
            // It ends the call and moves nothing.
            InDialog::FromElsewhere if request.method == "BYE" => Ok(Requirement::Nothing),
            // D04: what may move the media or the target must come from who began the call. Where
            // that one has proved nothing, no proof could show it.
            InDialog::FromPeer | InDialog::FromElsewhere | InDialog::OffItsTls => {
                let proved = record.is_some_and(|record| record.verified.is_some());
                if proved { Ok(Requirement::Digest) } else { Err(FORBIDDEN) }
            }
        }
    }

    /// D04: within a dialog only the user who began the call can prove anything for it.
    pub(crate) fn is_another_user(&self, call: CallRef, arrival: &Arrival<'_>, user: &str) -> bool {
        let inner = self.lock();
        let known = inner.records.get(call.0).and_then(|record| record.verified.as_ref());
        arrival.in_dialog != InDialog::No && known.is_none_or(|known| known.user != user)
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

    /// Asks for the authentication signal.
    pub(crate) fn authenticate(
        self: &Arc<Self>, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        let policy = self.policy();
        let refused = |why, refusal| {
            let refusal = self.deny(&Asker::of(call, arrival, request), why, refusal);
            Answer::Ready(Authentication::Refused(refusal))
        };
        let Some(aors) = Aors::of(request) else {
            return refused(Denied::Malformed, BAD_REQUEST);
        };
        let answer = match self.required(call, arrival, request, &policy, || Some(&aors.from)) {
            Ok(required) => {
                let claim = Claim { call, arrival, request, policy: &policy, aors: &aors };
                Self::scheme(required).judge(self, &claim)
            }
            Err(refusal) => refused(Denied::OfAnother, refusal),
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

impl Inner {
    /// D07: where all that comes is to be encrypted, what a subscription of ours tells is not. Until
    /// it is abandoned.
    fn expect_in_the_clear(&mut self, call: CallRef, now: Instant) {
        if self.policy.require != Requirement::Pgp || self.records.get(call.0).is_some() {
            return;
        }
        if let Some(record) = self.records.enter(call.0, now) {
            record.tells = true;
        }
    }

    /// The account whose registered flow a request came over.
    fn vouching(&self, arrival: &Arrival<'_>, request: &Request<'_>) -> Option<&String> {
        let flow = self.flows.iter().find(|(_, flow)| admits(flow, arrival, request));
        flow.map(|(account, _)| account)
    }

    /// Whether a request came as its dialog does. D03: also from the registrar that the call came
    /// through, over a connection that took the place of the dialog's: it was opened for the same name.
    fn came_as_it_does(
        &self, record: Option<&Record>, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> bool {
        match arrival.in_dialog {
            InDialog::No | InDialog::FromElsewhere => false,
            InDialog::FromPeer => true,
            InDialog::OffItsTls => self.came_back(record, arrival, request),
        }
    }

    /// Whether a request came over TLS from the registrar of an account that its call may have been
    /// set up through.
    fn came_back(
        &self, record: Option<&Record>, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> bool {
        let through = record.map(|record| record.through.as_slice()).unwrap_or_default();
        let account = self.vouching(arrival, request).filter(|_| arrival.transport.is_secure());
        account.is_some_and(|account| through.is_empty() || through.contains(account))
    }
}

/// Whether a request would begin a call.
pub(crate) fn opens_call(arrival: &Arrival<'_>, request: &Request<'_>) -> bool {
    arrival.in_dialog == InDialog::No && request.method == "INVITE"
}

/// Whether a request reaches the user, or is kept, without the user being asked.
pub(crate) fn comes_unasked(arrival: &Arrival<'_>, request: &Request<'_>) -> bool {
    let unasked =
        matches!(request.method, "MESSAGE" | "SUBSCRIBE" | "NOTIFY" | "PUBLISH" | "REFER");
    arrival.in_dialog == InDialog::No && unasked
}

/// Whether a request came over a registered flow: its connection, or over UDP the registrar's
/// address and the random user part of our Contact.
fn admits(flow: &sst::RegisteredFlow, arrival: &Arrival<'_>, request: &Request<'_>) -> bool {
    match flow.flow {
        Some(connection) => arrival.transport.is_reliable() && arrival.flow.0 == connection,
        None => {
            let registrar: IpAddr = flow.registrar.to_canonical();
            !arrival.transport.is_reliable()
                && arrival.source.ip().to_canonical() == registrar
                && user_part(request.uri) == Some(flow.contact_user.as_bytes())
        }
    }
}

/// The user part of a SIP URI.
fn user_part(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|octet| *octet == b':')?;
    let rest = uri.get(colon + 1..)?;
    rest.get(..rest.iter().position(|octet| *octet == b'@')?)
}
