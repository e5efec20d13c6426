//! A server that authenticates by Digest, in whole or with one fault.

use net::sim::Simulation;
use net::{Datagram, DatagramSocket};
use sec_manager::digest::explain::{Exchange, response, rspauth};
use sec_manager::digest::{Asked, Challenge, Credentials, Named, Qops};
use sip_core::{HeaderName, Limits, Message, ResponseBuilder, StatusCode};
use sip_syntax::Text;
use sip_syntax::auth::of_scheme;
use sst::Algorithm;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub(super) const PASSWORD: &[u8] = b"alice-secret";

/// The body that the probe's credentials cover, where they cover one.
const COVERED: &[u8] = b"This tests whether you notice.";

/// One thing that a server does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not wrong: MD5 alone, with auth, and no Authentication-Info.
    Plain,
    /// Not wrong: each nonce is good for one request.
    OneTime,
    NeverAsks,
    OffersBasic,
    OffersNoQop,
    OffersTwice,
    /// The algorithm is offered, and right answers under it are refused.
    Breaks(Algorithm),
    CountsInDecimal,
    AcceptsReplays,
    NeverStale,
    AcceptsAnyNonce,
    ReadsFirstOnly,
    IgnoresBody,
    RefusesAuthInt,
    IgnoresUri,
    DiesOfAlgorithm,
    AcceptsAnyAlgorithm,
    CallsWrongStale,
    AcceptsAnything,
    RefusesUnknownParameters,
    TellsUsers,
    TellsUsersByHeader,
    ProvesWrongly,
    ForgetsNextNonce,
    LocksOut,
}

/// Faults, and the checks that fail by them.
pub(super) const FAULTS: &[(Fault, &[&str])] = &[
    (Fault::NeverAsks, &["challenges"]),
    (Fault::OffersBasic, &["offers"]),
    (Fault::OffersNoQop, &["offers"]),
    (Fault::OffersTwice, &["offers"]),
    (Fault::Breaks(Algorithm::Md5), &["md5"]),
    (Fault::Breaks(Algorithm::Sha256), &["sha-256"]),
    (Fault::Breaks(Algorithm::Sha512_256), &["sha-512-256"]),
    (Fault::CountsInDecimal, &["counted"]),
    (Fault::AcceptsReplays, &["replay"]),
    (Fault::NeverStale, &["stale"]),
    (Fault::AcceptsAnyNonce, &["stale"]),
    (Fault::ReadsFirstOnly, &["other-realms"]),
    (Fault::IgnoresBody, &["body-changed"]),
    (Fault::RefusesAuthInt, &["auth-int"]),
    (Fault::IgnoresUri, &["other-uri"]),
    (Fault::DiesOfAlgorithm, &["unknown-algorithm"]),
    (Fault::AcceptsAnyAlgorithm, &["unknown-algorithm"]),
    (Fault::CallsWrongStale, &["wrong-response", "unknown-user"]),
    (Fault::AcceptsAnything, &["body-changed", "other-uri", "wrong-response", "unknown-user"]),
    (Fault::RefusesUnknownParameters, &["unknown-parameter"]),
    (Fault::TellsUsers, &["unknown-user"]),
    (Fault::TellsUsersByHeader, &["unknown-user"]),
    (Fault::ProvesWrongly, &["rspauth"]),
    (Fault::ForgetsNextNonce, &["nextnonce"]),
    (Fault::LocksOut, &["unknown-parameter", "rspauth", "nextnonce", "not-locked-out"]),
];

/// What the server saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Answers of the account's to a nonce of ours that another password may have made.
    pub(super) wrong_password: usize,
    /// Requests with credentials that were refused one after the other.
    pub(super) most_failures_in_a_row: usize,
    failures: usize,
    /// Contacts in requests.
    pub(super) contacts: usize,
}

pub(super) struct Double {
    fault: Option<Fault>,
    /// Nonces that were given, and up to where they were counted.
    nonces: BTreeMap<Vec<u8>, u32>,
    seen: Arc<Mutex<Seen>>,
}

/// What is thought of a request.
enum Judgement {
    Challenge {
        stale: bool,
    },
    /// With what Authentication-Info says.
    Accept(String),
    Refuse(u16),
    /// There is no answer.
    Die,
}

impl Double {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        Self { fault, nonces: BTreeMap::new(), seen: Arc::default() }
    }

    /// Answers at port 5060 of a host.
    pub(super) fn serve(mut self, sim: &Simulation, host: [u8; 4]) -> Arc<Mutex<Seen>> {
        let (runtime, network) = sim.host(host.into());
        let socket: Box<dyn DatagramSocket> = network.bind((host, 5060).into()).unwrap();
        let seen = Arc::clone(&self.seen);
        runtime.spawn(Box::pin(async move {
            let mut batch = Vec::new();
            while socket.receive(&mut batch).await.is_ok() {
                for Datagram { source, octets, .. } in batch.drain(..) {
                    let request = Message::parse(octets, &Limits::default()).unwrap();
                    if let Some(response) = self.answer(&request) {
                        socket.try_send(source, &response).unwrap();
                    }
                }
            }
        }));
        seen
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn answer(&mut self, request: &Message) -> Option<Vec<u8>> {
        let judgement = self.judge(request);
        self.note(request, &judgement);
        let to = |status, reason| {
            let status = StatusCode::new(status).unwrap();
            ResponseBuilder::to(request, status, reason).to_tag("double")
        };
        let response = match judgement {
            Judgement::Die => return None,
            Judgement::Refuse(status) => to(status, "Refused"),
            Judgement::Accept(info) if info.is_empty() => to(200, "OK"),
            Judgement::Accept(info) => to(200, "OK").field("Authentication-Info", info),
            Judgement::Challenge { stale } => {
                let challenges = self.challenges(stale);
                let response = to(401, "Unauthorized");
                challenges.iter().fold(response, |it, value| it.field("WWW-Authenticate", value))
            }
        };
        let credentials = request.header(HeaderName::Authorization).unwrap_or_default();
        if self.has(Fault::TellsUsersByHeader) && has(credentials, b"\"nobody-") {
            return Some(response.field("Warning", "399 pbx \"who?\"").build().to_vec());
        }
        Some(response.build().to_vec())
    }

    fn note(&self, request: &Message, judgement: &Judgement) {
        let mut seen = self.seen.lock().unwrap();
        seen.contacts += request.headers(HeaderName::Contact).count();
        seen.failures = match (request.header(HeaderName::Authorization), judgement) {
            (None, _) => seen.failures,
            (Some(_), Judgement::Accept(_)) => 0,
            (Some(_), _) => seen.failures + 1,
        };
        seen.most_failures_in_a_row = seen.most_failures_in_a_row.max(seen.failures);
    }

    fn challenges(&mut self, stale: bool) -> Vec<Vec<u8>> {
        let nonce = self.nonce();
        let hashes: &[Algorithm] = match self.fault {
            Some(Fault::Plain) => &[Algorithm::Md5],
            // What is broken is not what all other checks take.
            Some(Fault::Breaks(Algorithm::Sha512_256)) => {
                &[Algorithm::Sha256, Algorithm::Sha512_256, Algorithm::Md5]
            }
            _ => &[Algorithm::Sha512_256, Algorithm::Sha256, Algorithm::Md5],
        };
        let challenge = |hash: &Algorithm| Challenge {
            realm: Text::plain(b"pbx.example"),
            nonce: Text::plain(&nonce),
            opaque: Some(Text::plain(b"a \"b\"")),
            algorithm: Named { hash: *hash, session: false },
            qops: Qops { offered: true, auth: true, auth_int: !self.has(Fault::Plain) },
            stale,
            userhash: false,
        };
        let mut all: Vec<Vec<u8>> = hashes.iter().map(|it| challenge(it).to_value()).collect();
        match self.fault {
            Some(Fault::OffersBasic) => all.push(b"Basic realm=\"pbx.example\"".to_vec()),
            Some(Fault::OffersTwice) => all.push(all[0].clone()),
            Some(Fault::OffersNoQop) => all.push(b"Digest realm=\"r\", nonce=\"n\"".to_vec()),
            _ => {}
        }
        all
    }

    fn nonce(&mut self) -> Vec<u8> {
        let nonce = format!("nonce-{:08}", self.nonces.len()).into_bytes();
        self.nonces.insert(nonce.clone(), 0);
        nonce
    }

    fn judge(&mut self, request: &Message) -> Judgement {
        if self.has(Fault::NeverAsks) {
            return Judgement::Accept(String::new());
        }
        let mut values = request.headers(HeaderName::Authorization);
        let ours = |value: &&[u8]| has(value, b"realm=\"pbx.example\"");
        let value = match self.has(Fault::ReadsFirstOnly) {
            true => values.next().filter(ours),
            false => values.find(ours),
        };
        let Some(value) = value else { return Judgement::Challenge { stale: false } };
        if self.has(Fault::RefusesUnknownParameters) && has(value, b"x-probe") {
            return Judgement::Refuse(400);
        }
        match (Credentials::parse(of_scheme(value, "Digest").unwrap()), self.fault) {
            (Ok(credentials), _) => self.weigh(request, &credentials),
            (Err(_), Some(Fault::DiesOfAlgorithm)) => Judgement::Die,
            (Err(_), Some(Fault::AcceptsAnyAlgorithm)) => Judgement::Accept(String::new()),
            (Err(_), _) => Judgement::Challenge { stale: false },
        }
    }

    fn weigh(&mut self, request: &Message, credentials: &Credentials<'_>) -> Judgement {
        let nonce = text(credentials.nonce);
        let counted = self.nonces.get(&nonce).copied();
        if counted.is_none() && !self.has(Fault::AcceptsAnyNonce) {
            return Judgement::Challenge { stale: !self.has(Fault::NeverStale) };
        }
        let digits = String::from_utf8(text(credentials.count)).unwrap();
        let count = match self.has(Fault::CountsInDecimal) {
            true => digits.parse().unwrap_or(0),
            false => u32::from_str_radix(&digits, 16).unwrap(),
        };
        if count <= counted.unwrap_or(0) && !self.has(Fault::AcceptsReplays) {
            return Judgement::Challenge { stale: true };
        }
        if let Some(refused) = self.refusal(request, credentials) {
            return refused;
        }
        self.nonces.insert(nonce, if self.has(Fault::OneTime) { u32::MAX } else { count });
        Judgement::Accept(self.info(request, credentials))
    }

    fn refusal(&self, request: &Message, credentials: &Credentials<'_>) -> Option<Judgement> {
        let again = Judgement::Challenge { stale: self.has(Fault::CallsWrongStale) };
        if self.has(Fault::AcceptsAnything) {
            return None;
        }
        if credentials.user != Text::plain(b"alice") {
            let unknown = Judgement::Challenge { stale: false };
            let tells = self.has(Fault::TellsUsers);
            return Some(if tells { Judgement::Refuse(404) } else { unknown });
        }
        let given = text(credentials.response);
        let is_right = |body| response(&exchange(request, credentials, body)).is(&given);
        let ignores = self.has(Fault::IgnoresBody);
        if !is_right(if ignores { COVERED } else { request.body() }) {
            self.seen.lock().unwrap().wrong_password += usize::from(!is_right(COVERED));
            return Some(again);
        }
        let is_locked = self.seen.lock().unwrap().wrong_password > 0;
        if self.has(Fault::LocksOut) && is_locked {
            return Some(Judgement::Refuse(403));
        }
        let is_covered = !request.body().is_empty();
        if self.has(Fault::Breaks(credentials.algorithm.hash))
            || self.has(Fault::RefusesAuthInt) && is_covered
        {
            return Some(again);
        }
        let is_other = credentials.uri != Text::plain(request.request_uri().unwrap());
        (is_other && !self.has(Fault::IgnoresUri)).then_some(Judgement::Refuse(400))
    }

    fn info(&mut self, request: &Message, credentials: &Credentials<'_>) -> String {
        if self.has(Fault::Plain) {
            return String::new();
        }
        let next = match self.has(Fault::ForgetsNextNonce) {
            true => b"forgotten".to_vec(),
            false => self.nonce(),
        };
        let proof = match self.has(Fault::ProvesWrongly) {
            true => text(credentials.response),
            false => rspauth(&exchange(request, credentials, b""), b"").as_bytes().to_vec(),
        };
        let [next, proof] = [next, proof].map(|octets| String::from_utf8(octets).unwrap());
        format!("nextnonce=\"{next}\", rspauth=\"{proof}\"")
    }
}

fn exchange<'a>(
    request: &'a Message, credentials: &Credentials<'a>, body: &'a [u8],
) -> Exchange<'a> {
    Exchange {
        challenge: None,
        credentials: *credentials,
        asked: Asked { method: request.method().unwrap().as_str(), body },
        request_uri: None,
        user: None,
        password: PASSWORD,
    }
}

fn text(text: Text<'_>) -> Vec<u8> {
    text.octets().collect()
}

fn has(value: &[u8], part: &[u8]) -> bool {
    value.windows(part.len()).any(|it| it == part)
}
