//! Secrets that are planted, and looked for in all that the programs show, write and hand on: logs,
//! objects, ladders, captures, journals, recordings, arguments and environment (promise 16, case
//! O01). What is left in memory is looked for by the example `memory`.

use super::*;
use rustix::process::{Resource, Rlimit, prlimit};
use std::os::unix::ffi::OsStrExt;

/// Of the private keys' files.
const PASSPHRASE: &str = "four canaries that nobody keeps";
/// Of the user alice.
const PASSWORD: &str = "a canary that nobody hears";

/// `MD5`, `SHA-256` and `SHA-512/256` of `alice:callee.example:PASSWORD`, computed by OpenSSL 3.
const HA1: [&str; 3] = [
    "8bac434341396667e2bb400207a85ee1",
    "ded193a56fe73ebfb5aaa78eccff31d914e82ff517affb2d5cf83d355b1d8449",
    "82bfce8fbd4ea8dfa746d255b5edec70f0dda3a7685c06d798512fa8a559af51",
];

/// The capture that is asked to show what others hide: from it the test learns what that is.
const ORACLE: &str = "oracle.pcapng";

/// What stands before the security application: it writes down what it is handed.
const APPLICATION: &str =
    "#!/bin/sh\n{ echo \"$@\"; env; } >>\"$(dirname \"$0\")/handed-on\"\nexec ";

/// A secret, and what it is called.
type Needle = (&'static str, Vec<u8>);

/// Two sides with secrets of all kinds, which call each other under one proof.
fn secretive(require: &str) -> (TempDir, Side, Side) {
    let folder = tempfile::tempdir().unwrap();
    let binds = [free_loopback_pair().unwrap(), free_loopback_pair().unwrap()];
    let [of_alice, of_bob] = binds.map(|pair| pair.map(|address| address.to_string()));
    let at = of_bob[0].clone();
    let side = |name: &str, own: &str, bind: [String; 2], tables: &str| {
        let side = Side { folder: folder.path().join(name), bind };
        let output = Command::new(program())
            .args(["init", side.folder.to_str().unwrap(), "--aor", own, "--require", require])
            .args(["--bind", &side.bind[0], "--bind", &side.bind[1]])
            .args(["--contact", &format!("{BOB}={at}")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let agent = program().with_file_name("countersign-pgp");
        private(&side.folder.join("passphrase"), PASSPHRASE, 0o600);
        private(&side.folder.join("password"), PASSWORD, 0o600);
        let application = format!("{APPLICATION}{} \"$@\"\n", agent.display());
        private(&side.folder.join("application"), &application, 0o700);
        let config = side.folder.join("config.toml");
        let text = fs::read_to_string(&config).unwrap() + tables;
        let named = "keys = \"pgp\"\npassphrase-file = \"passphrase\"\ncommand = \"./application\"";
        fs::write(config, text.replace("keys = \"pgp\"", named)).unwrap();
        side
    };
    let account = format!(
        "\n[[account]]\naor = \"{ALICE}\"\nregistrar = \"{at}\"\nrealm = \"callee.example\"\n\
         user = \"alice\"\npassword-file = \"password\"\n"
    );
    let user = "\n[[user]]\nname = \"alice\"\npassword-file = \"password\"\n";
    let alice = side("alice", ALICE, of_alice, &account);
    let bob = side("bob", BOB, of_bob, user);
    if require == "pgp" {
        for (own, other, aor) in [(&alice, &bob, BOB), (&bob, &alice, ALICE)] {
            for side in [own, other] {
                if !side.folder.join("pgp").exists() || files(&side.folder.join("pgp")).is_empty() {
                    side.does(&["keys", "generate"]);
                }
            }
            own.import(other);
            own.does(&["keys", "pin", aor, &other.fingerprint()]);
        }
    }
    (folder, alice, bob)
}

fn private(path: &Path, text: &str, mode: u32) {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

/// Starts a command that writes down all that it can, beside its configuration.
fn writes_all(side: &Side, arguments: &[&str], capture: &[&str]) -> Child {
    let file = |name: &str| File::create_new(side.folder.join(name)).unwrap();
    let path = |name: &str| side.folder.join(name).to_str().unwrap().to_owned();
    let kinds = ["ladder", "journal"].map(|kind| (format!("--{kind}"), path(kind)));
    let mut command = side.command(&["--json", "-vv"]);
    command.args(arguments).args(capture).current_dir(&side.folder);
    for (option, file) in &kinds {
        command.args([option, file]);
    }
    command.stdout(file("out")).stderr(file("err")).spawn().unwrap()
}

/// Waits until a command has said something.
fn says(side: &Side, what: &str) {
    let began = Instant::now();
    while !fs::read_to_string(side.folder.join("out")).unwrap().contains(what) {
        assert!(began.elapsed() < Duration::from_secs(30), "`{what}` is not told");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a running process was started with holds no secret, and it would leave no core dump; so it
/// is with its security application.
fn look_at(child: &Child, needles: &[Needle], leaks: &mut Vec<String>) {
    let own = child.id().to_string();
    let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap();
    for pid in std::iter::once(own.as_str()).chain(children.split_whitespace()) {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!arguments.is_empty());
        search(&format!("the arguments of {pid}"), &arguments, needles, leaks);
        let none = || Rlimit { current: Some(0), maximum: Some(0) };
        let process = Pid::from_raw(pid.parse().unwrap());
        let before = prlimit(process, Resource::Core, none()).unwrap();
        if (before.current, before.maximum) != (Some(0), Some(0)) {
            leaks.push(format!("{pid} may leave a core dump"));
        }
    }
}

fn search(place: &str, octets: &[u8], needles: &[Needle], leaks: &mut Vec<String>) {
    let found = needles.iter().filter(|(_, needle)| memchr::memmem::find(octets, needle).is_some());
    leaks.extend(found.map(|(name, _)| format!("{name} is in {place}")));
    // A key of SDES, whichever it is: RFC 4568 has thirty octets at least, forty in base64.
    let keys = memchr::memmem::find_iter(octets, b"inline:").map(|at| &octets[at + 7..]);
    let is_key = |text: &[u8]| {
        let base64 = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/".contains(octet);
        text.iter().take_while(|octet| base64(octet)).count() >= 38
    };
    if keys.into_iter().any(is_key) {
        leaks.push(format!("a media key is in {place}"));
    }
}

/// Looks through all files of a side but those where its secrets are at home; says which there were.
fn look_through(side: &Side, needles: &[Needle], leaks: &mut Vec<String>) -> Vec<String> {
    let is_home = |path: &Path| {
        let name = path.file_name().unwrap().as_bytes();
        name == b"passphrase"
            || name == b"password"
            || name == ORACLE.as_bytes()
            || name.ends_with(b".sec.asc")
    };
    let mut seen = Vec::new();
    for path in files(&side.folder).into_iter().filter(|path| !is_home(path)) {
        if let Ok(octets) = fs::read(&path) {
            search(&path.display().to_string(), &octets, needles, leaks);
            seen.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    seen
}

/// The secrets that there are before the call.
fn planted(sides: [&Side; 2]) -> Vec<Needle> {
    let mut needles =
        vec![("the passphrase", PASSPHRASE.into()), ("the password", PASSWORD.into())];
    needles.extend(HA1.map(|digits| ("an HA1", digits.into())));
    for path in sides.iter().flat_map(|side| files(&side.folder.join("pgp"))) {
        if path.to_str().unwrap().ends_with(".sec.asc") {
            let text = fs::read_to_string(path).unwrap();
            let lines = text.lines().filter(|line| line.len() >= 60 && !line.contains(' '));
            needles.extend(lines.map(|line| ("a private key", line.into())));
        }
    }
    needles
}

/// The answers to Digest challenges, as they crossed the wire.
fn answers(side: &Side) -> Vec<Needle> {
    let octets = fs::read(side.folder.join(ORACLE)).unwrap();
    let found = memchr::memmem::find_iter(&octets, b"response=\"").map(|at| &octets[at + 10..]);
    found.map(|rest| ("a Digest response", rest[..64].to_vec())).collect()
}

/// A call is made with everything written down; where each secret was found beside its home.
fn leaks_of_a_call(require: &str) -> Vec<String> {
    let (_folder, alice, bob) = secretive(require);
    let mut needles = planted([&alice, &bob]);
    assert!(needles.len() > if require == "pgp" { 7 } else { 4 }, "{}", needles.len());
    let mut leaks = Vec::new();
    let capture = ["--capture", "capture.pcapng", "--record", "heard"];
    let mut listening = writes_all(&bob, &["listen", "--auto-answer"], &capture);
    says(&bob, "\"listening\"");
    let oracle = ["--capture", ORACLE, "--capture-secrets", "--record", "heard.wav"];
    let mut calling = writes_all(&alice, &["call", BOB], &oracle);
    says(&alice, "\"established\"");
    look_at(&calling, &needles, &mut leaks);
    look_at(&listening, &needles, &mut leaks);
    for (child, side) in [(&mut calling, &alice), (&mut listening, &bob)] {
        kill_process(Pid::from_child(child), Signal::INT).unwrap();
        assert!(child.wait().unwrap().success());
        says(side, "\"over\"");
    }
    if require == "digest" {
        let answers = answers(&alice);
        assert!(!answers.is_empty(), "the oracle shows no answer");
        needles.extend(answers);
    }
    for side in [&alice, &bob] {
        let seen = look_through(side, &needles, &mut leaks);
        for kind in ["out", "err", "ladder", "journal", "handed-on"] {
            assert!(seen.iter().any(|name| name == kind), "no {kind}: {seen:?}");
            assert!(fs::metadata(side.folder.join(kind)).unwrap().len() > 100, "{kind} is short");
        }
    }
    assert!(bob.folder.join("capture.pcapng").exists());
    leaks
}

#[test]
fn o01_a_call_by_pgp_leaves_no_planted_secret_in_what_is_shown_written_or_handed_on() {
    assert_eq!(leaks_of_a_call("pgp"), [""; 0]);
}

#[test]
fn o01_a_call_by_digest_leaves_no_planted_secret_in_what_is_shown_written_or_handed_on() {
    assert_eq!(leaks_of_a_call("digest"), [""; 0]);
}
