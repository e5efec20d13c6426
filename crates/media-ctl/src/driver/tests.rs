//! Two sessions that talk through the simulated network.

#[cfg(feature = "ice")]
mod ice;
#[cfg(feature = "ice")]
mod ice_anew;
#[cfg(feature = "ice")]
mod relays;

use super::{MediaSession, Ports};
use crate::audio::{AudioSink, AudioSource, SAMPLE_RATE, Silence, Speech, Tone, similarity};
use crate::format::Dtmf;
use crate::sdp::Direction;
use crate::toy::Toy;
use crate::{Codec, Event, MediaConfig, Quality, Seed, Signal, Sink, Stats};
use net::Network;
use net::sim::{Link, SimConfig, Simulation};
use ssm::{Call, MediaSecurity, Open};
use std::cell::RefCell;
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
    /// The keys that it was told of.
    keys: RefCell<String>,
}

impl Side {
    /// The next event that is no key of the peer's; `None` once it has stopped.
    fn event(&self, sim: &Simulation) -> Option<Event> {
        loop {
            match sim.block_on(self.session.event()).unwrap() {
                Some(Event::Key(key)) => {
                    let key = KEYS.as_bytes()[usize::from(key.code())];
                    self.keys.borrow_mut().push(key.into());
                }
                Some(Event::Heard) => {}
                other => return other,
            }
        }
    }
}

fn side(sim: &Simulation, ip: [u8; 4], security: Arc<dyn MediaSecurity>, voice: u64) -> Side {
    let config = MediaConfig::new(Call(voice), ip.into(), Seed::new([voice as u8; 32]));
    with(sim, config, security, voice)
}

fn with(
    sim: &Simulation, config: MediaConfig, security: Arc<dyn MediaSecurity>, voice: u64,
) -> Side {
    saying(sim, config, security, Box::new(Speech::new(voice)))
}

fn saying(
    sim: &Simulation, config: MediaConfig, security: Arc<dyn MediaSecurity>,
    source: Box<dyn AudioSource>,
) -> Side {
    let (_, network) = sim.host(config.local_ip);
    over(sim, config, (security, network), source)
}

/// The same, over a network that is not the simulation's own.
fn over(
    sim: &Simulation, config: MediaConfig,
    (security, network): (Arc<dyn MediaSecurity>, Arc<dyn Network>), source: Box<dyn AudioSource>,
) -> Side {
    let (runtime, _) = sim.host(config.local_ip);
    let seen = Arc::new(Seen::default());
    let ports = Ports { runtime, network, security, observer: Some(seen.clone()) };
    let heard = Heard::default();
    let session = MediaSession::open(&ports, config, source, Box::new(heard.clone())).unwrap();
    Side { session, heard, seen, keys: RefCell::default() }
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

#[test]
fn both_sides_measure_how_loud_they_say_and_hear() {
    let sim = network(5, link(0.0, 0.0, 5, 5));
    let config = MediaConfig::new(Call(1), ALICE.into(), Seed::new([1; 32]));
    let alice = saying(&sim, config, toy(), Box::new(Tone::new(440.0, 8_192)));
    let bob = side(&sim, BOB, toy(), 2);
    negotiate(&alice, &bob);
    let close = |is: Option<f64>, to: f64| is.is_some_and(|is| (is - to).abs() < 0.5);
    sim.run_until(Duration::from_secs(3)).unwrap();
    for level in [alice.session.stats().said_level, bob.session.stats().heard_level] {
        // A quarter of full scale.
        assert!(close(level.peak_dbfs(), -12.04) && close(level.rms_dbfs(), -15.05), "{level:?}");
    }
    alice.session.set_mute(true);
    sim.run_until(Duration::from_secs(5)).unwrap();
    let (said, heard) = (alice.session.stats().said_level, bob.session.stats().heard_level);
    assert_eq!(said.peak_dbfs(), None);
    assert!(heard.peak_dbfs().is_none_or(|db| db < -60.0), "{heard:?}");
    assert!(close(said.loudest_dbfs(), -12.04) && close(heard.loudest_dbfs(), -12.04));
    // Nothing is said to a peer that holds.
    alice.session.set_mute(false);
    sim.run_until(Duration::from_secs(6)).unwrap();
    assert!(close(alice.session.stats().said_level.peak_dbfs(), -12.04));
    bob.session.set_hold(true);
    negotiate(&bob, &alice);
    sim.run_until(Duration::from_secs(8)).unwrap();
    assert_eq!(alice.session.stats().said_level.peak_dbfs(), None);
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

/// RFC 3550 §6.4: both sides measure the same network, each its own way of it, and tell each other.
#[test]
fn reports_tell_delay_jitter_and_losses_as_they_are() {
    let sim = network(21, link(0.08, 0.0, 30, 60));
    let (alice, bob) = (side(&sim, ALICE, toy(), 1), side(&sim, BOB, toy(), 2));
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(60)).unwrap();
    let [here, there] = [&alice, &bob].map(|side| side.session.stats());
    for stats in [here, there] {
        // Two ways of 30 to 60 ms each; the mean difference of two delays is a third of their range.
        let round_trip = stats.round_trip.unwrap().as_millis();
        assert!((60..=122).contains(&round_trip), "{round_trip}");
        let jitter = [stats.jitter, stats.jitter_at_peer.unwrap()].map(|it| it.as_millis());
        assert!(jitter.iter().all(|ms| (6..=14).contains(ms)), "{jitter:?}");
        assert!((160..320).contains(&stats.lost), "{}", stats.lost);
        assert_eq!(stats.collisions, 0);
        let quality = Quality::of(&stats).unwrap();
        // 8 % of losses: ITU-T G.107 with G.113's figures for G.711.
        assert!((60.0..72.0).contains(&quality.r_factor), "{quality:?}");
    }
    // What the peer tells is what it had when it reported last.
    for (stats, peer) in [(here, there), (there, here)] {
        assert!(stats.lost_by_peer <= peer.lost && stats.lost_by_peer * 10 > peer.lost * 8);
        // RFC 3611 §4.7: how the call is there, in 256ths, whole numbers and tenths.
        let told = stats.at_peer.unwrap();
        let rates = [told.loss_rate, told.discard_rate].map(|rate| f64::from(rate) / 256.0);
        assert!((0.05..0.11).contains(&rates[0]) && rates[1] < 0.01, "{told:?}");
        // With one in twelve lost, sixteen in a row are few: much of the time is a burst.
        assert!(told.gap_density < told.loss_rate && told.loss_rate < told.burst_density);
        assert!((300..800).contains(&told.burst_duration) && told.gap_duration > 300, "{told:?}");
        assert!((60..=122).contains(&told.round_trip), "{told:?}");
        let (quality, listening) = (Quality::of(&peer).unwrap(), told.mos_lq.unwrap());
        let r_factor = f64::from(told.r_factor.unwrap());
        assert!((r_factor - quality.r_factor).abs() < 3.0, "{told:?} {quality:?}");
        assert!(told.mos_cq.unwrap() <= listening, "{told:?}");
    }
}

/// Who does not ask for VoIP metrics is sent none. RFC 3611 §5.2.
#[test]
fn voip_metrics_are_sent_to_who_wants_them_alone() {
    for (offer_without, answer_without) in [(true, true), (false, true), (false, false)] {
        let sim = network(21, link(0.0, 0.0, 5, 5));
        let (alice, bob) = (side(&sim, ALICE, toy(), 1), side(&sim, BOB, toy(), 2));
        let change = |body: Vec<u8>, without| {
            let body = String::from_utf8(body).unwrap();
            if without { body.replace("a=rtcp-xr:voip-metrics\r\n", "") } else { body }
        };
        let offer = change(alice.session.offer().unwrap(), offer_without);
        let answer = change(bob.session.answer(offer.as_bytes()).unwrap(), answer_without);
        alice.session.accept_answer(answer.as_bytes()).unwrap();
        for side in [&bob, &alice] {
            side.session.start().unwrap();
        }
        sim.run_until(Duration::from_secs(20)).unwrap();
        let told = [&alice, &bob].map(|side| side.session.stats().at_peer.is_some());
        assert_eq!(told, [!offer_without, !answer_without]);
    }
}

const KEYS: &str = "0123456789*#ABCD";

/// Presses these keys one after the other.
fn press(sim: &Simulation, side: &Side, keys: &str) {
    for key in keys.chars() {
        let key = Dtmf::new(KEYS.find(key).unwrap() as u8).unwrap();
        assert!(side.session.press(key), "{key:?}");
        assert!(!side.session.press(key), "one at a time");
        assert_eq!(side.event(sim), Some(Event::KeySent));
    }
}

/// The keys that a side was told of, once it has stopped.
fn told(sim: &Simulation, side: &Side) -> String {
    side.session.stop().unwrap();
    assert_eq!(side.event(sim), None);
    side.keys.take()
}

/// RFC 4733 §2.5.1.4, §2.5.2: each once and in order, under losses, doubles and overtaking.
#[test]
fn keys_that_are_pressed_are_told_once_each_whatever_the_network_does() {
    let links =
        [link(0.0, 0.0, 5, 5), link(0.0, 0.3, 5, 60), link(0.1, 0.1, 5, 45), link(0.3, 0.1, 5, 45)];
    for (seed, link) in (0..).zip(links) {
        for security in [open, toy] {
            let sim = network(seed, link.clone());
            let (alice, bob) = (side(&sim, ALICE, security(), 1), side(&sim, BOB, security(), 2));
            negotiate(&alice, &bob);
            sim.run_until(Duration::from_secs(1)).unwrap();
            press(&sim, &alice, "12#");
            press(&sim, &bob, "77");
            press(&sim, &alice, "*0ABCD999");
            sim.run_until(sim.elapsed() + Duration::from_secs(1)).unwrap();
            let keys = (told(&sim, &bob), told(&sim, &alice));
            assert_eq!(keys, ("12#*0ABCD999".to_owned(), "77".to_owned()), "{seed}");
        }
    }
}

/// RFC 7587: at a clock of its own, and with keys at that clock; what is lost is recovered from the
/// packet after it, where that has come in time.
#[test]
fn opus_recovers_what_is_lost_and_has_keys_of_its_clock() {
    let lossy = |codec: Codec, loss: f64| {
        let sim = network(11, link(loss, 0.0, 5, 30));
        let config = |ip: [u8; 4], voice: u64| MediaConfig {
            codecs: vec![codec],
            ..MediaConfig::new(Call(voice), ip.into(), Seed::new([voice as u8; 32]))
        };
        let alice = with(&sim, config(ALICE, 1), toy(), 1);
        let bob = with(&sim, config(BOB, 2), toy(), 2);
        negotiate(&alice, &bob);
        sim.run_until(Duration::from_secs(6)).unwrap();
        let (heard, stats) = (bob.heard.0.lock().unwrap().clone(), bob.session.stats());
        press(&sim, &alice, "4#");
        sim.run_until(sim.elapsed() + Duration::from_secs(1)).unwrap();
        assert_eq!(told(&sim, &bob), "4#", "{codec:?}");
        alice.session.stop().unwrap();
        (similarity(&Speech::samples(1, 6 * SAMPLE_RATE as usize), &heard), stats)
    };
    let (whole, stats) = lossy(Codec::OPUS, 0.0);
    assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
    // What introduced the source is recovered, too.
    assert!(stats.recovered <= stats.dropped.unproven, "{stats:?}");
    assert!(stats.octets_received * 2 < stats.packets_received * 160, "{stats:?}");
    assert!(stats.jitter < Duration::from_millis(20), "{:?}", stats.jitter);
    let (recovered, stats) = lossy(Codec::OPUS, 0.1);
    let missing = stats.lost + stats.dropped.unproven;
    assert!(stats.recovered * 2 > missing && stats.recovered <= missing, "{stats:?}");
    // Three frames are not played yet.
    assert!(stats.recovered + stats.concealed + 3 >= stats.lost, "{stats:?}");
    assert_eq!(lossy(Codec::G722, 0.1).1.recovered, 0);
    assert!(whole > 0.9 && recovered > whole - 0.03, "{whole} {recovered}");
}

/// A tone goes on all the time, but for the key: silence is heard then, and nothing is made up.
#[test]
fn a_key_is_silence_in_what_is_heard_and_no_loss() {
    let sim = network(1, link(0.0, 0.0, 5, 5));
    let config = MediaConfig::new(Call(1), ALICE.into(), Seed::new([1; 32]));
    let tone = Box::new(Tone::new(440.0, 9000));
    let (alice, bob) = (saying(&sim, config, toy(), tone), side(&sim, BOB, toy(), 2));
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(1)).unwrap();
    press(&sim, &alice, "5");
    sim.run_until(Duration::from_secs(3)).unwrap();
    let stats = bob.session.stats();
    assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0), "{stats:?}");
    assert!(stats.jitter < Duration::from_millis(1), "{:?}", stats.jitter);
    assert_eq!(stats.dropped.reasons().collect::<Vec<_>>(), [("unproven", 1)]);
    let heard = bob.heard.0.lock().unwrap().clone();
    let first = heard.iter().position(|sample| sample.abs() > 500).unwrap();
    let quiet: Vec<_> = heard[first..]
        .chunks(160)
        .enumerate()
        .filter(|(_, frame)| frame.iter().all(|sample| sample.abs() < 500))
        .map(|(n, _)| n)
        .collect();
    // Ten packets of the key, from a second after the start on.
    assert_eq!(quiet.len(), 10, "{quiet:?}");
    assert!((48..=52).contains(&quiet[0]) && quiet[9] - quiet[0] == 9, "{quiet:?}");
}

#[test]
fn a_key_is_not_sent_where_nothing_is_or_where_the_peer_takes_none() {
    let sim = network(1, link(0.0, 0.0, 5, 5));
    let (alice, bob) = (side(&sim, ALICE, toy(), 1), side(&sim, BOB, toy(), 2));
    let five = Dtmf::new(5).unwrap();
    assert!(!alice.session.press(five), "before the call");
    negotiate(&alice, &bob);
    sim.run_until(Duration::from_secs(1)).unwrap();
    assert!(alice.session.press(five));
    sim.run_until(sim.elapsed() + Duration::from_millis(60)).unwrap();
    // The peer holds us while it is pressed.
    bob.session.set_hold(true);
    negotiate(&bob, &alice);
    assert_eq!(alice.event(&sim), Some(Event::KeyNotSent));
    assert!(!alice.session.press(five), "on hold");

    let (carol, dave) =
        (side(&sim, [192, 0, 2, 3], open(), 3), side(&sim, [192, 0, 2, 4], open(), 4));
    let offer = String::from_utf8(carol.session.offer().unwrap()).unwrap();
    let answer = dave.session.answer(offer.replace("telephone-event", "red").as_bytes());
    let answer = String::from_utf8(answer.unwrap()).unwrap();
    assert!(!answer.contains("telephone-event"), "{answer}");
    carol.session.accept_answer(answer.as_bytes()).unwrap();
    carol.session.start().unwrap();
    dave.session.start().unwrap();
    sim.run_until(sim.elapsed() + Duration::from_secs(1)).unwrap();
    assert!(!carol.session.press(five) && !dave.session.press(five));
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
