//! PGP challenges that we send, and the signed requests that answer them.
//!
//! The order of work keeps a stranger cheap: the nonce's MAC shows that the sender receives at its
//! address and meant this request; then the nonce is reserved, the packet looked at, and only then
//! is the security application asked.

use super::trust::Said;
use crate::aor::Aor;
use crate::cs1::{Fields, Role};
use crate::fsm::Signal;
use crate::manager::Shared;
use crate::manager::failures::{Attempt, Trace, Verdict, WINDOW};
use crate::manager::last::Aors;
use crate::manager::owed::{authorizations, opens_call};
use crate::manager::record::{MOVED, REROUTED};
use crate::manager::request::{Asker, BAD_REQUEST, Claim, FORBIDDEN, MERGED, origin};
use crate::nonce::{Binding, Opened, PGP_LIFETIME, Reservation, Source};
use crate::party::Party;
use crate::pgp::{
    CHECKING, Credentials, Form, GRACE, Jobs, RETRY, Refused, SCHEME, challenge_value, fresh,
    is_rerouted, judge, judge_rfc2543, question, rfc2543, unix_seconds,
};
use crate::policy::Policy;
use crate::scheme::pgp::exchange::Exchange;
use sip_syntax::auth::Malformed;
use sma::{Error, Fingerprint, Report, ToVerify};
use ssa::{Answer, Authentication, CallRef, Field, Received, Refusal, Request};
use sst::{Denied, Proof, Requirement, Trust};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long a person may take to say whose key it is.
const PROMPT: Duration = Duration::from_secs(60);
const NOT_ACCEPTABLE: Refusal = Refusal::new(488, "Not Acceptable Here");
/// RFC 8224 §6.2.2 has the words. Told only to who signed: to a stranger every refusal is the same.
const STALE_DATE: Refusal = Refusal::new(403, "Stale Date");

/// What a request's Authorization fields say.
enum Found<'a> {
    /// Nothing that answers a challenge of ours which still holds.
    Nothing,
    /// Credentials that may be judged, under a nonce that was not used.
    Fresh(Credentials<'a>, Opened, Attempt),
    /// A copy of what failed, which was told of then.
    Failed,
    /// What is refused before it is judged.
    Refused(Denied, Refusal),
}

/// What was prepared while the request was borrowed; the rest waits for the application.
struct Verification {
    call: CallRef,
    source: SocketAddr,
    attempt: Attempt,
    trace: Trace,
    question: ToVerify,
    /// The request's Date, in Unix seconds; `None` in the form of RFC 2543, which has none.
    date: Option<u64>,
    exchange: Exchange,
    /// Whether the user has to say whose key it is.
    unpinned: bool,
    /// The key that is pinned, where it is another: whatever is found, the request is refused.
    pinned: Option<Fingerprint>,
    /// Whether the request would begin the call.
    opens: bool,
    /// Whether the Contact that the stack routes by is not the one that was signed.
    rerouted: bool,
}

impl Shared {
    /// Challenges, or says that the nonce is ours and fresh. No application is asked here.
    pub(crate) fn pgp_received(&self, claim: &Claim<'_>) -> Received {
        match self.find(claim) {
            Found::Fresh(..) => Received::Authenticate,
            Found::Failed => Received::Reject(FORBIDDEN),
            Found::Refused(why, refusal) => {
                Received::Reject(self.deny(&claim.asker(), why, refusal))
            }
            Found::Nothing => Received::SendWwwAuthenticate(self.pgp_challenge(claim)),
        }
    }

    /// Checks all that can be checked at once, reserves the nonce and asks the application.
    pub(crate) fn pgp_authenticate(self: &Arc<Self>, claim: &Claim<'_>) -> Answer<Authentication> {
        let request = claim.request;
        let refused = |why, refusal| {
            let refusal = self.deny(&claim.asker(), why, refusal);
            Answer::Ready(Authentication::Refused(refusal))
        };
        let challenge = || {
            let fields = self.pgp_challenge(claim);
            Answer::Ready(Authentication::SendWwwAuthenticate(fields))
        };
        let Some(jobs) = self.jobs.clone() else {
            return refused(Denied::NotConfigured, FORBIDDEN);
        };
        let (credentials, nonce, attempt) = match self.find(claim) {
            Found::Fresh(credentials, nonce, attempt) => (credentials, nonce, attempt),
            Found::Failed => return Answer::Ready(Authentication::Refused(FORBIDDEN)),
            Found::Refused(why, refusal) => return refused(why, refusal),
            Found::Nothing => return challenge(),
        };
        if request.method == "INVITE" && request.body.is_empty() {
            // SDP counts only in a signed INVITE and its 2xx: without an offer there is none.
            return refused(Denied::Malformed, NOT_ACCEPTABLE);
        }
        let verification = match self.verification(claim, &credentials, attempt) {
            Ok(verification) => verification,
            Err(why) => {
                self.failed(claim.call, &attempt, Trace::of(request, &credentials.signature));
                return refused(why, FORBIDDEN);
            }
        };
        let reserved = self.replay().reserve(self.seconds(), &nonce);
        let Ok((reservation, floor)) = reserved else { return challenge() };
        floor.into_iter().for_each(|floor| self.issuer.raise_floor(floor));
        let prompt = match &verification {
            Verification { unpinned: true, .. } => CHECKING + PROMPT,
            Verification { pinned: Some(_), .. } => CHECKING,
            Verification { .. } => Duration::ZERO,
        };
        let shared = Arc::clone(self);
        let future = Box::pin(async move { shared.verify(&jobs, verification, reservation).await });
        Answer::Pending { within: CHECKING + GRACE + prompt, future }
    }

    /// The credentials of this scheme whose realm is ours and whose nonce is our own, fresh and
    /// unused. Where a request was forked, every callee made a challenge and each finds the answer
    /// to its own; what cannot be read is not ours to judge while another one can be.
    fn find<'a>(&self, claim: &Claim<'a>) -> Found<'a> {
        let Claim { arrival, request, policy, aors, .. } = *claim;
        let own = own_realm(policy, aors);
        let ours = |realm: &[u8]| realm == own.as_bytes();
        let (mut readable, mut malformed) = (false, false);
        for value in authorizations(request) {
            let credentials = match self.read(claim, value) {
                Ok(Some(credentials)) if ours(&credentials.realm) => credentials,
                Ok(_) => continue,
                Err(_) => {
                    malformed = true;
                    continue;
                }
            };
            readable = true;
            let Some(nonce) = self.opened(claim, &credentials) else { continue };
            let claimed = || Party::claiming(aors.from.as_str().as_bytes(), &credentials.realm);
            let party = policy.party(arrival.source.ip(), claimed);
            let attempt = Attempt::new(party, &nonce);
            return self.admitted_attempt(request, credentials, nonce, attempt);
        }
        if malformed && !readable {
            Found::Refused(Denied::Malformed, BAD_REQUEST)
        } else {
            Found::Nothing
        }
    }

    /// Credentials in our form or, of a contact that may, in that of RFC 2543.
    fn read<'a>(
        &self, claim: &Claim<'_>, value: &'a [u8],
    ) -> Result<Option<Credentials<'a>>, Malformed> {
        Credentials::parse(value).or_else(|malformed| match self.signs_as_of_old(claim) {
            Some(pinned) => rfc2543::credentials(value, &pinned),
            None => Err(malformed),
        })
    }

    /// The key of who would begin a call, where its signature may be in the form of RFC 2543, which
    /// names no key. In a call that somebody proved otherwise it would undo that proof.
    fn signs_as_of_old(&self, claim: &Claim<'_>) -> Option<Fingerprint> {
        let Claim { call, policy, aors, .. } = *claim;
        let old = policy.speaks_rfc2543(&aors.from) && !self.is_taken(call);
        old.then(|| self.key_of(call, &aors.from)).flatten()
    }

    /// What is held against the sender, then replay: before anything is kept of the request.
    fn admitted_attempt<'a>(
        &self, request: &Request<'_>, credentials: Credentials<'a>, nonce: Opened, attempt: Attempt,
    ) -> Found<'a> {
        let trace = || Trace::of(request, &credentials.signature);
        match self.standing(&attempt, trace) {
            Verdict::Failed => Found::Failed,
            Verdict::Wait => Found::Refused(Denied::Guessing, Refusal::try_later(WINDOW)),
            Verdict::Judge if self.replay().probe(&nonce, 1).is_ok() => {
                Found::Fresh(credentials, nonce, attempt)
            }
            Verdict::Judge => Found::Nothing,
        }
    }

    /// Who the request must be signed by, and over what.
    ///
    /// # Errors
    /// Why it cannot be believed.
    fn verification(
        &self, claim: &Claim<'_>, credentials: &Credentials<'_>, attempt: Attempt,
    ) -> Result<Verification, Denied> {
        let Claim { call, arrival, request, policy, aors, .. } = *claim;
        let signer = &credentials.signer;
        let own = policy.identities.get(&aors.to).ok_or(Denied::NotForUs)?;
        let own = own.clone().ok_or(Denied::NotConfigured)?;
        let pin = self.key_of(call, &aors.from);
        let is_next = |pin: &Fingerprint| self.lock().pins.next(&aors.from, pin) == Some(signer);
        let pinned = pin.clone().filter(|pin| pin != signer && !is_next(pin));
        // An alarm, whatever else is wrong with what comes under another key than the pinned one.
        let denied = |why| pinned.as_ref().map_or(why, |pinned| other_key(pinned, signer));
        if pinned.is_none() && self.is_of_another(call, &aors.from, signer) {
            return Err(Denied::OfAnother);
        }
        let (octets, date) =
            signed_octets(request, credentials).ok_or_else(|| denied(Denied::Malformed))?;
        let question = question(signer, octets, &credentials.signature);
        let question = question.map_err(|_| denied(Denied::Malformed))?;
        Ok(Verification {
            call,
            source: arrival.source,
            attempt,
            trace: Trace::of(request, &credentials.signature),
            question,
            date,
            exchange: Exchange {
                from: aors.from.clone(),
                to: aors.to.clone(),
                from_tag: request.from.tag.unwrap_or_default().to_vec(),
                nonces: vec![credentials.nonce.to_vec()],
                own,
                peer: signer.clone(),
            },
            unpinned: pin.is_none(),
            pinned,
            opens: opens_call(arrival, request),
            rerouted: date.is_some() && is_rerouted(request.headers, &credentials.contact),
        })
    }

    /// D03: a call is between two keys. Whoever knows its identifiers and is pinned too can neither
    /// end it nor take it over.
    fn is_of_another(&self, call: CallRef, from: &Aor, signer: &Fingerprint) -> bool {
        let inner = self.lock();
        let Some(record) = inner.records.get(call.0) else { return false };
        record.pgp.peer().is_some_and(|key| key != signer || record.peer.as_ref() != Some(from))
    }

    /// Asks the application, judges what it reports, and keeps what was proved.
    async fn verify(
        &self, jobs: &Jobs, asked: Verification, reservation: Reservation,
    ) -> Authentication {
        let report = jobs.verify(Some(asked.attempt.party), asked.question.clone()).await;
        let now = self.platform.unix_time();
        let judged = |report: &Report| match asked.date {
            None => judge_rfc2543(report, &asked.question, now),
            Some(date) => {
                let signer = judge(report, &asked.question, Role::Uac, now)?;
                fresh(date, now.as_secs()).map(|()| signer)
            }
        };
        if let Some(pinned) = &asked.pinned {
            let signed = report.is_ok_and(|report| judged(&report).is_ok());
            if !signed {
                self.replay().release(reservation);
            }
            let why = self.another_key(jobs, pinned, &asked.exchange.peer, signed).await;
            return self.disbelieved(&asked, why);
        }
        let report = match report {
            Ok(report) => report,
            Err(error) => return self.unverified(&asked, error, reservation),
        };
        // Whatever comes now, the nonce is burnt.
        drop(reservation);
        let said = match judged(&report) {
            Ok(signer) if asked.unpinned => {
                self.ask_whose(jobs, asked.call, &asked.exchange.from, &signer.into_inner()).await
            }
            Ok(_) => Said::Yes,
            Err(Refused::Stale { ahead }) => return self.stale(&asked, ahead),
            Err(Refused::Invalid) => return self.disbelieved(&asked, Denied::Proof),
            Err(Refused::Expired) => {
                let signer = asked.exchange.peer.as_str().to_owned();
                return self.disbelieved(&asked, Denied::Expired(signer));
            }
            Err(Refused::Revoked) => {
                let signer = asked.exchange.peer.as_str().to_owned();
                return self.disbelieved(&asked, Denied::Revoked(signer));
            }
        };
        match said {
            Said::Yes => {}
            Said::No => {
                let signer = asked.exchange.peer.as_str().to_owned();
                return self.disbelieved(&asked, Denied::Unpinned(signer));
            }
            Said::Busy => return self.refused(&asked, Denied::Busy, Refusal::try_later(RETRY)),
        }
        // Meanwhile another copy may have begun the call.
        if asked.opens && self.is_taken(asked.call) {
            return self.refused(&asked, Denied::OfAnother, MERGED);
        }
        self.pgp_verified(asked)
    }

    /// Why a request under another key than the pinned one is refused: an alarm, or, where that key
    /// has signed it and is certified by the pinned one, the word that there is a new key.
    async fn another_key(
        &self, jobs: &Jobs, pinned: &Fingerprint, shown: &Fingerprint, signed: bool,
    ) -> Denied {
        let keys = if signed { jobs.identities().await.unwrap_or_default() } else { Vec::new() };
        let shown_key = keys.iter().find(|key| key.fingerprint == *shown);
        match shown_key.is_some_and(|key| key.certified_by.contains(pinned)) {
            true => Denied::NextKey(pinned.as_str().to_owned(), shown.as_str().to_owned()),
            false => other_key(pinned, shown),
        }
    }

    fn refused(&self, asked: &Verification, why: Denied, refusal: Refusal) -> Authentication {
        let claimed = Cow::Borrowed(asked.exchange.from.as_str());
        let asker = Asker { call: asked.call, claimed, source: asked.source };
        Authentication::Refused(self.deny(&asker, why, refusal))
    }

    /// A proof that does not hold, or of a key that is nobody's: one more guess.
    fn disbelieved(&self, asked: &Verification, why: Denied) -> Authentication {
        self.failed(asked.call, &asked.attempt, asked.trace);
        self.refused(asked, why, FORBIDDEN)
    }

    /// The application did not report. Only where it says itself that it failed is the nonce free
    /// again; a key that it does not know is refused as a bad signature is (G01).
    fn unverified(
        &self, asked: &Verification, error: Error, reservation: Reservation,
    ) -> Authentication {
        match error {
            Error::Unavailable | Error::Busy | Error::Failed => {
                self.replay().release(reservation);
                self.refused(asked, Denied::Unavailable, Refusal::try_later(RETRY))
            }
            Error::Deadline | Error::Protocol | Error::Locked => {
                self.refused(asked, Denied::Unavailable, Refusal::try_later(RETRY))
            }
            Error::NoSuchKey => {
                let signer = asked.exchange.peer.as_str().to_owned();
                self.disbelieved(asked, Denied::UnknownKey(signer))
            }
            _ => self.disbelieved(asked, Denied::Proof),
        }
    }

    /// An honest peer whose clock, or ours, is wrong: both are told. It guesses nothing.
    fn stale(&self, asked: &Verification, ahead: i64) -> Authentication {
        self.settled(asked.call, Signal::Refused);
        self.refused(asked, Denied::Clock(ahead), STALE_DATE)
    }

    fn pgp_verified(&self, asked: Verification) -> Authentication {
        if self.is_of_another(asked.call, &asked.exchange.from, &asked.exchange.peer) {
            return self.refused(&asked, Denied::OfAnother, FORBIDDEN);
        }
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some(record) = inner.records.enter(asked.call.0, self.platform.now()) else {
            drop(guard);
            return self.refused(&asked, Denied::Busy, Refusal::try_later(RETRY));
        };
        let Verification { call, exchange, date, rerouted, .. } = asked;
        record.authenticated = true;
        record.peer = Some(exchange.from.clone());
        if inner.pins.moved(&exchange.from, &exchange.peer) {
            record.note(MOVED);
        }
        let aor = exchange.from.as_str().to_owned();
        let fingerprint = exchange.peer.as_str().to_owned();
        match date {
            Some(_) => {
                record.require = Requirement::PGP;
                record.assurance.proof = Proof::Pgp { aor, fingerprint, trust: Trust::Pinned };
                record.pgp.received = Some(exchange);
            }
            // It has proved this request: what follows in the call is not signed, nor sealed.
            None => {
                record.require = Requirement::NOTHING;
                record.assurance.proof = Proof::Rfc2543 { aor, fingerprint };
            }
        }
        if rerouted {
            record.note(REROUTED);
        }
        drop(guard);
        self.settled(call, Signal::Authorized);
        self.tell_assurance(call.0);
        Authentication::Authenticated
    }

    fn pgp_challenge(&self, claim: &Claim<'_>) -> Vec<Field> {
        let Claim { call, arrival, request, policy, aors, .. } = *claim;
        let source = policy.bound(arrival.source.ip());
        let origin = origin(arrival, request, &source);
        let realm = own_realm(policy, aors);
        let binding = binding(claim, realm.as_bytes(), &source);
        let nonce = self.issuer.seal(self.seconds(), &origin, &binding);
        let value = match self.signs_as_of_old(claim) {
            Some(_) => rfc2543::challenge(&realm, nonce.as_bytes()),
            None => challenge_value(&realm, nonce.as_bytes()),
        };
        let fields = vec![Field { name: "WWW-Authenticate", value }];
        self.challenged(call, &aors.from, PGP_LIFETIME, fields)
    }

    /// The nonce, where it is ours and its lifetime is not over.
    fn opened(&self, claim: &Claim<'_>, credentials: &Credentials<'_>) -> Option<Opened> {
        let source = claim.policy.bound(claim.arrival.source.ip());
        let binding = binding(claim, &credentials.realm, &source);
        let lifetime = u32::try_from(PGP_LIFETIME.as_secs()).unwrap_or(u32::MAX);
        self.issuer.open(self.seconds(), lifetime, &credentials.nonce, &binding).ok()
    }
}

/// What is signed, and its Date where its form has one.
fn signed_octets(
    request: &Request<'_>, credentials: &Credentials<'_>,
) -> Option<(Vec<u8>, Option<u64>)> {
    match credentials.form {
        Form::Cs1 => {
            let fields = Fields::of_request(request, &credentials.parameters()).ok()?;
            Some((fields.octets(), Some(unix_seconds(&fields.date)?)))
        }
        Form::Rfc2543 { field } => {
            let octets = rfc2543::octets(request, field, &credentials.nonce).ok()?;
            Some((octets, None))
        }
    }
}

/// The alarm.
fn other_key(pinned: &Fingerprint, shown: &Fingerprint) -> Denied {
    Denied::OtherKey(pinned.as_str().to_owned(), shown.as_str().to_owned())
}

/// Our realm towards this request: the configured one where it is of the domain of the AOR that the
/// request is for, or else that domain, since no caller signs for another (G10).
fn own_realm(policy: &Policy, aors: &Aors) -> String {
    match aors.to.domain() {
        Some(domain) if !aors.to.has_realm(&policy.realm) => domain.to_owned(),
        _ => policy.realm.as_ref().to_owned(),
    }
}

fn binding<'a>(claim: &Claim<'a>, realm: &'a [u8], source: &'a Source) -> Binding<'a> {
    let Claim { request, aors, .. } = *claim;
    Binding {
        scheme: SCHEME,
        realm,
        method: request.method.as_bytes(),
        call_id: request.call_id,
        from_tag: request.from.tag.unwrap_or_default(),
        from: aors.from.as_str().as_bytes(),
        to: aors.to.as_str().as_bytes(),
        source,
        algorithms: b"",
    }
}
