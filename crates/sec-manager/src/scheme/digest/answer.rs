//! The proof that goes with a 2xx, and the one that came with it. RFC 7616 §3.5.

use crate::digest::{Credentials, Qop, SCHEME};
use crate::manager::owed::authorizations;
use crate::manager::response::Answered;
use crate::manager::{Inner, Shared};
use crate::params::{Writer, plain};
use crate::policy::Policy;
use crate::scheme::digest::proofs::DigestAnswer;
use crate::scheme::given::{Proved, Shown};
use sip_syntax::Text;
use sip_syntax::auth::of_scheme;
use ssa::{Answer, Field, Leaving, Response};
use sst::Proof;

impl Shared {
    /// The proof that we know the password too, where this request's credentials were verified.
    pub(crate) fn digest_leaving(inner: &Inner, answered: &Answered<'_>) -> Answer<Leaving> {
        let Answered { call, request, response } = *answered;
        let verified = inner.records.get(call.0).and_then(|record| record.digest.verified.as_ref());
        let proof = verified.and_then(|verified| {
            // The proof answers this request's credentials, not those of another in the dialog.
            let value = authorizations(request).find(|value| **value == *verified.value)?;
            let its = Credentials::parse(of_scheme(value, SCHEME)?).ok()?;
            authentication_info(&inner.policy, &its, &verified.user, response)
        });
        Answer::Ready(Leaving::Fields(proof.into_iter().collect()))
    }
}

impl DigestAnswer {
    /// What a response says of the password that both sides share. RFC 7616 §3.5.
    pub(crate) fn shown(&self, proved: &Proved, response: &Response<'_>) -> Shown {
        let Some(rspauth) = proved.info(response, "rspauth") else { return Shown::Nothing };
        let list = of_scheme(&proved.value, SCHEME).and_then(|list| Credentials::parse(list).ok());
        let right = list.is_some_and(|credentials| {
            let proof = self.keys.response_proof(&credentials, response.body);
            proof.is_some_and(|proof| proof.is(&plain(rspauth)))
        });
        if !right {
            return Shown::Wrong;
        }
        Shown::Proof(Proof::Digest {
            user: proved.given.user.as_str().into(),
            realm: String::from_utf8_lossy(&proved.given.realm).into(),
            algorithm: self.algorithm.hash,
        })
    }
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
