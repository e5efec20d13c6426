//! The SIP manager by hand: no driver, no network, a clock that is a number.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use sip_core::manager::{
    Action, Arrival, CallId, Cause, Config, Event, Hop, Local, Ports, Query, SipManager, Sizes,
    Verdict,
};
use sip_core::{Limits, Message};
use ssa::{Body, BodyVerdict, Field, FlowId, Incoming, Leaving, Received, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// FNV-1a with lengths: good enough where no peer is hostile.
fn hash(parts: &[&[u8]]) -> u64 {
    let octets = parts.iter().flat_map(|part| part.iter().copied().chain([0xff]));
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Numbers that differ, after this one.
fn counting(mut drawn: u64) -> impl FnMut() -> u64 {
    move || {
        drawn += 1;
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Answers as a terminal without security does.
fn open(query: Query<'_>) -> Verdict {
    match query {
        Query::RequestReceived { .. } => Verdict::Received(Received::Admit),
        Query::Encrypt { body, .. } => Verdict::Body(BodyVerdict::Body(body.clone())),
        Query::Decrypt { body, .. } => Verdict::Body(BodyVerdict::Body(body)),
        Query::ResponseLeaving { .. } => Verdict::Leaving(Leaving::Fields(Vec::new())),
        Query::ResponseReceived { .. } => Verdict::Incoming(Incoming::Accept),
        Query::Authenticate { .. }
        | Query::Got401 { .. }
        | Query::Authorize { .. }
        | Query::Locate { .. } => Verdict::Unanswered,
    }
}

/// A manager, and what it sent and told.
struct Host {
    manager: SipManager,
    address: SocketAddr,
    sent: VecDeque<(Hop, Vec<u8>)>,
    told: VecDeque<Event>,
    /// Questions to the security manager, and who answers them.
    asked: usize,
    judge: fn(Query<'_>) -> Verdict,
}

impl Host {
    fn new(last: u8) -> Self {
        let address = SocketAddr::from(([192, 0, 2, last], 5060));
        let locals = vec![Local { transport: Transport::Udp, address }];
        let config = Config { locals, ..Config::default() };
        let random = counting(u64::from(last) << 32);
        let ports = Ports { keyed: Box::new(hash), random: Box::new(random) };
        let manager = SipManager::new(config, ports);
        Self {
            manager,
            address,
            sent: VecDeque::new(),
            told: VecDeque::new(),
            asked: 0,
            judge: open,
        }
    }

    /// Does what the manager says.
    fn act(&mut self, now: Instant) {
        while let Some(action) = self.manager.poll_action() {
            match action {
                Action::Send { hop, octets, .. } => self.sent.push_back((hop, octets.to_vec())),
                Action::Consult(id) => {
                    self.asked += 1;
                    let verdict = self.manager.query(id).map_or(Verdict::Unanswered, self.judge);
                    self.manager.verdict(now, id, verdict);
                }
                Action::Event(event) => self.told.push_back(event),
                Action::CancelConsult(_) | Action::Abandon(_) | Action::Close(_) => {}
            }
        }
    }

    fn receive(&mut self, now: Instant, source: SocketAddr, octets: Vec<u8>) {
        let Ok(message) = Message::parse(octets.into(), &Limits::default()) else { return };
        let (local, transport, flow) = (self.address, Transport::Udp, FlowId(1));
        self.manager.on_message(now, Arrival { source, local, transport, flow }, message);
        self.act(now);
    }

    /// Runs all timers, and how long that took.
    fn drain(&mut self, start: Instant) -> Duration {
        let mut now = start;
        while let Some(due) = self.manager.poll_timeout() {
            now = due;
            self.manager.on_timeout(now);
            self.act(now);
        }
        now - start
    }
}

#[expect(clippy::disallowed_methods, reason = "any instant to count from")]
fn zero() -> Instant {
    Instant::now()
}

fn sdp(text: &str) -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.into() }
}

/// Passes messages between two hosts until there are none; `change` may change them on the way.
fn exchange(now: Instant, hosts: &mut [Host; 2], change: &mut impl FnMut(&mut Vec<u8>)) {
    // Bounded: what is changed on the way may make an endless conversation.
    for _ in 0..100 {
        let Some(from) = hosts.iter().position(|host| !host.sent.is_empty()) else { return };
        let [first, second] = hosts;
        let (sender, receiver) = if from == 0 { (first, second) } else { (second, first) };
        let Some((_, mut octets)) = sender.sent.pop_front() else { return };
        change(&mut octets);
        receiver.receive(now, sender.address, octets);
    }
}

fn incoming(host: &mut Host) -> Option<CallId> {
    host.told.iter().find_map(|event| match event {
        Event::Incoming { id, .. } => Some(*id),
        _ => None,
    })
}

/// One call, its messages changed on the way; the hosts after all timers have run.
fn call(mut change: impl FnMut(&mut Vec<u8>)) -> [Host; 2] {
    let now = zero();
    let mut hosts = [Host::new(1), Host::new(2)];
    let [alice, _] = &mut hosts;
    let prepared =
        alice.manager.prepare(now, "sip:alice@192.0.2.1", "sip:bob@192.0.2.2", None).unwrap();
    alice.manager.invite(now, prepared.id, sdp("offer")).unwrap();
    alice.act(now);
    exchange(now, &mut hosts, &mut change);
    let [_, bob] = &mut hosts;
    if let Some(id) = incoming(bob) {
        bob.manager.ring(now, id).unwrap();
        bob.manager.accept(now, id, sdp("answer")).unwrap();
        bob.act(now);
    }
    exchange(now, &mut hosts, &mut change);
    let [alice, _] = &mut hosts;
    // The call may have failed meanwhile.
    let _ = alice.manager.hang_up(now, prepared.id);
    alice.act(now);
    exchange(now, &mut hosts, &mut change);
    let [_, bob] = &mut hosts;
    bob.manager.hang_up_all(now);
    bob.act(now);
    exchange(now, &mut hosts, &mut change);
    for host in &mut hosts {
        host.drain(now);
    }
    hosts
}

#[test]
fn a_call_needs_no_driver() {
    let [alice, bob] = call(|_| {});
    let told = |host: &Host| host.told.iter().map(|event| format!("{event:?}")).collect::<Vec<_>>();
    let names = |host| {
        told(host)
            .into_iter()
            .map(|it| it.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&alice), ["Ringing", "Answered", "Ended"]);
    assert_eq!(names(&bob), ["Incoming", "Confirmed", "Ended"]);
}

#[test]
fn each_pair_of_datagram_addresses_is_a_flow_of_its_own() {
    let host = Host::new(1);
    let flow = |local: &str, remote: &str| {
        host.manager.datagram_flow(local.parse().unwrap(), remote.parse().unwrap())
    };
    let pairs = [
        ("192.0.2.1:5060", "192.0.2.2:5060"),
        ("192.0.2.1:5060", "192.0.2.2:5061"),
        ("192.0.2.1:5060", "192.0.3.2:5060"),
        ("192.0.2.1:5060", "0.0.0.0:0"),
        ("192.0.2.1:5060", "[2001:db8::2]:5060"),
        ("192.0.2.9:5060", "192.0.2.2:5060"),
        ("192.0.2.9:5061", "192.0.2.2:5060"),
    ];
    let flows: Vec<FlowId> = pairs.iter().map(|(local, remote)| flow(local, remote)).collect();
    for (place, (local, remote)) in pairs.iter().enumerate() {
        assert_eq!(flow(local, remote), flows[place]);
        assert!(!flows[..place].contains(&flows[place]), "{local} and {remote}");
        // Connections are numbered from one.
        assert!(flows[place].0 >= 1 << 63);
    }
}

#[test]
fn all_timers_come_to_an_end() {
    let now = zero();
    let mut alice = Host::new(1);
    let prepared =
        alice.manager.prepare(now, "sip:alice@192.0.2.1", "sip:bob@192.0.2.2", None).unwrap();
    alice.manager.invite(now, prepared.id, sdp("offer")).unwrap();
    alice.act(now);
    // Timer B: 64*T1.
    assert_eq!(alice.drain(now), Duration::from_secs(32));
    assert_eq!(alice.manager.sizes(), Sizes::default());
}

/// The INVITE of a peer at 192.0.2.9.
fn invite() -> Vec<u8> {
    let text = "INVITE sip:bob@192.0.2.2 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKone\r\nMax-Forwards: 70\r\n\
        From: <sip:mallory@192.0.2.9>;tag=m\r\nTo: <sip:bob@192.0.2.2>\r\nCall-ID: one\r\n\
        CSeq: 1 INVITE\r\nContact: <sip:mallory@192.0.2.9>\r\nContent-Length: 0\r\n\r\n";
    text.as_bytes().to_vec()
}

#[test]
fn t01_one_invite_a_hundred_thousand_times_is_one_transaction_told_once() {
    const TIMES: usize = 100_000;
    let mut now = zero();
    let source = SocketAddr::from(([192, 0, 2, 9], 5060));
    let mut bob = Host::new(2);
    let answers = |bob: &mut Host, now: Instant| {
        for _ in 0..TIMES / 4 {
            bob.receive(now, source, invite());
        }
        let sizes = bob.manager.sizes();
        assert!((sizes.transactions, sizes.dialogs, bob.asked) <= (1, 1, 2), "{sizes:?}");
        let answers: Vec<_> = bob.sent.drain(..).map(|(_, octets)| octets).collect();
        assert!(answers.windows(2).all(|two| two[0] == two[1]));
        let line = answers.first().and_then(|it| it.split(|b| *b == b'\r').next());
        (answers.len(), String::from_utf8_lossy(line.unwrap_or_default()).into_owned())
    };
    // Until 200 ms have passed there is nothing to send again.
    assert_eq!(answers(&mut bob, now), (0, String::new()));
    now += Duration::from_millis(200);
    bob.manager.on_timeout(now);
    bob.act(now);
    bob.sent.clear();
    assert_eq!(answers(&mut bob, now), (TIMES / 4, "SIP/2.0 100 Trying".to_owned()));
    let id = incoming(&mut bob).unwrap();
    bob.manager.ring(now, id).unwrap();
    bob.act(now);
    bob.sent.clear();
    assert_eq!(answers(&mut bob, now), (TIMES / 4, "SIP/2.0 180 Ringing".to_owned()));
    bob.manager.reject(now, id, 486).unwrap();
    bob.act(now);
    bob.sent.clear();
    assert_eq!(answers(&mut bob, now), (TIMES / 4, "SIP/2.0 486 Busy Here".to_owned()));
    let told = |wanted: fn(&Event) -> bool| bob.told.iter().filter(|it| wanted(it)).count();
    assert_eq!(told(|it| matches!(it, Event::Incoming { .. })), 1);
    assert_eq!(bob.told.len(), 2, "and that it has ended: {:?}", bob.told);
    bob.drain(now);
    assert_eq!(bob.manager.sizes(), Sizes::default());
}

/// Challenges whoever proves nothing.
fn challenging(query: Query<'_>) -> Verdict {
    let Query::RequestReceived { .. } = query else { return open(query) };
    let field = Field { name: "WWW-Authenticate", value: b"Test nonce=\"1\"".to_vec() };
    Verdict::Received(Received::SendWwwAuthenticate(vec![field]))
}

#[test]
fn t02_ten_thousand_invites_with_a_branch_each_are_a_401_each_and_no_transaction() {
    let now = zero();
    let source = SocketAddr::from(([192, 0, 2, 9], 5060));
    let mut bob = Host { judge: challenging, ..Host::new(2) };
    for number in 1..=10_000 {
        let text = String::from_utf8(invite()).unwrap();
        let text = text.replace("z9hG4bKone", &format!("z9hG4bK{number}"));
        bob.receive(now, source, text.into_bytes());
        let (_, answer) = bob.sent.pop_front().unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("SIP/2.0 401 "), "{answer}");
        assert!(answer.contains(&format!("branch=z9hG4bK{number};")), "{answer}");
        assert_eq!((bob.sent.len(), bob.asked), (0, number), "one answer, one question");
        assert_eq!(bob.manager.sizes(), Sizes::default());
    }
    assert_eq!(bob.manager.poll_timeout(), None);
    assert!(bob.told.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever becomes of the messages on the way: no panic, and nothing is left behind.
    #[test]
    fn damaged_messages_leave_nothing_behind(
        damage in proptest::collection::vec((0usize..12, 0usize..900, any::<u8>()), 0..6),
        cut in proptest::option::of((0usize..12, 0usize..900)),
    ) {
        let mut number = 0;
        let hosts = call(|octets| {
            for (_, at, octet) in damage.iter().filter(|(nth, ..)| *nth == number) {
                let length = octets.len();
                if let Some(place) = octets.get_mut(at % length) {
                    *place = *octet;
                }
            }
            if let Some((_, length)) = cut.filter(|(nth, _)| *nth == number) {
                octets.truncate(length.max(1));
            }
            number += 1;
        });
        for host in &hosts {
            prop_assert_eq!(host.manager.sizes(), Sizes::default());
        }
    }
}

/// What is told of a datagram counts for the request that it quotes, which only those can who have
/// seen it, and only while nobody has answered.
#[test]
fn what_is_told_of_a_datagram_counts_for_the_request_that_it_quotes() {
    let now = zero();
    let started = || {
        let mut alice = Host::new(1);
        let to = "sip:bob@192.0.2.2";
        let id = alice.manager.prepare(now, "sip:alice@192.0.2.1", to, None).unwrap().id;
        alice.manager.invite(now, id, Body::default()).unwrap();
        alice.act(now);
        let (hop, invite) = alice.sent.pop_front().unwrap();
        (alice, id, hop.remote, invite)
    };
    let branch_ends = |invite: &[u8]| {
        let text = std::str::from_utf8(invite).unwrap();
        text.find("branch=").unwrap() + "branch=z9hG4bK".len() + 16
    };
    let told = |alice: &mut Host, remote: SocketAddr, quoted: &[u8]| {
        alice.manager.on_undelivered(now, remote, quoted, "nobody is there");
        alice.act(now);
        alice.told.drain(..).collect::<Vec<_>>()
    };
    let (mut alice, id, remote, invite) = started();
    let end = branch_ends(&invite);
    let mut other = invite.clone();
    *other.get_mut(end - 1).unwrap() ^= 1;
    let mut another = invite.clone();
    *another.first_mut().unwrap() ^= 1;
    let port = SocketAddr::new(remote.ip(), remote.port() + 1);
    let cancel = [b"CANCEL ".as_slice(), invite.get(7..).unwrap()].concat();
    let start = |end: usize| invite.get(..end).unwrap();
    for (remote, quoted) in [
        (remote, start(0)),
        (remote, start(8)),
        (remote, start(end - 1)),
        (remote, other.as_slice()),
        (remote, another.as_slice()),
        (remote, cancel.as_slice()),
        (port, invite.as_slice()),
        (alice.address, invite.as_slice()),
    ] {
        assert_eq!(told(&mut alice, remote, quoted), Vec::new());
    }
    let reason = "nobody is there".to_owned();
    let failed = [
        Event::Unreachable { call: Some(id), reason },
        Event::Failed { id, cause: Cause::Transport },
    ];
    assert_eq!(told(&mut alice, remote, start(end)), failed);
    assert_eq!(told(&mut alice, remote, &invite), Vec::new(), "it is over");
    // Whoever has said anything is there.
    let (mut alice, _, remote, invite) = started();
    let trying = String::from_utf8(invite.clone()).unwrap();
    let trying = trying.replacen(trying.lines().next().unwrap(), "SIP/2.0 100 Trying", 1);
    let head = trying.split("Contact:").next().unwrap().to_owned();
    alice.receive(now, remote, (head + "Content-Length: 0\r\n\r\n").into_bytes());
    assert_eq!(told(&mut alice, remote, &invite), Vec::new());
}
