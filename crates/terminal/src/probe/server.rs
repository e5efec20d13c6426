//! The server that is probed: requests to it, in one series of them. RFC 3261 §8.1.1, §10.2.

use super::aim::Aim;
use super::answer::{Answer, Offer};
use super::credentials::Credentials;
use super::found::Stop;
use super::line::{Line, Remote};
use bytes::Bytes;
use net::System;
use sec_manager::digest::Challenge;
use sip_core::{HeaderName, Method, RequestBuilder};
use std::net::SocketAddr;

/// There is no challenge by Digest, or none under an algorithm and a qop that are known.
pub(super) const NOTHING: &str = "it offers nothing that can be answered";

/// A server, and who asks it.
pub(crate) struct Server {
    pub(super) aim: Aim,
    line: Line,
    random: net::Random,
    call_id: String,
    tag: String,
    cseq: u32,
    /// What it answered to a wrong response.
    pub(super) wrong: Option<Answer>,
}

/// What goes into a request beside what every request has.
#[derive(Clone, Copy)]
struct Load<'a> {
    /// The field for credentials, and its values.
    credentials: (&'static str, &'a [Vec<u8>]),
    body: &'a [u8],
}

impl Server {
    /// One that is asked over `system`'s network.
    pub(crate) fn new(system: System, remote: Remote, aim: Aim) -> Self {
        let System { runtime, network, mut random, .. } = system;
        // A registration keeps its Call-ID, and nonces may be bound to it. RFC 3261 §10.2.
        let [call_id, more, tag] = [random(), random(), random()];
        Self {
            aim,
            line: Line::new(runtime, network, remote),
            random,
            call_id: format!("{call_id:016x}{more:016x}"),
            tag: format!("{tag:016x}"),
            cseq: 0,
            wrong: None,
        }
    }

    /// Text that nobody can guess.
    pub(super) fn chance(&mut self) -> String {
        format!("{:016x}", (self.random)())
    }

    /// Asks without credentials.
    pub(super) async fn ask(&mut self) -> Result<Answer, Stop> {
        let body = self.aim.body();
        self.exchange(Load { credentials: ("Authorization", &[]), body }).await
    }

    /// A fresh challenge, the first that can be answered.
    pub(super) async fn challenge(&mut self) -> Result<Offer, Stop> {
        self.challenge_such_as(|_| true, NOTHING).await
    }

    /// A fresh challenge, the first such one; `absent`: what is said where there is none.
    pub(super) async fn challenge_such_as(
        &mut self, wanted: impl Fn(&Challenge<'_>) -> bool, absent: &'static str,
    ) -> Result<Offer, Stop> {
        let offers = self.ask().await?.offers();
        let is_wanted = |offer: &Offer| offer.challenge().is_some_and(|it| wanted(&it));
        offers.into_iter().find(is_wanted).ok_or(Stop::Absent(absent))
    }

    /// The right answer to an offer.
    pub(super) fn right(&mut self, offer: &Offer) -> Result<Credentials, Stop> {
        let user = self.aim.user.clone();
        self.right_as(&user, offer)
    }

    /// The same of a user who is called so, with the password of ours.
    pub(super) fn right_as(&mut self, user: &str, offer: &Offer) -> Result<Credentials, Stop> {
        let cnonce = self.chance();
        let right = Credentials::right(&self.aim, user, offer, &cnonce);
        right.ok_or(Stop::Absent(NOTHING))
    }

    /// What is answered to that which is made of the right answer to a fresh challenge.
    pub(super) async fn tried(
        &mut self, make: impl FnOnce(Credentials, &Aim) -> Credentials,
    ) -> Result<Answer, Stop> {
        let offer = self.challenge().await?;
        let made = make(self.right(&offer)?, &self.aim);
        self.answers(&offer, &made).await
    }

    /// What is answered to credentials for an offer.
    pub(super) async fn answers(
        &mut self, offer: &Offer, credentials: &Credentials,
    ) -> Result<Answer, Stop> {
        self.answers_all(offer, &[credentials.value()]).await
    }

    /// What is answered to several of them, ours the last.
    pub(super) async fn answers_all(
        &mut self, offer: &Offer, values: &[Vec<u8>],
    ) -> Result<Answer, Stop> {
        let body = self.aim.body();
        self.exchange(Load { credentials: (offer.answered_in(), values), body }).await
    }

    /// What is answered to credentials with another body.
    pub(super) async fn answers_with(
        &mut self, offer: &Offer, credentials: &Credentials, body: &[u8],
    ) -> Result<Answer, Stop> {
        let values = [credentials.value()];
        self.exchange(Load { credentials: (offer.answered_in(), &values), body }).await
    }

    async fn exchange(&mut self, load: Load<'_>) -> Result<Answer, Stop> {
        let from = self.line.open().await?;
        self.cseq += 1;
        let branch = format!("z9hG4bK{}", self.chance());
        let request = self.request(from, &branch, load);
        Ok(Answer(self.line.exchange(&request, branch.as_bytes()).await?))
    }

    fn request(&self, from: SocketAddr, branch: &str, load: Load<'_>) -> Bytes {
        let Aim { method, uri, aor, .. } = &self.aim;
        let transport = self.line.transport().name();
        let via = format!("SIP/2.0/{transport} {from};rport;branch={branch}");
        let mut request = RequestBuilder::new(*method, uri.as_bytes())
            .field(HeaderName::Via, via)
            .field(HeaderName::MaxForwards, "70")
            .field(HeaderName::From, format!("<{aor}>;tag={}", self.tag))
            .field(HeaderName::To, format!("<{}>", self.aim.to()))
            .field(HeaderName::CallId, &self.call_id)
            .field(HeaderName::CSeq, format!("{} {method}", self.cseq));
        let (name, values) = load.credentials;
        for value in values {
            request = request.field(name, value);
        }
        if *method == Method::OPTIONS {
            // RFC 3261 §11.1.
            request = request.field(HeaderName::Accept, "application/sdp");
        }
        if !load.body.is_empty() {
            request = request.field(HeaderName::ContentType, "text/plain");
        }
        request.body(load.body).build()
    }
}
