//! A challenge came in: what we prove, and to whom. SSA's `got_401_unauthorized`, `authorize`.

use super::record::{Planned, Record};
use super::{Inner, Shared};
use crate::aor::{self, Aor};
use crate::fsm::Signal;
use crate::pgp;
use crate::pgp::signed::signed_with;
use crate::policy::{Account, Hop, Policy};
use crate::scheme::given::Given;
use ssa::{Answer, Arrival, Authorized, CallRef, Field, Plan, Request, Required, Response, Why};
use sst::{Refused, Requirement};
use std::sync::Arc;

/// A request of ours that was challenged, and to whom the answer will go.
pub(crate) struct Challenged<'a> {
    pub(crate) call: CallRef,
    pub(crate) sent: &'a Request<'a>,
    hop: Hop<'a>,
    /// Within a dialog, the accounts that it was set up through.
    accounts: Option<Vec<String>>,
}

impl Challenged<'_> {
    /// Whether an account's credentials for `realm` may be in the answer.
    ///
    /// A17: only where the next hop is the account's. A16: within a dialog, only where that was set
    /// up through the account. Whoever is called says in its Contact where our BYE goes, and could
    /// else have us vouch for its own requests at our provider.
    pub(crate) fn may_have(&self, account: &Account, realm: &[u8]) -> bool {
        let through = |accounts: &Vec<String>| accounts.contains(&account.aor);
        account.may_answer(realm, self.hop) && self.accounts.as_ref().is_none_or(through)
    }

    /// The account that answers a challenge for `realm` by a scheme.
    pub(crate) fn account<'a>(
        &self, policy: &'a Policy, realm: &[u8], scheme: &str,
    ) -> Option<&'a Account> {
        let mut accounts = policy.accounts.iter();
        accounts.find(|account| account.scheme == scheme && self.may_have(account, realm))
    }

    /// Whether TLS has proved who challenges.
    pub(crate) const fn is_proved(&self) -> bool {
        self.hop.is_proved()
    }

    /// Whether the party that challenges is an account's next hop.
    pub(crate) fn came_from(&self, account: &Account) -> bool {
        account.has_next_hop(self.hop)
    }
}

impl Shared {
    /// Reads the challenges and plans their answer.
    pub(crate) fn got_401_unauthorized(
        self: &Arc<Self>, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>,
        sent: &Request<'_>,
    ) -> Answer<Required> {
        // S02: the response must be to what was sent.
        let same = response.call_id == sent.call_id
            && response.cseq == sent.cseq
            && response.method == sent.method
            && response.from.tag == sent.from.tag;
        if !same {
            return Answer::Ready(Required::GiveUp(Why::OtherCall));
        }
        match self.challenged_by(call, hop, (response, sent)) {
            Some((asked, required)) => Self::scheme(required).plan(self, &asked, response),
            None => Answer::Ready(Required::GiveUp(Why::Abandoned)),
        }
    }

    /// Whom the answer goes to, and what the call requires; `None` where there is no room for its
    /// record. A request that carried no proof of ours is a new one, with tries of its own
    /// (promise 8). One that carried a proof which was accepted before is challenged for the first
    /// time: the nonce may be old, and servers do not always say so.
    fn challenged_by<'a>(
        &self, call: CallRef, hop: &Arrival<'a>, (response, sent): (&Response<'_>, &'a Request<'a>),
    ) -> Option<(Challenged<'a>, Requirement)> {
        let mut inner = self.lock();
        let notifier = self.jobs.as_ref().and_then(|_| inner.signed_subscription(response, sent));
        let Inner { records, typed, .. } = &mut *inner;
        let record = records.enter(call.0, self.platform.now())?;
        if let Some(notifier) = notifier {
            record.started = true;
            // What came before, in the clear, counts no more.
            record.tells = false;
            record.require = Requirement::PGP;
            record.peer = Some(notifier);
        }
        let proves = carries_proof(record, sent);
        if record.plan.as_ref().is_some_and(|plan| plan.kept) {
            record.plan = None;
        }
        if !proves {
            // A registration whose last proof nobody accepted.
            if record.plan.is_some() && !record.started {
                let given = record.proved.iter().map(|proved| &proved.given);
                given.for_each(|given| typed.forget(&given.account, &given.realm));
            }
            record.plan = None;
            record.tries.clear();
        }
        let accounts = sent.to.tag.is_some().then(|| record.through.clone());
        Some((Challenged { call, sent, hop: Hop::of(hop), accounts }, record.require))
    }

    /// Keeps the plan under a ticket of its own and starts to wait.
    pub(crate) fn planned(&self, call: CallRef, plan: Planned, reserve: usize) -> Required {
        let ticket = plan.ticket;
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            return Required::GiveUp(Why::Abandoned);
        };
        record.plan = Some(plan);
        self.step(call.0, record, Signal::Unauthorized);
        Required::SendWwwAuthenticate { plan: Plan(ticket), reserve }
    }

    /// The challenge is not answered.
    pub(crate) fn give_up(&self, call: CallRef, why: Why) -> Required {
        if let Some(record) = self.lock().records.get_mut(call.0) {
            record.plan = None;
            self.step(call.0, record, Signal::Unauthorized);
            self.step(call.0, record, Signal::Refused);
        }
        Required::GiveUp(why)
    }

    /// The challenge is not answered because it asks for less than is required, and the application
    /// is told so.
    pub(crate) fn refuse(&self, call: CallRef, why: Why, refused: Refused) -> Required {
        if let Some(record) = self.lock().records.get_mut(call.0) {
            record.assurance.refused = Some(refused);
        }
        self.tell_assurance(call.0);
        self.give_up(call, why)
    }

    /// Makes the header fields of a request that is about to leave under a plan.
    pub(crate) fn authorize(
        self: &Arc<Self>, call: CallRef, plan: Plan, request: &Request<'_>,
    ) -> Answer<Authorized> {
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            return Answer::Ready(Authorized::GiveUp(Why::OtherCall));
        };
        let Some(planned) = record.planned(plan.0) else {
            return Answer::Ready(Authorized::GiveUp(Why::OtherCall));
        };
        let pgp = planned.pgp.clone();
        // What was accepted of a registration serves no other request.
        let kept = planned.kept;
        if kept && request.method != "REGISTER" {
            return Answer::Ready(Authorized::GiveUp(Why::OtherCall));
        }
        if kept {
            let realm = |given: &Given| (given.realm.clone(), given.scheme());
            let realms = planned.answers.iter().map(realm).collect();
            record.tries.clear();
            record.try_once(realms);
        }
        let Some(fields) = self.answers(record, request) else {
            return Answer::Ready(Authorized::GiveUp(Why::ApplicationFailed));
        };
        match (pgp, self.jobs.clone()) {
            (Some(pgp), Some(jobs)) => {
                drop(inner);
                self.pgp_authorize(call, jobs, pgp, request, fields)
            }
            (None, _) if kept => Answer::Ready(Authorized::Fields(fields)),
            (None, _) => Answer::Ready(self.authorized(call, record, fields)),
            (Some(_), None) => Answer::Ready(Authorized::GiveUp(Why::NotConfigured)),
        }
    }

    fn authorized(&self, call: CallRef, record: &mut Record, fields: Vec<Field>) -> Authorized {
        if self.step(call.0, record, Signal::Authorized) {
            Authorized::Fields(fields)
        } else {
            // The machine is idle: this plan was used or has expired.
            Authorized::GiveUp(Why::OtherCall)
        }
    }
}

impl Inner {
    /// To whom a SUBSCRIBE of ours is signed: to who asks for that in its own realm, whose key is
    /// pinned. It is our user who subscribes, as it is who calls. From then on what the subscription
    /// tells is signed and sealed, too.
    fn signed_subscription(&self, response: &Response<'_>, sent: &Request<'_>) -> Option<Aor> {
        if sent.method != "SUBSCRIBE" || sent.to.tag.is_some() {
            return None;
        }
        let own = aor::canonical(sent.from.uri).ok()?;
        let to = aor::canonical(sent.to.uri).ok().filter(|to| self.pins.of(to).is_some())?;
        self.policy.identities.get(&own)?.as_ref()?;
        let is_its = |realm: &[u8]| std::str::from_utf8(realm).is_ok_and(|it| to.has_realm(it));
        pgp::challenges(response).any(|challenge| is_its(&challenge.realm)).then_some(to)
    }
}

/// Whether a request that was sent carried an answer of ours to a challenge.
fn carries_proof(record: &Record, sent: &Request<'_>) -> bool {
    let signed = record
        .pgp
        .sent
        .as_ref()
        .is_some_and(|exchange| signed_with(sent, &exchange.nonces).is_some());
    signed || record.proved.iter().any(|proved| proved.is_in(sent))
}
