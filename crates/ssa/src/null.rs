//! The null implementations: one that refuses all, one that lets all pass in the clear.

use crate::{
    Answer, Arrival, Body, BodyVerdict, CallRef, Direction, Incoming, Leaving, Plan, Received,
    Request, Response, SipSecurity, Transport, TransportSecurity,
};

/// Refuses every request and every proof: what a terminal falls back to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deny;

impl SipSecurity for Deny {}
impl TransportSecurity for Deny {}

/// Admits every request, answers no challenge, and leaves bodies in the clear: a terminal without
/// a security manager.
///
/// It can verify nothing, so it never answers [`Received::Authenticate`], and refuses if asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl SipSecurity for Open {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        Received::Admit
    }

    fn encrypt(
        &self, _: CallRef, _: Direction, _: Transport, _: Option<Plan>, body: Body,
    ) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn decrypt(&self, _: CallRef, _: Direction, _: Transport, body: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn response_leaving(&self, _: CallRef, _: &Request<'_>, _: &Response<'_>) -> Answer<Leaving> {
        Answer::Ready(Leaving::Fields(Vec::new()))
    }

    fn response_received(
        &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
    ) -> Answer<Incoming> {
        Answer::Ready(Incoming::Accept)
    }
}
