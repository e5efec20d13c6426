//! `countersign auth check`, as a user runs it who looks for the reason of a 403.
#![cfg(feature = "digest")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The example of RFC 2617 §3.5, in SIP's clothes.
const REQUEST: &str = "GET /dir/index.html SIP/2.0\r\n\
    Authorization: Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
    nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, nc=00000001, \
    cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", \
    opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"\r\n\r\n";

const CHALLENGE: &str = "SIP/2.0 401 Unauthorized\r\n\
    WWW-Authenticate: Bearer realm=\"other\"\r\n\
    WWW-Authenticate: Digest realm=\"other\", nonce=\"n\"\r\n\
    WWW-Authenticate: Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
    nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"\r\n\r\n";

/// A folder with these files.
struct Room(TempDir);

impl Room {
    fn new(files: &[(&str, &str)]) -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| room.write(name, text));
        room
    }

    fn write(&self, name: &str, text: &str) {
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        options.open(self.path(name)).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What `auth check` of these arguments, files among them, says.
    fn check(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["auth", "check"])
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The objects that lines are answered with.
    fn answers(&self, lines: &str) -> Vec<Value> {
        let output = self.check(&["--jsonl"], lines);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

#[test]
fn credentials_that_hold_are_said_to_and_others_are_explained() {
    let room = Room::new(&[
        ("request", REQUEST),
        ("challenge", CHALLENGE),
        ("right", "Circle Of Life\n"),
        ("wrong", "Circle of Life\n"),
    ]);
    let with = |request: &str, password: &str| {
        room.write("request", request);
        room.check(&["request", "--challenge", "challenge", "--password-file", password], "")
    };
    let output = with(REQUEST, "right");
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.contains("Digest (MD5) of Mufasa in testrealm@host.com\n"), "{said}");
    assert!(said.contains("the response is what the password makes it"), "{said}");
    // Line feeds alone, as editors leave them.
    assert!(with(&REQUEST.replace("\r\n", "\n"), "right").status.success());

    let output = with(&REQUEST.replace("GET /", "INVITE /"), "right");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("the response should be ") && said.contains(", and is not"), "{said}");

    let output = with(REQUEST, "wrong");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("with another password, or in a way that is not known"), "{said}");
    let refused = text(&output.stderr);
    assert!(refused.contains("request: the credentials do not hold"), "{refused}");
    assert!(!said.contains("Circle") && !refused.contains("Circle"), "the password is not shown");

    let other = REQUEST.replace("opaque=\"5ccc", "opaque=\"6ccc");
    let output = with(&other, "right");
    assert_eq!(output.status.code(), Some(1), "the response holds, and yet it is refused");
    let said = text(&output.stdout);
    assert!(said.contains("opaque: the challenge has 5ccc"), "{said}");
}

#[test]
fn without_credentials_it_says_what_answers_the_challenge() {
    let request = "REGISTER sip:host.com SIP/2.0\r\nTo: <sip:a@host.com>\r\n\r\n";
    let room = Room::new(&[("r", request), ("c", CHALLENGE), ("p", "secret\n")]);
    let output = room.check(&["r", "--password-file", "p"], "");
    let refused = text(&output.stderr);
    assert!(refused.contains("no Authorization") && refused.contains("--challenge"), "{refused}");
    let output = room.check(&["r", "--challenge", "c", "--password-file", "p"], "");
    assert!(text(&output.stderr).contains("whose password it is"), "{output:?}");
    let user = ["r", "--challenge", "c", "--password-file", "p", "--user", "alice"];
    let output = room.check(&user, "");
    assert!(output.status.success(), "{output:?}");
    // What it says holds.
    let value = text(&output.stdout);
    room.write("r", &request.replace("\r\n\r\n", &format!("\r\n{}\r\n\r\n", value.trim_end())));
    let output = room.check(&["r", "--challenge", "c", "--password-file", "p", "--json"], "");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["event"], &object["holds"]), (&"auth_checked".into(), &true.into()));
    assert_eq!((&object["user"], &object["realm"]), (&"alice".into(), &"other".into()));
}

#[test]
fn what_cannot_be_checked_is_said_to_be() {
    let room = Room::new(&[("request", REQUEST), ("response", CHALLENGE), ("p", "x\n")]);
    let refused = |arguments: &[&str]| {
        let output = room.check(arguments, "");
        (output.status.code(), text(&output.stderr))
    };
    let (code, why) = refused(&["request"]);
    assert!(code == Some(2) && why.contains("--password-file"), "{why}");
    let (code, why) = refused(&["response", "--password-file", "p"]);
    assert!(code == Some(1) && why.contains("it is no request"), "{why}");
    let (code, why) = refused(&["p", "--password-file", "p"]);
    assert!(code == Some(1) && why.contains("inspect"), "{why}");
    room.write("request", &REQUEST.replace("nc=00000001", "nc=1"));
    let (code, why) = refused(&["request", "--password-file", "p"]);
    assert!(code == Some(1) && why.contains("`nc`"), "{why}");
    fs::set_permissions(room.path("p"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, why) = refused(&["request", "--password-file", "p"]);
    assert!(code == Some(1) && why.contains("chmod 600"), "{why}");
}

#[test]
fn each_line_is_answered() {
    let room = Room::new(&[]);
    let credentials = REQUEST.split_once("Authorization: ").unwrap().1.trim_end();
    let line = |id: u32, method: &str, password: &str| json!({ "id": id, "method": method, "authorization": credentials, "password": password });
    let challenge = "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
    let answer = json!({ "id": 5, "method": "REGISTER", "request_uri": "sip:r", "user": "a",
        "challenge": challenge, "password": "x", "cnonce": "c" });
    let lines = [
        line(1, "GET", "Circle Of Life"),
        line(2, "GET", " Circle Of Life "),
        json!({ "id": 3, "method": "GET", "authorization": "Basic eDp5", "password": "x" }),
        json!({ "id": 4, "method": "GET", "password": "x" }),
        answer,
    ];
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let said = room.answers(&lines.join("\n"));
    assert_eq!((&said[0]["id"], &said[0]["holds"]), (&1.into(), &true.into()), "{}", said[0]);
    let why = said[1]["made"][0].as_str().unwrap();
    assert!(why.contains("without space around it"), "{why}");
    assert_eq!(said[1]["response_holds"], false);
    assert!(said[2]["error"].as_str().unwrap().contains("none of Digest"), "{}", said[2]);
    assert!(said[3]["error"].as_str().unwrap().contains("neither"), "{}", said[3]);
    let value = said[4]["authorization"].as_str().unwrap();
    assert!(value.contains("cnonce=\"c\"") && value.contains("algorithm=SHA-256"), "{value}");
}

/// Variations of published vectors, where the folder with them is named.
#[test]
fn variations_of_vectors_are_judged_as_their_authors_say() {
    let folder = std::env::var_os("COUNTERSIGN_SHARED_DATA").unwrap_or_default();
    let path = Path::new(&folder).join("digest/negative.json");
    let Ok(file) = fs::read_to_string(&path) else {
        println!("COUNTERSIGN_SHARED_DATA names no folder with digest/negative.json: not run");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&file).unwrap();
    let vectors = fs::read_to_string(path.with_file_name("vectors.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&vectors).unwrap();
    let lines = cases.iter().enumerate().map(|(id, case)| {
        let base = vectors.iter().find(|vector| vector["id"] == case["base"]).unwrap();
        let mut case = case.clone();
        (case["id"], case["body"]) = (id.into(), base["body"].clone());
        case.to_string()
    });
    let room = Room::new(&[]);
    let said = room.answers(&lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(said.len(), cases.len());
    for (case, said) in cases.iter().zip(&said) {
        let holds = said["holds"] == true;
        match case["expect"].as_str().unwrap() {
            "accept" => assert!(holds, "{case} {said}"),
            // The realm is not the server's: nothing here says which is.
            "reject" if case["case"] == "realm changed" => {}
            "reject" => assert!(!holds, "{case} {said}"),
            _ => {}
        }
    }
    println!("{} variations of {}", cases.len(), path.display());
}
