//! What a 2xx says of the credentials that its request carried.

use crate::manager::record::{Planned, Record};
use crate::manager::response::Answered;
use crate::manager::{Inner, Shared};
use crate::scheme::given::{Proved, Shown};
use ssa::{Answer, Incoming, Request, Response, Why};
use sst::{Means, Proof};
use std::sync::MutexGuard;

impl Shared {
    /// Whether a 2xx is believed, where no signature is required of it.
    pub(crate) fn answered(
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

/// The verdict on a 2xx, and whether the assurance changed with it.
fn judge(record: &mut Record, response: &Response<'_>, sent: &Request<'_>) -> (Incoming, bool) {
    let Some(proved) = record.proved.iter().find(|proved| proved.is_in(sent)) else {
        let missing = !record.require.is_nothing() && !record.authenticated;
        let verdict =
            if missing { Incoming::AckThenBye(Why::ProofMissing) } else { Incoming::Accept };
        return (verdict, false);
    };
    let proof = match proved.shown(response) {
        Shown::Wrong => return (Incoming::AckThenBye(Why::ProofInvalid), false),
        Shown::Proof(proof) => proof,
        // Whoever answered has shown nothing; what is known is that the account's hop took it on.
        Shown::Nothing => Proof::AccountHop { account: proved.given.account.clone() },
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
        record.plan = plan.and_then(|plan| kept(plan, &record.proved, response));
    }
    (Incoming::Accept, true)
}

/// The plan for the REGISTER after one that was accepted: its answers, made once more, but for those
/// that are good for once; `None` where nothing is left.
fn kept(plan: Planned, proved: &[Proved], response: &Response<'_>) -> Option<Planned> {
    let again = |proved: &Proved| proved.given.again(proved.info(response, "nextnonce"));
    let answers: Vec<_> = proved.iter().filter_map(again).collect();
    (plan.pgp.is_none() && !answers.is_empty()).then_some(Planned { answers, kept: true, ..plan })
}
