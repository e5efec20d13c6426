//! A challenge came in: what we prove, and to whom. SSA's `got_401_unauthorized`, `authorize`.

use super::Shared;
use super::record::{Planned, Record};
use crate::fsm::Signal;
use ssa::{Answer, Arrival, Authorized, CallRef, Field, Plan, Request, Required, Response, Why};
use sst::Requirement;
use std::sync::Arc;

impl Shared {
    /// Reads the challenges and plans their answer.
    pub(super) fn got_401_unauthorized(
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
        if self.lock().records.enter(call.0, self.platform.now()).is_none() {
            return Answer::Ready(Required::GiveUp(Why::Abandoned));
        }
        let required = self.lock().records.get(call.0).map(|record| record.require);
        if required == Some(Requirement::Pgp) {
            // G29: a weaker challenge does not stand in for the proof that is required.
            return Answer::Ready(self.pgp_plan(call, response, sent));
        }
        match &self.digest {
            Some(_) => self.digest_plan(call, hop, response, sent),
            None => Answer::Ready(self.give_up(call, Why::NotConfigured)),
        }
    }

    /// Keeps the plan under a ticket of its own and starts to wait.
    pub(super) fn planned(&self, call: CallRef, plan: Planned, reserve: usize) -> Required {
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
    pub(super) fn give_up(&self, call: CallRef, why: Why) -> Required {
        if let Some(record) = self.lock().records.get_mut(call.0) {
            record.plan = None;
            self.step(call.0, record, Signal::Unauthorized);
            self.step(call.0, record, Signal::Refused);
        }
        Required::GiveUp(why)
    }

    /// Makes the header fields of a request that is about to leave under a plan.
    pub(super) fn authorize(
        self: &Arc<Self>, call: CallRef, plan: Plan, request: &Request<'_>,
    ) -> Answer<Authorized> {
        let mut inner = self.lock();
        let Some(record) = inner.records.get_mut(call.0) else {
            return Answer::Ready(Authorized::GiveUp(Why::OtherCall));
        };
        let Some(planned) = record.planned(plan.0) else {
            return Answer::Ready(Authorized::GiveUp(Why::OtherCall));
        };
        if let (Some(pgp), Some(jobs)) = (planned.pgp.clone(), self.jobs.clone()) {
            drop(inner);
            return self.pgp_authorize(call, jobs, pgp, request);
        }
        Answer::Ready(match self.digest_authorize(record, request) {
            Some(fields) => self.authorized(call, record, fields),
            None => Authorized::GiveUp(Why::ApplicationFailed),
        })
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
