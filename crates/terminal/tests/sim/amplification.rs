//! Promises 6 and 19: what a stranger's datagram brings back, retransmissions included, is at most
//! twice as large, whatever the shape of the request.

use net::sim::Random;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sec_manager::{Digest, NoRandomness, Pgp, SecurityManager};
use sip_core::manager::{Action, Arrival, Config, Local, Ours, Ports, Query, SipManager, Verdict};
use sip_core::{Limits, Message};
use sma::conformance::{Directory, Double};
use ssa::{Answer, FlowId, SipSecurity, Transport};
use sst::{
    Algorithm, Configuration, Identity, Means, Password, Requirement, TelephonySecurity as _, User,
};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const BOB: &str = "sip:b@b.example";

/// FNV-1a with an end for each part.
fn hash(parts: &[&[u8]]) -> u64 {
    let octets = parts.iter().flat_map(|part| part.iter().copied().chain([0xff]));
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A platform whose time stands still.
struct Still(Instant);

impl sec_manager::Platform for Still {
    fn now(&self) -> Instant {
        self.0
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        buffer.fill(7);
        Ok(())
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        Box::pin(std::future::pending())
    }
}

/// A SIP manager with the real security manager.
struct Stack {
    sip: SipManager,
    security: Arc<SecurityManager>,
    local: SocketAddr,
}

impl Stack {
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    fn new(require: Requirement) -> Self {
        let local = SocketAddr::from(([192, 0, 2, 2], 5060));
        let locals = vec![Local { transport: Transport::Udp, address: local }];
        let ours = Ours { hides_users: true, ..Ours::of([BOB, "sip:b@b"]) };
        let mut random = Random::new(1);
        let random = Box::new(move || random.next_u64());
        let ports = Ports { keyed: Box::new(hash), random };
        let directory = Directory::new(1);
        let double = Double::new(&directory, Arc::new(|| 1_700_000_000));
        let security = SecurityManager::builder(Arc::new(Still(Instant::now())))
            .digest(Digest)
            .pgp(Pgp::new(Arc::new(double)))
            .build()
            .unwrap();
        security.configure(&Configuration {
            identities: vec![Identity { aor: BOB.to_owned(), fingerprint: None }],
            users: vec![User { name: "a".to_owned(), secret: Password::new(b"p".to_vec()).into() }],
            algorithms: vec![Algorithm::Sha512_256, Algorithm::Sha256, Algorithm::Md5],
            require,
            realm: "b.example".to_owned(),
            ..Configuration::default()
        });
        Self {
            sip: SipManager::new(Config { locals, ours, ..Config::default() }, ports),
            security,
            local,
        }
    }

    /// Octets that come back for a datagram, until all timers have run.
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    fn answer(&mut self, datagram: &str) -> usize {
        let Ok(message) = Message::parse(datagram.as_bytes().to_vec().into(), &Limits::default())
        else {
            return 0;
        };
        let now = Instant::now();
        let source = SocketAddr::from(([192, 0, 2, 66], 40_000));
        let arrival =
            Arrival { source, local: self.local, transport: Transport::Udp, flow: FlowId(1) };
        self.sip.on_message(now, arrival, message);
        let mut sent = self.act(now);
        while let Some(due) = self.sip.poll_timeout() {
            self.sip.on_timeout(due);
            sent += self.act(due);
        }
        assert_eq!(self.sip.sizes(), Default::default(), "a stranger leaves nothing");
        sent
    }

    fn act(&mut self, now: Instant) -> usize {
        let mut sent = 0;
        while let Some(action) = self.sip.poll_action() {
            match action {
                Action::Send { octets, .. } => sent += octets.len(),
                Action::Consult(id) => {
                    let verdict = self.sip.query(id).map(|query| self.ask(query));
                    self.sip.verdict(now, id, verdict.unwrap_or(Verdict::Unanswered));
                }
                Action::Abandon(call) => self.security.abandon(call),
                Action::Event(event) => panic!("a stranger is not heard of: {event:?}"),
                Action::CancelConsult(_) | Action::Close(_) => {}
            }
        }
        sent
    }

    fn ask(&self, query: Query<'_>) -> Verdict {
        match query {
            Query::RequestReceived { call, arrival, request } => {
                Verdict::Received(self.security.request_received(call, &arrival, &request))
            }
            Query::Authenticate { call, arrival, request } => {
                match self.security.authenticate(call, &arrival, &request) {
                    Answer::Ready(signal) => Verdict::Authentication(signal),
                    Answer::Pending { mut future, .. } => {
                        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                            Poll::Ready(signal) => Verdict::Authentication(signal),
                            Poll::Pending => Verdict::Unanswered,
                        }
                    }
                }
            }
            _ => panic!("nothing else is asked of a stranger"),
        }
    }
}

/// What the lines of a request may be; each may be left out.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let optional = |choices: &'static [&'static str]| {
        prop_oneof![1 => Just(String::new()), 4 => proptest::sample::select(choices)
            .prop_map(str::to_owned)]
    };
    let via = optional(&[
        "v:SIP/2.0/UDP h",
        "v:SIP/2.0/UDP h;branch=z9hG4bK1",
        "v:SIP/2.0/UDP h;rport;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK1;rport",
        "v:SIP/2.0/UDP h;branch=z9hG4bK1,SIP/2.0/UDP p;branch=z9hG4bK2",
        "v:SIP/2.0/UDP a..b;branch=z9hG4bK1",
        "v:SIP/2.0/UDP h;maddr=192.0.2.1;received=192.0.2.1;branch=z9hG4bK1",
    ]);
    let from = optional(&["f:<sip:a@a>;tag=1", "f:sip:a;tag=1", "From: \"A\" <sip:a@a>", "f:x"]);
    let to = optional(&["t:<sip:b@b.example>", "t:sip:b@b.example;tag=9", "To: <sip:b@b>", "t:x"]);
    let call = optional(&["i:1", "Call-ID: a84b4c76e66710@pc33.example.org"]);
    let length = optional(&["l:0", "Content-Length: 4", "l:99"]);
    let contact = optional(&["m:<sip:a@a>", "Contact: <sip:a@192.0.2.66:5060>"]);
    let hops = optional(&["Max-Forwards: 70", "Max-Forwards: 0", "Max-Forwards: x"]);
    let more = optional(&[
        "Require: a",
        "e:gzip",
        "c:x/y",
        "Authorization: PGP nonce=\"x\"",
        "Authorization: Digest realm=\"b.example\"",
        "s: a longer subject that is nothing to the terminal but makes the datagram larger",
    ]);
    (via, from, to, call, length, contact, hops, more)
        .prop_map(|it| vec![it.0, it.1, it.2, it.3, it.4, it.5, it.6, it.7])
}

fn request() -> impl Strategy<Value = String> {
    const METHODS: [&str; 10] = [
        "INVITE", "OPTIONS", "CANCEL", "BYE", "REGISTER", "MESSAGE", "UPDATE", "NOTIFY", "X", "ACK",
    ];
    const URIS: [&str; 6] =
        ["sip:b@b", "sip:b@b.example", "sip:x@b", "sip:b@c", "sips:b@b", "tel:1"];
    let uri = prop_oneof![12 => proptest::sample::select(&URIS), 1 => Just("x:y")];
    let version = prop_oneof![8 => Just("SIP/2.0"), 1 => Just("SIP/3.0")];
    let cseq = prop_oneof![4 => Just("1"), 1 => Just("4294967296")];
    (proptest::sample::select(&METHODS), uri, version, lines(), cseq, "[ -~]{0,8}").prop_map(
        |(method, uri, version, lines, cseq, body)| {
            let kept: String = lines
                .iter()
                .filter(|line| !line.is_empty())
                .fold(String::new(), |text, line| text + line + "\r\n");
            format!("{method} {uri} {version}\r\n{kept}CSeq:{cseq} {method}\r\n\r\n{body}")
        },
    )
}

#[test]
fn x06_nothing_that_a_stranger_sends_brings_back_twice_its_octets() {
    let largest = (AtomicUsize::new(0), AtomicUsize::new(0));
    let answered = AtomicUsize::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 2_000, ..ProptestConfig::default() });
    let outcome = runner.run(&request(), |datagram| {
        for require in [Requirement::DIGEST, Requirement::PGP, Requirement::DIGEST.or(Means::Pgp)] {
            let sent = Stack::new(require).answer(&datagram);
            prop_assert!(sent <= 2 * datagram.len(), "{sent} octets for {}", datagram.len());
            answered.fetch_add(usize::from(sent > 0), Ordering::Relaxed);
            largest.0.fetch_max(sent, Ordering::Relaxed);
            largest.1.fetch_max(100 * sent / datagram.len(), Ordering::Relaxed);
        }
        Ok(())
    });
    outcome.unwrap();
    let [octets, hundredths, answered] =
        [&largest.0, &largest.1, &answered].map(|it| it.load(Ordering::Relaxed));
    println!(
        "the largest answer: {octets} octets; the largest ratio: {}.{:02}",
        hundredths / 100,
        hundredths % 100
    );
    assert!(answered > 1_000, "{answered} of 4 000 were answered at all");
    assert!(hundredths > 150, "the bound was not even near: {hundredths}");
}
