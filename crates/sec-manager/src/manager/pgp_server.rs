//! PGP challenges that we send, and the signed requests that answer them.
//!
//! The order of work keeps a stranger cheap: the nonce's MAC shows that the sender receives at its
//! address and meant this request; then the nonce is reserved, the packet looked at, and only then
//! is the security application asked.

use super::Shared;
use super::record::{Exchange, REROUTED};
use super::request::{Aors, BAD_REQUEST, FORBIDDEN, MERGED, authorizations, opens_call};
use crate::aor::Aor;
use crate::cs1::{Fields, Role};
use crate::fsm::Signal;
use crate::nonce::{Binding, Opened, Origin, PGP_LIFETIME, Reservation, Source};
use crate::pgp::{
    CHECKING, Credentials, GRACE, Jobs, RETRY, SCHEME, challenge_value, is_fresh, is_rerouted,
    judge, question,
};
use crate::policy::Policy;
use sma::{Error, Fingerprint, ToVerify};
use ssa::{Answer, Arrival, Authentication, CallRef, Field, Received, Refusal, Request};
use sst::{Call, KeyMismatch, Proof, Requirement, Trust, TrustAnswer, TrustQuestion};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long a person may take to say whose key it is.
const PROMPT: Duration = Duration::from_secs(60);
const NOT_ACCEPTABLE: Refusal = Refusal::new(488, "Not Acceptable Here");

/// What was prepared while the request was borrowed; the rest waits for the application.
struct Verification {
    call: CallRef,
    source: IpAddr,
    question: ToVerify,
    exchange: Exchange,
    /// Whether the user has to say whose key it is.
    unpinned: bool,
    /// Whether the request would begin the call.
    opens: bool,
    /// Whether the Contact that the stack routes by is not the one that was signed.
    rerouted: bool,
}

impl Shared {
    /// Challenges, or says that the nonce is ours and fresh. No application is asked here.
    pub(super) fn pgp_received(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        aors: &Aors,
    ) -> Received {
        match self.find(arrival, request, policy, aors) {
            Err(refusal) => Received::Reject(refusal),
            Ok(Some(_)) => Received::Authenticate,
            Ok(None) => Received::SendWwwAuthenticate(
                self.pgp_challenge(call, arrival, request, policy, aors),
            ),
        }
    }

    /// Checks all that can be checked at once, reserves the nonce and asks the application.
    pub(super) fn pgp_authenticate(
        self: &Arc<Self>, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
        policy: &Policy, aors: &Aors,
    ) -> Answer<Authentication> {
        let refused = |refusal| Answer::Ready(Authentication::Refused(refusal));
        let challenge = || {
            let fields = self.pgp_challenge(call, arrival, request, policy, aors);
            Answer::Ready(Authentication::SendWwwAuthenticate(fields))
        };
        let found = self.find(arrival, request, policy, aors);
        let (Some(jobs), Ok(found)) = (self.jobs.clone(), found) else {
            return refused(BAD_REQUEST);
        };
        let Some((credentials, nonce)) = found else { return challenge() };
        if let Some(wait) = self.must_wait(arrival.source.ip()) {
            return refused(Refusal::try_later(wait));
        }
        if request.method == "INVITE" && request.body.is_empty() {
            // SDP counts only in a signed INVITE and its 2xx: without an offer there is none.
            return refused(NOT_ACCEPTABLE);
        }
        let verification = self.verification(call, arrival, request, policy, aors, &credentials);
        let Some(verification) = verification else {
            self.failed(call, arrival.source.ip());
            return refused(FORBIDDEN);
        };
        let reserved = self.replay().reserve(self.seconds(), &nonce);
        let Ok((reservation, floor)) = reserved else { return challenge() };
        floor.into_iter().for_each(|floor| self.issuer.raise_floor(floor));
        let prompt = if verification.unpinned { PROMPT } else { Duration::ZERO };
        let shared = Arc::clone(self);
        let future = Box::pin(async move { shared.verify(&jobs, verification, reservation).await });
        Answer::Pending { within: CHECKING + GRACE + prompt, future }
    }

    /// The credentials of this scheme whose realm is ours and whose nonce is our own, fresh and
    /// unused. Where a request was forked, every callee made a challenge and each finds the answer
    /// to its own.
    fn find<'a>(
        &self, arrival: &Arrival<'_>, request: &Request<'a>, policy: &Policy, aors: &Aors,
    ) -> Result<Option<(Credentials<'a>, Opened)>, Refusal> {
        let ours = |realm: &[u8]| policy.realm.is_empty() || realm == policy.realm.as_bytes();
        for value in authorizations(request) {
            match Credentials::parse(value) {
                Ok(Some(credentials)) if ours(credentials.realm) => {
                    if let Some(nonce) = self.opened(arrival, request, aors, &credentials) {
                        return Ok(Some((credentials, nonce)));
                    }
                }
                Ok(_) => {}
                Err(_) => return Err(BAD_REQUEST),
            }
        }
        Ok(None)
    }

    /// Who the request must be signed by, and over what; `None` where it cannot be believed.
    fn verification(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        aors: &Aors, credentials: &Credentials<'_>,
    ) -> Option<Verification> {
        let own = policy.identities.get(&aors.to)?.clone()?;
        let pin = self.pin(&aors.from);
        if let Some(pinned) = pin.as_ref().filter(|pin| **pin != credentials.signer) {
            self.application.key_mismatch(KeyMismatch {
                call: Call(call.0),
                aor: aors.from.as_str().to_owned(),
                pinned: pinned.as_str().to_owned(),
                shown: credentials.signer.as_str().to_owned(),
            });
            return None;
        }
        if self.is_of_another(call, &aors.from, &credentials.signer) {
            return None;
        }
        let fields = Fields::of_request(request, &credentials.parameters()).ok()?;
        if !is_fresh(&fields.date, self.platform.unix_time()) {
            return None;
        }
        let question = question(&credentials.signer, fields.octets(), &credentials.signature);
        Some(Verification {
            call,
            source: arrival.source.ip(),
            question: question.ok()?,
            exchange: Exchange {
                from: fields.from,
                to: fields.to,
                from_tag: fields.from_tag.to_vec(),
                nonces: vec![credentials.nonce.to_vec()],
                own,
                peer: credentials.signer.clone(),
            },
            unpinned: pin.is_none(),
            opens: opens_call(arrival, request),
            rerouted: is_rerouted(request.headers, credentials.contact),
        })
    }

    /// D03: a call is between two keys. Whoever knows its identifiers and is pinned too can neither
    /// end it nor take it over.
    fn is_of_another(&self, call: CallRef, from: &Aor, signer: &Fingerprint) -> bool {
        let inner = self.lock();
        let Some(record) = inner.records.get(call.0) else { return false };
        let key = record.received.as_ref().or(record.sent.as_ref()).map(|known| &known.peer);
        key.is_some_and(|key| key != signer || record.peer.as_ref() != Some(from))
    }

    /// Asks the application, judges what it reports, and keeps what was proved.
    async fn verify(
        &self, jobs: &Jobs, asked: Verification, reservation: Reservation,
    ) -> Authentication {
        let report = jobs.verify(Some(asked.source), asked.question.clone()).await;
        let report = match report {
            Ok(report) => report,
            Err(error) => return self.unverified(&asked, error, reservation),
        };
        // Whatever comes now, the nonce is burnt.
        drop(reservation);
        let now = self.platform.unix_time();
        let trusted = match judge(&report, &asked.question, Role::Uac, now) {
            Ok(signer) if asked.unpinned => {
                self.is_trusted(asked.call, &asked.exchange.from, &signer.into_inner()).await
            }
            Ok(_) => true,
            Err(_) => false,
        };
        if !trusted {
            self.failed(asked.call, asked.source);
            return Authentication::Refused(FORBIDDEN);
        }
        // Meanwhile another copy may have begun the call.
        if asked.opens && self.is_taken(asked.call) {
            return Authentication::Refused(MERGED);
        }
        self.pgp_verified(asked)
    }

    /// The application did not report. Only where it says itself that it failed is the nonce free
    /// again; a key that it does not know is refused as a bad signature is (G01).
    fn unverified(
        &self, asked: &Verification, error: Error, reservation: Reservation,
    ) -> Authentication {
        match error {
            Error::Unavailable | Error::Busy | Error::Failed => {
                self.replay().release(reservation);
                Authentication::Refused(Refusal::try_later(RETRY))
            }
            Error::Deadline | Error::Protocol | Error::Locked => {
                Authentication::Refused(Refusal::try_later(RETRY))
            }
            _ => {
                self.failed(asked.call, asked.source);
                Authentication::Refused(FORBIDDEN)
            }
        }
    }

    async fn is_trusted(&self, call: CallRef, from: &Aor, signer: &Fingerprint) -> bool {
        let question = TrustQuestion {
            call: Call(call.0),
            aor: from.as_str().to_owned(),
            fingerprint: signer.as_str().to_owned(),
        };
        let pinned = self.application.trust(question).await == TrustAnswer::Pin;
        if pinned {
            self.trusted(from, signer);
        }
        pinned
    }

    fn pgp_verified(&self, asked: Verification) -> Authentication {
        let Verification { call, exchange, rerouted, .. } = asked;
        if self.is_of_another(call, &exchange.from, &exchange.peer) {
            return Authentication::Refused(FORBIDDEN);
        }
        let mut inner = self.lock();
        let Some(record) = inner.records.enter(call.0, self.platform.now()) else {
            return Authentication::Refused(Refusal::try_later(RETRY));
        };
        record.require = Requirement::Pgp;
        record.authenticated = true;
        record.peer = Some(exchange.from.clone());
        record.assurance.proof = Proof::Pgp {
            aor: exchange.from.as_str().to_owned(),
            fingerprint: exchange.peer.as_str().to_owned(),
            trust: Trust::Pinned,
        };
        record.received = Some(exchange);
        if rerouted {
            record.note(REROUTED);
        }
        drop(inner);
        self.settled(call, Signal::Authorized);
        self.tell_assurance(call.0);
        Authentication::Authenticated
    }

    fn pgp_challenge(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        aors: &Aors,
    ) -> Vec<Field> {
        let source = Source::new(arrival.source.ip());
        let origin = Origin {
            branch: arrival.branch,
            call_id: request.call_id,
            cseq: request.cseq,
            source: &source,
        };
        let realm = own_realm(policy, aors);
        let binding = binding(arrival, request, realm.as_bytes(), aors, &source);
        let nonce = self.issuer.seal(self.seconds(), &origin, &binding);
        let value = challenge_value(&realm, nonce.as_bytes());
        let fields = vec![Field { name: "WWW-Authenticate", value }];
        self.challenged(call, &aors.from, PGP_LIFETIME, fields)
    }

    /// The nonce, where it is ours, fresh and unused.
    fn opened(
        &self, arrival: &Arrival<'_>, request: &Request<'_>, aors: &Aors,
        credentials: &Credentials<'_>,
    ) -> Option<Opened> {
        let source = Source::new(arrival.source.ip());
        let binding = binding(arrival, request, credentials.realm, aors, &source);
        let lifetime = u32::try_from(PGP_LIFETIME.as_secs()).unwrap_or(u32::MAX);
        let opened =
            self.issuer.open(self.seconds(), lifetime, credentials.nonce, &binding).ok()?;
        self.replay().probe(&opened, 1).ok()?;
        Some(opened)
    }
}

/// Our realm towards this request: the configured one, or the domain of the AOR it is for.
fn own_realm(policy: &Policy, aors: &Aors) -> String {
    if policy.realm.is_empty() {
        return aors.to.domain().unwrap_or_default().to_owned();
    }
    policy.realm.clone()
}

fn binding<'a>(
    arrival: &Arrival<'_>, request: &Request<'a>, realm: &'a [u8], aors: &'a Aors,
    source: &'a Source,
) -> Binding<'a> {
    Binding {
        scheme: SCHEME,
        realm,
        method: request.method.as_bytes(),
        call_id: request.call_id,
        from_tag: request.from.tag.unwrap_or_default(),
        from: aors.from.as_str().as_bytes(),
        to: aors.to.as_str().as_bytes(),
        source: Binding::source_of(arrival.vias, source),
        algorithms: b"",
    }
}
