//! One terminal watches the calls of another: RFC 4235, RFC 6665.

use crate::raw::{Raw, Written};
use crate::world::{ALL_OVER, CALLEE, CALLEE_IP, CALLER, Change, Watch, World};
use sip_core::packages::dialog_info::{Dialog, Direction, Event, Participant, State};
use std::time::Duration;
use terminal::assembly::{Known, Package, Terminal, Watchers};
use terminal::config::Require;
use terminal::record::Entry;

/// No call.
const NONE: Vec<State> = Vec::new();
const SECOND: Duration = Duration::from_secs(1);

/// The caller's user name.
fn alice() -> Watchers {
    named("alice")
}

/// A user of this name.
fn named(user: &str) -> Watchers {
    Watchers { users: vec![user.to_owned()], ..Watchers::default() }
}

/// A contact at this address.
fn signing(aor: &str) -> Watchers {
    Watchers { contacts: vec![aor.parse().unwrap()], ..Watchers::default() }
}

/// A callee that has a password in common with the caller.
fn callee(watchers: Watchers) -> Change {
    Change { require: Require::Digest, watchers, ..Change::default() }
}

/// A world whose caller watches the callee, and what both see.
fn watching(change: Change) -> (World, Watch, Watch) {
    let mut world = World::new(11, change);
    let (caller, callee) = world.watch();
    world.caller.watch(Package::Dialog, CALLEE, Some(world.way_to_callee())).unwrap();
    world.pass(2 * SECOND);
    (world, caller, callee)
}

/// The documents that were told, as their dialogs.
fn told(watch: &Watch) -> Vec<Vec<Dialog>> {
    let known = watch.seen().watched.into_iter().map(|it| match it {
        Ok(Known::Dialogs(known)) => known.rows().to_vec(),
        other => panic!("{other:?}"),
    });
    known.collect()
}

fn states(watch: &Watch) -> Vec<Vec<State>> {
    told(watch).iter().map(|all| all.iter().map(|dialog| dialog.state).collect()).collect()
}

fn stop(world: &World, terminal: &Terminal) {
    let (terminal, (runtime, _)) = (terminal.clone(), world.sim.host(CALLEE_IP.into()));
    runtime.spawn(Box::pin(async move { terminal.shutdown(60 * SECOND).await }));
    world.pass(2 * SECOND);
}

/// Nothing lasts where a terminal has stopped, or is idle.
fn assert_nothing_is_left(world: &World) {
    world.pass(ALL_OVER);
    for terminal in [&world.caller, &world.callee] {
        let left = terminal.sizes().manager;
        assert_eq!((left.usages, left.dialogs), (0, 0), "{terminal:?}\n{}", world.ladder());
    }
}

#[test]
fn who_proves_to_be_a_watcher_is_told_of_each_call_and_of_no_names_to_end_it_by() {
    let (world, caller, callee) = watching(callee(alice()));
    let admitted = callee.seen().within;
    let who = "watcher: alice, proved by Digest (SHA-512-256 at callee.example), who says to be ";
    assert_eq!(admitted, [format!("{who}{CALLER}")]);
    assert_eq!(states(&caller), [NONE], "{}", world.ladder());
    let call = world.call();
    world.pass(2 * SECOND);
    world.caller.hang_up(call);
    world.pass(2 * SECOND);
    let one = |state| vec![state];
    let expected = [NONE, one(State::Trying), one(State::Confirmed), one(State::Terminated)];
    assert_eq!(states(&caller), expected, "{}", world.ladder());
    let last = told(&caller).pop().unwrap().remove(0);
    assert_eq!((last.event, last.direction), (Some(Event::RemoteBye), Some(Direction::Recipient)));
    let identity = |of: &Participant| of.identities[0].uri.clone();
    assert_eq!((identity(&last.local), identity(&last.remote)), (CALLEE.into(), CALLER.into()));
    assert_eq!((&last.call_id, &last.local_tag, &last.remote_tag), (&None, &None, &None));
    // The next one is told without that.
    let call = world.call();
    world.pass(2 * SECOND);
    assert_eq!(states(&caller).pop().unwrap(), [State::Confirmed]);
    world.caller.hang_up(call);
    world.pass(2 * SECOND);
    stop(&world, &world.caller);
    assert_eq!(callee.seen().within.pop().unwrap(), "watcher gone: alice, Unsubscribed");
    assert_nothing_is_left(&world);
}

/// Whom its pinned key proves is told as whom a password does: each request is signed, and what is
/// told is encrypted to it, so that nobody on the way reads who calls whom.
#[test]
fn a_contact_who_signs_is_told_of_each_call_under_encryption() {
    for require in [Require::Pgp, Require::Nothing] {
        let change = Change { require, watchers: signing(CALLER), ..Change::default() };
        let (world, caller, callee) = watching(change);
        let admitted = callee.seen().within;
        assert_eq!(admitted, [format!("watcher: {CALLER}, proved by the pinned key")]);
        assert_eq!(states(&caller), [NONE], "{}", world.ladder());
        let call = world.call();
        world.pass(3 * SECOND);
        world.caller.hang_up(call);
        world.pass(3 * SECOND);
        let last = told(&caller).pop().unwrap().remove(0);
        assert_eq!((last.state, last.event), (State::Terminated, Some(Event::RemoteBye)));
        // What a subscription is refreshed by is signed, too.
        world.pass(3_600 * SECOND);
        assert_eq!(callee.seen().within.len(), 1, "{:?}", callee.seen().within);
        let in_clear = |entry: &Entry| {
            let packet = entry.packet.as_ref();
            packet.is_some_and(|it| it.octets.windows(12).any(|it| it == b"<dialog-info"))
        };
        assert_eq!(world.count("caller", in_clear), 0, "{}", world.ladder());
        stop(&world, &world.caller);
        assert_eq!(
            callee.seen().within.pop().unwrap(),
            format!("watcher gone: {CALLER}, Unsubscribed")
        );
        assert_nothing_is_left(&world);
    }
}

#[test]
fn a_call_that_is_placed_rings_and_is_refused_is_told_so() {
    let mut world =
        World::new(12, Change { require: Require::Digest, watchers: alice(), ..Change::default() });
    let callee = world.watch_leaving();
    let watcher = world.watch_caller();
    world.caller.watch(Package::Dialog, CALLEE, Some(world.way_to_callee())).unwrap();
    world.pass(2 * SECOND);
    world.call();
    world.pass(SECOND);
    let there = callee.seen().last.unwrap();
    world.callee.ring(there).unwrap();
    world.pass(SECOND);
    world.callee.reject(there, 486).unwrap();
    world.pass(2 * SECOND);
    let last = told(&watcher).pop().unwrap().remove(0);
    assert_eq!((last.event, last.code), (Some(Event::Rejected), Some(486)));
    let one = |state| vec![state];
    let expected = [NONE, one(State::Trying), one(State::Early), one(State::Terminated)];
    assert_eq!(states(&watcher), expected, "{}", world.ladder());
    stop(&world, &world.callee);
    assert_eq!(callee.seen().within.pop().unwrap(), "watcher gone: alice, Ended");
    stop(&world, &world.caller);
    assert_nothing_is_left(&world);
}

#[test]
fn d08_who_is_not_named_as_a_watcher_is_refused_whatever_it_proves() {
    let nobody = Watchers::default;
    for (change, status) in [
        (callee(named("carol")), "403 Forbidden"),
        (callee(nobody()), "405 "),
        // A password is no signature, and a key no password.
        (callee(signing(CALLER)), "403 Forbidden"),
        (Change { watchers: alice(), ..Change::default() }, "403 Forbidden"),
        (Change { watchers: signing("sip:carol@caller.example"), ..Change::default() }, "403 "),
        (Change { watchers: nobody(), ..Change::default() }, "405 "),
    ] {
        let (world, caller, callee) = watching(change);
        let [Err(why)] = &caller.seen().watched[..] else { panic!("{}", world.ladder()) };
        assert!(why.contains(status), "{why}");
        assert_eq!(callee.seen().within, [""; 0]);
        world.settle();
    }
}

/// A stranger's From says what it likes.
#[test]
fn d08_a_stranger_who_says_to_be_a_watcher_is_told_nothing() {
    let world = World::new(13, callee(alice()));
    let raw = Raw::new(&world, [192, 0, 2, 66]);
    let subscribe = Written {
        method: "SUBSCRIBE",
        uri: CALLEE,
        from: &format!("<{CALLER}>"),
        cseq: 1,
        name: "eve",
        fields: "Event: dialog\r\nExpires: 3600\r\n",
    };
    raw.send(CALLEE_IP, &subscribe.text());
    world.pass(40 * SECOND);
    let heard = raw.heard();
    assert!(heard.iter().all(|it| it.starts_with("SIP/2.0 401 ")), "{heard:?}");
    assert!(!heard.is_empty());
    world.settle();
}
