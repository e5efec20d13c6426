//! Calls beside a `listen`, and one call of several.

use super::*;

#[test]
fn a_call_is_ended_by_a_word_and_listen_goes_on() {
    let (_folder, alice, bob) = friends();
    let (mut listening, mut person) = at_terminal(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    for end in ["hangup\n", "hangup 1\n"] {
        let mut calling = Running::start(&alice, &["call", "bob"]);
        calling.waits_for("established");
        listening.waits_for("established");
        person.keyboard.write_all(b"nonsense\ncalls\n").unwrap();
        let calls = listening.waits_for("calls");
        let [call] = calls["calls"].as_array().unwrap().as_slice() else { panic!("{calls}") };
        assert_eq!((&call["number"], &call["from"]), (&1.into(), &ALICE.into()));
        person.keyboard.write_all(end.as_bytes()).unwrap();
        let over = calling.waits_for("over");
        assert_eq!(over["outcome"], "the peer hung up");
        calling.ends_well();
        assert_eq!(listening.waits_for("over")["outcome"], "hung up here");
    }
    listening.interrupt();
    listening.ends_well();
}

#[test]
fn a_call_is_placed_beside_a_listen_at_the_same_port() {
    let (_folder, alice, bob) = friends();
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let mut waiting = Running::start(&alice, &["listen", "--auto-answer"]);
    waiting.waits_for("listening");
    let mut calling = Running::start(&alice, &["call", BOB, "--seconds", "0.5"]);
    let moved = calling.waits_for("moved");
    let port = alice.bind[0].rsplit_once(':').unwrap().1;
    assert_eq!(moved["in_use"].to_string(), port);
    assert_ne!(moved["port"], moved["in_use"]);
    calling.waits_for("established");
    calling.waits_for("over");
    calling.ends_well();
    let line = alice.fails(&["listen", "--auto-answer"]);
    assert!(line.contains("cannot bind") && line.contains("in use"), "{line}");
    for mut side in [listening, waiting] {
        side.interrupt();
        assert!(side.child.wait().unwrap().success());
    }
}
