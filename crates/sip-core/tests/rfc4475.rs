//! The torture messages of RFC 4475, each seen as a datagram by a terminal that is no registrar.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails says where")]

use sip_core::{Capabilities, Limits, Message, StatusCode, Verdict, validate};
use std::fs;
use std::path::{Path, PathBuf};

struct Case {
    file: String,
    verdict: String,
    status: Option<u16>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rfc4475")
}

fn cases() -> Vec<Case> {
    let index = fs::read_to_string(folder().join("index.tsv")).unwrap();
    let rows = index.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        Case {
            file: columns[0].to_owned(),
            verdict: columns[2].to_owned(),
            status: columns[3].parse().ok(),
        }
    })
    .collect()
}

/// What could not even be framed is owed 400.
fn judge(datagram: Vec<u8>) -> (Verdict, Option<StatusCode>) {
    match Message::parse(datagram.into(), &Limits::default()) {
        Ok(message) => {
            let verdict = validate(&message, &Capabilities::default());
            let owed = verdict.owed(&message);
            (verdict, owed)
        }
        Err(error) => {
            let verdict = Verdict::Invalid {
                status: StatusCode::BAD_REQUEST,
                reason: "it cannot be framed",
                at: error.at,
            };
            (verdict, None)
        }
    }
}

#[test]
fn every_message_has_the_outcome_that_the_rfc_states() {
    let cases = cases();
    assert_eq!(cases.len(), 50, "49, and one mended");
    for case in cases {
        let (verdict, owed) = judge(fs::read(folder().join(&case.file)).unwrap());
        let fits = match (case.verdict.as_str(), &verdict) {
            ("accept" | "prefer-accept", Verdict::Valid) => case.status.is_none(),
            ("accept", Verdict::Unsupported { .. }) => case.status.is_some(),
            ("reject" | "prefer-reject", Verdict::Invalid { .. }) => true,
            ("reject", Verdict::Unsupported { .. }) => case.status == Some(505),
            ("either", _) => true,
            _ => false,
        };
        assert!(fits, "{}: {} but {verdict:?}", case.file, case.verdict);
        let framed = owed.is_some() || verdict == Verdict::Valid;
        if case.verdict != "either" && framed {
            assert_eq!(owed.map(StatusCode::as_u16), case.status, "{}", case.file);
        }
    }
}

/// The one message that is not framed is the one that the archive cut short, and the one whose
/// status code is none; both may be dropped.
#[test]
fn only_what_has_no_end_or_no_start_line_is_not_framed() {
    let unframed: Vec<String> = cases()
        .into_iter()
        .filter(|case| {
            let datagram = fs::read(folder().join(&case.file)).unwrap();
            Message::parse(datagram.into(), &Limits::default()).is_err()
        })
        .map(|case| case.file)
        .collect();
    assert_eq!(unframed, ["baddn.sip", "bigcode.sip"]);
}

#[test]
fn p24_accepted_messages_keep_every_octet() {
    for case in cases() {
        let datagram = fs::read(folder().join(&case.file)).unwrap();
        let Ok(message) = Message::parse(datagram.clone().into(), &Limits::default()) else {
            continue;
        };
        let head = message.head_bytes();
        assert!(datagram.starts_with(head));
        assert_eq!(datagram[head.len()..][..message.body().len()], *message.body());
        for (name, value) in message.fields() {
            assert!(memchr::memmem::find(head, name).is_some());
            assert!(memchr::memmem::find(head, value).is_some());
        }
    }
}

#[test]
fn the_420_names_what_is_not_supported() {
    let (verdict, _) = judge(fs::read(folder().join("bext01.sip")).unwrap());
    let Verdict::Unsupported { field: Some(field), .. } = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(field.name, "Unsupported");
    assert_eq!(field.value, b"nothingSupportsThis, nothingSupportsThisEither");
}

#[test]
fn dblreq_ends_where_its_content_length_says() {
    let datagram = fs::read(folder().join("dblreq.sip")).unwrap();
    let message = Message::parse(datagram.into(), &Limits::default()).unwrap();
    assert_eq!(message.body(), b"");
    assert_eq!(message.method().unwrap().as_str(), "REGISTER");
}

/// The copies are those of the published archive, wherever a second decoding of it is at hand.
#[test]
fn fixtures_are_those_of_the_archive() {
    let shared = std::env::var_os("COUNTERSIGN_SHARED_DATA").unwrap_or_default();
    let shared = Path::new(&shared).join("rfc4475");
    if !shared.is_dir() {
        println!("no second decoding at {}: compared with nothing", shared.display());
        return;
    }
    for case in cases().iter().filter(|case| !case.file.contains("mended")) {
        let ours = fs::read(folder().join(&case.file)).unwrap();
        let theirs = fs::read(shared.join(case.file.replace(".sip", ".dat"))).unwrap();
        assert!(ours == theirs, "{}", case.file);
    }
    println!("compared 49 messages with {}", shared.display());
}
