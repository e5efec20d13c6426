//! Two sessions that talk through the simulated network.

use super::{MediaSession, Ports};
use crate::audio::{AudioSink, AudioSource, SAMPLE_RATE, Silence, Speech, similarity};
use crate::sdp::Direction;
use crate::toy::Toy;
use crate::{Codec, Event, MediaConfig, Seed, Signal, Sink, Stats};
use net::sim::{Link, SimConfig, Simulation};
use ssm::{Call, MediaSecurity, Open};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ALICE: [u8; 4] = [192, 0, 2, 1];
const BOB: [u8; 4] = [192, 0, 2, 2];

/// Keeps what was heard.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<i16>>>);

impl AudioSink for Heard {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(frame);
        Ok(())
    }
}

/// Keeps signals as text.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Sink for Seen {
    fn signal(&self, signal: Signal) {
        let way = if signal.from_media { "◀" } else { "▶" };
        let line = format!("{} {way} {}", signal.name, signal.detail);
        self.0.lock().unwrap().push(line);
    }
}

struct Side {
    session: MediaSession,
    heard: Heard,
    seen: Arc<Seen>,
}

fn side(sim: &Simulation, ip: [u8; 4], security: Arc<dyn MediaSecurity>, voice: u64) -> Side {
    let config = MediaConfig::new(Call(voice), ip.into(), Seed::new([voice as u8; 32]));
    with(sim, config, security, voice)
}

fn with(
    sim: &Simulation, config: MediaConfig, security: Arc<dyn MediaSecurity>, voice: u64,
) -> Side {
    let (runtime, network) = sim.host(config.local_ip);
    let seen = Arc::new(Seen::default());
    let ports = Ports { runtime, network, security, observer: Some(seen.clone()) };
    let heard = Heard::default();
    let source = Box::new(Speech::new(voice));
    let session = MediaSession::open(&ports, config, source, Box::new(heard.clone())).unwrap();
    Side { session, heard, seen }
}

fn negotiate(caller: &Side, callee: &Side) {
    let offer = caller.session.offer().unwrap();
    let answer = callee.session.answer(&offer).unwrap();
    caller.session.accept_answer(&answer).unwrap();
    callee.session.start().unwrap();
    caller.session.start().unwrap();
}

fn network(seed: u64, link: Link) -> Simulation {
    Simulation::new(SimConfig { seed, link, ..SimConfig::default() })
}

fn link(loss: f64, duplication: f64, min_ms: u64, max_ms: u64) -> Link {
    Link {
        loss,
        duplication,
        min_delay: Duration::from_millis(min_ms),
        max_delay: Duration::from_millis(max_ms),
    }
}

/// A call of three seconds: the similarities of what callee and caller heard, and their counts.
fn call(seed: u64, link: Link, security: fn() -> Arc<dyn MediaSecurity>) -> [(f64, Stats); 2] {
    let sim = network(seed, link);
    let (alice, bob) = (side(&sim, ALICE, security(), 1), side(&sim, BOB, security(), 2));
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(3)).unwrap();
    [(&alice, &bob, 2), (&bob, &alice, 1)].map(|(here, there, voice)| {
        let stats = here.session.stop().unwrap();
        there.session.stop().unwrap();
        let heard = here.heard.0.lock().unwrap().clone();
        let said = Speech::samples(voice, 3 * SAMPLE_RATE as usize);
        (similarity(&said, &heard), stats)
    })
}

fn open() -> Arc<dyn MediaSecurity> {
    Arc::new(Open)
}

fn toy() -> Arc<dyn MediaSecurity> {
    Arc::new(Toy::new())
}

#[test]
fn what_is_said_is_heard_in_the_clear_and_sealed_alike() {
    let clear = call(1, link(0.0, 0.0, 5, 5), open);
    let sealed = call(1, link(0.0, 0.0, 5, 5), toy);
    for (similarity, stats) in clear.iter().chain(&sealed) {
        assert!(*similarity >= 0.99, "{similarity}");
        assert!((149..=152).contains(&stats.packets_sent), "{stats:?}");
        assert_eq!(stats.octets_sent, stats.packets_sent * 160);
        assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
        assert!(stats.reports_sent >= 1);
    }
    // The controller cannot tell one guard from the other.
    assert_eq!(clear, sealed);
}

/// Says something above what 8 kHz can carry, and below.
struct Whistle(f64);

impl AudioSource for Whistle {
    fn rate(&self) -> u32 {
        16_000
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        for sample in frame.iter_mut() {
            *sample = (8000.0 * self.0.sin()) as i16;
            self.0 += std::f64::consts::TAU * 5000.0 / 16_000.0;
        }
        frame.len()
    }
}

#[derive(Clone, Default)]
struct WideHeard(Heard);

impl AudioSink for WideHeard {
    fn rate(&self) -> u32 {
        16_000
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.0.write(frame)
    }
}

/// RFC 3551 §4.5.2: the clock is not the rate, and both sides agree on that.
#[test]
fn what_is_said_in_g_722_is_heard_at_any_rate_of_source_and_sink() {
    let sim = network(1, link(0.0, 0.0, 5, 5));
    let config = |ip: [u8; 4], voice: u64| MediaConfig {
        codecs: vec![Codec::G722],
        ..MediaConfig::new(Call(voice), ip.into(), Seed::new([voice as u8; 32]))
    };
    let alice = with(&sim, config(ALICE, 1), open(), 1);
    let (runtime, network) = sim.host(BOB.into());
    let ports = Ports { runtime, network, security: open(), observer: None };
    let wide = WideHeard::default();
    let (source, sink) = (Box::new(Whistle(0.0)), Box::new(wide.clone()));
    let bob = MediaSession::open(&ports, config(BOB, 2), source, sink).unwrap();
    let answer = bob.answer(&alice.session.offer().unwrap()).unwrap();
    alice.session.accept_answer(&answer).unwrap();
    bob.start().unwrap();
    alice.session.start().unwrap();
    sim.run_until(Duration::from_secs(3)).unwrap();
    // 8 kHz on Alice's side, 16 kHz on Bob's: she is heard, and his whistle is beyond her.
    let wide = wide.0.0.lock().unwrap().clone();
    assert!((47_000..=48_960).contains(&wide.len()), "{}", wide.len());
    let narrow: Vec<i16> = wide.iter().step_by(2).copied().collect();
    let said = Speech::samples(1, 3 * SAMPLE_RATE as usize);
    let same = similarity(&said, &narrow);
    assert!(same > 0.9, "{same}");
    let heard = alice.heard.0.lock().unwrap().clone();
    assert!(heard.iter().skip(8000).all(|sample| sample.abs() < 500));
    let stats = bob.stop().unwrap();
    assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
    // Were timestamps counted at 16 kHz on one side only, they would run away from the clock.
    assert!(stats.jitter < Duration::from_millis(1), "{:?}", stats.jitter);
}

#[test]
fn jitter_reordering_and_duplicates_cost_nothing() {
    for seed in 0..4 {
        for (similarity, stats) in call(seed, link(0.0, 0.2, 5, 55), toy) {
            assert!(similarity >= 0.95, "{seed}: {similarity} {stats:?}");
        }
    }
}

#[test]
fn losses_of_up_to_a_fifth_are_concealed_and_counted() {
    for (seed, loss, floor) in [(1, 0.05, 0.9), (2, 0.1, 0.85), (3, 0.2, 0.75)] {
        for (similarity, stats) in call(seed, link(loss, 0.0, 5, 45), open) {
            assert!(similarity >= floor, "{loss}: {similarity}");
            let expected = 150.0 * loss;
            assert!((stats.lost as f64) > expected * 0.4 && (stats.lost as f64) < expected * 2.0);
            assert!(stats.concealed > 0);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_call() {
    let run = || call(7, link(0.1, 0.1, 5, 60), toy);
    assert_eq!(run(), run());
}

#[test]
fn signals_cross_in_order_and_carry_no_key() {
    let sim = network(1, link(0.0, 0.0, 1, 1));
    let (alice, bob) = (side(&sim, ALICE, toy(), 1), side(&sim, BOB, toy(), 2));
    negotiate(&alice, &bob);
    alice.session.stop().unwrap();
    let seen = alice.seen.0.lock().unwrap().clone();
    let names: Vec<_> = seen
        .iter()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        names,
        [
            "open ▶",
            "offer ▶",
            "offer ◀",
            "accept_answer ▶",
            "accept_answer ◀",
            "start ▶",
            "start ◀",
            "stop ▶"
        ]
    );
    assert!(seen[2].contains("RTP/SAVP 0 8 9"), "{}", seen[2]);
    assert!(seen.iter().all(|line| !line.contains("inline")));
}

#[test]
fn hold_silences_and_resume_brings_back() {
    let sim = network(5, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, toy(), 1), side(&sim, BOB, toy(), 2));
    negotiate(&alice, &bob);
    let seconds = |from: usize, to: usize| {
        let heard = bob.heard.0.lock().unwrap();
        let rate = SAMPLE_RATE as usize;
        let loud = heard[from * rate..to * rate].iter().filter(|s| s.abs() > 500).count();
        loud > 1000
    };
    sim.run_until(Duration::from_secs(2)).unwrap();
    alice.session.set_hold(true);
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(5)).unwrap();
    let sent = bob.session.stats().packets_sent;
    alice.session.set_hold(false);
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(8)).unwrap();
    assert!(seconds(0, 2) && !seconds(3, 5) && seconds(6, 7));
    assert!(sent <= 102, "bob was asked not to send");
    assert!(bob.session.stats().packets_sent > sent + 100);
}

#[test]
fn who_is_mute_sends_silence_and_goes_on_where_it_was() {
    let sim = network(5, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, toy(), 1), side(&sim, BOB, toy(), 2));
    // What is said before media runs holds for it, too.
    alice.session.set_mute(true);
    negotiate(&alice, &bob);
    let loud = |from: usize, to: usize| {
        let heard = bob.heard.0.lock().unwrap();
        let rate = SAMPLE_RATE as usize;
        heard[from * rate..to * rate].iter().filter(|s| s.abs() > 500).count() > 1000
    };
    sim.run_until(Duration::from_secs(3)).unwrap();
    let sent = alice.session.stats().packets_sent;
    alice.session.set_mute(false);
    sim.run_until(Duration::from_secs(6)).unwrap();
    assert!((149..=152).contains(&sent), "silence flows: {sent}");
    assert!(!loud(0, 3) && loud(4, 6));
    assert_eq!(alice.session.direction(), Some(Direction::SendRecv));
}

/// M13: who never answers from where it is said to be may be somebody else.
#[test]
fn m13_without_anything_coming_back_sending_pauses_after_ten_seconds() {
    let sim = network(3, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, open(), 1), side(&sim, BOB, open(), 2));
    sim.cut(ALICE.into(), BOB.into());
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(11)).unwrap();
    let paused = alice.session.stats().packets_sent;
    assert!((500..=503).contains(&paused), "{paused}");
    sim.run_until(Duration::from_secs(20)).unwrap();
    assert_eq!(alice.session.stats().packets_sent, paused);
    // Reports go on, so both sides find each other again.
    sim.heal(ALICE.into(), BOB.into());
    sim.run_until(Duration::from_secs(30)).unwrap();
    assert!(alice.session.stats().packets_sent > paused + 50);
}

/// The receiver of a BYE that never came: silence is noticed, and sending pauses.
#[test]
fn without_a_sign_of_life_the_peer_is_gone_after_half_a_minute() {
    let sim = network(3, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, open(), 1), side(&sim, BOB, open(), 2));
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(1)).unwrap();
    assert_eq!(sim.block_on(alice.session.event()).unwrap(), Some(Event::Heard));
    sim.cut(ALICE.into(), BOB.into());
    assert_eq!(sim.block_on(alice.session.event()).unwrap(), Some(Event::TimedOut));
    let waited = sim.elapsed();
    assert!((32_900..33_200).contains(&waited.as_millis()), "{waited:?}");
    let paused = alice.session.stats().packets_sent;
    sim.run_until(Duration::from_secs(40)).unwrap();
    assert_eq!(alice.session.stats().packets_sent, paused);
    sim.heal(ALICE.into(), BOB.into());
    sim.run_until(Duration::from_secs(50)).unwrap();
    assert!(alice.session.stats().packets_sent > paused + 50);
}

#[test]
fn stopping_ends_the_task_and_dropping_the_handle_stops() {
    let sim = network(4, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, open(), 1), side(&sim, BOB, open(), 2));
    assert_eq!(alice.session.local_rtp().port() % 2, 0);
    negotiate(&alice, &bob);
    let clone = alice.session.clone();
    alice.session.stop().unwrap();
    assert_eq!(sim.block_on(clone.event()).unwrap(), None);
    assert!(clone.offer().is_err() && clone.start().is_err());
    assert_eq!(clone.stop().unwrap(), clone.stats());
    drop(bob);
    sim.run_until_idle(Duration::from_secs(1)).unwrap();
    assert_eq!(sim.running(), 0);
}

#[test]
fn a_session_that_is_never_started_sends_nothing() {
    let sim = network(4, link(0.0, 0.0, 5, 5));
    let alice = side(&sim, ALICE, open(), 1);
    alice.session.offer().unwrap();
    sim.run_until(Duration::from_secs(3)).unwrap();
    assert_eq!(sim.statistics().sent, 0);
    assert!(alice.heard.0.lock().unwrap().is_empty());
    assert_eq!(alice.session.stop().unwrap(), Stats::default());
}

#[test]
fn an_address_that_no_peer_can_send_to_is_refused() {
    let sim = network(4, link(0.0, 0.0, 5, 5));
    let (runtime, network) = sim.host(ALICE.into());
    let ports = Ports { runtime, network, security: open(), observer: None };
    let any = [0, 0, 0, 0].into();
    for (local_ip, advertised) in [(any, None), (ALICE.into(), Some(any)), (any, Some(any))] {
        let config = MediaConfig::new(Call(1), local_ip, Seed::new([0; 32]));
        let config = MediaConfig { advertised, ..config };
        let refused = MediaSession::open(&ports, config, Box::new(Silence), Box::new(Silence));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn the_peer_is_told_the_address_of_the_translator() {
    let sim = network(4, link(0.0, 0.0, 5, 5));
    let (runtime, network) = sim.host(ALICE.into());
    let ports = Ports { runtime, network, security: open(), observer: None };
    let config = MediaConfig::new(Call(1), ALICE.into(), Seed::new([0; 32]));
    let config = MediaConfig { advertised: Some([198, 51, 100, 7].into()), ..config };
    let alice = MediaSession::open(&ports, config, Box::new(Silence), Box::new(Silence)).unwrap();
    let offer = String::from_utf8(alice.offer().unwrap()).unwrap();
    assert!(offer.contains("c=IN IP4 198.51.100.7\r\n"), "{offer}");
    assert!(!offer.contains("192.0.2.1"), "{offer}");
    assert_eq!(alice.local_rtp().ip(), IpAddr::from(ALICE));
}

/// RFC 5761: where both sides know it, one socket carries both, and the other is given back; where a
/// later description of the peer does not have it, two do again.
#[test]
fn rtcp_goes_with_rtp_and_gives_its_socket_back() {
    let sim = network(4, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, open(), 1), side(&sim, BOB, open(), 2));
    let (_, network) = sim.host(ALICE.into());
    let rtp = alice.session.local_rtp();
    let rtcp = std::net::SocketAddr::new(rtp.ip(), rtp.port() + 1);
    assert!(network.bind(rtcp).is_err());
    negotiate(&alice, &bob);
    let free = network.bind(rtcp).expect("it was given back");
    sim.run_until(Duration::from_secs(10)).unwrap();
    for side in [&alice, &bob] {
        let stats = side.session.stats();
        assert!(stats.reports_received > 0 && stats.packets_received > 480, "{stats:?}");
        let dropped = stats.dropped;
        assert_eq!((dropped.malformed, dropped.wrong_payload, dropped.wrong_address), (0, 0, 0));
    }
    drop(free);
    let plain = |body: Vec<u8>| String::from_utf8(body).unwrap().replace("a=rtcp-mux\r\n", "");
    let offer = plain(alice.session.offer().unwrap());
    let answer = bob.session.answer(offer.as_bytes()).unwrap();
    assert_eq!(plain(answer.clone()).as_bytes(), answer);
    alice.session.accept_answer(&answer).unwrap();
    bob.session.start().unwrap();
    alice.session.start().unwrap();
    assert!(network.bind(rtcp).is_err());
    let before = [&alice, &bob].map(|side| side.session.stats().reports_received);
    sim.run_until(Duration::from_secs(25)).unwrap();
    for (side, before) in [&alice, &bob].into_iter().zip(before) {
        let stats = side.session.stats();
        assert!(stats.reports_received > before, "{stats:?}");
        let dropped = stats.dropped;
        assert_eq!((dropped.malformed, dropped.wrong_payload, dropped.wrong_address), (0, 0, 0));
    }
}
