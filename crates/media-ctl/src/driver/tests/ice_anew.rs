//! Sessions for which ways are looked for more than once: while it rings, where an INVITE has forked,
//! and where one side begins anew again and again.

use super::ice::{SECOND, changed, config, sides};
use super::*;
use crate::{IceServers, TurnServer, TurnTransport};
use net::Datagram;
use ssm::{Guard, Line, LineSecurity, Refused};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use stun_proto::types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_proto::types::message::{
    IntegrityAlgorithm, LongTermCredentials, Message, MessageIntegrityCredentials, MessageWriteExt,
    MessageWriteVec,
};
use stun_proto::types::prelude::*;
use turn_client_proto::types::attribute::{Lifetime, XorRelayedAddress};

pub(super) const CAROL: [u8; 4] = [203, 0, 113, 66];

fn one(sim: &Simulation, ip: [u8; 4], voice: u64) -> Side {
    with(sim, config(ip, voice, IceServers::default()), open(), voice)
}

/// An INVITE forks: one callee takes early media and another answers, whom no way is known to yet. What
/// the user says then is for whoever answered. RFC 3261 §13.2.2.4, RFC 8445 §9.
#[test]
fn after_a_fork_whoever_did_not_answer_hears_nothing_more() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let [alice, bob, carol] = [(ALICE, 1), (BOB, 2), (CAROL, 3)].map(|(ip, n)| one(&sim, ip, n));
    let offer = alice.session.offer().unwrap();
    let [bobs, carols] = [&bob, &carol].map(|side| side.session.answer(&offer).unwrap());
    alice.session.accept_early_answer(&bobs).unwrap();
    alice.session.start_early().unwrap();
    bob.session.start_early().unwrap();
    assert_eq!(alice.event(&sim), Some(Event::Connected));
    sim.run_until(SECOND * 2).unwrap();
    let before = bob.session.stats().packets_received;
    assert!(before > 50, "{before}");
    alice.session.accept_answer(&carols).unwrap();
    alice.session.start().unwrap();
    // What is on its way to Bob is of before.
    sim.run_until(sim.elapsed() + Duration::from_millis(20)).unwrap();
    let before = bob.session.stats().packets_received;
    let heard = alice.session.stats().packets_received;
    sim.run_until(sim.elapsed() + SECOND * 2).unwrap();
    assert_eq!(bob.session.stats().packets_received, before);
    assert_eq!(alice.session.stats().packets_received, heard);
    carol.session.start().unwrap();
    assert_eq!(alice.event(&sim), Some(Event::Connected));
    sim.run_until(sim.elapsed() + SECOND * 2).unwrap();
    assert_eq!(bob.session.stats().packets_received, before);
    assert!(carol.session.stats().packets_received > 90);
}

/// Who rings need not answer checks: what was not found by then is looked for once it has answered.
#[test]
fn a_call_that_rang_for_long_without_a_way_finds_one_when_it_is_answered() {
    for (rings, later, again) in [(40, 0, true), (40, 0, false), (28, 5, true), (28, 5, false)] {
        let sim = network(7, link(0.0, 0.0, 5, 5));
        let config = |ip, n| MediaConfig { timeout: None, ..config(ip, n, IceServers::default()) };
        let [alice, bob] =
            [(ALICE, 1), (BOB, 2)].map(|(ip, n)| with(&sim, config(ip, n), open(), n));
        let answer = bob.session.answer(&alice.session.offer().unwrap()).unwrap();
        alice.session.accept_early_answer(&answer).unwrap();
        alice.session.start_early().unwrap();
        sim.run_until(SECOND * rings).unwrap();
        if again {
            alice.session.accept_answer(&answer).unwrap();
        }
        alice.session.start().unwrap();
        sim.run_until(sim.elapsed() + SECOND * later).unwrap();
        bob.session.start().unwrap();
        for side in [&alice, &bob] {
            assert_eq!(side.event(&sim), Some(Event::Connected), "{rings} {later} {again}");
        }
    }
}

/// An offer of this version that names eight addresses where nobody is.
fn nowhere(version: u32) -> String {
    let candidates: String = (1..=8)
        .map(|n| format!("a=candidate:{n} 1 UDP {} 203.0.113.{n} 6000 typ host\r\n", 2_000 - n))
        .collect();
    format!(
        "v=0\r\no=- 1 {version} IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n\
         m=audio 6000 RTP/AVP 0\r\na=rtcp-mux\r\na=ice-ufrag:nowhere{version}\r\n\
         a=ice-pwd:nowherenowherenowhere{version}1234\r\n{candidates}"
    )
}

/// Whoever begins anew has no more checks sent, and has a way looked for no longer, until one is found.
#[test]
fn who_begins_anew_again_and_again_has_no_more_sent_for_it() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let alice = one(&sim, ALICE, 1);
    for version in 1..=6 {
        alice.session.answer(nowhere(version).as_bytes()).unwrap();
        alice.session.start().unwrap();
        sim.run_until(SECOND * 4 * version).unwrap();
    }
    assert_eq!(sim.statistics().sent, 128);
    assert_eq!(alice.event(&sim), Some(Event::Unreachable));
    assert!((30..31).contains(&sim.elapsed().as_secs()), "{:?}", sim.elapsed());
}

/// Where RTCP has a port of its own and no way to the peer's, no report leaves.
#[test]
fn without_a_way_for_reports_none_is_sent() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let (alice, bob) = sides(&sim, toy);
    changed(&alice, &bob, |sdp| {
        let of_rtcp = |line: &&str| line.starts_with("a=candidate") && line.contains(" 2 UDP ");
        let kept = sdp.lines().filter(|line| *line != "a=rtcp-mux" && !of_rtcp(line));
        kept.map(|line| format!("{line}\r\n")).collect()
    });
    sim.run_until(SECOND * 20).unwrap();
    for side in [&alice, &bob] {
        let stats = side.session.stats();
        assert!(stats.packets_received > 900, "{stats:?}");
        assert_eq!((stats.reports_sent, stats.reports_received), (0, 0));
        assert_eq!(side.session.stop().unwrap().reports_sent, 0);
    }
    assert_eq!(alice.session.stats().dropped.wrong_address, 0);
}

/// Gives a guard once, which is kept from then on.
#[derive(Default)]
struct Keeps(Mutex<bool>);

impl MediaSecurity for Keeps {
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
        let kept = std::mem::replace(&mut *self.0.lock().unwrap(), true);
        if kept { Ok(Guard::Kept) } else { Open.guard(call, line) }
    }
}

/// Nobody consents any more to what goes where ICE led, once the peer holds without ICE.
#[test]
fn m13_where_ice_led_nothing_is_sent_once_there_is_a_hold_without_ice() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let config = |ip, n| config(ip, n, IceServers::default());
    let alice = with(&sim, config(ALICE, 1), Arc::new(Keeps::default()), 1);
    let bob = one(&sim, BOB, 2);
    negotiate(&bob, &alice);
    assert_eq!(alice.event(&sim), Some(Event::Connected));
    sim.run_until(SECOND * 2).unwrap();
    bob.session.stop().unwrap();
    let hold = "v=0\r\no=- 2 9 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
                m=audio 6000 RTP/AVP 0\r\na=rtcp-mux\r\n";
    alice.session.answer(hold.as_bytes()).unwrap();
    alice.session.start().unwrap();
    sim.run_until(SECOND * 3).unwrap();
    let before = sim.statistics().sent;
    sim.run_until(SECOND * 20).unwrap();
    assert_eq!(sim.statistics().sent, before);
}

/// Who has an address at a relay.
pub(super) type Held = Arc<Mutex<BTreeSet<SocketAddr>>>;

/// Gives an address to whoever asks for one by its password, and takes it back, as a TURN server does.
/// RFC 8656 §7, §8.
fn serve_turn(sim: &Simulation, held: &Held) -> TurnServer {
    let at = SocketAddr::from((CAROL, 3478));
    let (runtime, network) = sim.host(CAROL.into());
    let socket = network.bind(at).unwrap();
    let (held, key) = (Arc::clone(held), key());
    runtime.spawn(Box::pin(async move {
        loop {
            let mut batch = Vec::new();
            std::future::poll_fn(|cx| socket.poll_receive(cx, &mut batch)).await.unwrap();
            for Datagram { source, octets, .. } in batch {
                let Ok(request) = Message::from_bytes(&octets) else { continue };
                let answer = match request.attribute::<Username>() {
                    Ok(_) => granted(&request, source, (CAROL, source.port()).into(), &held, &key),
                    Err(_) => challenge(&request),
                };
                socket.try_send(source, &answer).unwrap();
            }
        }
    }));
    user(at, TurnTransport::Udp)
}

/// The server there, as its only user has it.
pub(super) fn user(at: SocketAddr, by: TurnTransport) -> TurnServer {
    TurnServer { at, by, username: "alice".to_owned(), password: "secret".to_owned() }
}

/// What the user's messages are protected by. RFC 8489 §9.2.2.
pub(super) fn key() -> MessageIntegrityCredentials {
    let credentials = LongTermCredentials::new("alice".to_owned(), "secret".to_owned());
    MessageIntegrityCredentials::LongTerm(credentials.to_key("relay".to_owned()))
}

/// RFC 8489 §9.2.4.
pub(super) fn challenge(request: &Message<'_>) -> Vec<u8> {
    let mut answer = Message::builder_error(request, MessageWriteVec::new());
    answer.add_attribute(&ErrorCode::builder(401).build().unwrap()).unwrap();
    answer.add_attribute(&Realm::new("relay").unwrap()).unwrap();
    answer.add_attribute(&Nonce::new("nonce").unwrap()).unwrap();
    answer.finish()
}

/// What is asked for, for as long as is wanted.
pub(super) fn granted(
    request: &Message<'_>, source: SocketAddr, relayed: SocketAddr, held: &Held,
    key: &MessageIntegrityCredentials,
) -> Vec<u8> {
    let mut answer = Message::builder_success(request, MessageWriteVec::new());
    let seconds = request.attribute::<Lifetime>().map_or(600, |lifetime| lifetime.seconds());
    if seconds == 0 {
        held.lock().unwrap().remove(&source);
    } else {
        held.lock().unwrap().insert(source);
    }
    answer.add_attribute(&XorRelayedAddress::new(relayed, request.transaction_id())).unwrap();
    answer.add_attribute(&Lifetime::new(seconds)).unwrap();
    answer.add_message_integrity(key, IntegrityAlgorithm::Sha1).unwrap();
    answer.finish()
}

/// Where RTCP goes with RTP, it needs no address at the relay; and when the call ends, nobody does.
#[test]
fn what_a_relay_holds_is_given_back_where_it_is_not_needed() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let held = Held::default();
    let turn = Some(serve_turn(&sim, &held));
    let alice = with(&sim, config(ALICE, 1, IceServers { stun: None, turn }), open(), 1);
    let bob = one(&sim, BOB, 2);
    sim.block_on(alice.session.gathered()).unwrap();
    assert_eq!(held.lock().unwrap().len(), 2);
    negotiate(&alice, &bob);
    sim.run_until(sim.elapsed() + SECOND * 2).unwrap();
    let rtp = BTreeSet::from([alice.session.local_rtp()]);
    assert_eq!(*held.lock().unwrap(), rtp);
    alice.session.stop().unwrap();
    sim.run_until(sim.elapsed() + SECOND).unwrap();
    assert!(held.lock().unwrap().is_empty());
}
