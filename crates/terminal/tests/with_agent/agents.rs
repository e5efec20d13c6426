//! A security application that goes while a terminal needs it: its owner ends, or it is killed.

use super::*;

/// The security application that a command has started.
fn application_of(running: &Running) -> Pid {
    let pid = running.child.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let first = children.split_whitespace().next().unwrap();
    Pid::from_raw(first.parse().unwrap()).unwrap()
}

/// Starts `listen` where it is called, or elsewhere.
fn listens(side: &Side, elsewhere: bool) -> (Running, Person) {
    let pair = free_loopback_pair().unwrap().map(|address| address.to_string());
    let other = ["--bind", &pair[0], "--bind", &pair[1]];
    let more = if elsewhere { &other[..] } else { &[] };
    let (mut running, person) = at_terminal(side, &[&["listen", "--auto-answer"], more].concat());
    running.waits_for("listening");
    (running, person)
}

#[test]
fn who_uses_anothers_application_starts_its_own_when_that_is_gone() {
    let (_folder, alice, bob) = friends();
    let (first, _person) = listens(&bob, true);
    let (mut second, mut person) = listens(&bob, false);
    alice.does(&["call", BOB, "--seconds", "1"]);
    second.waits_for("over");
    first.interrupt();
    first.ends_well();
    person.sees("is gone; this terminal has started its own");
    alice.does(&["call", BOB, "--seconds", "1"]);
    proved(&second.waits_for("established"), ALICE, &alice.fingerprint());
    second.interrupt();
    second.ends_well();
    assert_eq!(person.saw("security application"), 1, "one line says it");
    bob.nothing_is_left();
}

#[test]
fn of_several_that_are_left_one_starts_it_and_all_use_it() {
    let (_folder, alice, bob) = friends();
    let (first, _person) = listens(&bob, true);
    let (mut called, mut of_called) = listens(&bob, false);
    let (other, mut of_other) = listens(&bob, true);
    first.interrupt();
    first.ends_well();
    of_called.sees("is gone; ");
    of_other.sees("is gone; ");
    alice.does(&["call", BOB, "--seconds", "1"]);
    called.waits_for("established");
    for running in [other, called] {
        running.interrupt();
        running.ends_well();
    }
    bob.nothing_is_left();
}

/// Case G22.
#[test]
fn g22_an_application_that_is_killed_under_a_listener_is_started_again() {
    let (_folder, alice, bob) = friends();
    let (mut listening, mut person) = listens(&bob, false);
    let killed = application_of(&listening);
    kill_process(killed, Signal::KILL).unwrap();
    person.sees("the security application ended (signal: 9 (SIGKILL)); it was started again");
    assert_ne!(application_of(&listening), killed);
    alice.does(&["call", BOB, "--seconds", "1"]);
    proved(&listening.waits_for("established"), ALICE, &alice.fingerprint());
    listening.interrupt();
    listening.ends_well();
    bob.nothing_is_left();
}

/// Each reason why there is none is told once, however often it is tried.
#[test]
fn an_application_that_does_not_start_again_is_told_once_and_tried_on() {
    let (_folder, alice, bob) = friends();
    let keys = bob.folder.join("pgp");
    let (mut listening, mut person) = listens(&bob, false);
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
    kill_process(application_of(&listening), Signal::KILL).unwrap();
    person.sees("calls that need one are refused until it starts, which is tried again: ");
    person.sees("must be 0700");
    std::thread::sleep(Duration::from_millis(700));
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    assert!(line.contains("500"), "{line}");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
    person.sees("the security application ended (signal: 9 (SIGKILL)); it was started again");
    alice.does(&["call", BOB, "--seconds", "1"]);
    listening.waits_for("established");
    listening.interrupt();
    listening.ends_well();
    assert_eq!(person.saw("must be 0700"), 1);
}
