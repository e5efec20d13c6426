//! Which challenges are answered, and the header fields that answer them.

use crate::manager::challenge::Challenged;
use crate::manager::record::{Planned, Record};
use crate::manager::{Inner, Shared};
use crate::pgp;
use crate::policy::Policy;
use crate::scheme::client::Chosen;
use crate::scheme::given::{Given, Proved, Wanted};
use crate::scheme::pgp::exchange::PgpPlan;
use sip_syntax::auth::{is_word, scheme};
use ssa::{Answer, CallRef, Field, Request, Required, Response, Why};
use sst::Refused;
use std::sync::Arc;
use std::time::Duration;

/// Challenges that are answered in one response. A19.
const ANSWERED: usize = 4;
/// How long a person may take to type a secret; each of several.
const PROMPT: Duration = Duration::from_secs(60);

impl Shared {
    /// Chooses the challenges to answer, and plans.
    pub(crate) fn plan_for_accounts(
        self: &Arc<Self>, asked: &Challenged<'_>, response: &Response<'_>,
    ) -> Answer<Required> {
        let (call, policy) = (asked.call, self.policy());
        let why = match self.choose(&policy, asked, response) {
            Ok(chosen) => return self.plan_answers(asked, chosen, None),
            Err(why) => why,
        };
        // The callee asks for more than our user did, and only the user can ask for that.
        if pgp::challenges(response).next().is_some() {
            return Answer::Ready(self.give_up(call, Why::PgpRequired));
        }
        Self::clients().for_each(|client| client.tell(self, &policy, asked, response, why));
        Answer::Ready(match why {
            Why::BelowFloor => self.refuse(call, why, Refused::Algorithm),
            why => self.give_up(call, why),
        })
    }

    /// The challenges that are answered, by each scheme that has accounts here.
    pub(crate) fn choose<'a>(
        &self, policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
    ) -> Result<Vec<Chosen<'a>>, Why> {
        let (mut chosen, mut why) = (Vec::<Chosen<'a>>::new(), None);
        for client in Self::clients() {
            match client.find(self, policy, asked, response) {
                Ok(found) => chosen.extend(found),
                Err(other) => why = why.or(other),
            }
        }
        // Two accounts for one realm and party answer it once. RFC 8898 §2.1.1.
        let mut once = Vec::<Chosen<'a>>::new();
        for offer in chosen {
            if once.len() < ANSWERED && !once.iter().any(|other| other.is_asked_by_whom(&offer)) {
                once.push(offer);
            }
        }
        match once.is_empty() {
            true => Err(why.unwrap_or_else(|| nothing_to_read(response))),
            false => Ok(once),
        }
    }

    /// Plans the answers to the challenges that were chosen, beside the signature of the PGP
    /// scheme where there is one; asks for secrets where there are none.
    pub(crate) fn plan_answers(
        self: &Arc<Self>, asked: &Challenged<'_>, chosen: Vec<Chosen<'_>>,
        pgp: Option<(PgpPlan, usize)>,
    ) -> Answer<Required> {
        let call = asked.call;
        if let Err(why) = self.may_answer(call, &chosen) {
            return Answer::Ready(self.give_up(call, why));
        }
        let Some(ticket) = self.ticket() else {
            return Answer::Ready(self.give_up(call, Why::ApplicationFailed));
        };
        let (pgp, signature) = pgp.unzip();
        let mut answers = self.kept(asked, &chosen);
        let (known, pending) = self.wanted(call, chosen);
        answers.extend(known);
        let (uri, signature) = (asked.sent.uri.len(), signature.unwrap_or_default());
        if pending.is_empty() {
            let plan = Planned::new(ticket, answers, pgp);
            let reserve = signature + plan.room(uri);
            return Answer::Ready(self.planned(call, plan, reserve));
        }
        let prompts = u32::try_from(pending.len()).unwrap_or(u32::MAX);
        let shared = Arc::clone(self);
        let future = Box::pin(async move {
            for pending in pending {
                match pending.asked(&*shared.application).await {
                    Ok(given) => answers.push(given),
                    Err(why) => return shared.give_up(call, why),
                }
            }
            let plan = Planned::new(ticket, answers, pgp);
            let reserve = signature + plan.room(uri);
            shared.planned(call, plan, reserve)
        });
        Answer::Pending { within: PROMPT * prompts, future }
    }

    /// The answers to other challengers, given before, that go along: those which this hop may have
    /// too.
    fn kept(&self, asked: &Challenged<'_>, chosen: &[Chosen<'_>]) -> Vec<Given> {
        let inner = self.lock();
        let Some(record) = inner.records.get(asked.call.0) else { return Vec::new() };
        let again = |given: &Given| chosen.iter().any(|c| c.challenged_before(given));
        let may_go = |given: &Given| {
            let accounts = inner.policy.accounts.iter();
            let is_its = |account: &&crate::policy::Account| {
                account.aor == given.account && account.scheme == given.scheme()
            };
            let mut its = accounts.filter(is_its);
            its.any(|account| asked.may_have(account, &given.realm))
        };
        let given = record.proved.iter().map(|proved| &proved.given);
        given.filter(|given| !again(given) && may_go(given)).cloned().collect()
    }

    /// Whether each may be tried once more. Promise 8: two tries a realm, five in all; credentials
    /// that were refused and not stale are not tried again.
    fn may_answer(&self, call: CallRef, chosen: &[Chosen<'_>]) -> Result<(), Why> {
        let mut inner = self.lock();
        let Inner { records, typed, .. } = &mut *inner;
        let record = records.get_mut(call.0).ok_or(Why::Abandoned)?;
        let is_refused = |chosen: &&Chosen<'_>| {
            let tried = record.proved.iter().any(|it| chosen.challenged_before(&it.given));
            tried && !chosen.stale && record.plan.is_some()
        };
        let refused: Vec<_> = chosen.iter().filter(is_refused).collect();
        let accounts = refused.iter().map(|chosen| chosen.account);
        accounts.for_each(|account| typed.forget(&account.aor, &account.realm));
        let realms = chosen.iter().map(|it| (it.account.realm.clone(), it.wanted.scheme()));
        let may = refused.is_empty() && record.try_once(realms.collect());
        if may { Ok(()) } else { Err(Why::TriedAlready) }
    }

    /// What is answered at once, and what somebody has to be asked for.
    fn wanted(&self, call: CallRef, chosen: Vec<Chosen<'_>>) -> (Vec<Given>, Vec<Given<Wanted>>) {
        let inner = self.lock();
        let proved = inner.records.get(call.0).map_or(&[][..], |record| &record.proved);
        let (mut known, mut pending) = (Vec::new(), Vec::new());
        for Chosen { account, proxy, stale, wanted } in chosen {
            // Where the nonce was stale and not the secret wrong, no person is asked for it again (A23).
            let again = |given: &&Given| {
                (stale || given.proxy != proxy)
                    && given.account == account.aor
                    && given.realm == account.realm
            };
            let before = proved.iter().map(|proved| &proved.given).find(again);
            let by = wanted.known(account, before.map(|given| &given.by), &inner.typed);
            match by {
                Ok(by) => known.push(Given::of(account, proxy, by)),
                Err(wanted) => pending.push(Given::of(account, proxy, wanted)),
            }
        }
        (known, pending)
    }

    /// A number that nobody guesses.
    fn ticket(&self) -> Option<u64> {
        let mut octets = [0; 8];
        self.platform.random(&mut octets).ok()?;
        Some(u64::from_be_bytes(octets))
    }

    /// One Authorization for each answer of the plan. `None`: there is no randomness for it.
    pub(crate) fn answers(&self, record: &mut Record, request: &Request<'_>) -> Option<Vec<Field>> {
        let answers = record.plan.as_ref().map(|plan| plan.answers.clone()).unwrap_or_default();
        let mut fields = Vec::new();
        let mut proved = Vec::new();
        for mut given in answers {
            let value = given.value(&*self.platform, request)?;
            let name = if given.proxy { "Proxy-Authorization" } else { "Authorization" };
            fields.push(Field { name, value: value.clone() });
            proved.push(Proved { given, value: value.into() });
        }
        if request.method == "INVITE" && request.to.tag.is_none() {
            record.through = proved.iter().map(|proved| proved.given.account.clone()).collect();
        }
        if let Some(plan) = &mut record.plan {
            plan.answers = proved.iter().map(|proved| proved.given.clone()).collect();
        }
        record.proved = proved;
        Some(fields)
    }
}

/// Why there is no challenge to read in a response.
fn nothing_to_read(response: &Response<'_>) -> Why {
    let names = ["WWW-Authenticate", "Proxy-Authenticate"].into_iter();
    let first = |name| response.headers.value(name, 0).and_then(scheme);
    let other = |(word, _): (&[u8], _)| !is_word(word, crate::digest::SCHEME);
    if names.filter_map(first).any(other) { Why::UnknownScheme } else { Why::MalformedChallenge }
}
