//! Sessions that find their way by ICE, through the simulated network and its translators.

use super::*;
use crate::IceServers;
use net::Datagram;
use rice_stun_types::attribute::{IceControlling, UseCandidate};
use ssm::{Guard, Line, LineSecurity, Refused};
use std::net::SocketAddr;
use std::task::Poll;
use stun_proto::types::attribute::XorMappedAddress;
use stun_proto::types::message::{
    IntegrityAlgorithm, Message, MessageClass, MessageIntegrityCredentials, MessageWriteExt,
    MessageWriteVec, ShortTermCredentials,
};
use stun_proto::types::prelude::*;

const STUN: [u8; 4] = [203, 0, 113, 1];
const CAROL: [u8; 4] = [203, 0, 113, 66];
pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn config(ip: [u8; 4], voice: u64, servers: IceServers) -> MediaConfig {
    let config = MediaConfig::new(Call(voice), ip.into(), Seed::new([voice as u8; 32]));
    MediaConfig { ice: Some(servers), ..config }
}

/// Two sides that do ICE, with nobody to help them.
pub(super) fn sides(sim: &Simulation, security: fn() -> Arc<dyn MediaSecurity>) -> (Side, Side) {
    let side = |ip, voice| with(sim, config(ip, voice, IceServers::default()), security(), voice);
    (side(ALICE, 1), side(BOB, 2))
}

/// Negotiates with what is offered and answered changed on the way.
pub(super) fn changed(caller: &Side, callee: &Side, change: impl Fn(String) -> String) {
    let text = |body| String::from_utf8(body).unwrap();
    let offer = change(text(caller.session.offer().unwrap()));
    let answer = text(callee.session.answer(offer.as_bytes()).unwrap());
    caller.session.accept_answer(change(answer).as_bytes()).unwrap();
    callee.session.start().unwrap();
    caller.session.start().unwrap();
}

/// How alike what each of two heard is to what the other said, from the first frame that was heard on.
fn alike(sim: &Simulation, alice: &Side, bob: &Side, for_seconds: u32) -> [f64; 2] {
    sim.run_until(sim.elapsed() + SECOND * for_seconds).unwrap();
    [(alice, 2), (bob, 1)].map(|(side, voice)| {
        let heard = side.heard.0.lock().unwrap().clone();
        similarity(&Speech::samples(voice, for_seconds as usize * SAMPLE_RATE as usize), &heard)
    })
}

#[test]
fn a_way_is_found_and_both_are_heard_plain_and_sealed() {
    for security in [open, toy] {
        let sim = network(1, link(0.0, 0.0, 5, 5));
        let (alice, bob) = sides(&sim, security);
        negotiate(&alice, &bob);
        let heard = alike(&sim, &alice, &bob, 4);
        assert!(heard.iter().all(|alike| *alike > 0.9), "{heard:?}");
        for side in [&alice, &bob] {
            assert_eq!(side.event(&sim), Some(Event::Connected));
            let stats = side.session.stats();
            assert!(stats.packets_sent > 180 && stats.reports_received > 0, "{stats:?}");
            assert_eq!(
                stats.dropped.reasons().map(|(why, _)| why).collect::<Vec<_>>(),
                ["unproven"]
            );
        }
    }
}

#[test]
fn a_way_is_found_where_a_third_is_lost_and_packets_come_twice() {
    for seed in 0..4 {
        let sim = network(seed, link(0.3, 0.2, 5, 60));
        let (alice, bob) = sides(&sim, toy);
        negotiate(&alice, &bob);
        sim.run_until(SECOND * 20).unwrap();
        for side in [&alice, &bob] {
            assert_eq!(side.event(&sim), Some(Event::Connected), "{seed}");
            assert!(side.session.stats().packets_received > 200, "{seed}");
        }
    }
}

/// RFC 8445 §7.3.1.1: both believe that they choose, for each takes the other for one that only answers
/// checks; or neither does.
#[test]
fn who_chooses_is_settled_where_both_would() {
    for seed in 0..4 {
        let sim = network(seed, link(0.0, 0.0, 5, 5));
        let (alice, bob) = sides(&sim, open);
        changed(&alice, &bob, |sdp| sdp.replace("a=ice-ufrag", "a=ice-lite\r\na=ice-ufrag"));
        let heard = alike(&sim, &alice, &bob, 5);
        assert!(heard.iter().all(|alike| *alike > 0.8), "{seed} {heard:?}");
    }
}

/// Without the password, checks change nothing, and nobody is answered: no packet leaves, and after half
/// a minute that is told.
#[test]
fn with_a_wrong_password_no_way_is_found_and_nothing_is_sent() {
    let sim = network(3, link(0.0, 0.0, 5, 5));
    let (alice, bob) = sides(&sim, open);
    changed(&alice, &bob, |sdp| {
        let at = sdp.find("a=ice-pwd:").unwrap() + 10;
        format!("{}{}{}", &sdp[..at], "x".repeat(32), &sdp[at + 32..])
    });
    for side in [&alice, &bob] {
        assert_eq!(side.event(&sim), Some(Event::Unreachable));
        let stats = side.session.stats();
        assert_eq!((stats.packets_sent, stats.packets_received), (0, 0));
        assert!(stats.dropped.not_authentic > 0, "{stats:?}");
    }
    assert!((30..31).contains(&sim.elapsed().as_secs()), "{:?}", sim.elapsed());
    // A check, thrice repeated, and no answer to it: what is sent ends.
    let sent = sim.statistics().sent;
    sim.run_until(SECOND * 60).unwrap();
    assert_eq!(sim.statistics().sent, sent);
    assert!(sent <= 2 * 2 * 5, "{sent}");
}

/// Refuses the guard until told otherwise.
struct Unproved(Mutex<bool>);

impl MediaSecurity for Unproved {
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused> {
        Open.offer(call, line)
    }

    fn answer(&self, call: Call, line: Line, of: &LineSecurity) -> Result<LineSecurity, Refused> {
        Open.answer(call, line, of)
    }

    fn judge(&self, call: Call, line: Line, of: &LineSecurity) -> Result<(), Refused> {
        Open.judge(call, line, of)
    }

    fn guard(&self, call: Call, line: Line) -> Result<Guard, Refused> {
        if *self.0.lock().unwrap() {
            Open.guard(call, line)
        } else {
            Err(Refused::NotAuthenticated)
        }
    }
}

/// A stranger's description has nothing sent anywhere: not by its answer, and not while its proof is
/// waited for.
#[test]
fn nothing_is_sent_to_candidates_before_the_proof_is_in() {
    let sim = network(3, link(0.0, 0.0, 5, 5));
    let security = Arc::new(Unproved(Mutex::new(false)));
    let alice = with(&sim, config(ALICE, 1, IceServers::default()), open(), 1);
    let bob = with(&sim, config(BOB, 2, IceServers::default()), security.clone(), 2);
    let answer = bob.session.answer(&alice.session.offer().unwrap()).unwrap();
    bob.session.start_early().unwrap_err();
    bob.session.start().unwrap_err();
    sim.run_until(SECOND * 40).unwrap();
    assert_eq!(sim.statistics().sent, 0);
    *security.0.lock().unwrap() = true;
    alice.session.accept_answer(&answer).unwrap();
    alice.session.start().unwrap();
    bob.session.start().unwrap();
    assert_eq!(bob.event(&sim), Some(Event::Connected));
}

/// What an outsider says, who has not seen the descriptions, is not answered and changes nothing; nor is
/// audio heard from where the peer has not shown to be.
#[test]
fn messages_without_integrity_change_nothing() {
    let sim = network(3, link(0.0, 0.0, 5, 5));
    let (alice, bob) = sides(&sim, open);
    negotiate(&alice, &bob);
    sim.run_until(SECOND * 2).unwrap();
    let (_, network) = sim.host(CAROL.into());
    let carol = network.bind((CAROL, 5000).into()).unwrap();
    let before = alice.session.stats();
    let mut check =
        Message::builder_request(stun_proto::types::message::BINDING, MessageWriteVec::new());
    check.add_fingerprint().unwrap();
    let check = check.finish();
    let mut rtp = vec![0x80, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9];
    rtp.extend([0x55; 160]);
    for _ in 0..20 {
        carol.try_send(alice.session.local_rtp(), &check).unwrap();
        carol.try_send(alice.session.local_rtp(), &rtp).unwrap();
        sim.run_until(sim.elapsed() + Duration::from_millis(20)).unwrap();
    }
    let dropped = alice.session.stats().dropped;
    assert_eq!(dropped.not_authentic - before.dropped.not_authentic, 20);
    assert_eq!(dropped.wrong_address - before.dropped.wrong_address, 20);
    let mut batch = Vec::new();
    let poll =
        std::future::poll_fn(|cx| Poll::Ready(carol.poll_receive(cx, &mut batch).is_ready()));
    assert!(!sim.block_on(poll).unwrap(), "{batch:?}");
}

/// RFC 7675 §5.1: the peer is asked every 5 s, and where it does not answer for 30 s, sending stops. A
/// new offer begins anew. RFC 8445 §9.
#[test]
fn without_consent_nothing_is_sent_until_a_new_offer_finds_a_way() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let config =
        |ip, voice| MediaConfig { timeout: None, ..config(ip, voice, IceServers::default()) };
    let alice = with(&sim, config(ALICE, 1), toy(), 1);
    let bob = with(&sim, config(BOB, 2), toy(), 2);
    let ufrags = RefCell::default();
    let keep = |sdp: String| {
        let ufrag = sdp.lines().find(|line| line.starts_with("a=ice-ufrag")).map(str::to_owned);
        RefCell::<Vec<_>>::borrow_mut(&ufrags).extend(ufrag);
        sdp
    };
    changed(&alice, &bob, keep);
    sim.run_until(SECOND * 45).unwrap();
    for side in [&alice, &bob] {
        assert_eq!(side.event(&sim), Some(Event::Connected));
    }
    let (cut, before) = (sim.elapsed(), alice.session.stats().packets_sent);
    assert!(before > 2_200, "{before}");
    sim.cut(ALICE.into(), BOB.into());
    assert_eq!(alice.event(&sim), Some(Event::Unreachable));
    let lost = (sim.elapsed() - cut).as_millis();
    assert!((24_000..=30_100).contains(&lost), "{lost}");
    sim.run_until(cut + SECOND * 40).unwrap();
    assert_eq!(bob.event(&sim), Some(Event::Unreachable));
    let [stopped, bobs] = [&alice, &bob].map(|side| side.session.stats().packets_sent);
    sim.heal(ALICE.into(), BOB.into());
    sim.run_until(sim.elapsed() + SECOND * 10).unwrap();
    assert_eq!([&alice, &bob].map(|side| side.session.stats().packets_sent), [stopped, bobs]);
    changed(&alice, &bob, keep);
    let ufrags = ufrags.into_inner();
    assert_eq!(ufrags.iter().collect::<std::collections::HashSet<_>>().len(), 4, "{ufrags:?}");
    for side in [&alice, &bob] {
        assert_eq!(side.event(&sim), Some(Event::Connected));
    }
    sim.run_until(sim.elapsed() + SECOND * 2).unwrap();
    assert!(alice.session.stats().packets_sent > stopped + 90);
}

/// RFC 8839 §4.4.1.2: the same credentials, and the way goes on.
#[test]
fn a_later_offer_leaves_the_way_as_it_is() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let (alice, bob) = sides(&sim, toy);
    negotiate(&alice, &bob);
    sim.run_until(SECOND * 2).unwrap();
    for side in [&alice, &bob] {
        assert_eq!(side.event(&sim), Some(Event::Connected));
    }
    let before = alice.session.stats().packets_sent;
    for (caller, callee) in [(&alice, &bob), (&bob, &alice)] {
        negotiate(caller, callee);
        sim.run_until(sim.elapsed() + SECOND).unwrap();
    }
    assert!(alice.session.stats().packets_sent >= before + 98);
    let offer = String::from_utf8(alice.session.offer().unwrap()).unwrap();
    let chosen = format!("a=remote-candidates:1 192.0.2.2 {}\r\n", bob.session.local_rtp().port());
    assert!(offer.contains(&chosen), "{offer}");
}

/// Where RTCP has a port of its own, it has a way of its own. RFC 8445 §13.
#[test]
fn reports_have_their_own_way_where_they_have_their_own_port() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let (alice, bob) = sides(&sim, toy);
    changed(&alice, &bob, |sdp| sdp.replace("a=rtcp-mux\r\n", ""));
    sim.run_until(SECOND * 20).unwrap();
    for side in [&alice, &bob] {
        let stats = side.session.stats();
        assert!(stats.packets_received > 900 && stats.reports_received > 1, "{stats:?}");
    }
}

#[test]
fn a_peer_that_does_no_ice_is_called_without_it() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let alice = with(&sim, config(ALICE, 1, IceServers::default()), open(), 1);
    let bob = side(&sim, BOB, open(), 2);
    for (caller, callee) in [(&alice, &bob), (&bob, &alice)] {
        negotiate(caller, callee);
        let before = alice.session.stats().packets_received;
        sim.run_until(sim.elapsed() + SECOND * 2).unwrap();
        assert!(alice.session.stats().packets_received > before + 90);
    }
}

/// Answers what it is asked with what it sees, as a STUN server does. RFC 8489 §6.3.1.
fn serve_stun(sim: &Simulation) -> SocketAddr {
    let at = SocketAddr::from((STUN, 3478));
    let (runtime, network) = sim.host(STUN.into());
    let socket = network.bind(at).unwrap();
    runtime.spawn(Box::pin(async move {
        loop {
            let mut batch = Vec::new();
            std::future::poll_fn(|cx| socket.poll_receive(cx, &mut batch)).await.unwrap();
            for Datagram { source, octets, .. } in batch {
                let request = Message::from_bytes(&octets).unwrap();
                assert!(request.has_class(MessageClass::Request));
                let mut answer = Message::builder_success(&request, MessageWriteVec::new());
                let seen = XorMappedAddress::new(source, request.transaction_id());
                answer.add_attribute(&seen).unwrap();
                socket.try_send(source, &answer.finish()).unwrap();
            }
        }
    }));
    at
}

/// Both are behind translators that let nothing in that they have not sent to (RFC 4787 §5): neither
/// could be reached where it says it is.
#[test]
fn two_behind_translators_reach_each_other_where_a_server_sees_them() {
    for security in [open, toy] {
        let sim = network(5, link(0.0, 0.0, 5, 20));
        let (home, office) = ([10, 0, 0, 2], [10, 0, 1, 2]);
        sim.translate(home.into(), [198, 51, 100, 1].into(), SECOND * 30);
        sim.translate(office.into(), [198, 51, 100, 2].into(), SECOND * 30);
        let stun = Some(serve_stun(&sim));
        let servers = || IceServers { stun, turn: None };
        let alice = with(&sim, config(home, 1, servers()), security(), 1);
        let bob = with(&sim, config(office, 2, servers()), security(), 2);
        for side in [&alice, &bob] {
            sim.block_on(side.session.gathered()).unwrap();
        }
        // It rings for longer than a translator remembers: it is reminded.
        let offer = alice.session.offer().unwrap();
        let told = String::from_utf8(offer.clone()).unwrap();
        assert!(
            told.contains("c=IN IP4 198.51.100.1\r\n") && told.contains("typ srflx raddr 10.0.0.2")
        );
        sim.run_until(sim.elapsed() + SECOND * 90).unwrap();
        let answer = bob.session.answer(&offer).unwrap();
        bob.session.start().unwrap();
        alice.session.accept_answer(&answer).unwrap();
        alice.session.start().unwrap();
        for side in [&alice, &bob] {
            assert_eq!(side.event(&sim), Some(Event::Connected));
        }
        sim.run_until(sim.elapsed() + SECOND * 5).unwrap();
        for side in [&alice, &bob] {
            assert!(side.session.stats().packets_received > 200, "{:?}", side.session.stats());
        }
    }
}

/// A server that says nothing is waited for so long, and no longer.
#[test]
fn a_server_that_does_not_answer_holds_nobody_up() {
    let sim = network(5, link(0.0, 0.0, 5, 20));
    let stun = Some(SocketAddr::from((STUN, 3478)));
    let alice = with(&sim, config(ALICE, 1, IceServers { stun, turn: None }), open(), 1);
    sim.block_on(alice.session.gathered()).unwrap();
    assert!((2_900..=3_100).contains(&sim.elapsed().as_millis()), "{:?}", sim.elapsed());
    let offer = String::from_utf8(alice.session.offer().unwrap()).unwrap();
    assert_eq!(offer.matches("a=candidate").count(), 2, "{offer}");
    // RTP and RTCP, three times each.
    assert_eq!(sim.statistics().sent, 6);
}

/// What a peer says that only answers checks. RFC 8839 §5.3.
fn lite_sdp() -> String {
    let [ip, ufrag, pwd] = ["192.0.2.2", "lite", "litelitelitelitelitelite"];
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\na=ice-lite\r\n\
         m=audio 6000 RTP/AVP 0\r\na=rtcp-mux\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n\
         a=candidate:1 1 UDP 2130706431 {ip} 6000 typ host\r\n"
    )
}

/// Answers checks and makes none, and sends back what is no check; notes whether a check nominated.
fn serve_lite(sim: &Simulation) -> Arc<Mutex<bool>> {
    let (runtime, network) = sim.host(BOB.into());
    let socket = network.bind((BOB, 6000).into()).unwrap();
    let nominated = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&nominated);
    let password = ShortTermCredentials::new("litelitelitelitelitelite".to_owned());
    let key = MessageIntegrityCredentials::ShortTerm(password);
    runtime.spawn(Box::pin(async move {
        loop {
            let mut batch = Vec::new();
            std::future::poll_fn(|cx| socket.poll_receive(cx, &mut batch)).await.unwrap();
            for Datagram { source, octets, .. } in batch {
                let Ok(request) = Message::from_bytes(&octets) else {
                    socket.try_send(source, &octets).unwrap();
                    continue;
                };
                assert!(request.has_class(MessageClass::Request));
                assert!(request.attribute::<IceControlling>().is_ok());
                *seen.lock().unwrap() |= request.attribute::<UseCandidate>().is_ok();
                let mut answer = Message::builder_success(&request, MessageWriteVec::new());
                let at = XorMappedAddress::new(source, request.transaction_id());
                answer.add_attribute(&at).unwrap();
                answer.add_message_integrity(&key, IntegrityAlgorithm::Sha1).unwrap();
                answer.add_fingerprint().unwrap();
                socket.try_send(source, &answer.finish()).unwrap();
            }
        }
    }));
    nominated
}

/// RFC 8445 §6.1.1: whoever calls, we choose.
#[test]
fn a_peer_that_only_answers_checks_is_chosen_for_whoever_calls() {
    for calls in [true, false] {
        let sim = network(7, link(0.1, 0.0, 5, 5));
        let nominated = serve_lite(&sim);
        let alice = with(&sim, config(ALICE, 1, IceServers::default()), open(), 1);
        if calls {
            alice.session.answer(lite_sdp().as_bytes()).unwrap();
        } else {
            alice.session.offer().unwrap();
            alice.session.accept_answer(lite_sdp().as_bytes()).unwrap();
        }
        alice.session.start().unwrap();
        assert_eq!(alice.event(&sim), Some(Event::Connected));
        assert!(*nominated.lock().unwrap());
        sim.run_until(SECOND * 50).unwrap();
        let stats = alice.session.stats();
        // It goes on behind the 30 s of consent. What comes back is our own: a loop, and dropped.
        assert!(stats.packets_sent > 2_300 && stats.dropped.wrong_source > 1_500, "{stats:?}");
    }
}
