//! Responses: the proof that goes with a 2xx, and the one that came with it. RFC 7616 §3.5.

use super::Shared;
use super::record::{Proved, Record};
use crate::digest::{Credentials, Qop, SCHEME};
use crate::params::{Params, Separator, of_scheme};
use crate::policy::Policy;
use ssa::{CallRef, Field, Incoming, Leaving, Request, Response, Why};
use sst::{Proof, Requirement};

impl Shared {
    /// The fields that a response carries beside what the stack puts in.
    pub(super) fn response_leaving(
        &self, call: CallRef, request: &Request<'_>, response: &Response<'_>,
    ) -> Leaving {
        if !(200..300).contains(&response.status) {
            return Leaving::Fields(Vec::new());
        }
        let policy = self.policy();
        let inner = self.lock();
        let proof = inner.records.get(call.0).and_then(|record| {
            let verified = record.verified.as_ref()?;
            // The proof answers this request's credentials, not those of another in the dialog.
            let same = request.headers.value("Authorization", 0) == Some(&verified.value);
            same.then(|| authentication_info(&policy, &verified.value, &verified.user, response))?
        });
        Leaving::Fields(proof.into_iter().collect())
    }

    /// Whether a 2xx may be believed.
    pub(super) fn response_received(
        &self, call: CallRef, response: &Response<'_>, sent: &Request<'_>,
    ) -> Incoming {
        let (incoming, changed) = {
            let mut inner = self.lock();
            match inner.records.get_mut(call.0) {
                Some(record) => judge(record, response, sent),
                None => (Incoming::Accept, false),
            }
        };
        if changed {
            self.tell_assurance(call.0);
        }
        incoming
    }
}

/// The verdict on a 2xx, and whether the assurance changed with it.
fn judge(record: &mut Record, response: &Response<'_>, sent: &Request<'_>) -> (Incoming, bool) {
    if record.require == Requirement::Pgp {
        return (Incoming::AckThenBye(Why::ProofMissing), false);
    }
    let carried = |proved: &&Proved| {
        let name = if proved.answer.proxy { "Proxy-Authorization" } else { "Authorization" };
        (0..8).map_while(|nth| sent.headers.value(name, nth)).any(|value| *value == *proved.value)
    };
    let Some(proved) = record.proved.iter().find(carried) else {
        let missing = record.require > Requirement::Nothing && !record.authenticated;
        let verdict =
            if missing { Incoming::AckThenBye(Why::ProofMissing) } else { Incoming::Accept };
        return (verdict, false);
    };
    if said_otherwise(proved, response) {
        return (Incoming::AckThenBye(Why::ProofInvalid), false);
    }
    record.assurance.proof = Proof::Digest {
        user: proved.answer.user.clone(),
        realm: String::from_utf8_lossy(&proved.answer.realm).into_owned(),
        algorithm: proved.answer.algorithm.hash,
    };
    record.authenticated = true;
    // What follows in the dialog is a new exchange, with tries of its own.
    record.plan = None;
    record.tries.clear();
    (Incoming::Accept, true)
}

/// Whether the response carries a `rspauth` that its sender cannot have computed from the
/// password. One that carries none proves nothing, and denies nothing.
fn said_otherwise(proved: &Proved, response: &Response<'_>) -> bool {
    let name =
        if proved.answer.proxy { "Proxy-Authentication-Info" } else { "Authentication-Info" };
    let Some(info) = response.headers.value(name, 0) else { return false };
    let params = Params::new(info, Separator::Comma).flatten();
    let mut rspauth = params.filter(|param| param.name.eq_ignore_ascii_case(b"rspauth"));
    let Some(rspauth) = rspauth.next() else { return false };
    let list = of_scheme(&proved.value, SCHEME).and_then(|list| Credentials::parse(list).ok());
    list.is_none_or(|credentials| {
        !proved.answer.keys.response_proof(&credentials, response.body).is(rspauth.value)
    })
}

/// `Authentication-Info` with the proof that we know the password too.
fn authentication_info(
    policy: &Policy, value: &[u8], user: &str, response: &Response<'_>,
) -> Option<Field> {
    let credentials = Credentials::parse(of_scheme(value, SCHEME)?).ok()?;
    let (_, keys) = policy.user(user.as_bytes(), None);
    let proof = keys?.response_proof(&credentials, response.body);
    let mut info = b"qop=".to_vec();
    info.extend_from_slice(credentials.qop.map_or(Qop::Auth, |qop| qop).name().as_bytes());
    for (name, value) in [("rspauth=\"", proof.as_bytes()), ("cnonce=\"", credentials.cnonce)] {
        info.extend_from_slice(b", ");
        info.extend_from_slice(name.as_bytes());
        info.extend_from_slice(value);
        info.push(b'"');
    }
    info.extend_from_slice(b", nc=");
    info.extend_from_slice(credentials.count);
    Some(Field { name: "Authentication-Info", value: info })
}
