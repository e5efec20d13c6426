//! Digest challenges that come in, and our answers. RFC 3261 §22.2–22.3, RFC 7616 §3.4, RFC 8760.

use super::realms::qop;
use crate::digest::{Asked, Challenge, Keys, Qop, Reply, SCHEME};
use crate::manager::challenge::Challenged;
use crate::manager::record::{Planned, Record};
use crate::manager::{Inner, Shared};
use crate::params::plain;
use crate::pgp;
use crate::policy::{Account, Policy};
use crate::scheme::digest::proofs::{DigestAnswer, Proved};
use crate::scheme::pgp::exchange::PgpPlan;
use sip_syntax::auth::{is_word, of_scheme, scheme};
use sip_syntax::{Text, hex};
use ssa::{Answer, CallRef, Field, Request, Required, Response, Why};
use sst::{Call, Mismatch, Refused};
use std::sync::Arc;
use std::time::Duration;

/// Challenges that are parsed, and answered. A19.
const PARSED: usize = 8;
const ANSWERED: usize = 4;
/// Octets of the longest challenge that is looked at: its nonce is sent back.
const LONGEST: usize = 8 * 1024;
/// How long a person may take to type a password; each of several.
const PROMPT: Duration = Duration::from_secs(60);
/// Octets of an Authorization beside the values that are copied into it.
const OVERHEAD: usize = 320;

/// A challenge that may be answered.
pub(crate) struct Chosen<'a> {
    challenge: Challenge<'a>,
    list: &'a [u8],
    pub(crate) proxy: bool,
    account: &'a Account,
}

impl Chosen<'_> {
    /// Whether who challenges now had this answer. A realm's proxy and its server are two: each
    /// asks for itself. RFC 3261 §22.2, §22.3.
    fn challenged_before(&self, answer: &DigestAnswer) -> bool {
        self.proxy == answer.proxy && *plain(self.challenge.realm) == *answer.realm
    }
}

impl Shared {
    /// Chooses the challenges to answer, and plans.
    pub(crate) fn digest_plan(
        self: &Arc<Self>, asked: &Challenged<'_>, response: &Response<'_>,
    ) -> Answer<Required> {
        let (call, policy) = (asked.call, self.policy());
        Answer::Ready(match self.choose(&policy, asked, response) {
            Ok(chosen) => return self.plan_answers(asked, &chosen, None),
            // The callee asks for more than our user did, and only the user can ask for that.
            Err(_) if pgp::challenges(response).next().is_some() => {
                self.give_up(call, Why::PgpRequired)
            }
            Err(Why::BelowFloor) => {
                self.tell_algorithm(asked, &policy, response);
                self.refuse(call, Why::BelowFloor, Refused::Algorithm)
            }
            Err(why) => {
                self.tell_realms(asked, &policy, response);
                self.give_up(call, why)
            }
        })
    }

    /// Names the realms, where a party that we have credentials for asks in the name of another.
    fn tell_realms(&self, asked: &Challenged<'_>, policy: &Policy, response: &Response<'_>) {
        let text = |realm: &[u8]| String::from_utf8_lossy(realm).into_owned();
        let here = policy.accounts.iter().filter(|account| asked.came_from(account));
        let expected: Vec<String> = here.map(|account| text(&account.realm)).collect();
        let offered = challenges(response).find_map(|(list, _)| {
            let challenge = Challenge::parse(list).ok().flatten()?;
            Some(text(&plain(challenge.realm)))
        });
        let Some(offered) = offered.filter(|offered| !expected.contains(offered)) else { return };
        if !expected.is_empty() {
            self.application.mismatch(Call(asked.call.0), Mismatch::Realm { offered, expected });
        }
    }

    /// Names the best algorithm that is offered, where an account's floor is above it.
    fn tell_algorithm(&self, asked: &Challenged<'_>, policy: &Policy, response: &Response<'_>) {
        let offered = challenges(response).filter_map(|(list, _)| {
            let challenge = Challenge::parse(list).ok().flatten()?;
            let realm = plain(challenge.realm);
            let account = policy.accounts.iter().find(|account| asked.may_have(account, &realm))?;
            let below = challenge.algorithm.hash < account.floor;
            below.then_some(challenge.algorithm.hash)
        });
        if let Some(best) = offered.max() {
            self.application.mismatch(Call(asked.call.0), Mismatch::Algorithm(best));
        }
    }

    /// Plans the answers to the challenges that were chosen, beside the signature of the PGP
    /// scheme where there is one; asks for passwords where there are none.
    pub(crate) fn plan_answers(
        self: &Arc<Self>, asked: &Challenged<'_>, chosen: &[Chosen<'_>],
        pgp: Option<(PgpPlan, usize)>,
    ) -> Answer<Required> {
        let call = asked.call;
        if let Err(why) = self.may_answer(call, chosen) {
            return Answer::Ready(self.give_up(call, why));
        }
        let Some(ticket) = self.ticket() else {
            return Answer::Ready(self.give_up(call, Why::ApplicationFailed));
        };
        let (pgp, signature) = pgp.unzip();
        let mut answers = self.kept(asked, chosen);
        let pending = self.pending(call, chosen);
        let room = |challenge: &[u8], user: &str| {
            OVERHEAD + challenge.len() + user.len() + asked.sent.uri.len()
        };
        let reserve = answers.iter().map(|kept| room(&kept.challenge, &kept.user)).sum::<usize>()
            + pending.iter().map(|fresh| room(&fresh.challenge, &fresh.user)).sum::<usize>()
            + signature.unwrap_or_default();
        if pending.iter().all(|answer| answer.keys.is_some()) {
            answers.extend(pending.into_iter().filter_map(Pending::with_its_keys));
            return Answer::Ready(self.planned(call, Planned::new(ticket, answers, pgp), reserve));
        }
        let prompts = pending.iter().filter(|answer| answer.keys.is_none()).count();
        let within = PROMPT * u32::try_from(prompts).unwrap_or(u32::MAX);
        let shared = Arc::clone(self);
        let future = Box::pin(async move {
            for answer in pending {
                match shared.with_password(answer).await {
                    Some(answer) => answers.push(answer),
                    None => return shared.give_up(call, Why::NoPassword),
                }
            }
            shared.planned(call, Planned::new(ticket, answers, pgp), reserve)
        });
        Answer::Pending { within, future }
    }

    /// The answers to other challengers, given before, that go along: those which this hop may have
    /// too.
    fn kept(&self, asked: &Challenged<'_>, chosen: &[Chosen<'_>]) -> Vec<DigestAnswer> {
        let inner = self.lock();
        let Some(record) = inner.records.get(asked.call.0) else { return Vec::new() };
        let again = |answer: &DigestAnswer| chosen.iter().any(|c| c.challenged_before(answer));
        let may_go = |answer: &DigestAnswer| {
            let accounts = inner.policy.accounts.iter();
            let mut its = accounts.filter(|account| account.aor == answer.account);
            its.any(|account| asked.may_have(account, &answer.realm))
        };
        let answers = record.digest.proved.iter().map(|proved| &proved.answer);
        answers.filter(|answer| !again(answer) && may_go(answer)).cloned().collect()
    }

    /// Whether each may be tried once more. Promise 8: two tries a realm, five in all; credentials
    /// that were refused and not stale are not tried again.
    fn may_answer(&self, call: CallRef, chosen: &[Chosen<'_>]) -> Result<(), Why> {
        let mut inner = self.lock();
        let Inner { records, typed, .. } = &mut *inner;
        let record = records.get_mut(call.0).ok_or(Why::Abandoned)?;
        let realm = |chosen: &Chosen<'_>| plain(chosen.challenge.realm).into_owned();
        let is_refused = |chosen: &&Chosen<'_>| {
            let tried = record.digest.proved.iter().any(|it| chosen.challenged_before(&it.answer));
            tried && !chosen.challenge.stale && record.plan.is_some()
        };
        let refused: Vec<_> = chosen.iter().filter(is_refused).collect();
        let accounts = refused.iter().map(|chosen| chosen.account);
        accounts.for_each(|account| typed.forget(&account.aor, &account.realm));
        let may = refused.is_empty() && record.try_once(chosen.iter().map(realm).collect(), SCHEME);
        if may { Ok(()) } else { Err(Why::TriedAlready) }
    }

    /// What is answered. Where the nonce was stale and not the password wrong, or the password was
    /// accepted before, no person is asked for it again (A23).
    fn pending(&self, call: CallRef, chosen: &[Chosen<'_>]) -> Vec<Pending> {
        let inner = self.lock();
        let proved = inner.records.get(call.0).map_or(&[][..], |record| &record.digest.proved);
        let pending = |chosen: &Chosen<'_>| {
            let Chosen { challenge, account, .. } = chosen;
            let realm = plain(challenge.realm).into_owned();
            let known = proved.iter().map(|proved| &proved.answer).find(|answer| {
                let other = answer.proxy != chosen.proxy;
                (challenge.stale || other) && answer.account == account.aor && answer.realm == realm
            });
            let known = known.map(|it| Arc::clone(&it.keys));
            let typed = || inner.typed.of(account, challenge.algorithm.hash);
            Pending {
                keys: account.keys.clone().or(known).or_else(typed),
                account: account.aor.clone(),
                realm,
                user: account.user.clone(),
                challenge: chosen.list.to_vec(),
                proxy: chosen.proxy,
                algorithm: challenge.algorithm,
                qop: qop(challenge),
            }
        };
        chosen.iter().map(pending).collect()
    }

    async fn with_password(&self, pending: Pending) -> Option<DigestAnswer> {
        if pending.keys.is_some() {
            return pending.with_its_keys();
        }
        let realm = String::from_utf8_lossy(&pending.realm).into_owned();
        let password = self.application.credentials(&realm, &pending.user).await?;
        let used = [pending.algorithm.hash];
        let user = pending.user.as_bytes();
        let keys = Keys::new(&used, user, &pending.realm, &password.into());
        Pending { keys: Some(Arc::new(keys)), ..pending }.with_its_keys()
    }

    /// A number that nobody guesses.
    pub(crate) fn ticket(&self) -> Option<u64> {
        let mut octets = [0; 8];
        self.platform.random(&mut octets).ok()?;
        Some(u64::from_be_bytes(octets))
    }

    /// One Authorization for each answer of the plan. `None`: there are no random bytes for a
    /// cnonce.
    pub(crate) fn digest_authorize(
        &self, record: &mut Record, request: &Request<'_>,
    ) -> Option<Vec<Field>> {
        let answers = record.plan.as_ref().map(|plan| plan.answers.clone()).unwrap_or_default();
        let mut fields = Vec::new();
        let mut proved = Vec::new();
        for mut answer in answers {
            answer.count += 1;
            let value = self.authorization(&answer, request)?;
            let name = if answer.proxy { "Proxy-Authorization" } else { "Authorization" };
            fields.push(Field { name, value: value.clone() });
            proved.push(Proved { answer, value });
        }
        if request.method == "INVITE" && request.to.tag.is_none() {
            record.through = proved.iter().map(|proved| proved.answer.account.clone()).collect();
        }
        if let Some(plan) = &mut record.plan {
            plan.answers = proved.iter().map(|proved| proved.answer.clone()).collect();
        }
        record.digest.proved = proved;
        Some(fields)
    }

    fn authorization(&self, answer: &DigestAnswer, request: &Request<'_>) -> Option<Vec<u8>> {
        let mut challenge = Challenge::parse(&answer.challenge).ok()??;
        if let Some(next) = &answer.next {
            challenge.nonce = Text::plain(next);
        }
        let mut octets = [0; 16];
        self.platform.random(&mut octets).ok()?;
        let cnonce = hex::digits(octets);
        let reply = Reply {
            user: answer.user.as_bytes(),
            uri: request.uri,
            asked: Asked { method: request.method, body: request.body },
            cnonce: cnonce.as_flattened(),
            count: answer.count,
            qop: answer.qop,
        };
        answer.keys.answer(&challenge, &reply)
    }
}

/// An answer that may lack its password.
struct Pending {
    keys: Option<Arc<Keys>>,
    account: String,
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
            account: self.account,
            user: self.user,
            realm: self.realm,
            algorithm: self.algorithm,
            qop: self.qop,
            next: None,
            count: 0,
        })
    }
}

impl Shared {
    /// For each realm the topmost challenge that its account may answer. RFC 8760 §2.4.
    pub(crate) fn choose<'a>(
        &self, policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
    ) -> Result<Vec<Chosen<'a>>, Why> {
        if self.digest.is_none() {
            return Err(Why::NotConfigured);
        }
        let (mut offered, mut why) = (Vec::<Chosen<'a>>::new(), None);
        for (list, proxy) in challenges(response) {
            why.get_or_insert(Why::MalformedChallenge);
            let Ok(challenge) = Challenge::parse(list) else { continue };
            // An algorithm that is not known is skipped, not an error.
            let Some(challenge) = challenge else {
                why = Some(Why::BelowFloor);
                continue;
            };
            let realm = plain(challenge.realm);
            let may = |account: &&Account| asked.may_have(account, &realm);
            match policy.accounts.iter().find(may) {
                // What its secret cannot answer is as if it were not offered, and pins nothing upward.
                Some(account) if account.lacks(challenge.algorithm.hash) => {
                    why = Some(Why::NoPassword);
                }
                Some(account) => offered.push(Chosen { challenge, list, proxy, account }),
                None => why = Some(Why::NotConfigured),
            }
        }
        let mut inner = self.lock();
        offered.iter().for_each(|offer| inner.realms.saw(&offer.account.realm, &offer.challenge));
        let mut chosen = Vec::<Chosen<'a>>::new();
        for offer in offered {
            if !inner.realms.allow(offer.account, &offer.challenge) {
                let unknown = offer.challenge.choose_qop().is_err();
                let other = if unknown { Why::MalformedChallenge } else { Why::BelowFloor };
                // A secret that would do is what the user can give.
                why = why.filter(|why| *why == Why::NoPassword).or(Some(other));
                continue;
            }
            let same = |c: &Chosen<'_>| c.account.realm == offer.account.realm;
            let answered = |c: &Chosen<'_>| same(c) && c.proxy == offer.proxy;
            if !chosen.iter().any(answered) && chosen.len() < ANSWERED {
                chosen.push(offer);
            }
        }
        match chosen.is_empty() {
            true => Err(why.unwrap_or_else(|| nothing_to_read(response))),
            false => Ok(chosen),
        }
    }
}

/// Why there is no Digest challenge to read in a response.
fn nothing_to_read(response: &Response<'_>) -> Why {
    let names = ["WWW-Authenticate", "Proxy-Authenticate"].into_iter();
    let first = |name| response.headers.value(name, 0).and_then(scheme);
    let other = |(word, _): (&[u8], _)| !is_word(word, SCHEME);
    if names.filter_map(first).any(other) { Why::UnknownScheme } else { Why::MalformedChallenge }
}

/// The parameters of the Digest challenges in a response that are looked at, and whether a proxy
/// asks.
fn challenges<'a>(response: &Response<'a>) -> impl Iterator<Item = (&'a [u8], bool)> {
    let headers = response.headers;
    let field = move |name: &'static str, proxy| {
        let values = (0..PARSED).map_while(move |nth| headers.value(name, nth));
        let short = values.filter(|value| value.len() <= LONGEST);
        short.filter_map(move |value| Some((of_scheme(value, SCHEME)?, proxy)))
    };
    field("WWW-Authenticate", false).chain(field("Proxy-Authenticate", true)).take(PARSED)
}
