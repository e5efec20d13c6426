//! Responses: the proof that goes with a 2xx, and the one that came with it. RFC 7616 §3.5.

use super::Shared;
use super::record::{Exchange, Planned, Proved, Record};
use super::request::authorizations;
use crate::digest::{Credentials, Qop, SCHEME};
use crate::params::{Writer, plain};
use crate::pgp::{self, Jobs};
use crate::policy::Policy;
use sip_syntax::Text;
use sip_syntax::auth::{Params, Separator, of_scheme};
use ssa::{Answer, CallRef, Field, Incoming, Leaving, Refusal, Request, Response, Why};
use sst::{Proof, Requirement};
use std::sync::Arc;

impl Shared {
    /// The fields that a response carries beside what the stack puts in.
    pub(crate) fn response_leaving(
        &self, call: CallRef, request: &Request<'_>, response: &Response<'_>,
    ) -> Answer<Leaving> {
        let none = Answer::Ready(Leaving::Fields(Vec::new()));
        if !(200..300).contains(&response.status) {
            return none;
        }
        let policy = self.policy();
        let inner = self.lock();
        let Some(record) = inner.records.get(call.0) else { return none };
        if record.require == Requirement::Pgp {
            let signed = record.received.clone().zip(self.jobs.clone());
            drop(inner);
            return match signed {
                Some((exchange, jobs)) => self.pgp_leaving(&exchange, jobs, request, response),
                None => Answer::Ready(Leaving::Refused(Refusal::try_later(pgp::RETRY))),
            };
        }
        let proof = record.verified.as_ref().and_then(|verified| {
            // The proof answers this request's credentials, not those of another in the dialog.
            let same = authorizations(request).any(|value| value == verified.value);
            same.then(|| authentication_info(&policy, &verified.value, &verified.user, response))?
        });
        Answer::Ready(Leaving::Fields(proof.into_iter().collect()))
    }

    /// Whether a 2xx may be believed.
    pub(crate) fn response_received(
        self: &Arc<Self>, call: CallRef, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.accepted(call, sent);
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            let unproved = sent.method == "INVITE" && inner.policy.require == Requirement::Pgp;
            return Answer::Ready(match unproved {
                true => Incoming::AckThenBye(Why::ProofMissing),
                false => Incoming::Accept,
            });
        };
        if record.require == Requirement::Pgp {
            let exchange = record.sent.clone().zip(self.jobs.clone());
            drop(inner);
            let carried =
                |(exchange, _): &(Exchange, Jobs)| signed_with(sent, &exchange.nonces).is_some();
            return match exchange.filter(carried) {
                // The dialog is over, whatever the answer says.
                Some(_) if sent.method == "BYE" => Answer::Ready(Incoming::Accept),
                Some((exchange, jobs)) => self.pgp_response(call, jobs, exchange, response, sent),
                // T17: answered without a challenge although a proof is required.
                None => Answer::Ready(Incoming::AckThenBye(Why::ProofMissing)),
            };
        }
        let (incoming, changed) = judge(record, response, sent);
        drop(inner);
        if changed {
            self.tell_assurance(call.0);
        }
        Answer::Ready(incoming)
    }
}

/// The signed Authorization of a request that answers one of `nonces`.
pub(crate) fn signed_with<'a>(
    request: &Request<'a>, nonces: &[Vec<u8>],
) -> Option<pgp::Credentials<'a>> {
    let parsed = |value| pgp::Credentials::parse(value).ok().flatten();
    let mut signed = authorizations(request).filter_map(parsed);
    signed.find(|credentials| nonces.iter().any(|nonce| **nonce == *credentials.nonce))
}

/// Whether a request carried this answer of ours.
pub(crate) fn carried(proved: &Proved, sent: &Request<'_>) -> bool {
    let name = if proved.answer.proxy { "Proxy-Authorization" } else { "Authorization" };
    (0..8).map_while(|nth| sent.headers.value(name, nth)).any(|value| *value == *proved.value)
}

/// The verdict on a 2xx, and whether the assurance changed with it.
fn judge(record: &mut Record, response: &Response<'_>, sent: &Request<'_>) -> (Incoming, bool) {
    let Some(proved) = record.proved.iter().find(|proved| carried(proved, sent)) else {
        let missing = record.require > Requirement::Nothing && !record.authenticated;
        let verdict =
            if missing { Incoming::AckThenBye(Why::ProofMissing) } else { Incoming::Accept };
        return (verdict, false);
    };
    record.assurance.proof = match rspauth(proved, response) {
        Rspauth::Wrong => return (Incoming::AckThenBye(Why::ProofInvalid), false),
        Rspauth::Right => Proof::Digest {
            user: proved.answer.user.clone(),
            realm: String::from_utf8_lossy(&proved.answer.realm).into_owned(),
            algorithm: proved.answer.algorithm.hash,
        },
        // Whoever answered has shown nothing; what is known is that the account's hop took it on.
        Rspauth::None => Proof::AccountHop { account: proved.answer.account.clone() },
    };
    record.authenticated = true;
    // What follows in the dialog is a new exchange, with tries of its own.
    let plan = record.plan.take();
    record.tries.clear();
    if sent.method == "REGISTER" {
        record.plan = plan.and_then(|plan| kept(plan, &record.proved, response));
    }
    (Incoming::Accept, true)
}

/// The plan for the REGISTER after one that was accepted: its answers, with the next nonce where
/// there is one, else with this one, to be counted on. RFC 7616 §3.4, §3.5.
fn kept(plan: Planned, proved: &[Proved], response: &Response<'_>) -> Option<Planned> {
    let again = |proved: &Proved| {
        let mut answer = proved.answer.clone();
        if let Some(next) = info(proved, response, "nextnonce") {
            (answer.next, answer.count) = (Some(plain(next).into_owned()), 0);
        }
        answer
    };
    let answers = proved.iter().map(again).collect();
    plan.pgp.is_none().then_some(Planned { answers, kept: true, ..plan })
}

/// What a response says of the password that both sides share. RFC 7616 §3.5.
enum Rspauth {
    /// Nothing.
    None,
    /// Its sender has computed it from the password.
    Right,
    /// Its sender cannot have.
    Wrong,
}

fn rspauth(proved: &Proved, response: &Response<'_>) -> Rspauth {
    let Some(rspauth) = info(proved, response, "rspauth") else { return Rspauth::None };
    let list = of_scheme(&proved.value, SCHEME).and_then(|list| Credentials::parse(list).ok());
    let keys = &proved.answer.keys;
    let right = list.is_some_and(|credentials| {
        let proof = keys.response_proof(&credentials, response.body);
        proof.is_some_and(|proof| proof.is(&plain(rspauth)))
    });
    if right { Rspauth::Right } else { Rspauth::Wrong }
}

/// A parameter of the field that answers these credentials of ours.
fn info<'a>(proved: &Proved, response: &Response<'a>, name: &str) -> Option<Text<'a>> {
    let field =
        if proved.answer.proxy { "Proxy-Authentication-Info" } else { "Authentication-Info" };
    let params = Params::new(response.headers.value(field, 0)?, Separator::Comma).flatten();
    let mut named = params.filter(|param| param.is(name));
    Some(named.next()?.value)
}

/// `Authentication-Info` with the proof that we know the password too.
fn authentication_info(
    policy: &Policy, value: &[u8], user: &str, response: &Response<'_>,
) -> Option<Field> {
    let credentials = Credentials::parse(of_scheme(value, SCHEME)?).ok()?;
    let (_, keys) = policy.user(user.as_bytes(), None);
    let proof = keys?.response_proof(&credentials, response.body)?;
    let mut info = Writer::new();
    info.token("qop", credentials.qop.unwrap_or(Qop::Auth).name().as_bytes())
        .quoted("rspauth", Text::plain(proof.as_bytes()))
        .quoted("cnonce", credentials.cnonce)
        .token("nc", &plain(credentials.count));
    Some(Field { name: "Authentication-Info", value: info.finish() })
}
