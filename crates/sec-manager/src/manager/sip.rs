//! SSA, as the SIP manager calls it.

use super::SecurityManager;
use ssa::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Incoming,
    Leaving, Plan, Received, Request, Required, Response, SipSecurity, Transport,
};

impl SipSecurity for SecurityManager {
    fn request_received(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Received {
        self.shared.request_received(call, arrival, request)
    }

    fn authenticate(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        self.shared.authenticate(call, arrival, request)
    }

    fn got_401_unauthorized(
        &self, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Required> {
        self.shared.got_401_unauthorized(call, hop, response, sent)
    }

    fn encrypt(
        &self, call: CallRef, direction: Direction, over: Transport, plan: Option<Plan>, body: Body,
    ) -> Answer<BodyVerdict> {
        self.shared.encrypt(call, (direction, over), plan, body)
    }

    fn decrypt(
        &self, call: CallRef, direction: Direction, over: Transport, body: Body,
    ) -> Answer<BodyVerdict> {
        self.shared.decrypt(call, (direction, over), body)
    }

    fn authorize(&self, call: CallRef, plan: Plan, request: &Request<'_>) -> Answer<Authorized> {
        self.shared.authorize(call, plan, request)
    }

    fn response_leaving(
        &self, call: CallRef, request: &Request<'_>, response: &Response<'_>,
    ) -> Answer<Leaving> {
        self.shared.response_leaving(call, request, response)
    }

    fn response_received(
        &self, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.shared.response_received(call, hop, response, sent)
    }

    fn abandon(&self, call: CallRef) {
        self.shared.end(call.0);
    }
}
