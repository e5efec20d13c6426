//! Digest challenges that come in, and our answers. RFC 3261 §22.2–22.3, RFC 7616 §3.4, RFC 8760.

use super::Shared;
use super::record::{DigestAnswer, Planned, Proved, Record};
use crate::digest::{Asked, Challenge, Keys, Qop, Reply, SCHEME};
use crate::params::{of_scheme, unescape};
use crate::policy::{Account, Policy};
use ssa::{Answer, Arrival, CallRef, Field, Request, Required, Response, Why};
use std::sync::Arc;
use std::time::Duration;

/// Challenges that are parsed, and answered. A19.
const PARSED: usize = 8;
const ANSWERED: usize = 4;
/// How long a person may take to type a password.
const PROMPT: Duration = Duration::from_secs(60);
/// Octets of an Authorization beside the values that are copied into it.
const OVERHEAD: usize = 320;

/// A challenge that may be answered.
struct Chosen<'a> {
    challenge: Challenge<'a>,
    list: &'a [u8],
    proxy: bool,
    account: &'a Account,
}

impl Shared {
    /// Chooses the challenges to answer, asks for a password where there is none, and plans.
    pub(super) fn digest_plan(
        self: &Arc<Self>, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>,
        sent: &Request<'_>,
    ) -> Answer<Required> {
        let policy = self.policy();
        let chosen = match choose(&policy, hop, response) {
            Ok(chosen) => chosen,
            Err(why) => return Answer::Ready(self.give_up(call, why)),
        };
        if let Err(why) = self.may_answer(call, &chosen) {
            return Answer::Ready(self.give_up(call, why));
        }
        let Some(ticket) = self.ticket() else {
            return Answer::Ready(self.give_up(call, Why::ApplicationFailed));
        };
        let answers: Vec<Pending> = chosen.iter().map(|chosen| pending(chosen)).collect();
        let reserve = answers.iter().map(|answer| answer.room(sent)).sum();
        if answers.iter().all(|answer| answer.keys.is_some()) {
            let answers = answers.into_iter().filter_map(Pending::with_its_keys).collect();
            return Answer::Ready(self.planned(
                call,
                Planned { ticket, answers, pgp: None },
                reserve,
            ));
        }
        let shared = Arc::clone(self);
        let future = Box::pin(async move {
            let mut ready = Vec::new();
            for answer in answers {
                match shared.with_password(answer).await {
                    Some(answer) => ready.push(answer),
                    None => return shared.give_up(call, Why::NotConfigured),
                }
            }
            shared.planned(call, Planned { ticket, answers: ready, pgp: None }, reserve)
        });
        Answer::Pending { within: PROMPT, future }
    }

    /// Whether each may be tried once more. Promise 8: two tries a realm, five in all; credentials
    /// that were refused and not stale are not tried again.
    fn may_answer(&self, call: CallRef, chosen: &[Chosen<'_>]) -> Result<(), Why> {
        let mut inner = self.lock();
        let record = inner.records.get_mut(call.0).ok_or(Why::Abandoned)?;
        for Chosen { challenge, .. } in chosen {
            let realm = unescape(challenge.realm);
            let tried = record.proved.iter().any(|proved| proved.answer.realm == *realm);
            if (tried && !challenge.stale && record.plan.is_some())
                || !record.may_try(&realm, SCHEME)
            {
                return Err(Why::TriedAlready);
            }
        }
        for Chosen { challenge, .. } in chosen {
            let realm = unescape(challenge.realm).into_owned();
            *record.tries.entry((realm, SCHEME)).or_default() += 1;
        }
        Ok(())
    }

    async fn with_password(&self, pending: Pending) -> Option<DigestAnswer> {
        if pending.keys.is_some() {
            return pending.with_its_keys();
        }
        let realm = String::from_utf8_lossy(&pending.realm).into_owned();
        let password = self.application.credentials(&realm, &pending.user).await?;
        let keys = Keys::new(pending.user.as_bytes(), &pending.realm, password.expose());
        Pending { keys: Some(Arc::new(keys)), ..pending }.with_its_keys()
    }

    /// A number that nobody guesses.
    pub(super) fn ticket(&self) -> Option<u64> {
        let mut octets = [0; 8];
        self.platform.random(&mut octets).ok()?;
        Some(u64::from_be_bytes(octets))
    }

    /// One Authorization for each challenge of the plan, and those of other realms that were
    /// accepted before. `None`: there are no random bytes for a cnonce.
    pub(super) fn digest_authorize(
        &self, record: &mut Record, request: &Request<'_>,
    ) -> Option<Vec<Field>> {
        let fresh = record.plan.as_ref().map(|plan| plan.answers.clone()).unwrap_or_default();
        let is_kept = |proved: &Proved| fresh.iter().all(|f| f.realm != proved.answer.realm);
        let kept = record.proved.iter().filter(|proved| is_kept(proved));
        let answers: Vec<_> =
            kept.map(|proved| proved.answer.clone()).chain(fresh.clone()).collect();
        let mut fields = Vec::new();
        let mut proved = Vec::new();
        for mut answer in answers {
            answer.count += 1;
            let value = self.authorization(&answer, request)?;
            let name = if answer.proxy { "Proxy-Authorization" } else { "Authorization" };
            fields.push(Field { name, value: value.clone() });
            proved.push(Proved { answer, value });
        }
        record.proved = proved;
        Some(fields)
    }

    fn authorization(&self, answer: &DigestAnswer, request: &Request<'_>) -> Option<Vec<u8>> {
        let challenge = Challenge::parse(&answer.challenge).ok()??;
        let mut octets = [0; 16];
        self.platform.random(&mut octets).ok()?;
        let cnonce: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let reply = Reply {
            user: answer.user.as_bytes(),
            uri: request.uri,
            asked: Asked { method: request.method, body: request.body },
            cnonce: cnonce.as_bytes(),
            count: answer.count,
            qop: answer.qop,
        };
        Some(answer.keys.answer(&challenge, &reply))
    }
}

/// An answer that may lack its password.
struct Pending {
    keys: Option<Arc<Keys>>,
    realm: Vec<u8>,
    user: String,
    challenge: Vec<u8>,
    proxy: bool,
    algorithm: crate::digest::Named,
    qop: Option<Qop>,
}

impl Pending {
    fn with_its_keys(self) -> Option<DigestAnswer> {
        Some(DigestAnswer {
            keys: self.keys?,
            challenge: self.challenge,
            proxy: self.proxy,
            user: self.user,
            realm: self.realm,
            algorithm: self.algorithm,
            qop: self.qop,
            count: 0,
        })
    }

    fn room(&self, sent: &Request<'_>) -> usize {
        OVERHEAD + self.challenge.len() + self.user.len() + sent.uri.len()
    }
}

fn pending(chosen: &Chosen<'_>) -> Pending {
    Pending {
        keys: chosen.account.keys.clone(),
        realm: unescape(chosen.challenge.realm).into_owned(),
        user: chosen.account.user.clone(),
        challenge: chosen.list.to_vec(),
        proxy: chosen.proxy,
        algorithm: chosen.challenge.algorithm,
        qop: qop(&chosen.challenge),
    }
}

/// `auth` where it is offered: auth-int dies behind elements that rewrite bodies.
const fn qop(challenge: &Challenge<'_>) -> Option<Qop> {
    match (challenge.qops.auth, challenge.qops.auth_int) {
        (true, _) => Some(Qop::Auth),
        (false, true) => Some(Qop::AuthInt),
        (false, false) => None,
    }
}

/// For each realm the topmost challenge that its account may answer. RFC 8760 §2.4.
fn choose<'a>(
    policy: &'a Policy, hop: &Arrival<'_>, response: &Response<'a>,
) -> Result<Vec<Chosen<'a>>, Why> {
    let (mut chosen, mut why) = (Vec::<Chosen<'a>>::new(), Why::MalformedChallenge);
    for (list, proxy) in challenges(response) {
        let Ok(challenge) = Challenge::parse(list) else { continue };
        // An algorithm that is not known is skipped, not an error.
        let Some(challenge) = challenge else {
            why = Why::BelowFloor;
            continue;
        };
        let realm = unescape(challenge.realm);
        let may = |account: &&Account| account.may_answer(&realm, hop.source.ip());
        let Some(account) = policy.accounts.iter().find(may) else {
            why = Why::NotConfigured;
            continue;
        };
        if !is_allowed(account, &challenge) {
            why = Why::BelowFloor;
            continue;
        }
        let answered = |c: &Chosen<'_>| unescape(c.challenge.realm) == realm && c.proxy == proxy;
        if !chosen.iter().any(answered) && chosen.len() < ANSWERED {
            chosen.push(Chosen { challenge, list, proxy, account });
        }
    }
    if chosen.is_empty() { Err(why) } else { Ok(chosen) }
}

/// The parameters of the Digest challenges in a response, and whether a proxy asks.
fn challenges<'a>(response: &Response<'a>) -> impl Iterator<Item = (&'a [u8], bool)> {
    let headers = response.headers;
    let field = move |name: &'static str, proxy| {
        let values = (0..PARSED).map_while(move |nth| headers.value(name, nth));
        values.filter_map(move |value| Some((of_scheme(value, SCHEME)?, proxy)))
    };
    field("WWW-Authenticate", false).chain(field("Proxy-Authenticate", true))
}

/// The floor; and without `qop`, which protects no more than RFC 2069 did, only MD5.
fn is_allowed(account: &Account, challenge: &Challenge<'_>) -> bool {
    let strong = challenge.algorithm.hash >= account.floor;
    let as_in_rfc_2069 = !challenge.qops.offered
        && challenge.algorithm.hash == sst::Algorithm::Md5
        && !challenge.algorithm.session;
    strong && (qop(challenge).is_some() || as_in_rfc_2069)
}
