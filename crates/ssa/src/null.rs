//! The null implementations: one that refuses all, one that lets all pass in the clear.

use crate::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Certificate,
    Direction, Incoming, Leaving, PeerVerdict, Plan, Received, Refusal, Request, Required,
    Response, SipSecurity, Transport, TransportSecurity, Why,
};

/// Refuses every request and every proof: what a terminal falls back to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deny;

const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");

impl SipSecurity for Deny {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        Received::Reject(FORBIDDEN)
    }

    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        Answer::Ready(Authentication::Refused(FORBIDDEN))
    }

    fn got_401_unauthorized(
        &self,
        _: CallRef,
        _: &Arrival<'_>,
        _: &Response<'_>,
        _: &Request<'_>,
    ) -> Answer<Required> {
        Answer::Ready(Required::GiveUp(Why::NotConfigured))
    }

    fn encrypt(&self, _: CallRef, _: Direction, _: Option<Plan>, _: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Refused(FORBIDDEN))
    }

    fn decrypt(&self, _: CallRef, _: Direction, _: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Refused(FORBIDDEN))
    }

    fn authorize(&self, _: CallRef, _: Plan, _: &Request<'_>) -> Answer<Authorized> {
        Answer::Ready(Authorized::GiveUp(Why::NotConfigured))
    }

    fn response_leaving(&self, _: CallRef, _: &Request<'_>, _: &Response<'_>) -> Answer<Leaving> {
        Answer::Ready(Leaving::Refused(FORBIDDEN))
    }

    fn response_received(
        &self,
        _: CallRef,
        _: &Arrival<'_>,
        _: &Response<'_>,
        _: &Request<'_>,
    ) -> Answer<Incoming> {
        Answer::Ready(Incoming::AckThenBye(Why::NotConfigured))
    }

    fn abandon(&self, _: CallRef) {}
}

impl TransportSecurity for Deny {
    fn own_certificate(
        &self,
        _: Transport,
        _: bool,
        _: Option<&str>,
    ) -> Answer<Option<Certificate>> {
        Answer::Ready(None)
    }

    fn peer_certificate(
        &self,
        _: Transport,
        _: Option<&str>,
        _: &Certificate,
    ) -> Answer<PeerVerdict> {
        Answer::Ready(PeerVerdict::Refuse)
    }
}

/// Admits every request, answers no challenge, and leaves bodies in the clear: a terminal without
/// a security manager.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl SipSecurity for Open {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        Received::Admit
    }

    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        // Nothing can be verified here, and `Open` never answers `Received::Authenticate`.
        Answer::Ready(Authentication::Refused(FORBIDDEN))
    }

    fn got_401_unauthorized(
        &self,
        _: CallRef,
        _: &Arrival<'_>,
        _: &Response<'_>,
        _: &Request<'_>,
    ) -> Answer<Required> {
        Answer::Ready(Required::GiveUp(Why::NotConfigured))
    }

    fn encrypt(
        &self,
        _: CallRef,
        _: Direction,
        _: Option<Plan>,
        body: Body,
    ) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn decrypt(&self, _: CallRef, _: Direction, body: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn authorize(&self, _: CallRef, _: Plan, _: &Request<'_>) -> Answer<Authorized> {
        Answer::Ready(Authorized::GiveUp(Why::NotConfigured))
    }

    fn response_leaving(&self, _: CallRef, _: &Request<'_>, _: &Response<'_>) -> Answer<Leaving> {
        Answer::Ready(Leaving::Fields(Vec::new()))
    }

    fn response_received(
        &self,
        _: CallRef,
        _: &Arrival<'_>,
        _: &Response<'_>,
        _: &Request<'_>,
    ) -> Answer<Incoming> {
        Answer::Ready(Incoming::Accept)
    }

    fn abandon(&self, _: CallRef) {}
}
