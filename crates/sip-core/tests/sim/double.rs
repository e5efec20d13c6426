//! A security manager's double: it challenges with a fixed nonce, and answers when it is told to.

use net::Runtime;
use ssa::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Field,
    InDialog, Incoming, Leaving, Plan, Received, Refusal, Request, Required, Response, SipSecurity,
    Transport, Why,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    After(Duration),
    /// Never; the driver's `within` of 2 s is what ends it.
    Never,
    /// A panic as soon as it is asked.
    Panics,
    /// A panic when the future is polled.
    PanicsLater,
}

/// What the double does. The default admits and answers everything at once, and challenges nobody.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) challenges: bool,
    pub(crate) challenges_bye: bool,
    pub(crate) verify: When,
    /// How it verifies from the second time on, where that is another.
    pub(crate) then: Option<When>,
    pub(crate) verdict: Authentication,
    /// The verdict within a dialog, where it is another.
    pub(crate) inside: Option<Authentication>,
    pub(crate) sign: When,
    pub(crate) leaving: When,
    pub(crate) trust: Incoming,
    /// How the judgement of a 2xx comes.
    pub(crate) judge: When,
    /// Whether the 2xx to a re-INVITE is not believed.
    pub(crate) doubts_reinvites: bool,
    /// Whether it authorizes only the first request that it is asked for.
    pub(crate) signs_once: bool,
    /// Whether bodies are sealed and opened: what is sealed begins with `sealed `, and what does not
    /// is refused.
    pub(crate) seals: bool,
    /// Whether the bodies of responses are sealed.
    pub(crate) seals_answers: bool,
    /// Whether no body may leave once the request was challenged.
    pub(crate) refuses_sealing: bool,
    /// Whether no body of a request may leave that nobody has challenged.
    pub(crate) refuses_answers: bool,
    /// Whether no body of a response may be read.
    pub(crate) refuses_reading: bool,
    /// Whether no response may leave as it is.
    pub(crate) refuses_leaving: bool,
    /// Whether what changes a call is refused where it does not come from its peer.
    pub(crate) refuses_elsewhere: bool,
    pub(crate) reserve: usize,
    /// Octets of padding in the credentials.
    pub(crate) padding: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            challenges: false,
            challenges_bye: false,
            verify: When::Now,
            then: None,
            verdict: Authentication::Authenticated,
            inside: None,
            sign: When::Now,
            leaving: When::Now,
            trust: Incoming::Accept,
            judge: When::Now,
            doubts_reinvites: false,
            signs_once: false,
            seals: false,
            seals_answers: false,
            refuses_sealing: false,
            refuses_answers: false,
            refuses_reading: false,
            refuses_leaving: false,
            refuses_elsewhere: false,
            reserve: 100,
            padding: 0,
        }
    }
}

/// The double, and what it was asked, in order.
pub(crate) struct Double {
    runtime: Arc<dyn Runtime>,
    script: Script,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Says so when it is dropped before it was disarmed.
struct Dropped(Arc<Mutex<Vec<String>>>, Option<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(name) = self.1 {
            self.0.lock().unwrap().push(format!("{name} dropped"));
        }
    }
}

impl Double {
    pub(crate) fn new(runtime: Arc<dyn Runtime>, script: Script) -> Arc<Self> {
        Arc::new(Self { runtime, script, asked: Arc::default() })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == what).count()
    }

    fn note(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }

    fn answer<T: Send + 'static>(&self, name: &'static str, when: When, answer: T) -> Answer<T> {
        let within = Duration::from_secs(2);
        let mut dropped = Dropped(Arc::clone(&self.asked), Some(name));
        match when {
            When::Now => {
                dropped.1 = None;
                Answer::Ready(answer)
            }
            When::After(time) => {
                let sleep = self.runtime.sleep_until(self.runtime.now() + time);
                let future = Box::pin(async move {
                    let mut dropped = dropped;
                    sleep.await;
                    dropped.1 = None;
                    answer
                });
                Answer::Pending { within: within.max(2 * time), future }
            }
            When::Never => {
                let future = Box::pin(async move {
                    let _dropped = dropped;
                    std::future::pending().await
                });
                Answer::Pending { within, future }
            }
            When::Panics => panic!("{name} was told to panic"),
            When::PanicsLater => {
                Answer::Pending { within, future: Box::pin(async move { panic!("told to panic") }) }
            }
        }
    }
}

fn credentials(request: &Request<'_>) -> Option<Vec<u8>> {
    request.headers.value("Authorization", 0).map(<[u8]>::to_vec)
}

impl SipSecurity for Double {
    fn request_received(
        &self, _: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Received {
        let place = match arrival.in_dialog {
            InDialog::No => "",
            InDialog::FromPeer => " in dialog",
            InDialog::FromElsewhere => " in dialog from elsewhere",
            InDialog::OffItsTls => " in dialog off its TLS",
        };
        self.note(format!("request_received {}{place}", request.method));
        let elsewhere = arrival.in_dialog == InDialog::FromElsewhere;
        if elsewhere && self.script.refuses_elsewhere {
            return Received::Reject(FORBIDDEN);
        }
        let wanted = match request.method {
            "BYE" => self.script.challenges_bye,
            _ => self.script.challenges,
        };
        if !wanted {
            return Received::Admit;
        }
        match credentials(request) {
            Some(value) if value.starts_with(b"Test nonce=\"1\"") => Received::Authenticate,
            Some(_) | None => Received::SendWwwAuthenticate(vec![Field {
                name: "WWW-Authenticate",
                value: b"Test nonce=\"1\"".to_vec(),
            }]),
        }
    }

    fn authenticate(
        &self, _: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        self.note(format!("authenticate {}", request.method));
        let inside = self.script.inside.clone().filter(|_| arrival.in_dialog != InDialog::No);
        let verdict = inside.unwrap_or_else(|| self.script.verdict.clone());
        let again = self.asked().iter().filter(|it| it.starts_with("authenticate ")).count() > 1;
        let when = self.script.then.filter(|_| again).unwrap_or(self.script.verify);
        self.answer("authenticate", when, verdict)
    }

    fn got_401_unauthorized(
        &self, _: CallRef, _: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Required> {
        self.note(format!("got_401_unauthorized {} {}", sent.method, sent.cseq));
        let challenges = ["WWW-Authenticate", "Proxy-Authenticate"];
        if challenges.iter().all(|name| response.headers.value(name, 0).is_none()) {
            return Answer::Ready(Required::GiveUp(Why::MalformedChallenge));
        }
        let plan = Plan(u64::from(sent.cseq));
        Answer::Ready(Required::SendWwwAuthenticate { plan, reserve: self.script.reserve })
    }

    fn encrypt(
        &self, _: CallRef, direction: Direction, over: Transport, plan: Option<Plan>,
        mut body: Body,
    ) -> Answer<BodyVerdict> {
        self.note(format!("encrypt {direction:?} {plan:?}{}", safely(over)));
        if self.script.refuses_sealing && plan.is_some() {
            return Answer::Ready(BodyVerdict::Refused(FORBIDDEN));
        }
        let is_answer = direction == Direction::Request && plan.is_none();
        if self.script.refuses_answers && is_answer && !body.octets.is_empty() {
            return Answer::Ready(BodyVerdict::Refused(FORBIDDEN));
        }
        let answers = self.script.seals_answers && direction == Direction::Response;
        if answers || self.script.seals && plan.is_some() {
            body.octets.splice(..0, *SEAL);
        }
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn decrypt(
        &self, _: CallRef, direction: Direction, over: Transport, mut body: Body,
    ) -> Answer<BodyVerdict> {
        self.note(format!("decrypt {direction:?}{}", safely(over)));
        if self.script.refuses_reading && direction == Direction::Response {
            return Answer::Ready(BodyVerdict::Refused(UNDECIPHERABLE));
        }
        if self.script.seals && direction == Direction::Request {
            if !body.octets.starts_with(SEAL) {
                return Answer::Ready(BodyVerdict::Refused(UNDECIPHERABLE));
            }
            body.octets.drain(..SEAL.len());
        }
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn authorize(&self, _: CallRef, plan: Plan, request: &Request<'_>) -> Answer<Authorized> {
        let signed = if credentials(request).is_some() { " signed already" } else { "" };
        self.note(format!("authorize {} {} {plan:?}{signed}", request.method, request.cseq));
        let asked = self.asked().iter().filter(|it| it.starts_with("authorize ")).count();
        if self.script.signs_once && asked > 1 {
            return Answer::Ready(Authorized::GiveUp(Why::OtherCall));
        }
        let padding = "x".repeat(self.script.padding);
        let fields = vec![
            Field { name: "Date", value: b"Tue, 14 Nov 2023 22:13:20 GMT".to_vec() },
            Field {
                name: "Authorization",
                value: format!("Test nonce=\"1\", pad=\"{padding}\"").into(),
            },
        ];
        self.answer("authorize", self.script.sign, Authorized::Fields(fields))
    }

    fn response_leaving(
        &self, _: CallRef, _: &Request<'_>, response: &Response<'_>,
    ) -> Answer<Leaving> {
        self.note(format!("response_leaving {} {}", response.status, response.method));
        let field = Field { name: "PGP-Signature", value: b"Test".to_vec() };
        let leaving = match self.script.refuses_leaving {
            true => Leaving::Refused(FORBIDDEN),
            false => Leaving::Fields(vec![field]),
        };
        self.answer("response_leaving", self.script.leaving, leaving)
    }

    fn response_received(
        &self, _: CallRef, _: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.note(format!("response_received {} {}", response.status, sent.method));
        let again = sent.method == "INVITE" && sent.to.tag.is_some();
        let judged = match self.script.doubts_reinvites && again {
            true => Incoming::AckThenBye(Why::ProofMissing),
            false => self.script.trust,
        };
        self.answer("response_received", self.script.judge, judged)
    }

    fn abandon(&self, _: CallRef) {
        self.note("abandon");
    }
}

/// What a double challenges with.
pub(crate) const CHALLENGE: &str = "WWW-Authenticate: Test nonce=\"1\"\r\n";
/// What it lets pass then.
pub(crate) const CREDENTIALS: &str = "Authorization: Test nonce=\"1\"\r\n";
/// What a double refuses with.
pub(crate) const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");
/// What is told of a body that is not sealed. RFC 3261 §21.4.28.
/// How a note ends of a body whose message goes over TLS.
fn safely(over: Transport) -> &'static str {
    if over.is_secure() { " over TLS" } else { "" }
}

const UNDECIPHERABLE: Refusal = Refusal::new(493, "Undecipherable");
/// What a sealed body begins with.
const SEAL: &[u8; 7] = b"sealed ";
