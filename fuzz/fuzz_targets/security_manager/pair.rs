//! Alice, who calls, and Bob, who is called: their managers, and what has to hold of them.

use crate::application::Scripted;
use crate::platform::Clock;
use bytes::Bytes;
use sec_manager::cs1::{Fields as Signed, Parameters};
use sec_manager::{Digest, Pgp, Platform as _, SecurityManager};
use sip_core::{Limits, Message};
use sma::Fingerprint;
use sma::conformance::{Directory, Double};
use ssa::conformance::{TestRequest, TestResponse};
use ssa::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Certified, Direction,
    Field, FlowId, InDialog, Incoming, Leaving, Plan, Received, Request, Required,
    SipSecurity as _, Transport,
};
use ssm::{Line, MediaSecurity as _};
use sst::{
    Account, Algorithm, Call, Configuration, HopPolicy, Identity, Outgoing, Password, Pin,
    Requirement, TelephonySecurity as _, User,
};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

const ALICE: &str = "sip:alice@alice.example";
const BOB: &str = "sip:bob@bob.example";
const REALM: &str = "bob.example";
const CALL: CallRef = CallRef(7);
pub(crate) const PASSWORD: &str = "correct-horse-battery";
/// Fields that a piece may add at most.
const ROWS: usize = 12;

/// The offer and the answer as the media controller writes them.
const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/SAVP 0\r\na=crypto:1 AEAD_AES_128_GCM inline:{slot}\r\n\
    a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{slot}\r\n";

const PLAIN: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0\r\n";

/// The two keys; a toy directory makes the same ones each time.
static KEYS: LazyLock<[Fingerprint; 2]> = LazyLock::new(|| {
    let directory = Directory::new(1);
    let double = Double::new(&directory, Arc::new(|| 0));
    [ALICE, BOB].map(|aor| double.add_key(aor))
});

struct Side {
    manager: Arc<SecurityManager>,
    application: Arc<Scripted>,
}

pub(crate) struct Pair {
    clock: Arc<Clock>,
    alice: Side,
    bob: Side,
    pgp: bool,
    /// Alice's request, and Bob's last challenge to it.
    invite: TestRequest,
    challenge: Vec<Field>,
    /// Her authorized requests, as she made them, and the last one as it arrived.
    honest: Vec<TestRequest>,
    arrived: Option<TestRequest>,
    /// Proofs that Bob has taken.
    taken: BTreeSet<Vec<u8>>,
}

impl Pair {
    pub(crate) fn new(pgp: bool) -> Self {
        let clock = Arc::new(Clock::default());
        let directory = Directory::new(1);
        let [alice, bob] = [ALICE, BOB].map(|aor| side(&clock, &directory, aor));
        let [alices, bobs] = &*KEYS;
        let require = if pgp { Requirement::PGP } else { Requirement::DIGEST };
        alice.manager.configure(&configuration((ALICE, alices), (BOB, bobs), require));
        bob.manager.configure(&configuration((BOB, bobs), (ALICE, alices), require));
        let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require };
        alice.manager.call_started(Call(CALL.0), outgoing);
        Self {
            clock,
            alice,
            bob,
            pgp,
            invite: TestRequest::invite(ALICE, BOB, "call@192.0.2.1"),
            challenge: Vec::new(),
            honest: Vec::new(),
            arrived: None,
            taken: BTreeSet::new(),
        }
    }

    /// Alice's INVITE, with further rows, and Bob's challenge.
    pub(crate) fn invite(&mut self, rows: &[u8]) {
        let body = finish(self.alice.manager.encrypt(
            CALL,
            Direction::Request,
            Transport::Udp,
            None,
            self.sdp(),
        ));
        let Some(BodyVerdict::Body(body)) = body else { return };
        self.keeps_the_offer(&body);
        self.invite = self.invite.clone().retried().with_body(body);
        let mut invite = self.invite.clone();
        add(&mut invite, rows);
        if let Some(fields) = self.received(&invite.view(), &invite.arrival()) {
            self.challenge = fields;
        }
    }

    /// What the media controller has to say: with slots for keys, where the call is secured.
    fn sdp(&self) -> Body {
        let octets = if self.pgp { SDP } else { PLAIN };
        Body { content_type: Some(b"application/sdp".to_vec()), octets: octets.to_vec() }
    }

    /// A challenge of somebody's, in rows, that Alice reads as if Bob had sent it.
    pub(crate) fn challenge(&mut self, rows: &[u8]) {
        let values = rows.split(|octet| *octet == b'\n').take(ROWS);
        let field = |value: &[u8]| Field { name: "WWW-Authenticate", value: value.to_vec() };
        self.challenge = values.map(field).collect();
    }

    /// Alice's answer to the last challenge; it arrives with further rows.
    pub(crate) fn authorize(&mut self, rows: &[u8]) {
        let Some(retry) = self.authorized() else { return };
        let mut arrived = retry.clone();
        self.honest.push(retry);
        add(&mut arrived, rows);
        self.arrives(arrived);
    }

    fn authorized(&self) -> Option<TestRequest> {
        let manager = &self.alice.manager;
        let mut response = TestResponse::to(&self.invite, 401, Body::default());
        response.fields.extend(&self.challenge);
        let (hop, sent) = (self.invite.arrival(), self.invite.view());
        let plan = finish(manager.got_401_unauthorized(CALL, &hop, &response.view(), &sent))?;
        let Required::SendWwwAuthenticate { plan, reserve } = plan else { return None };
        let sealed = finish(manager.encrypt(
            CALL,
            Direction::Request,
            Transport::Udp,
            Some(plan),
            self.sdp(),
        ))?;
        let BodyVerdict::Body(sealed) = sealed else { return None };
        self.keeps_the_offer(&sealed);
        let retry = self.invite.clone().retried().with_body(sealed);
        self.proved(plan, reserve, retry)
    }

    fn proved(&self, plan: Plan, reserve: usize, mut retry: TestRequest) -> Option<TestRequest> {
        let answer = finish(self.alice.manager.authorize(CALL, plan, &retry.view()))?;
        let Authorized::Fields(fields) = answer else { return None };
        handed_out(&fields);
        let octets = fields.iter().map(|field| field.name.len() + field.value.len() + 4);
        assert!(octets.sum::<usize>() <= reserve, "more than was reserved");
        retry.fields.extend(&fields);
        Some(retry)
    }

    /// The last authorized request once more.
    pub(crate) fn again(&mut self) {
        if let Some(arrived) = self.arrived.clone() {
            self.arrives(arrived);
        }
    }

    fn arrives(&mut self, request: TestRequest) {
        if self.received(&request.view(), &request.arrival()).is_none() {
            self.opens(&request.body);
        }
        self.arrived = Some(request);
    }

    /// A request of somebody's, in octets; `{nonce}` stands for Bob's last nonce.
    pub(crate) fn receive(&mut self, octets: &[u8]) {
        let octets = self.with_nonce(octets);
        let Ok(message) = Message::parse(Bytes::from(octets), &Limits::default()) else { return };
        let Some(request) = message.ssa_request() else { return };
        // The stack never asks about these. RFC 3261 §22.1.
        if matches!(request.method, "ACK" | "CANCEL") {
            return;
        }
        let arrival = Arrival {
            source: ([127, 0, 0, 1], 5060).into(),
            transport: Transport::Udp,
            flow: FlowId(1),
            branch: b"z9hG4bK1",
            octets: message.as_bytes().len(),
            in_dialog: match request.to.tag {
                Some(_) => InDialog::FromElsewhere,
                None => InDialog::No,
            },
            certified: Certified::Nobody,
        };
        if let Some(fields) = self.received(&request, &arrival) {
            self.challenge = fields;
        }
    }

    fn with_nonce(&self, octets: &[u8]) -> Vec<u8> {
        let value = self.challenge.first().map(|field| field.value.as_slice()).unwrap_or_default();
        let nonce = value.split(|octet| *octet == b'"').find(|part| part.len() == 48);
        let text = String::from_utf8_lossy(octets);
        let nonce = String::from_utf8_lossy(nonce.unwrap_or_default());
        text.replace("{nonce}", &nonce).into_bytes()
    }

    /// Bob's manager sees a request; the challenge, or nothing where it was let in or refused.
    fn received(&mut self, request: &Request<'_>, arrival: &Arrival<'_>) -> Option<Vec<Field>> {
        let manager = &self.bob.manager;
        let before = manager.records();
        let received = manager.request_received(CALL, arrival, request);
        assert_eq!(manager.records(), before, "something is kept of a stranger");
        let fields = match received {
            Received::SendWwwAuthenticate(fields) => fields,
            Received::Authenticate => match finish(manager.authenticate(CALL, arrival, request))? {
                Authentication::SendWwwAuthenticate(fields) => fields,
                Authentication::Refused(_) => return None,
                Authentication::Authenticated => {
                    self.believed(request);
                    return None;
                }
            },
            Received::Admit => {
                let inside = arrival.in_dialog != InDialog::No;
                assert!(inside && !self.pgp, "a proof is required of everybody");
                return None;
            }
            Received::Reject(_) => return None,
        };
        handed_out(&fields);
        Some(fields)
    }

    /// A request was believed: it says what Alice's did, and its proof was never used.
    fn believed(&mut self, request: &Request<'_>) {
        let proofs = (0..).map_while(|nth| request.headers.value("Authorization", nth));
        let proofs = proofs.collect::<Vec<_>>().join(&b'\n');
        assert!(self.taken.insert(proofs), "a proof counts once");
        if self.pgp {
            let said = signed(request).expect("it was signed");
            let mut honest = self.honest.iter();
            assert!(honest.any(|honest| signed(&honest.view()).as_ref() == Some(&said)));
        }
    }

    /// Bob's answer, which arrives with further rows.
    pub(crate) fn answer(&mut self, rows: &[u8]) {
        let Some(invite) = self.arrived.clone() else { return };
        let manager = &self.bob.manager;
        let sealed =
            finish(manager.encrypt(CALL, Direction::Response, Transport::Udp, None, self.sdp()));
        let Some(BodyVerdict::Body(sealed)) = sealed else { return };
        self.keeps_the_offer(&sealed);
        let mut ok = TestResponse::to(&invite, 200, sealed);
        let leaving = manager.response_leaving(CALL, &invite.view(), &ok.view());
        let Some(Leaving::Fields(fields)) = finish(leaving) else { return };
        handed_out(&fields);
        ok.fields.extend(&fields);
        ok.fields.0.extend(read(rows));
        let alice = &self.alice.manager;
        let (hop, sent) = (invite.arrival(), invite.view());
        let came = finish(alice.response_received(CALL, &hop, &ok.view(), &sent));
        if came == Some(Incoming::Accept) {
            let opened =
                finish(alice.decrypt(CALL, Direction::Response, Transport::Udp, ok.body.clone()));
            self.has_slots(opened);
        }
    }

    fn opens(&self, body: &Body) {
        let opened =
            self.bob.manager.decrypt(CALL, Direction::Request, Transport::Udp, body.clone());
        self.has_slots(finish(opened));
    }

    /// What the media controller is given holds no key.
    fn has_slots(&self, opened: Option<BodyVerdict>) {
        let Some(BodyVerdict::Body(body)) = opened else { return };
        let text = String::from_utf8_lossy(&body.octets);
        let keys = text.lines().filter(|row| row.starts_with("a=crypto:"));
        assert!(keys.clone().all(|row| row.ends_with("inline:{slot}")), "{text}");
        assert!(!self.pgp || body.octets.is_empty() || body.octets == SDP, "{text}");
    }

    /// Where the peer's key is required, what leaves is encrypted; and no slot ever leaves.
    fn keeps_the_offer(&self, body: &Body) {
        let text = String::from_utf8_lossy(&body.octets);
        assert!(!text.contains("{slot}") && !text.contains("inline:"));
        assert!(!self.pgp || !text.contains("m=audio"));
    }

    /// The media controllers ask for what they need.
    pub(crate) fn media(&self, side: u8) {
        let is_callee = side & 1 == 1;
        let side = if is_callee { &self.bob } else { &self.alice };
        let line = Line(0);
        if let Ok(offer) = side.manager.offer(ssm::Call(CALL.0), line) {
            _ = side.manager.answer(ssm::Call(CALL.0), line, &offer);
            _ = side.manager.judge(ssm::Call(CALL.0), line, &offer);
        }
        let guarded = side.manager.guard(ssm::Call(CALL.0), line).is_ok();
        // The policy is for callers: of whom she calls Alice asks what her call was told to ask.
        assert!(!is_callee || !guarded || !self.taken.is_empty(), "keys before the proof");
    }

    pub(crate) fn script(&self, script: &[u8]) {
        let at = script.len() / 2;
        self.alice.application.say(&script[..at]);
        self.bob.application.say(&script[at..]);
    }

    pub(crate) fn pass(&self, tenths: u8) {
        self.clock.pass(u64::from(tenths) * 1_000);
    }

    pub(crate) fn abandon(&self) {
        self.alice.manager.abandon(CALL);
        self.bob.manager.abandon(CALL);
        assert_eq!((self.alice.manager.records(), self.bob.manager.records()), (0, 0));
    }
}

fn side(clock: &Arc<Clock>, directory: &Directory, aor: &str) -> Side {
    let time = Arc::clone(clock);
    let double = Double::new(directory, Arc::new(move || time.unix_time().as_secs()));
    double.add_key(aor);
    let application = Arc::new(Scripted::new(double));
    let builder = SecurityManager::builder(clock.clone());
    let builder = builder.digest(Digest).pgp(Pgp::new(application.clone()));
    Side { manager: builder.build().expect("octets that count up"), application }
}

fn configuration(
    own: (&str, &Fingerprint), peer: (&str, &Fingerprint), require: Requirement,
) -> Configuration {
    let password = || Password::new(PASSWORD.as_bytes().to_vec());
    let account = Account {
        aor: own.0.into(),
        realm: REALM.into(),
        user: "alice".into(),
        secret: Some(password().into()),
        hop: HopPolicy::Udp(vec![([127, 0, 0, 1], 5060).into()]),
        floor: Algorithm::Md5,
        require: Requirement::NOTHING,
        dtls: None,
        sdes: None,
    };
    Configuration {
        accounts: vec![account],
        identities: vec![Identity { aor: own.0.into(), fingerprint: Some(own.1.as_str().into()) }],
        pins: vec![Pin::new(peer.0, peer.1.as_str())],
        users: vec![User { name: "alice".into(), secret: password().into() }],
        algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
        require,
        realm: own.0.rsplit('@').next().unwrap_or_default().into(),
        ..Configuration::default()
    }
}

/// Header fields, one a row.
fn read(rows: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    let rows = rows.split(|octet| *octet == b'\n').take(ROWS);
    rows.filter_map(|row| {
        let at = row.iter().position(|octet| *octet == b':')?;
        let (name, value) = row.split_at(at);
        let name = std::str::from_utf8(name).ok()?.trim().to_owned();
        Some((name, value.get(1..)?.trim_ascii().to_vec()))
    })
}

/// Adds rows; one that begins with `-` takes the fields of its name away first.
fn add(request: &mut TestRequest, rows: &[u8]) {
    for (name, value) in read(rows) {
        let name = match name.strip_prefix('-') {
            Some(name) => {
                request.fields.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                name.to_owned()
            }
            None => name,
        };
        request.fields.0.push((name, value));
    }
}

/// What a signature of a request covers, whoever signed and for which challenge.
fn signed(request: &Request<'_>) -> Option<Vec<u8>> {
    let parameters = Parameters {
        realm: b"realm",
        nonce: b"nonce",
        uri: BOB.as_bytes(),
        contact: b"",
        signer: &KEYS[0],
    };
    Signed::of_request(request, &parameters).ok().map(|fields| fields.octets())
}

/// Fields that leave hold no secret, and are one line each.
fn handed_out(fields: &[Field]) {
    for field in fields {
        assert!(!field.value.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)), "{field:?}");
        let value = String::from_utf8_lossy(&field.value);
        assert!(!value.contains(PASSWORD), "{field:?}");
    }
}

/// The answer, where there is one now.
fn finish<T>(answer: Answer<T>) -> Option<T> {
    match answer {
        Answer::Ready(value) => Some(value),
        Answer::Pending { mut future, .. } => {
            match Future::poll(future.as_mut(), &mut Context::from_waker(Waker::noop())) {
                Poll::Ready(value) => Some(value),
                Poll::Pending => None,
            }
        }
    }
}
