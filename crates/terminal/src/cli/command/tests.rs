//! What a line means, as words and as an object.

use super::*;

fn read(line: &str) -> Command {
    Command::read(line.as_bytes()).unwrap().unwrap()
}

fn refused(line: &[u8]) -> String {
    Command::read(line).unwrap_err()
}

const fn number(number: u32) -> Option<Name> {
    Some(Name::Number(number))
}

#[test]
fn words_and_objects_mean_the_same() {
    for (line, object, command) in [
        ("calls", r#"{"command":"calls"}"#, Command::Calls),
        (" help ", r#"{"command":"help"}"#, Command::Help),
        ("answer", r#"{"command":"answer"}"#, Command::Answer { call: None }),
        ("call bob", r#"{"command":"call","uri":"bob"}"#, Command::Call { uri: "bob".to_owned() }),
        (
            "transfer sip:c@d",
            r#"{"command":"transfer","uri":"sip:c@d"}"#,
            Command::Transfer { call: None, uri: "sip:c@d".to_owned() },
        ),
        (
            "transfer 2 carol",
            r#"{"command":"transfer","call":2,"uri":"carol"}"#,
            Command::Transfer { call: number(2), uri: "carol".to_owned() },
        ),
        (
            "transfer to 3",
            r#"{"command":"transfer_to","other":3}"#,
            Command::TransferTo { call: None, other: Name::Number(3) },
        ),
        (
            "transfer 1 to 3",
            r#"{"command":"transfer_to","call":1,"other":3}"#,
            Command::TransferTo { call: number(1), other: Name::Number(3) },
        ),
        ("follow 1", r#"{"command":"follow","call":1}"#, Command::Follow { call: number(1) }),
        ("decline", r#"{"command":"decline"}"#, Command::Decline { call: None }),
        ("hold 2", r#"{"command":"hold","call":2}"#, Command::Hold { call: number(2) }),
        ("resume\t2 ", r#"{"call":2,"command":"resume"}"#, Command::Resume { call: number(2) }),
        ("hang  up 1", r#"{"command":"hang_up","call":1}"#, Command::HangUp { call: number(1) }),
        ("hangup", r#"{"command":"hang_up","call":null}"#, Command::HangUp { call: None }),
        ("mute", r#"{"command":"mute"}"#, Command::Mute { call: None }),
        ("level", r#"{"command":"level"}"#, Command::Level { call: None }),
        ("level 2", r#"{"command":"level","call":2}"#, Command::Level { call: number(2) }),
        ("unmute 3", r#"{"command":"unmute","call":3}"#, Command::Unmute { call: number(3) }),
        ("join", r#"{"command":"join"}"#, Command::Join { calls: Vec::new(), anyway: false }),
        (
            "join 1 3",
            r#"{"command":"join","calls":[1,3]}"#,
            Command::Join { calls: vec![Name::Number(1), Name::Number(3)], anyway: false },
        ),
        (
            "join anyway 2",
            r#"{"command":"join","calls":[2],"anyway":true}"#,
            Command::Join { calls: vec![Name::Number(2)], anyway: true },
        ),
        ("leave 2", r#"{"command":"leave","call":2}"#, Command::Leave { call: number(2) }),
        (
            "message 2 beers: today",
            r#"{"command":"message","text":"2 beers: today"}"#,
            Command::Message { call: None, text: "2 beers: today".to_owned() },
        ),
        (
            "message 2: two  words",
            r#"{"command":"message","call":2,"text":"two  words"}"#,
            Command::Message { call: number(2), text: "two  words".to_owned() },
        ),
        (
            "dtmf 12#",
            r#"{"command":"dtmf","digits":"12#"}"#,
            Command::Dtmf { call: None, digits: "12#".to_owned() },
        ),
        (
            "dtmf 2 *a",
            r#"{"command":"dtmf","call":2,"digits":"*a"}"#,
            Command::Dtmf { call: number(2), digits: "*a".to_owned() },
        ),
    ] {
        assert_eq!(read(line), command, "{line}");
        assert_eq!(read(object), command, "{object}");
        let written = serde_json::to_string(&command).unwrap();
        assert_eq!(read(&written), command, "{written}");
        assert!(written.contains(&format!(r#""command":"{}""#, command.name())), "{written}");
    }
    let id = Command::Hold { call: Some(Name::Id("0.1".to_owned())) };
    assert_eq!(read(r#"{"command":"hold","call":"0.1"}"#), id);
}

#[test]
fn a_number_behind_reject_is_a_status_where_it_can_be_one() {
    for (line, call, status) in [
        ("reject", None, None),
        ("reject 486", None, Some(486)),
        ("reject 2", number(2), None),
        ("reject 2 486", number(2), Some(486)),
    ] {
        assert_eq!(read(line), Command::Reject { call, status }, "{line}");
    }
    for line in ["reject 2 200", "reject 1000", r#"{"command":"reject","status":200}"#] {
        assert!(refused(line.as_bytes()).contains("from 300 to 699"), "{line}");
    }
}

#[test]
fn nothing_is_no_command() {
    for line in ["", "  ", "\r"] {
        assert_eq!(Command::read(line.as_bytes()), Ok(None));
    }
}

#[test]
fn what_is_not_understood_is_told_what_there_is_and_not_repeated() {
    for line in [
        "s3cret",
        "y",
        "hold all",
        "hold 1 2",
        "join bob",
        "join 1 anyway",
        "leave 1 2",
        "hang",
        "hang on",
        "dtmf",
        "message",
        "reject 2 486 1",
    ] {
        let told = refused(line.as_bytes());
        for (usage, _) in COMMANDS {
            assert!(told.contains(usage), "{told}");
        }
        assert!(!told.contains("s3cret"), "{told}");
    }
    assert!(refused(b"\xff").contains("UTF-8"));
    assert!(refused(&[b' '; LONGEST + 1]).contains("longer than 16384 bytes"));
    for digits in ["x", "1 2 3", "12e", &"1".repeat(65)] {
        let told = refused(format!("dtmf {digits}").as_bytes());
        assert!(told.contains("1 to 64 keys") || told.contains("there are"), "{told}");
    }
    assert!(refused(b"message 2: ").contains("empty"));
}

/// A misspelt field must not make the command about another call.
#[test]
fn an_object_that_does_not_fit_says_why() {
    for (object, words) in [
        (r#"{"command":"holdd"}"#, "unknown variant `holdd`, expected one of `calls`, `call`"),
        (r#"{"command":"hold","cal":"0.1"}"#, "unknown field `cal`"),
        (r#"{"command":"message"}"#, "missing field `text`"),
        (r#"{"call":1}"#, "missing field `command`"),
        ("{", "EOF"),
    ] {
        let told = refused(object.as_bytes());
        assert!(told.contains(words) && !told.contains("line 1"), "{told}");
    }
}

/// Every command of the list is read, and there is no other.
#[test]
fn the_list_is_what_is_understood() {
    let names: Vec<&str> = COMMANDS
        .iter()
        .map(|(usage, _)| {
            let line: String = usage.replace("[N:]", "1:").replace("[N]", "1");
            let line = line.replace("[anyway] [N ...]", "anyway 1 2");
            let line =
                line.replace("[STATUS]", "486").replace("DIGITS", "1").replace("to M", "to 2");
            read(&line).name()
        })
        .collect();
    let told = refused(br#"{"command":"x"}"#);
    let known: Vec<&str> = told.split('`').skip(3).step_by(2).collect();
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(owned(names)), sorted(owned(known)));
}

#[test]
fn an_agent_has_a_say_about_its_own_call_alone() {
    let read = |object: &str| Command::of_agent(object.as_bytes(), "0.1");
    let own = Some(Name::Id("0.1".to_owned()));
    for object in [r#"{"command":"answer"}"#, r#"{"command":"answer","call":"0.1"}"#] {
        assert_eq!(read(object), Ok(Command::Answer { call: own.clone() }));
    }
    for (object, words) in [
        (r#"{"command":"hang_up","call":"0.2"}"#, "the call of this connection is \"0.1\""),
        (r#"{"command":"hang_up","call":1}"#, "the call of this connection is \"0.1\""),
        (r#"{"command":"calls"}"#, "no say but about its own call"),
        (r#"{"command":"call","uri":"sip:a@b"}"#, "no say but about its own call"),
        (r#"{"command":"join"}"#, "no say but about its own call"),
        (r#"{"command":"transfer_to","other":"0.2"}"#, "no say but about its own call"),
        (r#"{"command":"reject","status":200}"#, "refuses nothing"),
        ("answer", "expected value"),
    ] {
        let why = read(object).unwrap_err();
        assert!(why.contains(words), "{object}: {why}");
    }
    assert!(Command::of_agent(&[0xff], "0.1").is_err());
}
