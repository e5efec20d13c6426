//! Calls that are brought together: who hears whom, while others come, are held, and go.

use crate::world::{ALL_OVER, Change, Seeded, Wall, World};
use media_ctl::audio::{AudioSink, Silence, Tone};
use net::sim::{SimConfig, Simulation};
use sip_core::manager::{CallId, NextHop};
use sst::Requirement;
use std::f64::consts::TAU;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::assembly::{Event, Events, Invitation, Ports, Settings, Terminal};
use terminal::config::Address;

const SECOND: Duration = Duration::from_secs(1);
/// What Alice, Bob and Carol say, in Hz.
const ALICE: f64 = 440.0;
const BOB: f64 = 660.0;
const CAROL: f64 = 1_100.0;
const LOUD: i16 = 6_000;
/// Samples a second of what is heard.
const RATE: u32 = 16_000;

/// What is heard in one call.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<i16>>>);

impl AudioSink for Ear {
    fn rate(&self) -> u32 {
        RATE
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(frame);
        Ok(())
    }
}

impl Ear {
    /// Which tones were heard in the last second: each of them whole, or not at all.
    fn hears(&self) -> Vec<f64> {
        let heard = self.0.lock().unwrap();
        let last = heard.rchunks(RATE as usize).next().unwrap();
        let is_heard = |tone: &f64| {
            let level = level(last, *tone) / f64::from(LOUD);
            assert!(level < 0.05 || (0.9..1.1).contains(&level), "{tone} Hz at {level}");
            level > 0.5
        };
        [ALICE, BOB, CAROL].into_iter().filter(is_heard).collect()
    }
}

/// The amplitude of a tone (Goertzel's algorithm).
fn level(samples: &[i16], hertz: f64) -> f64 {
    let (sin, cos) = (TAU * hertz / f64::from(RATE)).sin_cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (f64::from(*sample) + 2.0 * cos * one - two, one);
    }
    2.0 * (one - two * cos).hypot(two * sin) / samples.len() as f64
}

/// Somebody who says a tone in each call, and answers those that come.
struct Side {
    terminal: Terminal,
    aor: String,
    tone: f64,
    address: Address,
    /// The calls that came in, and what is heard in them.
    came: Arc<Mutex<Vec<(CallId, Ear)>>>,
}

impl Side {
    fn new(sim: &Simulation, name: &str, last: u8, tone: f64) -> Self {
        let (runtime, network) = sim.host(IpAddr::from([192, 0, 2, last]));
        let address = Address::udp(([192, 0, 2, last], 5060).into());
        let aor = format!("sip:{name}@example.org");
        let settings = Settings::of(&aor, vec![address]);
        let ports = Ports {
            wall_clock: Arc::new(Wall::starting(&runtime)),
            entropy: Arc::new(Seeded(Mutex::new(sim.random()))),
            ..Ports::of(Arc::clone(&runtime), network)
        };
        let (terminal, events) = Terminal::start(&settings, ports).unwrap();
        let came = Arc::default();
        runtime.spawn(Box::pin(answer(terminal.clone(), events, tone, Arc::clone(&came))));
        Self { terminal, aor, tone, address, came }
    }

    /// Calls somebody.
    fn call(&self, other: &Self) -> (CallId, Ear) {
        let ear = Ear::default();
        let invitation = Invitation {
            to: other.aor.clone(),
            next_hop: Some(NextHop::from(other.address)),
            require: Requirement::NOTHING,
            late_offer: false,
            source: Box::new(Tone::new(self.tone, LOUD)),
            sink: Box::new(ear.clone()),
        };
        (self.terminal.call(invitation).unwrap(), ear)
    }

    /// The call that came in at this place, and what is heard in it.
    fn came(&self, at: usize) -> (CallId, Ear) {
        self.came.lock().unwrap().get(at).unwrap().clone()
    }
}

async fn answer(
    terminal: Terminal, mut events: Events, tone: f64, came: Arc<Mutex<Vec<(CallId, Ear)>>>,
) {
    while let Some(event) = events.next().await {
        if let Event::Incoming { id, .. } = event {
            let ear = Ear::default();
            came.lock().unwrap().push((id, ear.clone()));
            terminal.accept(id, Box::new(Tone::new(tone, LOUD)), Box::new(ear)).unwrap();
        }
    }
}

/// Bob and Carol have called Alice, who has brought both together.
struct Room {
    sim: Simulation,
    alice: Side,
    bob: Side,
    carol: Side,
    /// The two calls, as Alice names them, and what she hears in them.
    of_bob: (CallId, Ear),
    of_carol: (CallId, Ear),
    /// The same as the others do.
    bobs: (CallId, Ear),
    carols: (CallId, Ear),
}

impl Room {
    fn new(seed: u64) -> Self {
        let sim = Simulation::new(SimConfig { seed, ..SimConfig::default() });
        let alice = Side::new(&sim, "alice", 1, ALICE);
        let (bob, carol) = (Side::new(&sim, "bob", 2, BOB), Side::new(&sim, "carol", 3, CAROL));
        let bobs = bob.call(&alice);
        sim.run_until(sim.elapsed() + 2 * SECOND).unwrap();
        let of_bob = alice.came(0);
        alice.terminal.hold(of_bob.0, true).unwrap();
        let carols = carol.call(&alice);
        sim.run_until(sim.elapsed() + 2 * SECOND).unwrap();
        let of_carol = alice.came(1);
        assert_eq!((bobs.1.hears(), carols.1.hears()), (vec![], vec![ALICE]));
        Self { sim, alice, bob, carol, of_bob, of_carol, bobs, carols }
    }

    /// Brings both together, and resumes who is on hold.
    fn join(&self) {
        self.alice.terminal.join(&[self.of_bob.0, self.of_carol.0]).unwrap();
        self.alice.terminal.hold(self.of_bob.0, false).unwrap();
    }

    /// What Bob and Carol hear after a while.
    fn heard(&self) -> [Vec<f64>; 2] {
        self.sim.run_until(self.sim.elapsed() + 2 * SECOND).unwrap();
        [self.bobs.1.hears(), self.carols.1.hears()]
    }

    /// What Alice hears in her two calls.
    fn heard_here(&self) -> [Vec<f64>; 2] {
        [self.of_bob.1.hears(), self.of_carol.1.hears()]
    }

    fn settle(&self) {
        self.sim.run_until_idle(self.sim.elapsed() + ALL_OVER).unwrap();
        for side in [&self.alice, &self.bob, &self.carol] {
            assert_eq!((side.terminal.sizes(), side.terminal.calls()), (Default::default(), 0));
        }
    }
}

#[test]
fn each_hears_all_others_and_not_itself_until_one_goes() {
    let room = Room::new(81);
    room.join();
    assert_eq!(room.heard(), [[ALICE, CAROL], [ALICE, BOB]]);
    assert_eq!(room.heard_here(), [[BOB, CAROL], [BOB, CAROL]]);
    assert_eq!(room.alice.terminal.joined(room.of_bob.0), [room.of_carol.0]);
    room.bob.terminal.hang_up(room.bobs.0);
    let [_, carol] = room.heard();
    assert_eq!((carol, room.of_carol.1.hears()), (vec![ALICE], vec![CAROL]));
    // A conference of one is none.
    assert_eq!(room.alice.terminal.joined(room.of_carol.0), []);
    let left = room.alice.terminal.leave(room.of_carol.0).unwrap_err();
    assert_eq!(left.line(), "the call is in no conference");
    room.carol.terminal.hang_up(room.carols.0);
    room.settle();
}

#[test]
fn who_leaves_hears_alice_alone_and_may_come_back() {
    let room = Room::new(82);
    // Muted before, and after.
    room.alice.terminal.mute(room.of_carol.0, true).unwrap();
    room.join();
    assert_eq!(room.heard(), [vec![ALICE, CAROL], vec![BOB]]);
    room.alice.terminal.leave(room.of_bob.0).unwrap();
    assert_eq!(room.heard(), [vec![ALICE], vec![]]);
    assert_eq!(room.heard_here(), [[BOB], [CAROL]]);
    room.alice.terminal.mute(room.of_carol.0, false).unwrap();
    assert_eq!(room.heard(), [[ALICE], [ALICE]]);
    room.alice.terminal.join(&[room.of_carol.0, room.of_bob.0]).unwrap();
    assert_eq!(room.heard(), [[ALICE, CAROL], [ALICE, BOB]]);
    room.alice.terminal.mute(room.of_bob.0, true).unwrap();
    assert_eq!(room.heard(), [vec![CAROL], vec![ALICE, BOB]]);
    room.alice.terminal.hang_up(room.of_bob.0);
    room.alice.terminal.hang_up(room.of_carol.0);
    room.settle();
}

#[test]
fn who_is_on_hold_is_silent_and_hears_nothing() {
    let room = Room::new(83);
    room.join();
    room.heard();
    room.alice.terminal.hold(room.of_carol.0, true).unwrap();
    assert_eq!(room.heard(), [vec![ALICE], vec![]]);
    assert_eq!(room.heard_here(), [[BOB], [BOB]]);
    room.alice.terminal.hold(room.of_carol.0, false).unwrap();
    assert_eq!(room.heard(), [[ALICE, CAROL], [ALICE, BOB]]);
    // One that holds Alice has nothing of its own heard by the others.
    room.bob.terminal.hold(room.bobs.0, true).unwrap();
    assert_eq!(room.heard()[1], [ALICE]);
    room.bob.terminal.hold(room.bobs.0, false).unwrap();
    assert_eq!(room.heard(), [[ALICE, CAROL], [ALICE, BOB]]);
    room.bob.terminal.hang_up(room.bobs.0);
    room.carol.terminal.hang_up(room.carols.0);
    room.settle();
}

#[test]
fn it_takes_two_calls_that_are_up() {
    let room = Room::new(84);
    let alice = &room.alice.terminal;
    let told = |calls: &[CallId]| alice.join(calls).unwrap_err().line();
    assert_eq!(told(&[]), "it takes two calls that are up");
    assert_eq!(told(&[room.of_bob.0; 2]), "it takes two calls that are up");
    let (ringing, _) = room.alice.call(&room.carol);
    assert_eq!(told(&[room.of_bob.0, ringing]), "one of the calls is not up");
    assert_eq!(alice.joined(room.of_bob.0), []);
    room.heard();
    alice.join(&[room.of_bob.0, ringing]).unwrap();
    assert_eq!(alice.joined(ringing), [room.of_bob.0]);
    let (fourth, _) = room.alice.call(&room.bob);
    room.heard();
    alice.join(&[room.of_carol.0, fourth]).unwrap();
    // From one conference into another: nobody is left alone in the first.
    alice.join(&[fourth, ringing]).unwrap();
    assert_eq!(alice.joined(room.of_bob.0), []);
    assert_eq!(alice.joined(ringing).len(), 2);
    for id in [room.of_bob.0, room.of_carol.0, ringing, fourth] {
        alice.hang_up(id);
    }
    room.settle();
    assert_eq!(told(&[room.of_bob.0, room.of_carol.0]), "one of the calls is not up");
}

/// Alice is in a call under OpenPGP with Bob, and in one in the clear with Carol.
#[test]
fn what_each_call_has_proved_stays_its_own() {
    let mut world = World::new(85, Change::default());
    let (caller, _) = world.watch();
    let carol = Side::new(&world.sim, "carol", 77, CAROL);
    let secured = world.call();
    world.pass(2 * SECOND);
    let invitation = Invitation {
        to: carol.aor.clone(),
        next_hop: Some(NextHop::from(carol.address)),
        require: Requirement::NOTHING,
        late_offer: false,
        source: Box::new(Silence),
        sink: Box::new(Silence),
    };
    let plain = world.caller.call(invitation).unwrap();
    world.pass(2 * SECOND);
    let [before, open] = [secured, plain].map(|id| world.caller.party(id).unwrap());
    assert!(before.is_encrypted && before.is_proved, "{before:?}");
    assert!(!open.is_encrypted && !open.is_proved, "{open:?}");
    assert_eq!((before.require, open.require), (Requirement::PGP, Requirement::NOTHING));
    assert!(!open.may_hear(&before) && before.may_hear(&open));
    world.caller.join(&[secured, plain]).unwrap();
    world.pass(2 * SECOND);
    let after = [secured, plain].map(|id| world.caller.party(id).unwrap());
    assert_eq!(after, [before, open]);
    assert!(caller.seen().over.is_none());
    for id in [secured, plain] {
        world.caller.hang_up(id);
    }
    world.settle();
}
