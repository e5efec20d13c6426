//! A proved call, and what is typed while it goes on.

use super::*;

#[test]
fn a_proved_call_is_held_and_carries_texts_and_keys() {
    let (_folder, alice, bob) = friends();
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let (mut calling, mut person) = at_terminal(&alice, &["call", BOB]);
    let mut types = |line: &str| person.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    calling.waits_for("established");
    listening.waits_for("established");
    for (line, here, there) in
        [("hold", "held", "peer_held"), (r#"{"command":"resume"}"#, "resumed", "peer_resumed")]
    {
        types(line);
        calling.waits_for(here);
        calling.waits_for("done");
        listening.waits_for(there);
    }
    // What is typed at once is done in order: each is challenged, and signed by itself.
    types("hold\nresume\nmessage good evening\nhold\nresume");
    for command in ["hold", "resume", "message", "hold", "resume"] {
        assert_eq!(calling.waits_for("done")["command"], command);
    }
    let message = listening.waits_for("message");
    assert_eq!(message["text"], "good evening");
    assert!(message["assurance"]["peer"] == ALICE && message["call"].is_string(), "{message}");
    types("dtmf 1#");
    calling.waits_for("done");
    assert_eq!(listening.waits_for("dtmf")["digit"], "1");
    assert_eq!(listening.waits_for("dtmf")["digit"], "#");
    types("hang up");
    assert_eq!(listening.waits_for("over")["code"], "peer_hung_up");
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();
    alice.nothing_is_left();
}
