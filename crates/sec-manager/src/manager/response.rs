//! Responses: the proof that goes with a 2xx, and the one that came with it.

use super::{Inner, Shared};
use crate::aor::Aor;
use ssa::{Answer, Arrival, CallRef, Incoming, Leaving, Request, Response, Why};
use sst::Means;
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
        self: &Arc<Self>, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>,
        sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.accepted(call, sent);
        let mut inner = self.lock();
        let Some(required) = inner.records.get(call.0).map(|record| record.require) else {
            let unproved = sent.method == "INVITE" && !inner.policy.lets_in_unproved();
            return Answer::Ready(match unproved {
                true => Incoming::AckThenBye(Why::ProofMissing),
                false => Incoming::Accept,
            });
        };
        // The dialog is over after a BYE, whatever the answer says.
        if required.accepts(Means::TlsName) && sent.method != "BYE" {
            let certified = inner.believe_hop(call, hop);
            if !certified && !required.accepts(Means::Digest) {
                return Answer::Ready(Incoming::AckThenBye(Why::NotCertified));
            }
        }
        let answered = Answered { call, request: sent, response };
        Self::scheme(required).response(self, inner, &answered)
    }
}

impl Inner {
    /// Whether a 2xx came from the server of the peer's domain, over the connection that was opened for
    /// it. Then the call is held to that from now on.
    fn believe_hop(&mut self, call: CallRef, hop: &Arrival<'_>) -> bool {
        let Some(record) = self.records.get(call.0) else { return false };
        let peer = record.peer.as_ref().map(Aor::as_contact);
        let name = match &record.certified {
            Some((flow, _)) if *flow == hop.flow => return true,
            Some((_, name)) => Some(name.as_str()),
            None => peer.as_ref().and_then(Aor::domain),
        };
        let Some(name) = name.filter(|name| self.is_certified(name, hop)) else { return false };
        let name = name.to_owned();
        let record = self.records.get_mut(call.0);
        record.map(|record| record.proved_by_hop(hop.flow, name)).is_some()
    }
}
