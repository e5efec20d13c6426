//! PGP challenges that come in, and the requests that we sign for them.

use crate::aor::{self, Aor};
use crate::cs1::{Fields, Role};
use crate::fsm::Signal;
use crate::manager::Shared;
use crate::manager::challenge::Challenged;
use crate::pgp::{self, GRACE, Jobs, MAKING, NOTATION, RETRY, SCHEME, Signed, contact};
use crate::scheme::pgp::exchange::{Exchange, PgpPlan};
use sip_syntax::Date;
use sma::{Error, Fingerprint, Notation, ToSign};
use ssa::{
    Answer, Authorized, CallRef, Field, Headers, Leaving, Refusal, Request, Required, Response, Why,
};
use sst::{Call, Mismatch, Refused, TelephonyApplication};
use std::sync::Arc;

/// Octets that a signature's base64 may take: RSA-4096 and more, Ed25519 four times.
const SIGNATURE_ROOM: usize = 1_100;
/// Octets of an Authorization and a Date beside realm, nonce, uri, contact and signature.
const OVERHEAD: usize = 320;

impl Shared {
    /// Whether, for whom and under which keys a challenge is answered. A proxy on the way may ask
    /// for Digest beside it or before: that answers for the hop and takes nothing from the proof.
    pub(crate) fn pgp_plan(
        self: &Arc<Self>, asked: &Challenged<'_>, response: &Response<'_>,
    ) -> Answer<Required> {
        let (call, policy) = (asked.call, self.policy());
        let mut proxies = self.choose(&policy, asked, response).unwrap_or_default();
        proxies.retain(|chosen| chosen.proxy);
        match self.pgp_planned(call, response, asked.sent) {
            Ok(signature) => self.plan_answers(asked, proxies, Some(signature)),
            Err(Why::ProofMissing) if !proxies.is_empty() => {
                self.plan_answers(asked, proxies, None)
            }
            // G29: a weaker challenge does not stand in for the proof that is required.
            Err(Why::ProofMissing) => {
                let why = Why::ProofMissing;
                Answer::Ready(self.refuse(call, why, Refused::DigestForPgp))
            }
            Err(why) => Answer::Ready(self.give_up(call, why)),
        }
    }

    fn pgp_planned(
        &self, call: CallRef, response: &Response<'_>, sent: &Request<'_>,
    ) -> Result<(PgpPlan, usize), Why> {
        let policy = self.policy();
        let from = aor::canonical(sent.from.uri).map_err(|_| Why::NotConfigured)?;
        let to = aor::canonical(sent.to.uri).map_err(|_| Why::NotConfigured)?;
        let mut challenges = Vec::new();
        for challenge in pgp::challenges(response) {
            let realm =
                std::str::from_utf8(&challenge.realm).map_err(|_| Why::MalformedChallenge)?;
            // G10: Bob's challenge, relayed by Mallory whom Alice called, is not answered.
            if !to.has_realm(realm) {
                let (offered, expected) = (realm.to_owned(), to.domain().map(str::to_owned));
                let expected = expected.into_iter().collect();
                self.application.mismatch(Call(call.0), Mismatch::Realm { offered, expected });
                return Err(Why::ForeignRealm);
            }
            challenges.push((challenge.realm.to_vec(), challenge.nonce.to_vec()));
        }
        if challenges.is_empty() {
            return Err(Why::ProofMissing);
        }
        let own = policy.identities.get(&from).cloned().flatten().ok_or(Why::NotConfigured)?;
        let peer = self.key_of(call, &to).ok_or(Why::NotTrusted)?;
        self.may_sign(call, &to, &challenges)?;
        let room = |(realm, nonce): &(Vec<u8>, Vec<u8>)| {
            OVERHEAD + SIGNATURE_ROOM + realm.len() + nonce.len() + to.as_str().len() + 256
        };
        let reserve = challenges.iter().map(room).sum();
        let nonces = challenges.iter().map(|(_, nonce)| nonce.clone()).collect();
        let from_tag = sent.from.tag.unwrap_or_default().to_vec();
        let exchange = Exchange { from, to, from_tag, nonces, own, peer };
        Ok((PgpPlan { challenges, exchange }, reserve))
    }

    /// We sign for a call that our user started, or within one that a signature set up, and only
    /// for the peer that the call is with.
    fn may_sign(
        &self, call: CallRef, to: &Aor, challenges: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<(), Why> {
        let mut inner = self.lock();
        let record = inner.records.get_mut(call.0).ok_or(Why::Abandoned)?;
        if !record.started && !record.authenticated {
            return Err(Why::NotConfigured);
        }
        if record.peer.as_ref() != Some(to) {
            return Err(Why::OtherCall);
        }
        let realms = challenges.iter().map(|(realm, _)| (realm.clone(), SCHEME)).collect();
        if record.try_once(realms) { Ok(()) } else { Err(Why::TriedAlready) }
    }

    /// Signs a request for every challenge of its plan; `fields` go along.
    pub(crate) fn pgp_authorize(
        self: &Arc<Self>, call: CallRef, jobs: Jobs, plan: PgpPlan, request: &Request<'_>,
        mut fields: Vec<Field>,
    ) -> Answer<Authorized> {
        let Some(dated) = Dated::new(request.headers, self) else {
            return Answer::Ready(Authorized::GiveUp(Why::ApplicationFailed));
        };
        let request = Request { headers: &dated, ..*request };
        let PgpPlan { challenges, exchange } = plan;
        let mut statements = Vec::new();
        for (realm, nonce) in challenges {
            let signed = signed(&exchange, realm, nonce, request.headers);
            match Fields::of_request(&request, &signed.parameters()) {
                Ok(fields) => statements.push((fields.octets(), signed)),
                Err(_) => return Answer::Ready(Authorized::GiveUp(Why::OtherCall)),
            }
        }
        fields.extend(dated.field());
        let shared = Arc::clone(self);
        let future = Box::pin(async move {
            for (octets, signed) in statements {
                match sign(&jobs, Role::Uac, octets, &signed).await {
                    Ok(value) => fields.push(Field { name: "Authorization", value }),
                    Err(error) => {
                        tell_unusable(&*shared.application, call, (&signed.signer, true), error);
                        return Authorized::GiveUp(why(error));
                    }
                }
            }
            shared.pgp_authorized(call, exchange, fields)
        });
        Answer::Pending { within: MAKING + GRACE, future }
    }

    /// S08: the user may have hung up while the application signed.
    fn pgp_authorized(&self, call: CallRef, exchange: Exchange, fields: Vec<Field>) -> Authorized {
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            return Authorized::GiveUp(Why::Abandoned);
        };
        record.pgp.sent = Some(exchange);
        if self.step(call.0, record, Signal::Authorized) {
            Authorized::Fields(fields)
        } else {
            Authorized::GiveUp(Why::OtherCall)
        }
    }

    /// Signs the 2xx to a request that was signed.
    pub(crate) fn pgp_leaving(
        &self, call: CallRef, exchange: &Exchange, jobs: Jobs, request: &Request<'_>,
        response: &Response<'_>,
    ) -> Answer<Leaving> {
        let failed = || Answer::Ready(Leaving::Refused(Refusal::try_later(RETRY)));
        let Some(dated) = Dated::new(response.headers, self) else {
            return failed();
        };
        let response = Response { headers: &dated, ..*response };
        let Some(asked) = super::signed::signed_with(request, &exchange.nonces) else {
            return failed();
        };
        let (realm, nonce) = (asked.realm.to_vec(), asked.nonce.to_vec());
        let signed = signed(exchange, realm, nonce, response.headers);
        let statement = Fields::of_request(request, &asked.parameters())
            .and_then(|fields| Ok(fields.of_response(&response, &signed.parameters())?.octets()));
        let Ok(octets) = statement else {
            return failed();
        };
        let mut fields = dated.field();
        let user = Arc::clone(&self.application);
        let future = Box::pin(async move {
            match sign(&jobs, Role::Uas, octets, &signed).await {
                Ok(value) => {
                    fields.push(Field { name: "PGP-Signature", value });
                    Leaving::Fields(fields)
                }
                // Never an unsigned 2xx.
                Err(error) => {
                    tell_unusable(&*user, call, (&signed.signer, true), error);
                    Leaving::Refused(Refusal::try_later(RETRY))
                }
            }
        });
        Answer::Pending { within: MAKING + GRACE, future }
    }
}

/// What a signed message's field is going to say.
fn signed(exchange: &Exchange, realm: Vec<u8>, nonce: Vec<u8>, headers: &dyn Headers) -> Signed {
    Signed {
        realm,
        nonce,
        uri: exchange.to.as_str().as_bytes().to_vec(),
        contact: contact(headers).to_vec(),
        signer: exchange.own.clone(),
    }
}

/// The value of the field, once the application has signed.
async fn sign(jobs: &Jobs, role: Role, data: Vec<u8>, signed: &Signed) -> Result<Vec<u8>, Error> {
    let notation =
        Notation { name: NOTATION.to_owned(), value: role.name().into(), critical: true };
    let signer: Fingerprint = signed.signer.clone();
    let expires_in = crate::pgp::FRESH;
    let signature = jobs.sign(ToSign { signer, data, notation, expires_in }).await?;
    // What was reserved for it is all that there is.
    if signature.len() > SIGNATURE_ROOM / 4 * 3 {
        return Err(Error::TooLarge);
    }
    Ok(signed.value(&signature))
}

/// A key that is not to be used any more, ours or the peer's, is for people to set right: the user is
/// told.
pub(crate) fn tell_unusable(
    user: &dyn TelephonyApplication, call: CallRef, (key, own): (&Fingerprint, bool), error: Error,
) {
    if error == Error::Unusable {
        let fingerprint = key.as_str().to_owned();
        user.mismatch(Call(call.0), Mismatch::Key { fingerprint, own });
    }
}

pub(crate) const fn why(error: Error) -> Why {
    match error {
        Error::Unavailable | Error::Deadline | Error::Busy => Why::ApplicationUnavailable,
        _ => Why::ApplicationFailed,
    }
}

/// Header fields with the Date that a signature needs, where the stack gave none.
struct Dated<'a> {
    headers: &'a dyn Headers,
    date: Option<String>,
}

impl<'a> Dated<'a> {
    /// `None`: the stack gave a Date that the signature would not hold with.
    fn new(headers: &'a dyn Headers, shared: &Shared) -> Option<Self> {
        let now = shared.platform.unix_time();
        match headers.value("Date", 0) {
            Some(date) => crate::pgp::is_fresh(date, now).then_some(Self { headers, date: None }),
            None => Some(Self { headers, date: Some(Date::from_unix(now).to_string()) }),
        }
    }

    fn field(&self) -> Vec<Field> {
        let date = self.date.as_ref();
        date.map(|date| Field { name: "Date", value: date.clone().into() }).into_iter().collect()
    }
}

impl Headers for Dated<'_> {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        match &self.date {
            Some(date) if name.eq_ignore_ascii_case("Date") => {
                (nth == 0).then_some(date.as_bytes())
            }
            _ => self.headers.value(name, nth),
        }
    }
}
