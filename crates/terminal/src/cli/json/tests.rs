//! `docs/json.md` describes every object that is printed, with the fields that it has.

use super::*;
use crate::assembly::Outcome;
use crate::journal::{Chapter, Sentence};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/json.md"));

/// A field in the document, and whether it may be missing.
type Fields = BTreeMap<String, bool>;

/// The objects that the document describes: under `### \`name\`` a table of fields, the optional
/// ones marked.
fn documented() -> BTreeMap<String, Fields> {
    let mut objects = BTreeMap::<String, Fields>::new();
    let mut last = None;
    for line in DOCUMENT.lines() {
        if line.starts_with('#') {
            let name = line.strip_prefix("### `").and_then(|rest| rest.strip_suffix('`'));
            last = name.map(str::to_owned);
            objects.extend(last.clone().map(|name| (name, Fields::new())));
        }
        let Some((field, rest)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`'))
        else {
            continue;
        };
        if let Some(fields) = last.as_ref().and_then(|name| objects.get_mut(name)) {
            fields.insert(field.to_owned(), rest.contains("optional"));
        }
    }
    objects
}

/// One of each object, with all that it can have.
fn all(print: &mut dyn FnMut(Object<'_>)) {
    let source = SocketAddr::from(([192, 0, 2, 1], 5_060));
    let text = vec!["text".to_owned()];
    let (path, assurance) = (PathBuf::from("file"), Assurance::none());
    let (aor, fingerprint, call) = ("sip:alice@example.org", "d869", || "0.1".to_owned());
    let cause = Cause::Later(503, Duration::from_secs(5));
    let reason = || "words".to_owned();
    let outcome = Outcome::Failed(cause);
    let said = Said { subject: Some(reason()), ..Said::default() };
    let mut stats = media_ctl::Stats::default();
    stats.packets_received = 1;
    print(Object::Listening { addresses: &text });
    print(Object::Agents { socket: Some(&path), url: Some("ws://127.0.0.1:9000/0f") });
    print(Object::Repinned { pins: 1 });
    print(Object::Calling { call: call(), to: aor });
    print(Object::Moved { in_use: 5_060, port: 40_000 });
    print(Object::Calls { calls: &[] });
    print(Object::Help { commands: &[] });
    print(Object::Done { command: "hold", call: Some(call()) });
    let (command, failure) = (Some("hold"), Failure::of(cause));
    print(Object::Failed { command, call: Some(call()), reason: "words", failure });
    print(Object::Incoming {
        call: call(),
        from: aor,
        source,
        said: &said,
        asserted: &text,
        assurance: &assurance,
        replaces: Some(call()),
    });
    let (to, by) = (aor.to_owned(), Some(aor.to_owned()));
    print(Object::TransferAsked { call: call(), to, by });
    print(Object::TransferProgress { call: call(), status: 180 });
    print(Object::Transferred { call: call() });
    let failure = Failure::of(cause);
    print(Object::NotTransferred { call: call(), reason: reason(), failure });
    print(Object::Ringing { call: call() });
    print(Object::Redirected { call: call(), to: vec![aor.to_owned()] });
    print(Object::Established { call: call(), assurance: &assurance });
    print(Object::Keyed { call: call(), assurance: &assurance });
    print(Object::Held { call: call() });
    print(Object::Resumed { call: call() });
    print(Object::PeerHeld { call: call() });
    print(Object::PeerResumed { call: call() });
    let (calls, not_encrypted, not_proved) = (text.clone(), text.clone(), text.clone());
    print(Object::Joined { calls, not_encrypted, not_proved });
    print(Object::Left { call: call() });
    print(Object::Dtmf { call: call(), digit: "#".to_owned() });
    print(Object::Level { call: call(), loud: Loud::of(&stats) });
    let (way, name) = ("microphone", "default");
    print(Object::Device {
        way,
        name,
        description: "text",
        default: true,
        usable: false,
        rate: Some(48_000),
        channels: Some(1),
        reason: Some(reason()),
    });
    print(Object::DeviceLost { way, name: Some(name), reason: reason() });
    print(Object::DeviceBack { way, name });
    print(Object::NotCleaned);
    print(Object::Recording { call: call(), file: &path });
    print(Object::NotRecorded { call: call(), reason: "words" });
    print(Object::Over {
        call: call(),
        ordinary: outcome.is_ordinary(),
        code: outcome.code(),
        outcome: outcome.to_string(),
        peer_says: Some("words"),
        status: outcome.status(),
        retry_after: outcome.retry_after().map(|after| after.as_secs()),
        packets_sent: 1,
        packets_received: 1,
        packets_lost: 0,
        packets_late: 0,
        packets_dropped: [("wrong_address", 3)].into(),
        media: Measured::of(&stats).map(Box::new),
    });
    print(Object::Registered { aor, expires: 3_600, reg_id: Some(2), seen: Some(source) });
    print(Object::Renewing { aor, code: "no_pong", reason: reason() });
    let failure = Failure::of(cause);
    print(Object::NotRegistered { aor, reg_id: Some(2), reason: reason(), failure });
    print(Object::Unregistered { aor });
    let count = Count { class: "fax-message".to_owned(), new: 2, old: 8, urgent: Some((0, 2)) };
    let counts = vec![Waiting::of(&count)];
    print(Object::MessagesWaiting { aor, waiting: true, counts });
    print(Object::MessagesUnknown { aor, reason: "words" });
    print(Object::Published { aor, expires: 3_600 });
    print(Object::NotPublished { aor, reason: "words" });
    print(Object::Watcher { from: aor, source, assurance: &assurance });
    print(Object::WatcherGone { who: "carol", code: "expired", reason: "words" });
    all_watched(print);
    let within = Some(call());
    print(Object::Message { call: within, from: aor, source, text: "hi", assurance: &assurance });
    print(Object::message_answered(200));
    print(Object::message_failed(cause));
    print(Object::options_answered(200));
    print(Object::options_failed(cause));
    print(Object::Refused { from: aor, source: Some(source), code: "clock", reason: "words" });
    print(Object::RefusedMore { source: Some(source.ip()), code: "clock", times: 1 });
    print(Object::Written { config: &path });
    let (user, realm, algorithms) = ("alice", "example.org", &["SHA-256"][..]);
    print(Object::Ha1Written { file: &path, user, realm, algorithms });
    let certified_by = &[];
    print(Object::Generated { aor, fingerprint, encrypted: true, certified_by });
    print(Object::Imported { fingerprint, user_ids: &text });
    print(Object::Key {
        fingerprint,
        own: true,
        user_ids: &text,
        signs_for: &text,
        pinned_to: &text,
        next_of: &[],
        certified_by: &[],
        signs: Some("EdDSA".into()),
        encrypts: None,
        post_quantum: false,
        hardware: true,
        expires: Some(1_700_000_000),
        revoked: false,
    });
    print(Object::Exported { fingerprint, armored: "text" });
    let (replaced, certified) = (Some(fingerprint), Some(true));
    print(Object::Pinned { aor, fingerprint, replaced, certified });
    print(Object::PinnedNext { aor, next: fingerprint });
    print(Object::Unpinned { aor });
    print(Object::Inspected { file: &path, verdict: verdict(), components: Map::new() });
    let answer = serde_json::json!({
        "authorization": "text", "holds": false, "user": "text", "realm": "text",
        "algorithm": "MD5", "response": "digits", "response_holds": false, "made": ["text"],
        "disagreements": [{ "parameter": "nonce", "why": "text" }],
    });
    let answer = answer.as_object().cloned().unwrap_or_default();
    print(Object::AuthChecked { file: &path, answer });
    let (check, verdict) = ("replay", "pass");
    print(Object::AuthProbed { check, verdict, sent: "words", expected: "words", came: "words" });
    print(Object::AuthProbeOver { server: "udp:a", pass: 1, fail: 0, told: 0, not_applicable: 0 });
    let sentence = Sentence { time: "text".to_owned(), text: "text".to_owned() };
    print(Object::Explained(&Chapter {
        title: "text".to_owned(),
        call: Some("text".to_owned()),
        sentences: vec![sentence],
    }));
    print(Object::Journal {
        file: &path,
        lines: 1,
        whole: true,
        faults: vec!["text".to_owned()],
        notes: vec!["text".to_owned()],
        last: "text",
    });
    print(Object::Report(&crate::demo::Report::sample()));
    print(Object::error(&Error::NotWaiting));
}

/// One of each object for whom is watched.
fn all_watched(print: &mut dyn FnMut(Object<'_>)) {
    let uri = || "sip:alice@example.org".to_owned();
    print(Object::Means(Means {
        entity: uri(),
        id: "1",
        open: Some(true),
        contact: Some(uri()),
        priority: Some(0.5),
        notes: vec!["words"],
        timestamp: Some("2001-10-27T16:49:29Z"),
    }));
    print(Object::Noted { entity: uri(), notes: vec!["words"] });
    print(Object::Dialog(Watched {
        id: "1",
        state: "terminated",
        direction: Some("initiator"),
        local: Some(uri()),
        remote: Some(uri()),
        call_id: Some("1"),
        local_tag: Some("1"),
        remote_tag: Some("1"),
        cause: Some("rejected"),
        status: Some(486),
        duration: Some(1),
    }));
    print(Object::Registration { aor: uri(), id: "1", state: "active" });
    print(Object::Binding(Binding {
        aor: uri(),
        id: "1",
        contact: uri(),
        active: true,
        cause: "registered",
        priority: Some(0.5),
        expires: Some(60),
    }));
    print(Object::Gone { kind: "dialog", id: "1" });
    print(Object::NotWatched { reason: "words" });
}

fn verdict() -> Map<String, Value> {
    let fields = [
        ("verdict", Value::from("invalid")),
        ("status", 400.into()),
        ("reason", "words".into()),
        ("at", 1.into()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn the_document_describes_every_object_with_its_fields() {
    let (documented, mut printed) = (documented(), BTreeSet::new());
    all(&mut |object| {
        let value = serde_json::to_value(&object).unwrap();
        let name = value["event"].as_str().unwrap().to_owned();
        let described = documented.get(&name).unwrap_or_else(|| panic!("{name} is not described"));
        let mut fields: BTreeSet<&String> = value.as_object().unwrap().keys().collect();
        fields.remove(&"event".to_owned());
        for field in &fields {
            assert!(described.contains_key(*field), "{name}: {field} is not described");
        }
        for (field, optional) in described {
            assert!(*optional || fields.contains(field), "{name}: there is no {field}");
        }
        printed.insert(name);
    });
    assert_eq!(printed, documented.keys().cloned().collect(), "nothing else is described");
}

/// The fields of what is nested, where all of it is known.
#[test]
fn the_document_describes_what_is_measured() {
    let mut stats = media_ctl::Stats::default();
    assert!(Measured::of(&stats).is_none(), "nothing came");
    (stats.packets_received, stats.heard) = (500, 500);
    (stats.round_trip, stats.jitter_at_peer) = (Some(Duration::ZERO), Some(Duration::ZERO));
    (stats.relays_lost, stats.at_peer) = (1, Some(media_ctl::VoipMetrics::default()));
    let value = serde_json::to_value(Measured::of(&stats)).unwrap();
    assert_eq!(value["mos"], 4.4);
    let described = DOCUMENT.split("### How media were").nth(1).unwrap();
    let described = described.split("\n#").next().unwrap();
    for field in value.as_object().unwrap().keys() {
        assert!(described.contains(&format!("| `{field}` |")), "{field}");
    }
}

/// An object that is new in the source is missed here until it is among those above.
#[test]
fn no_object_is_left_out() {
    let source = include_str!("../json.rs");
    let body = source.split("enum Object<'a> {").nth(1).unwrap().split("\n}").next().unwrap();
    let variant = |line: &&str| {
        line.strip_prefix("    ").is_some_and(|rest| rest.starts_with(char::is_uppercase))
    };
    let mut printed = 0;
    all(&mut |_| printed += 1);
    assert_eq!(body.lines().filter(variant).count(), printed);
}

/// What is printed anywhere else in the program is described nowhere.
#[test]
fn no_command_makes_an_object_of_its_own() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("\"event\":"), "{}", path.display());
        }
    }
}

/// The codes that stay the same are listed.
#[test]
fn the_document_lists_every_code() {
    use sip_core::manager::EndReason as End;
    use ssa::Why;
    let listed = |code: &str| assert!(DOCUMENT.contains(&format!("`{code}`")), "{code}");
    let ended = [
        End::Local,
        End::Remote,
        End::Cancelled,
        End::NoAck,
        End::NoAnswer,
        End::Refused,
        End::Lost,
    ];
    ended.into_iter().for_each(|reason| listed(Outcome::Ended(reason).code()));
    let others = [
        Outcome::Explained(String::new()),
        Outcome::Unreachable(String::new()),
        Outcome::Unbelieved,
        Outcome::Refused(486),
        Outcome::Media(String::new()),
        Outcome::NoMedia,
        Outcome::NoWay,
        Outcome::KeyExhausted,
        Outcome::NotKeyed(ssm::Refused::Fingerprint),
    ];
    others.into_iter().for_each(|outcome| listed(outcome.code()));
    let causes = [
        Cause::Status(486),
        Cause::StaleDate,
        Cause::Timeout,
        Cause::Transport,
        Cause::Unresolved,
        Cause::Busy,
        Cause::NotBound,
    ];
    let causes = causes.into_iter().chain(Why::ALL.map(Cause::Security));
    causes.for_each(|cause| listed(code(cause)));
    for error in ["file", "configuration", "not_private", "output", "bind", "agent", "usage"] {
        listed(error);
    }
    listed(Error::Exposed(String::new()).code());
}
