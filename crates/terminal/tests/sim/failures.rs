//! Promise 13: whatever a call asks of its world fails once, in turn: the first, the second, and so on,
//! until a call needs no more. Nothing stays behind, both sides know how their call ended, and the next
//! call is as good as any.

use crate::failing::{Fails, Kind};
use crate::world::{Change, Seen, Watch, World};
use sma::SecurityApplication;
use sma::conformance::Crashing;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::config::Require;

/// How long a call goes on, some of its packets, and how often it is looked at before.
const TALK: Duration = Duration::from_millis(150);

/// More is asked of a world by no call of this length.
const ENOUGH: usize = 500;

/// How long a call may take to come about or to fail: Timer B or F, twice. RFC 3261 §17.
const DECIDED: Duration = Duration::from_secs(70);

/// A call that is hung up once it is up, and ends by itself where it does not come about; both sides
/// know that it is over.
fn call(world: &World, (caller, callee): (&Watch, &Watch), about: &str) -> bool {
    let before = [caller.seen(), callee.seen()];
    let id = world.try_call(false);
    let decided =
        |seen: &Seen| (seen.answered, seen.ended) != (before[0].answered, before[0].ended);
    let from = world.sim.elapsed();
    while id.is_ok() && !decided(&caller.seen()) {
        let stuck = world.sim.elapsed() - from > DECIDED;
        assert!(!stuck, "{about}: nothing becomes of it\n{}", world.ladder());
        world.pass(TALK);
    }
    world.pass(TALK);
    if let Ok(id) = &id {
        world.caller.hang_up(*id);
    }
    world.settle();
    let after = [caller.seen(), callee.seen()];
    if id.is_ok() {
        let told = after[0].ended - before[0].ended;
        assert_eq!(told, 1, "{about}: the caller's call is not over\n{}", world.ladder());
    }
    let [rang, over] = [after[1].incoming - before[1].incoming, after[1].ended - before[1].ended];
    assert_eq!(rang, over, "{about}: the callee's call is not over\n{}", world.ladder());
    let is_whole = |seen: &Seen| {
        seen.over.as_ref().is_some_and(|over| over.is_ordinary()) && seen.packets_received > 0
    };
    id.is_ok() && rang == 1 && after.iter().all(is_whole)
}

/// Has the `at`-th of a kind fail in a call; whether so many were asked for, and whether the call was
/// whole.
fn fails(require: Require, kind: Kind, at: usize) -> (bool, bool) {
    let about = format!("{require:?}, {kind:?} {at}");
    let fails = Fails::new(kind, at);
    let change = Change { require, fails: Some(fails.clone()), ..Change::default() };
    let mut world = World::new(13, change);
    let (caller, callee) = world.watch();
    fails.arm();
    let was_whole = call(&world, (&caller, &callee), &about);
    let has_failed = fails.disarm();
    let is_whole = call(&world, (&caller, &callee), &format!("{about}, the next call"));
    assert!(is_whole, "{about}: the next call is not whole\n{}", world.ladder());
    (has_failed, was_whole)
}

/// Has each of a kind fail in a call of its own: how many there are, and how many calls were whole.
fn each(require: Require, kind: Kind) -> (usize, usize) {
    let mut whole = 0;
    for at in 1..ENOUGH {
        let (has_failed, was_whole) = fails(require, kind, at);
        if !has_failed {
            assert!(was_whole, "{require:?}, {kind:?}: nothing has failed");
            return (at - 1, whole);
        }
        whole += usize::from(was_whole);
    }
    panic!("{require:?}, {kind:?}: more than {ENOUGH} are asked for");
}

fn told(require: Require, kind: Kind, least: usize) {
    let (all, whole) = each(require, kind);
    println!(
        "{require:?}, {kind:?}: {all} in a call; it was whole although one failed {whole} times"
    );
    assert!(all >= least, "{require:?}, {kind:?}: {all} were counted, not {least} at least");
}

#[test]
fn each_socket_that_is_not_bound() {
    for require in [Require::Pgp, Require::Digest] {
        told(require, Kind::Bind, 2);
    }
}

#[test]
fn each_datagram_that_is_not_sent() {
    for require in [Require::Pgp, Require::Digest] {
        told(require, Kind::Send, 20);
    }
}

#[test]
fn each_time_that_a_socket_fails() {
    for require in [Require::Pgp, Require::Digest] {
        told(require, Kind::Receive, 20);
    }
}

/// What is signed is too large for a datagram (RFC 3261 §18.1.1): only there is a connection.
#[test]
fn each_connection_that_is_not_opened_or_breaks() {
    told(Require::Pgp, Kind::Connect, 1);
    told(Require::Pgp, Kind::Read, 2);
    told(Require::Pgp, Kind::Write, 2);
}

#[test]
fn each_draw_of_random_octets() {
    for require in [Require::Pgp, Require::Digest] {
        told(require, Kind::Entropy, 3);
    }
}

/// The security application of either side crashes after so many answers, and is started again.
#[test]
fn each_answer_of_a_security_application() {
    for is_callers in [true, false] {
        let mut asked = 0;
        loop {
            let crashing = Arc::new(Mutex::new(None));
            let kept = Arc::clone(&crashing);
            let agent = Box::new(move |double| {
                let agent = Arc::new(Crashing::after(double, asked));
                *kept.lock().unwrap() = Some(Arc::clone(&agent));
                agent as Arc<dyn SecurityApplication>
            });
            let change = match is_callers {
                true => Change { caller_agent: agent, ..Change::default() },
                false => Change { callee_agent: agent, ..Change::default() },
            };
            let mut world = World::new(13, change);
            let (caller, callee) = world.watch();
            let about = format!("caller's: {is_callers}, {asked} answers");
            if call(&world, (&caller, &callee), &about) {
                break;
            }
            let agent = crashing.lock().unwrap().take().unwrap();
            agent.restart(usize::MAX);
            assert!(call(&world, (&caller, &callee), &about), "{about}\n{}", world.ladder());
            asked += 1;
        }
        // Signing, encrypting, verifying, decrypting.
        assert!(asked >= 4, "{asked} answers were enough");
    }
}
