//! `inspect`: what is said of messages, pieces of them and session descriptions.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn countersign(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("HOME", home).stdin(Stdio::null()).output().unwrap()
}

/// Runs it and expects failure with one line on standard error that contains `words`.
fn refused(home: &Path, arguments: &[&str], words: &[&str]) {
    let output = countersign(home, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(words.iter().all(|word| stderr.contains(word)), "{stderr}");
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What `inspect --jsonl` says of these lines, and its exit status.
fn asked(lines: &str) -> (Vec<Value>, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["inspect", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, lines) = (child.stdin.take().unwrap(), lines.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (said.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), output.status.code())
}

#[test]
fn inspect_says_verdict_status_reason_and_place() {
    let home = home();
    let path = home.path().join("options.sip");
    fs::write(&path, "OPTIONS sip:a@b SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\n\r\n").unwrap();
    let output = countersign(home.path(), &["inspect", "--json", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "an invalid message is a failure");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let objects = stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let objects: Vec<Value> = objects.collect();
    let (object, error) = (&objects[0], &objects[1]);
    assert!(object["file"] == path.to_str().unwrap() && object["verdict"] == "invalid", "{object}");
    assert!(error["event"] == "error" && error["code"] == "invalid_message", "{error}");
    assert!(error["message"].as_str().unwrap().contains("options.sip"), "{error}");
    assert_eq!(object["status"], 400);
    assert!(object["reason"].is_string() && object["at"].is_u64(), "{object}");
    assert!(object["reason"].as_str().unwrap().starts_with("no "), "{object}");
    refused(home.path(), &["inspect", "/nonexistent"], &["cannot read /nonexistent"]);
    // What cannot be read keeps nobody else from being judged.
    let path = path.to_str().unwrap();
    let output = countersign(home.path(), &["inspect", "--json", path, "/nonexistent", path]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3, "two and the error");
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    let valid = home.path().join("valid.sip");
    let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
                Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n\
                CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    fs::write(&valid, text).unwrap();
    let output = countersign(home.path(), &["inspect", valid.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let cut = home.path().join("cut.sip");
    fs::write(&cut, "OPTIONS sip:a@b SIP/2.0").unwrap();
    let output = countersign(home.path(), &["inspect", cut.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("expected CRLF"), "{output:?}");
}

#[test]
fn inspect_shows_a_long_field_whole() {
    let home = home();
    let path = home.path().join("options.sip");
    let subject = "long ".repeat(200);
    let text = format!("OPTIONS sip:a@b SIP/2.0\r\nSubject: {subject}end\r\n\r\n");
    fs::write(&path, text).unwrap();
    let output = countersign(home.path(), &["inspect", path.to_str().unwrap()]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(&format!("{subject}end\n")), "{shown}");
}

#[test]
fn inspect_in_bulk_answers_every_line() {
    let lines = "{\"id\":1,\"kind\":\"uri\",\"input\":\"sip:bob@example.org:5070\"}\n\
                 {\"id\":2,\"kind\":\"uri\",\"input\":\"sip:bob@[::\"}\n\
                 not json\n\
                 {\"id\":3,\"kind\":\"body\",\"input\":\"v=0\"}\n\
                 {\"id\":\"four\",\"kind\":\"uri\"}\n\
                 {\"id\":5,\"kind\":\"nameaddr\",\"input_b64\":\"Iv8iIDxzaXA6YUBiPg==\"}\n";
    let long = format!("{{\"id\":6,\"kind\":\"uri\",\"input\":\"{}\"}}\n", "a".repeat(3 << 20));
    let last = "{\"id\":7,\"kind\":\"uri\",\"input\":\"sip:a@b\"}";
    let lines = [lines, &long, last].concat();
    let (said, status) = asked(&lines);
    assert_eq!(said.len(), 8);
    assert_eq!(said[0]["verdict"], "valid");
    assert_eq!(said[0]["components"]["port"], 5070);
    assert_eq!(said[1]["verdict"], "invalid");
    assert!(said[2]["error"].as_str().unwrap().contains("line 3"));
    assert!(said[3]["error"].as_str().unwrap().contains("`body`"));
    assert_eq!(said[4]["id"], "four");
    assert!(said[4]["error"].as_str().unwrap().contains("no `input`"), "{}", said[4]);
    assert_eq!(said[5]["verdict"], "valid", "{}", said[5]);
    assert!(said[6]["error"].as_str().unwrap().contains("line 7: longer"), "{}", said[6]);
    assert_eq!((&said[7]["id"], &said[7]["verdict"]), (&7.into(), &"valid".into()));
    assert_eq!(status, Some(1), "four lines could not be judged");
}

#[test]
fn inspect_in_bulk_fails_only_where_a_line_cannot_be_judged() {
    let home = home();
    let path = home.path().join("questions.jsonl");
    let ask = |kind: &str| {
        let line = format!("{{\"id\":1,\"kind\":\"{kind}\",\"input\":\"sip:b\"}}\n");
        fs::write(&path, line).unwrap();
        countersign(home.path(), &["inspect", "--jsonl", path.to_str().unwrap()])
    };
    let output = ask("yarn");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["error"].as_str().unwrap().contains("`yarn`"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("questions.jsonl: 1 line could not be judged"), "{stderr}");
    let output = ask("nameaddr");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let output = ask("header");
    assert!(output.status.success(), "an invalid piece was judged: {output:?}");
}

/// What is said of one session description.
fn of_description(text: &str) -> Value {
    let (mut said, status) = asked(&json!({ "id": 1, "kind": "sdp", "input": text }).to_string());
    assert_eq!(status, Some(0), "it was judged");
    said.remove(0)
}

#[test]
fn inspect_judges_session_descriptions_and_cuts_them_into_their_sections() {
    const WHOLE: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                         m=audio 49170 RTP/AVP 0\r\na=sendrecv\r\n";
    let said = of_description(WHOLE);
    assert_eq!((&said["verdict"], &said["at"]), (&"valid".into(), &Value::Null));
    let media = json!([[["m", "audio 49170 RTP/AVP 0"], ["a", "sendrecv"]]]);
    assert_eq!(said["components"]["media"], media);
    assert_eq!(said["components"]["session"][4], json!(["t", "0 0"]));

    let said = of_description(&WHOLE.replace("t=0 0", "t=0"));
    assert_eq!((&said["verdict"], &said["status"]), (&"invalid".into(), &400.into()));
    let reason = "expected two times in seconds, each 0 or of ten digits and more";
    assert_eq!(said["reason"], reason);
    let before = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n";
    assert_eq!((&said["at"], &said["components"]), (&before.len().into(), &json!({})));
    let lacking = WHOLE.replace("t=0 0\r\n", "");
    let said = of_description(&lacking);
    assert_eq!(
        (&said["reason"], &said["at"]),
        (&"expected a t= line".into(), &lacking.len().into())
    );
}

/// A description around one line, in place of that of its type.
fn around(line: &str) -> String {
    const LINES: [&str; 6] = [
        "v=0",
        "o=- 1 1 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 9 RTP/AVP 0",
    ];
    let mut lines = LINES.to_vec();
    match LINES.iter().position(|it| it.get(..2) == line.get(..2)) {
        Some(at) => lines[at] = line,
        None => lines.push(line),
    }
    lines.join("\r\n") + "\r\n"
}

/// Descriptions and lines that several implementations agree upon, where the folder with them is named.
#[test]
fn descriptions_of_peers_are_judged_as_their_authors_say() {
    let folder = std::env::var_os("COUNTERSIGN_SHARED_DATA").unwrap_or_default();
    let path = Path::new(&folder).join("sdp/peers.jsonl");
    let Ok(file) = fs::read_to_string(&path) else {
        println!("COUNTERSIGN_SHARED_DATA names no folder with sdp/peers.jsonl: not run");
        return;
    };
    let cases = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let cases: Vec<Value> = cases.filter(|case| case["confidence"] == "high").collect();
    let lines = cases.iter().map(|case| {
        let input = case["input"].as_str().unwrap();
        let input = if case["kind"] == "line" { around(input) } else { input.to_owned() };
        json!({ "id": case["id"], "kind": "sdp", "input": input }).to_string()
    });
    let (said, _) = asked(&lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(said.len(), cases.len());
    for (case, said) in cases.iter().zip(&said) {
        assert_eq!(case["verdict"], said["verdict"], "{case}\n{said}");
    }
    println!("{} descriptions and lines of {}", cases.len(), path.display());
}
