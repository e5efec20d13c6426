//! The rules, and a challenged call that every security manager must be able to play.

use super::message::{TestRequest, TestResponse};
use crate::{
    Answer, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Field, Incoming,
    Leaving, Plan, Received, Required, SipSecurity, Transport,
};
use std::fmt;
use std::sync::Arc;

/// Two security managers that are configured to call one another with a proof.
pub struct Pair {
    /// The caller's; it holds what the callee's will challenge for.
    pub caller: Arc<dyn SipSecurity>,
    /// The callee's; it challenges every INVITE.
    pub callee: Arc<dyn SipSecurity>,
    /// The caller's AOR.
    pub from: String,
    /// The callee's AOR.
    pub to: String,
    /// An offer that the configured policy allows.
    pub offer: Body,
    /// An answer to it.
    pub answer: Body,
    /// Tells the caller's manager, by whatever way it has, that the user starts this call.
    pub start: Box<dyn Fn(CallRef) + Send + Sync>,
}

/// A rule that was broken; it reads as one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const CALL: CallRef = CallRef(0x0c0f_f11e);
const OTHER: CallRef = CallRef(0x0dd_ba11);

/// Plays a challenged call and the ways to cheat in it, and returns the rules that were broken.
///
/// Runs on any executor whose clock the managers use. The managers must be fresh.
pub async fn run(pair: &Pair) -> Vec<Broken> {
    let mut kit = Kit { pair, broken: Vec::new() };
    // The rules that a step breaks end the play; those that stand beside it do not.
    if let Err(rule) = kit.play().await {
        kit.broken.push(Broken(rule));
    }
    kit.broken
}

struct Kit<'a> {
    pair: &'a Pair,
    broken: Vec<Broken>,
}

type Step<T> = Result<T, &'static str>;

impl Kit<'_> {
    fn rule(&mut self, holds: bool, rule: &'static str) {
        if !holds {
            self.broken.push(Broken(rule));
        }
    }

    async fn play(&mut self) -> Step<()> {
        (self.pair.start)(CALL);
        let unauthorized = self.unauthorized().await?;
        let challenge = self.challenge(&unauthorized)?;
        let plan = self.required(&unauthorized, &challenge).await?;
        let authorized = self.authorized(unauthorized, plan).await?;
        self.forgeries(&authorized).await;
        self.authenticated(&authorized).await?;
        self.replay(&authorized).await;
        self.answered(&authorized).await?;
        self.ended(&authorized, plan.0).await;
        Ok(())
    }

    /// The first INVITE; whatever the manager leaves of its body.
    async fn unauthorized(&mut self) -> Step<TestRequest> {
        let invite = TestRequest::invite(&self.pair.from, &self.pair.to, "kit-1@127.0.0.1");
        let offer = self.pair.offer.clone();
        let body = self.pair.caller.encrypt(CALL, Direction::Request, Transport::Udp, None, offer);
        match settle(body).await? {
            BodyVerdict::Body(body) => Ok(invite.with_body(body)),
            BodyVerdict::Refused(_) => Err("a call that the user started can leave"),
        }
    }

    fn challenge(&mut self, invite: &TestRequest) -> Step<Vec<Field>> {
        let ask = || self.pair.callee.request_received(CALL, &invite.arrival(), &invite.view());
        let Received::SendWwwAuthenticate(fields) = ask() else {
            return Err("a request without credentials is challenged");
        };
        // RFC 3261 §8.2.7: a stateless server answers a retransmission alike.
        let again = ask();
        self.rule(
            again == Received::SendWwwAuthenticate(fields.clone()),
            "a retransmission gets the same challenge",
        );
        self.rule(
            fields.iter().all(|field| field.name == "WWW-Authenticate"),
            "a challenge is WWW-Authenticate",
        );
        Ok(fields)
    }

    async fn required(&mut self, sent: &TestRequest, challenge: &[Field]) -> Step<(Plan, usize)> {
        let mut response = TestResponse::to(sent, 401, Body::default());
        response.fields.extend(challenge);
        let hop = sent.arrival();
        let caller = &self.pair.caller;
        let other = TestRequest::invite(&self.pair.from, &self.pair.to, "kit-2@127.0.0.1");
        let crossed = caller.got_401_unauthorized(CALL, &hop, &response.view(), &other.view());
        let crossed = settle(crossed).await?;
        self.rule(
            matches!(crossed, Required::GiveUp(_)),
            "a 401 of one call is not answered under another",
        );
        let empty = TestResponse::to(sent, 401, Body::default());
        let empty = caller.got_401_unauthorized(CALL, &hop, &empty.view(), &sent.view());
        let empty = settle(empty).await?;
        self.rule(matches!(empty, Required::GiveUp(_)), "a 401 without a challenge is given up");
        let answer = caller.got_401_unauthorized(CALL, &hop, &response.view(), &sent.view());
        match settle(answer).await? {
            Required::SendWwwAuthenticate { plan, reserve } => Ok((plan, reserve)),
            Required::GiveUp(_) => Err("a challenge that is configured for is answered"),
        }
    }

    async fn authorized(
        &mut self, unauthorized: TestRequest, (plan, reserve): (Plan, usize),
    ) -> Step<TestRequest> {
        let caller = &self.pair.caller;
        let offer = self.pair.offer.clone();
        let body = caller.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer);
        let BodyVerdict::Body(body) = settle(body).await? else {
            return Err("the body is protected for who challenged");
        };
        let mut retry = unauthorized.retried().with_body(body);
        let crossed = settle(caller.authorize(OTHER, plan, &retry.view())).await?;
        self.rule(
            matches!(crossed, Authorized::GiveUp(_)),
            "a plan of one call authorizes nothing in another",
        );
        let Authorized::Fields(fields) =
            settle(caller.authorize(CALL, plan, &retry.view())).await?
        else {
            return Err("a request with a plan of its own is authorized");
        };
        let octets: usize = fields.iter().map(|f| f.name.len() + f.value.len() + 4).sum();
        self.rule(octets <= reserve, "the fields fit the bytes that were reserved");
        self.rule(
            fields.iter().any(|field| field.name == "Authorization"),
            "the answer to a 401 is Authorization",
        );
        retry.fields.extend(&fields);
        Ok(retry)
    }

    /// The proof of one request must not serve another.
    async fn forgeries(&mut self, authorized: &TestRequest) {
        let mut other_call = authorized.clone();
        other_call.call_id = "kit-3@127.0.0.1".to_owned();
        let mut other_caller = authorized.clone();
        other_caller.from.0 = "sip:mallory@example.com".to_owned();
        let mut other_method = authorized.clone();
        other_method.method = "MESSAGE";
        for (forged, rule) in [
            (other_call, "a proof is not taken under another Call-ID"),
            (other_caller, "a proof is not taken from another caller"),
            (other_method, "a proof is not taken for another method"),
        ] {
            let admitted = self.is_admitted(OTHER, &forged).await;
            self.rule(!admitted, rule);
        }
    }

    async fn authenticated(&mut self, invite: &TestRequest) -> Step<()> {
        let callee = &self.pair.callee;
        let (arrival, view) = (invite.arrival(), invite.view());
        if callee.request_received(CALL, &arrival, &view) != Received::Authenticate {
            return Err("a request with fresh credentials is to be authenticated");
        }
        let answer = settle(callee.authenticate(CALL, &arrival, &view)).await?;
        if answer != Authentication::Authenticated {
            return Err("an authorized request is authenticated");
        }
        let body = callee.decrypt(CALL, Direction::Request, Transport::Udp, invite.body.clone());
        match settle(body).await? {
            BodyVerdict::Body(body) => {
                self.rule(body == self.pair.offer, "the offer arrives as it was given");
                Ok(())
            }
            BodyVerdict::Refused(_) => Err("an authenticated body can be read"),
        }
    }

    async fn replay(&mut self, invite: &TestRequest) {
        let admitted = self.is_admitted(OTHER, invite).await;
        self.rule(!admitted, "credentials are not accepted twice");
        let second = TestRequest::invite(&self.pair.from, &self.pair.to, "kit-1@127.0.0.1");
        let admitted = self.is_admitted(CALL, &second.retried().retried()).await;
        self.rule(!admitted, "a call that goes on is not begun again under its identifiers");
    }

    async fn answered(&mut self, invite: &TestRequest) -> Step<()> {
        let Pair { caller, callee, .. } = self.pair;
        let answer = self.pair.answer.clone();
        let body = callee.encrypt(CALL, Direction::Response, Transport::Udp, None, answer.clone());
        let BodyVerdict::Body(body) = settle(body).await? else {
            return Err("the answer is protected");
        };
        let mut ok = TestResponse::to(invite, 200, body);
        let leaving = callee.response_leaving(CALL, &invite.view(), &ok.view());
        let Leaving::Fields(fields) = settle(leaving).await? else {
            return Err("the 2xx to an authenticated request leaves");
        };
        ok.fields.extend(&fields);
        let hop = invite.arrival();
        let incoming = caller.response_received(CALL, &hop, &ok.view(), &invite.view());
        if settle(incoming).await? != Incoming::Accept {
            return Err("the callee's 2xx is accepted");
        }
        let body = caller.decrypt(CALL, Direction::Response, Transport::Udp, ok.body.clone());
        match settle(body).await? {
            BodyVerdict::Body(body) => {
                self.rule(body == answer, "the answer arrives as it was given");
                Ok(())
            }
            BodyVerdict::Refused(_) => Err("the answer can be read"),
        }
    }

    /// After the call is over, nothing of it serves.
    async fn ended(&mut self, invite: &TestRequest, plan: Plan) {
        self.pair.caller.abandon(CALL);
        self.pair.callee.abandon(CALL);
        let again = self.pair.caller.authorize(CALL, plan, &invite.view());
        let given_up = matches!(settle(again).await, Ok(Authorized::GiveUp(_)) | Err(_));
        self.rule(given_up, "a plan ends with its call");
        let admitted = self.is_admitted(CALL, invite).await;
        self.rule(!admitted, "credentials do not outlive their call");
    }

    async fn is_admitted(&self, call: CallRef, request: &TestRequest) -> bool {
        let (arrival, view) = (request.arrival(), request.view());
        match self.pair.callee.request_received(call, &arrival, &view) {
            Received::Admit => true,
            Received::SendWwwAuthenticate(_) | Received::Reject(_) => false,
            Received::Authenticate => {
                let answer = settle(self.pair.callee.authenticate(call, &arrival, &view)).await;
                answer == Ok(Authentication::Authenticated)
            }
        }
    }
}

/// An answer, and that a pending one has a bound.
async fn settle<T>(answer: Answer<T>) -> Step<T> {
    match answer {
        Answer::Ready(answer) => Ok(answer),
        Answer::Pending { within, future } => {
            if within.is_zero() || within.as_secs() > 60 {
                return Err("a pending answer is bounded, by 60 s at most");
            }
            Ok(future.await)
        }
    }
}
