//! The proof that goes with a 2xx, and the one that came with it. RFC 7616 §3.5.

use crate::digest::{Credentials, Qop, SCHEME};
use crate::manager::owed::authorizations;
use crate::manager::record::{Planned, Record};
use crate::manager::response::Answered;
use crate::manager::{Inner, Shared};
use crate::params::{Writer, plain};
use crate::policy::Policy;
use crate::scheme::digest::proofs::Proved;
use sip_syntax::Text;
use sip_syntax::auth::{Params, Separator, of_scheme};
use ssa::{Answer, Field, Incoming, Leaving, Request, Response, Why};
use sst::{Means, Proof};
use std::sync::MutexGuard;

impl Shared {
    /// The proof that we know the password too, where this request's credentials were verified.
    pub(crate) fn digest_leaving(inner: &Inner, answered: &Answered<'_>) -> Answer<Leaving> {
        let Answered { call, request, response } = *answered;
        let verified = inner.records.get(call.0).and_then(|record| record.digest.verified.as_ref());
        let proof = verified.and_then(|verified| {
            // The proof answers this request's credentials, not those of another in the dialog.
            let lists = authorizations(request).filter_map(|value| of_scheme(value, SCHEME));
            let mut all = lists.filter_map(|list| Credentials::parse(list).ok());
            let its = all.find(|it| verified.response.is(&plain(it.response)))?;
            authentication_info(&inner.policy, &its, &verified.user, response)
        });
        Answer::Ready(Leaving::Fields(proof.into_iter().collect()))
    }

    /// Whether a 2xx is believed, by the password that both sides share.
    pub(crate) fn digest_response(
        &self, mut inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Incoming> {
        let Answered { call, request: sent, response } = *answered;
        let Some(record) = inner.records.get_mut(call.0) else {
            return Answer::Ready(Incoming::Discard);
        };
        let (incoming, changed) = judge(record, response, sent);
        drop(inner);
        if changed {
            self.tell_assurance(call.0);
        }
        Answer::Ready(incoming)
    }
}

/// Whether a request carried this answer of ours.
pub(crate) fn carried(proved: &Proved, sent: &Request<'_>) -> bool {
    let name = if proved.answer.proxy { "Proxy-Authorization" } else { "Authorization" };
    (0..8).map_while(|nth| sent.headers.value(name, nth)).any(|value| *value == *proved.value)
}

/// The verdict on a 2xx, and whether the assurance changed with it.
fn judge(record: &mut Record, response: &Response<'_>, sent: &Request<'_>) -> (Incoming, bool) {
    let Some(proved) = record.digest.proved.iter().find(|proved| carried(proved, sent)) else {
        let missing = !record.require.is_nothing() && !record.authenticated;
        let verdict =
            if missing { Incoming::AckThenBye(Why::ProofMissing) } else { Incoming::Accept };
        return (verdict, false);
    };
    let proof = match rspauth(proved, response) {
        Rspauth::Wrong => return (Incoming::AckThenBye(Why::ProofInvalid), false),
        Rspauth::Right => Proof::Digest {
            user: proved.answer.user.as_str().into(),
            realm: String::from_utf8_lossy(&proved.answer.realm).into(),
            algorithm: proved.answer.algorithm.hash,
        },
        // Whoever answered has shown nothing; what is known is that the account's hop took it on.
        Rspauth::None => Proof::AccountHop { account: proved.answer.account.clone() },
    };
    // Where that will not do, the hop has proved more.
    if record.require.is_nothing() || record.require.accepts(Means::Digest) {
        record.assurance.proof = proof;
        record.authenticated = true;
    }
    // What follows in the dialog is a new exchange, with tries of its own.
    let plan = record.plan.take();
    record.tries.clear();
    if sent.method == "REGISTER" {
        record.plan = plan.and_then(|plan| kept(plan, &record.digest.proved, response));
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
    policy: &Policy, credentials: &Credentials<'_>, user: &str, response: &Response<'_>,
) -> Option<Field> {
    let (_, keys) = policy.user(user.as_bytes(), None);
    let proof = keys?.response_proof(credentials, response.body)?;
    let mut info = Writer::new();
    info.token("qop", credentials.qop.unwrap_or(Qop::Auth).name().as_bytes())
        .quoted("rspauth", Text::plain(proof.as_bytes()))
        .quoted("cnonce", credentials.cnonce)
        .token("nc", &plain(credentials.count));
    Some(Field { name: "Authentication-Info", value: info.finish() })
}
