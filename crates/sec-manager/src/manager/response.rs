//! Responses: the proof that goes with a 2xx, and the one that came with it.

use super::Shared;
use ssa::{Answer, CallRef, Incoming, Leaving, Request, Response, Why};
use sst::Requirement;
use std::sync::Arc;

/// A request and the 2xx to it: a peer's and ours, or ours and a peer's.
#[derive(Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) call: CallRef,
    pub(crate) request: &'a Request<'a>,
    pub(crate) response: &'a Response<'a>,
}

impl Shared {
    /// The fields that a response carries beside what the stack puts in.
    pub(super) fn response_leaving(
        &self, call: CallRef, request: &Request<'_>, response: &Response<'_>,
    ) -> Answer<Leaving> {
        let none = Answer::Ready(Leaving::Fields(Vec::new()));
        if !(200..300).contains(&response.status) {
            return none;
        }
        let inner = self.lock();
        let Some(required) = inner.records.get(call.0).map(|record| record.require) else {
            return none;
        };
        Self::scheme(required).leaving(self, inner, &Answered { call, request, response })
    }

    /// Whether a 2xx may be believed.
    pub(super) fn response_received(
        self: &Arc<Self>, call: CallRef, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.accepted(call, sent);
        let inner = self.lock();
        let Some(required) = inner.records.get(call.0).map(|record| record.require) else {
            let unproved = sent.method == "INVITE" && inner.policy.require == Requirement::Pgp;
            return Answer::Ready(match unproved {
                true => Incoming::AckThenBye(Why::ProofMissing),
                false => Incoming::Accept,
            });
        };
        let answered = Answered { call, request: sent, response };
        Self::scheme(required).response(self, inner, &answered)
    }
}
