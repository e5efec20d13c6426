//! What is done in a call that is up: hold and resume, texts, keys.

use crate::cases::{has, status_of};
use crate::meddler::{Meddle, Way};
use crate::world::{CALLEE_IP, CALLER_IP, Change, Watch, World};
use net::sim::Link;
use sip_core::manager::{CallId, EndReason};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use terminal::Error;
use terminal::assembly::{Digit, Outcome};
use terminal::config::{Keys, Require};

const SECOND: Duration = Duration::from_secs(1);

/// A call that is up, as both sides name it, and what they see.
struct Up {
    world: World,
    here: CallId,
    there: CallId,
    caller: Watch,
    callee: Watch,
}

impl Up {
    fn new(seed: u64, change: Change) -> Self {
        let mut world = World::new(seed, change);
        let (caller, callee) = world.watch();
        let here = world.call();
        world.pass(2 * SECOND);
        assert!(caller.seen().established.is_some(), "{}", world.ladder());
        let there = callee.seen().last.unwrap();
        Self { world, here, there, caller, callee }
    }

    /// Lets time pass, and says what both sides saw in it.
    fn pass(&self, time: Duration) -> [Vec<String>; 2] {
        let before = [&self.caller, &self.callee].map(|watch| watch.seen().within.len());
        self.world.pass(time);
        let [caller, callee] = before;
        [self.caller.seen().within.split_off(caller), self.callee.seen().within.split_off(callee)]
    }

    /// The callee presses a key: what both sides see.
    fn press(&self, key: char) -> [Vec<String>; 2] {
        self.world.callee.press(self.there, Digit::new(key).unwrap()).unwrap();
        self.pass(SECOND)
    }

    /// Ends it, and gives how many packets caller and callee received.
    fn end(self) -> [u64; 2] {
        self.world.caller.hang_up(self.here);
        self.world.settle();
        let (caller, callee) = (self.caller.seen(), self.callee.seen());
        assert_eq!(caller.over, Some(Outcome::Ended(EndReason::Local)), "{}", self.world.ladder());
        assert_eq!(callee.over, Some(Outcome::Ended(EndReason::Remote)), "{}", self.world.ladder());
        [caller.packets_received, callee.packets_received]
    }
}

fn plain() -> Change {
    Change { require: Require::Nothing, ..Change::default() }
}

#[test]
fn who_is_held_sends_nothing_until_it_is_resumed() {
    for require in [Require::Pgp, Require::Nothing] {
        let up = Up::new(21, Change { require, ..Change::default() });
        up.world.caller.hold(up.here, true).unwrap();
        assert_eq!(up.pass(20 * SECOND), [["held"], ["peer held"]], "{}", up.world.ladder());
        up.world.caller.hold(up.here, false).unwrap();
        assert_eq!(up.pass(2 * SECOND), [["resumed"], ["peer resumed"]], "{}", up.world.ladder());
        let [by_caller, by_callee] = up.end();
        assert!((150..230).contains(&by_caller), "four seconds of talk: {by_caller} packets");
        assert!(by_callee > 1_100, "the holder's silence flows: {by_callee} packets");
    }
}

#[test]
fn the_callee_may_hold_too_and_both_may() {
    let up = Up::new(22, Change::default());
    up.world.callee.hold(up.there, true).unwrap();
    assert_eq!(up.pass(SECOND), [["peer held"], ["held"]]);
    up.world.caller.hold(up.here, true).unwrap();
    assert_eq!(up.pass(SECOND), [["held"], ["peer held"]]);
    up.world.callee.hold(up.there, false).unwrap();
    assert_eq!(up.pass(SECOND), [["peer resumed"], ["resumed"]]);
    up.world.caller.hold(up.here, false).unwrap();
    assert_eq!(up.pass(SECOND), [["resumed"], ["peer resumed"]]);
    let [by_caller, by_callee] = up.end();
    assert!(by_caller > 100 && by_callee > 100, "{by_caller} {by_callee}");
}

/// Whoever is held need not send anything, not even reports: that is not the end of the call.
#[test]
fn a_call_on_hold_stays_up_though_nothing_is_heard() {
    let up = Up::new(23, Change::default());
    up.world.caller.hold(up.here, true).unwrap();
    up.pass(SECOND);
    let ends = [CALLER_IP.into(), CALLEE_IP.into()];
    up.world.sim.cut(ends[0], ends[1]);
    up.world.sim.cut(ends[1], ends[0]);
    up.pass(300 * SECOND);
    assert_eq!((up.caller.seen().over, up.callee.seen().over), (None, None));
    up.world.sim.heal(ends[0], ends[1]);
    up.world.sim.heal(ends[1], ends[0]);
    up.world.caller.hold(up.here, false).unwrap();
    assert_eq!(up.pass(20 * SECOND), [["resumed"], ["peer resumed"]]);
    let [by_caller, by_callee] = up.end();
    assert!(by_caller > 600 && by_callee > 600, "{by_caller} {by_callee}");
}

#[test]
fn a_hold_that_is_refused_leaves_the_call_as_it_was() {
    let refuses = Arc::new(AtomicBool::new(true));
    let meddle: Meddle = Arc::new({
        let refuses = Arc::clone(&refuses);
        move |way, octets| {
            let holds = way == Way::In && has(octets, "a=sendonly");
            if !holds || !refuses.load(Ordering::Relaxed) {
                return vec![octets.to_vec()];
            }
            let text = String::from_utf8_lossy(octets);
            vec![text.replace(" RTP/AVP ", " RTP/XYZ ").into()]
        }
    });
    let up = Up::new(24, Change { meddle: Some(meddle), ..plain() });
    up.world.caller.hold(up.here, true).unwrap();
    let [caller, callee] = up.pass(2 * SECOND);
    assert_eq!(caller, ["hold true: the peer answered 488 Not Acceptable Here"]);
    assert!(callee.is_empty() && status_of(&up.world, "callee", "SIP/2.0 488") > 0, "{callee:?}");
    // It may be tried again.
    refuses.store(false, Ordering::Relaxed);
    up.world.caller.hold(up.here, true).unwrap();
    assert_eq!(up.pass(SECOND), [["held"], ["peer held"]]);
    let [by_caller, _] = up.end();
    assert!((180..230).contains(&by_caller), "four seconds of talk: {by_caller} packets");
}

/// RFC 3261 §14.1: two re-INVITEs meet, and the one that is sent again first counts.
#[test]
fn of_two_holds_that_meet_one_is_told_to_try_again() {
    let min_delay = Duration::from_millis(20);
    let up = Up::new(
        25,
        Change { link: Link { min_delay, max_delay: min_delay, ..Link::PERFECT }, ..plain() },
    );
    up.world.caller.hold(up.here, true).unwrap();
    up.world.callee.hold(up.there, true).unwrap();
    let again = up.world.caller.hold(up.here, false).unwrap_err();
    assert!(matches!(again, Error::TryAgain), "{again}");
    let [caller, callee] = up.pass(10 * SECOND);
    assert_eq!(caller, ["hold true: the peer answered 491 Request Pending", "peer held"]);
    assert_eq!(callee, ["held"], "{}", up.world.ladder());
    up.world.caller.hold(up.here, true).unwrap();
    assert_eq!(up.pass(SECOND), [["held"], ["peer held"]]);
    up.end();
}

#[test]
fn a_hold_that_changes_nothing_or_comes_too_early_says_so() {
    let mut world = World::new(26, plain());
    let callee = world.watch_leaving();
    let id = world.call();
    world.pass(SECOND);
    let told = |hold| world.caller.hold(id, hold).unwrap_err().line();
    assert_eq!(told(true), "the call is not up yet");
    assert!(world.callee.hold(callee.seen().last.unwrap(), true).is_err());
    let up = Up::new(27, plain());
    assert_eq!(up.world.caller.hold(up.here, false).unwrap_err().line(), "the peer is not on hold");
    up.world.caller.hold(up.here, true).unwrap();
    up.pass(SECOND);
    let told = up.world.caller.hold(up.here, true).unwrap_err().line();
    assert_eq!(told, "the peer is on hold already");
    up.end();
}

#[test]
fn texts_and_keys_pass_in_a_call_both_ways() {
    for require in [Require::Pgp, Require::Nothing] {
        let up = Up::new(28, Change { require, ..Change::default() });
        up.world.caller.message_within(up.here, "good \u{e9}vening").unwrap();
        let [caller, callee] = up.pass(SECOND);
        assert_eq!(
            (&caller[..], &callee[..]),
            (&["answered 200".to_owned()][..], &["good \u{e9}vening".to_owned()][..]),
            "{}",
            up.world.ladder()
        );
        up.world.callee.message_within(up.there, "hello").unwrap();
        assert_eq!(up.pass(SECOND), [["hello"], ["answered 200"]]);
        for key in ['1', '#'] {
            assert_eq!(up.press(key), [[format!("key {key}")], ["sent true".to_owned()]]);
        }
        up.end();
    }
}

/// As RTP events where they can be sent, by INFO else, and as is configured.
#[test]
fn keys_are_told_as_is_configured() {
    let infos = |up: &Up| up.world.ladder().matches("INFO ").count();
    let by_info = [["key 5"], ["answered 200"]];
    let up = Up::new(29, Change { keys: Keys::Info, ..Change::default() });
    assert_eq!(up.press('5'), by_info);
    assert!(infos(&up) > 0, "{}", up.world.ladder());
    up.end();

    let up = Up::new(30, Change { link: Link { loss: 0.2, ..Link::PERFECT }, ..plain() });
    assert_eq!(up.press('5'), [["key 5"], ["sent true"]]);
    assert_eq!(infos(&up), 0, "{}", up.world.ladder());
    // Nothing is sent to who holds us, but INFO.
    up.world.caller.hold(up.here, true).unwrap();
    up.pass(3 * SECOND);
    assert_eq!(up.press('5'), by_info);
    up.end();

    let up = Up::new(31, Change { keys: Keys::Rtp, ..plain() });
    assert_eq!(up.press('5'), [["key 5"], ["sent true"]]);
    up.world.caller.hold(up.here, true).unwrap();
    up.pass(SECOND);
    let refused = up.world.callee.press(up.there, Digit::new('5').unwrap()).unwrap_err();
    assert!(refused.line().contains("`[media] dtmf`"), "{refused:?}");
    up.end();
}
