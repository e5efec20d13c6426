//! Two applications that do what chance tells them, over a network that chance disturbs, with
//! security managers that answer late, never, or with a panic.
//!
//! Whatever happens, each call has one end that its application is told of, nothing is told after
//! it, and once the network is quiet no call, transaction, question, timer or connection is left.

use crate::double::{Double, Script, When};
use crate::world::{ALICE, BOB, Side, World, sdp, seeds};
use net::sim::{Link, Random};
use sip_core::manager::{self, CallId, Event};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// What each application does before it hangs up all that is left.
const TURNS: usize = 40;

/// Longer than anything that a call leaves behind: ringing, 64*T1, and idle connections.
const QUIET: Duration = Duration::from_secs(400);

/// Where a call is, as its application knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Calling,
    Incoming,
    Accepted,
    Talking,
    /// The peer asked to change the session.
    Asked,
    Over,
}

/// A telephony application.
struct Player {
    side: Side,
    me: &'static str,
    peer: &'static str,
    dice: Random,
    calls: BTreeMap<CallId, Stage>,
    log: Vec<String>,
}

impl Player {
    fn open(&self) -> Vec<CallId> {
        let open = self.calls.iter().filter(|(_, stage)| **stage != Stage::Over);
        open.map(|(id, _)| *id).collect()
    }

    fn body(&mut self) -> ssa::Body {
        // Too large for UDP now and then. RFC 3261 §18.1.1.
        sdp(&"x".repeat(if self.dice.chance(0.2) { 1500 } else { 10 }))
    }

    /// Gives a command that fits, or none.
    fn act(&mut self) {
        let open = self.open();
        if open.is_empty() || (open.len() < 4 && self.dice.chance(0.2)) {
            let body = self.body();
            let id = self.side.call(self.me, self.peer, body);
            self.calls.insert(id, Stage::Calling);
            return;
        }
        let at = usize::try_from(self.dice.below(open.len() as u64)).unwrap();
        let (id, body) = (*open.get(at).unwrap(), self.body());
        let stage = self.calls.get_mut(&id).unwrap();
        let endpoint = &self.side.endpoint;
        match (*stage, self.dice.below(10)) {
            (_, 0) => endpoint.hang_up(id).unwrap(),
            (Stage::Incoming, 1 | 2) => endpoint.ring(id).unwrap(),
            (Stage::Incoming, 3) => endpoint.reject(id, 486).unwrap(),
            (Stage::Incoming, 4..) => {
                endpoint.accept(id, body).unwrap();
                *stage = Stage::Accepted;
            }
            // Refused while another one is under way.
            (Stage::Talking, 1..=3) => drop(endpoint.reinvite(id, body)),
            (Stage::Asked, 1..=4) => {
                endpoint.accept_reinvite(id, body).unwrap();
                *stage = Stage::Talking;
            }
            (Stage::Asked, 5 | 6) => {
                endpoint.reject(id, 488).unwrap();
                *stage = Stage::Talking;
            }
            _ => {}
        }
    }

    /// Takes the events that are there.
    async fn listen(&mut self) {
        while let Some(event) = self.side.next_within(0).await {
            self.log.push(format!("{} {event:?}", self.me));
            self.take(&event);
        }
    }

    fn take(&mut self, event: &Event) {
        let (id, from, to): (_, &[Stage], _) = match event {
            Event::Incoming { id, .. } => {
                assert_eq!(self.calls.insert(*id, Stage::Incoming), None, "{event:?}");
                return;
            }
            Event::Ringing { id, .. } => (id, &[Stage::Calling], None),
            Event::Answered { id, .. } => (id, &[Stage::Calling], Some(Stage::Talking)),
            // Of the 2xx to the INVITE, or to a re-INVITE.
            Event::Confirmed { id, .. } => {
                (id, &[Stage::Accepted, Stage::Talking], Some(Stage::Talking))
            }
            Event::Reinvited { id, .. } => (id, &[Stage::Talking], Some(Stage::Asked)),
            Event::ReinviteAnswered { id, .. } => (id, &[Stage::Talking, Stage::Asked], None),
            // Ours, or the peer took back its own.
            Event::ReinviteFailed { id, .. } => {
                (id, &[Stage::Talking, Stage::Asked], Some(Stage::Talking))
            }
            Event::Failed { id, .. } => (id, &[Stage::Calling], Some(Stage::Over)),
            Event::Ended { id, .. } => (
                id,
                &[Stage::Calling, Stage::Incoming, Stage::Accepted, Stage::Talking, Stage::Asked],
                Some(Stage::Over),
            ),
            other => panic!("nobody asked for {other:?}"),
        };
        let stage = self.calls.get_mut(id).unwrap();
        assert!(from.contains(stage), "{stage:?}: {event:?}");
        *stage = to.unwrap_or(*stage);
    }
}

fn when(dice: &mut Random) -> When {
    match dice.below(10) {
        0..=4 => When::Now,
        5..=7 => When::After(Duration::from_millis(dice.below(3000))),
        8 => When::Never,
        _ => When::PanicsLater,
    }
}

fn script(dice: &mut Random) -> Script {
    Script {
        challenges: dice.chance(0.5),
        challenges_bye: dice.chance(0.3),
        verify: when(dice),
        sign: when(dice),
        leaving: when(dice),
        reserve: 1500,
        padding: if dice.chance(0.3) { 1400 } else { 0 },
        ..Script::default()
    }
}

fn world(seed: u64, dice: &mut Random) -> World {
    let link = Link {
        loss: dice.below(21) as f64 / 100.0,
        duplication: dice.below(11) as f64 / 100.0,
        min_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(1 + dice.below(300)),
    };
    let world = World::new(seed, link);
    if dice.chance(0.3) {
        let [a, b] = [1, 2].map(|host| IpAddr::from([192, 0, 2, host]));
        let from = Duration::from_secs(dice.below(40));
        world.sim.cut_during(a, b, from..from + Duration::from_secs(dice.below(100)));
    }
    world
}

/// What was sent and told in the storm of this seed.
fn storm(seed: u64) -> Vec<String> {
    let mut dice = Random::new(seed);
    let world = world(seed, &mut dice);
    let mut players = [(1, ALICE, BOB), (2, BOB, ALICE)].map(|(host, me, peer)| {
        let side = world.side(host, Double::new(world.runtime(host), script(&mut dice)));
        let dice = dice.fork();
        Player { side, me, peer, dice, calls: BTreeMap::new(), log: Vec::new() }
    });
    let runtime = world.runtime(1);
    let pause = |time| runtime.sleep_until(runtime.now() + time);
    world.run(async {
        for _ in 0..TURNS {
            for player in &mut players {
                player.listen().await;
                player.act();
            }
            pause(Duration::from_millis(1 + dice.below(3000))).await;
        }
        for player in &mut players {
            player.listen().await;
            player.open().iter().for_each(|id| player.side.endpoint.hang_up(*id).unwrap());
        }
        pause(QUIET).await;
        for player in &mut players {
            player.listen().await;
        }
    });
    for player in &players {
        assert_eq!(player.open(), [], "seed {seed}: {} still has calls", player.me);
        let sizes = player.side.endpoint.sizes();
        assert_eq!(sizes.manager, manager::Sizes::default(), "seed {seed}: {}", player.me);
        assert_eq!(sizes.connections, 0, "seed {seed}: {}", player.me);
    }
    let mut log = world.wire.lines();
    log.extend(players.into_iter().flat_map(|player| player.log));
    let idle = world.sim.run_until_idle(Duration::from_secs(3600));
    assert!(idle.is_ok(), "seed {seed}: {idle:?}");
    assert_eq!((world.sim.running(), world.sim.streams()), (0, 0), "seed {seed}");
    log
}

#[test]
fn storms_leave_nothing_behind() {
    for seed in seeds(60) {
        storm(seed);
    }
}

#[test]
fn a_storm_repeats_by_its_seed() {
    for seed in 0..5 {
        assert!(storm(seed) == storm(seed), "seed {seed}");
    }
}
