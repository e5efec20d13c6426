//! The built program: exit statuses, one clear line for each kind of bad input, and nothing left
//! behind. What needs no security application is here.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![cfg_attr(
    feature = "pgp",
    expect(clippy::disallowed_methods, reason = "how long a real process takes")
)]

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
#[cfg(feature = "pgp")]
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Runs `countersign` without the user's own configuration.
fn countersign(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs it and expects failure with one line on standard error that contains `words`.
fn refused(home: &Path, arguments: &[&str], words: &[&str]) {
    let output = countersign(home, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{arguments:?}: {stderr}");
    }
}

/// Names in a folder, however deep.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            names.extend(self::names(&entry.path()));
        } else {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn usage_is_status_2() {
    let home = home();
    for arguments in [&["call"][..], &["nonsense"], &["--bind", "5060", "listen"], &["inspect"]] {
        let output = countersign(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let output = countersign(home.path(), &["listen"]);
    assert_eq!(output.status.code(), Some(2), "nobody to ask, and no --auto-answer");
    refused(home.path(), &["--config", "nope", "listen"], &["cannot read nope: no such file"]);
    assert_eq!(names(home.path()), Vec::<String>::new());
}

#[test]
fn help_and_version_are_status_0() {
    let home = home();
    for arguments in [&["--help"][..], &["--version"], &["call", "--help"], &["help", "inspect"]] {
        let output = countersign(home.path(), arguments);
        assert!(output.status.success() && !output.stdout.is_empty(), "{arguments:?}");
    }
}

#[cfg(not(feature = "devices"))]
#[test]
fn without_devices_it_is_told_how_to_have_them() {
    let home = home();
    let words = ["no microphone and no loudspeaker", "`--features devices`", "libasound2-dev"];
    refused(home.path(), &["call", "sip:bob@127.0.0.1", "--audio", "device"], &words);
    refused(home.path(), &["listen", "--auto-answer", "--audio", "device"], &words);
    let output = countersign(home.path(), &["devices"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("those that are built with `--features devices` do"), "{told}");
}

#[test]
fn a_uri_that_is_none() {
    let home = home();
    refused(home.path(), &["call", "nonsense"], &["nonsense", "not a SIP URI"]);
    refused(home.path(), &["options", "tel"], &["not a SIP URI"]);
}

#[test]
fn a_peer_that_cannot_be_reached() {
    let home = home();
    for command in ["call", "options"] {
        refused(home.path(), &[command, "sip:bob@127.0.0.1:0"], &["sip:bob@127.0.0.1:0: port 0"]);
        refused(
            home.path(),
            &[command, "--bind", "udp:127.0.0.1:0", "sip:bob@[::1]"],
            &[": ::1 cannot be reached from there; set bind = [\"udp:[::]:5060\""],
        );
        refused(
            home.path(),
            &[command, "--bind", "udp:127.0.0.1:0", "sip:bob@192.0.2.1"],
            &["bound to udp:127.0.0.1:", " only: 192.0.2.1 cannot be reached from there; set bind"],
        );
        // Port 1 is reserved (tcpmux): nobody listens.
        let refusing = "sip:bob@127.0.0.1:1;transport=tcp";
        let output = countersign(home.path(), &[command, refusing]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("cannot connect to TCP 127.0.0.1:1: Connection refused\n"), "{told}");
    }
}

#[cfg(feature = "pgp")]
#[test]
fn keys_without_a_configuration() {
    let home = home();
    refused(home.path(), &["keys", "list"], &["config.toml", "run `countersign init --aor URI`"]);
    assert_eq!(names(home.path()), Vec::<String>::new());
}

#[test]
fn a_config_with_an_unknown_key() {
    let home = home();
    let path = home.path().join("config.toml");
    fs::write(&path, "bind = []\n[policy]\nrequired = \"pgp\"\n").unwrap();
    let path = path.to_str().unwrap();
    refused(
        home.path(),
        &["--config", path, "call", "sip:bob@127.0.0.1"],
        &["config.toml:3:1: unknown field `required`"],
    );
    refused(home.path(), &["--config", "/nonexistent", "register"], &["cannot read /nonexistent"]);
}

#[test]
fn a_port_in_use() {
    let home = home();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bind = format!("udp:{}", taken.local_addr().unwrap());
    refused(
        home.path(),
        &["listen", "--auto-answer", "--bind", &bind],
        &["cannot bind", "in use", "--bind"],
    );
}

/// A peer over UDP that takes what comes and says nothing, and `countersign` with these arguments.
fn first_request(home: &Path, silent: &UdpSocket, arguments: &[&str]) -> String {
    silent.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut buffer = [0; 4_096];
    let came = silent.recv(&mut buffer);
    child.kill().unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&buffer[..came.unwrap()]).into_owned()
}

#[test]
fn init_writes_an_account_that_works() {
    let home = home();
    let folder = home.path().join("desk");
    let password = home.path().join("password");
    fs::write(&password, "s3cret\n").unwrap();
    let registrar = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = registrar.local_addr().unwrap().port();
    let place = format!("localhost:{port}");
    let [folder, password] = [&folder, &password].map(|path| path.to_str().unwrap());
    let init =
        ["init", folder, "--registrar", &place, "--user", "4711", "--password-file", password];
    let mode = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(password, permissions).unwrap();
    };
    if cfg!(feature = "digest") {
        mode(0o644);
        refused(home.path(), &init, &["password", "chmod 600"]);
    }
    mode(0o600);
    let bind = ["--bind", "udp:127.0.0.1:0"];
    assert!(countersign(home.path(), &[&init[..], &bind].concat()).status.success());
    let config = format!("{folder}/config.toml");
    // No security application is started here.
    let text = fs::read_to_string(&config).unwrap();
    let agent = "[agent]\nsocket = \"run/pgp.sock\"\nkeys = \"pgp\"\n";
    assert_eq!(text.contains(agent), cfg!(feature = "pgp"), "{text}");
    fs::write(&config, text.replace(agent, "")).unwrap();
    for (command, line) in [
        (&["register"][..], "REGISTER sip:localhost SIP/2.0\r\n"),
        (&["call", "123"], "INVITE sip:123@localhost SIP/2.0\r\n"),
        (&["options", "--account", "4711", "+49 1"], "OPTIONS sip:+49%201@localhost SIP/2.0\r\n"),
    ] {
        let request =
            first_request(home.path(), &registrar, &[&["--config", &config], command].concat());
        assert!(request.starts_with(line), "{request}");
        assert!(request.contains("\r\nFrom: <sip:4711@localhost>;tag="), "{request}");
        // What the last one still sends is not the next one's.
        registrar.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
        while registrar.recv(&mut [0; 4_096]).is_ok() {}
    }
    let call = ["--config", &config, "call", "--account", "home", "123"];
    refused(home.path(), &call, &["no account is called home", "sip:4711@localhost"]);
    let usage = countersign(home.path(), &["init", "--registrar", "localhost"]);
    assert_eq!(usage.status.code(), Some(2), "without a user");
}

#[test]
fn all_addresses_are_bound_and_peers_are_told_one() {
    let home = home();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let uri = format!("sip:bob@{}", silent.local_addr().unwrap());
    let path = home.path().join("config.toml");
    for (text, told) in [
        ("bind = [\"udp:0.0.0.0:0\"]\n", "127.0.0.1"),
        ("bind = [\"udp:0.0.0.0:0\"]\nadvertise = \"198.51.100.7\"\n", "198.51.100.7"),
    ] {
        fs::write(&path, text).unwrap();
        let call = ["--config", path.to_str().unwrap(), "call", &uri];
        let invite = first_request(home.path(), &silent, &call);
        for line in [
            format!("Via: SIP/2.0/UDP {told}:"),
            format!("Contact: <sip:anonymous@{told}:"),
            format!("c=IN IP4 {told}\r\n"),
        ] {
            assert!(invite.contains(&line), "{line}: {invite}");
        }
        assert!(!invite.contains("0.0.0.0"), "{invite}");
    }
}

#[test]
fn a_call_takes_another_port_than_one_in_use() {
    let home = home();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bind = format!("udp:{}", taken.local_addr().unwrap());
    let path = home.path().join("config.toml");
    fs::write(&path, format!("bind = [\"{bind}\"]\n")).unwrap();
    let uri = format!("sip:bob@{}", peer(486, |_, _| {}));
    let output = countersign(home.path(), &["--config", path.to_str().unwrap(), "call", &uri]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let port = taken.local_addr().unwrap().port();
    let line = format!("port {port} is in use, calling from port ");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stdout.starts_with(&line) && stderr.contains("486"), "{output:?}");
    // What the command line says is meant.
    refused(home.path(), &["call", "--bind", &bind, &uri], &["cannot bind", "in use"]);
}

#[test]
fn an_unreadable_wav() {
    let home = home();
    let path = home.path().join("noise.wav");
    fs::write(&path, "this is no WAV file").unwrap();
    let (path, record) = (path.to_str().unwrap(), home.path().join("heard.wav"));
    let record = record.to_str().unwrap();
    refused(
        home.path(),
        &["call", "sip:bob@127.0.0.1", "--audio", path, "--record", record],
        &["noise.wav"],
    );
    assert_eq!(names(home.path()), ["noise.wav"], "no recording was begun");
}

#[test]
fn what_cannot_be_written_is_told_before_the_call() {
    let home = home();
    let call = ["call", "sip:bob@127.0.0.1:9", "--seconds", "1"];
    for option in ["--ladder", "--capture"] {
        for path in ["/nonexistent/call.svg", home.path().to_str().unwrap()] {
            let arguments = [&call[..], &[option, path]].concat();
            refused(home.path(), &arguments, &["cannot write", path]);
        }
    }
    assert_eq!(names(home.path()), Vec::<String>::new());
}

#[test]
fn what_is_said_counts_from_the_folder_of_the_configuration() {
    let home = home();
    let path = home.path().join("config.toml");
    fs::write(&path, "[audio]\nsay = \"hello.wav\"\n").unwrap();
    let expected = home.path().join("hello.wav");
    refused(
        home.path(),
        &["--config", path.to_str().unwrap(), "call", "sip:bob@127.0.0.1:9"],
        &[expected.to_str().unwrap()],
    );
}

/// A peer that answers each request with `status`, and is told where it came from.
fn peer(status: u16, asked: impl FnMut(&UdpSocket, SocketAddr) + Send + 'static) -> SocketAddr {
    answering(status, "", asked)
}

/// A peer whose answers have these header fields besides.
fn answering(
    status: u16, more: &'static str, mut asked: impl FnMut(&UdpSocket, SocketAddr) + Send + 'static,
) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok((length, source)) = socket.recv_from(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if request.starts_with("SIP/2.0") {
                continue;
            }
            asked(&socket, source);
            let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let fields: String = request
                .split_inclusive("\r\n")
                .filter(|line| kept.iter().any(|name| line.starts_with(name)))
                .collect();
            let answer = format!("SIP/2.0 {status} So\r\n{fields}{more}Content-Length: 0\r\n\r\n");
            socket.send_to(answer.as_bytes(), source).unwrap();
        }
    });
    address
}

#[test]
fn a_refusal_is_told_on_standard_error() {
    let home = home();
    let uri = format!("sip:bob@{}", peer(486, |_, _| {}));
    refused(home.path(), &["options", &uri], &[&uri, "answered 486 Busy Here"]);
    for (command, said) in [("options", String::new()), ("call", format!("calling {uri}\n"))] {
        let output = countersign(home.path(), &[command, &uri]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), said, "it is told once");
    }
    let path = home.path().join("config.toml");
    let account = "[[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"udp:";
    fs::write(&path, format!("{account}{}\"\n", peer(405, |_, _| {}))).unwrap();
    refused(
        home.path(),
        &["--config", path.to_str().unwrap(), "register"],
        &["sip:alice@example.org is not registered", "answered 405 Method Not Allowed"],
    );
    let output = countersign(home.path(), &["--config", path.to_str().unwrap(), "register"]);
    assert_eq!(output.stdout, b"", "it is told once");
}

/// What programs read: every line is an object with the time, the failure too, and each has its
/// call's id or a code that stays.
#[test]
fn errors_and_outcomes_are_objects_with_codes() {
    let home = home();
    let objects = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let output = countersign(home.path(), arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let uri = format!("sip:bob@{}", peer(486, |_, _| {}));
    let call = objects(&["call", &uri, "--json"]);
    let events: Vec<&str> = call.iter().map(|it| it["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["calling", "over", "error"]);
    assert!(call.iter().all(|it| it["time"].as_u64().unwrap() > 1_700_000_000_000), "{call:?}");
    assert!(call[0]["call"].is_string() && call[0]["call"] == call[1]["call"], "{call:?}");
    assert!(call[1]["code"] == "status" && call[1]["status"] == 486, "{}", call[1]);
    assert_eq!(call[2]["code"], "call");
    assert!(call[2]["message"].as_str().unwrap().contains("486 Busy Here"), "{}", call[2]);
    for (arguments, code) in [
        (&["--json", "--config", "/nonexistent", "register"][..], "file"),
        (&["--json", "nonsense"], "usage"),
        (&["register", "--json"], "invalid"),
    ] {
        let said = objects(arguments);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0]["event"] == "error" && said[0]["code"] == code, "{said:?}");
    }
}

#[test]
fn the_log_has_the_time_where_every_signal_is_told() {
    let home = home();
    let uri = format!("sip:bob@{}", peer(486, |_, _| {}));
    for (verbose, timed) in [("-v", false), ("-vv", true)] {
        let output = countersign(home.path(), &[verbose, "call", &uri]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut lines = stderr.lines().filter(|line| line.contains(" INFO "));
        // RFC 3339, in UTC.
        let has_time = |line: &str| line.starts_with("20") && line.contains("Z ");
        assert!(lines.clone().count() > 0 && lines.all(|line| has_time(line) == timed), "{stderr}");
    }
}

#[test]
fn a_registration_that_works_does_not_end_with_what_sounds_like_a_failure() {
    let home = home();
    let path = home.path().join("config.toml");
    let account = "[[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"udp:";
    fs::write(&path, format!("{account}{}\"\n", peer(200, |_, _| {}))).unwrap();
    let output = countersign(home.path(), &["--config", path.to_str().unwrap(), "register"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "sip:alice@example.org is registered for 3600 s\n\
         sip:alice@example.org: the registration was taken back, as was wanted\n"
    );
}

/// An MD5 challenge is named together with the line that allows it.
#[cfg(feature = "digest")]
#[test]
fn an_algorithm_below_the_floor_is_named_with_the_line_that_allows_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let (path, password) = (home.path().join("config.toml"), home.path().join("password"));
    fs::write(&password, "secret\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let challenge = "WWW-Authenticate: Digest realm=\"example.org\", nonce=\"n\", algorithm=MD5, \
                     qop=\"auth\"\r\n";
    let registrar = answering(401, challenge, |_, _| {});
    let account = format!(
        "[[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"udp:{registrar}\"\n\
         password-file = \"password\"\n"
    );
    fs::write(&path, account).unwrap();
    let output = countersign(home.path(), &["--config", path.to_str().unwrap(), "register"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("offers MD5 at best"), "{stderr}");
    assert!(stderr.contains("floor = \"MD5\""), "{stderr}");
}

#[test]
fn an_address_that_cannot_be_bound_is_named_once() {
    let home = home();
    let bind = ["--bind", "udp:127.0.0.1:0", "--bind", "udp:203.0.113.1:5060"];
    let output = countersign(home.path(), &[&["listen", "--auto-answer"][..], &bind].concat());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(stderr.matches("cannot bind").count(), 1, "{stderr}");
    assert!(stderr.contains("203.0.113.1:5060") && !stderr.contains("127.0.0.1:0"), "{stderr}");
}

#[test]
fn an_argument_that_is_empty_is_named() {
    let home = home();
    for arguments in [&["call", ""][..], &["options", ""]] {
        let output = countersign(home.path(), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("a value is required for '<URI|NAME>'"), "{stderr}");
    }
}

/// Case O01, promise 18: a password in a URI is shown nowhere, and what is written of a call is for
/// its owner alone. In a capture the message stays as long as it was.
#[test]
fn o01_a_password_is_in_no_trace_and_in_no_file() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let [ladder, picture, capture] =
        ["call.txt", "call.svg", "call.pcapng"].map(|name| home.path().join(name));
    let uri = format!("sip:bob:s3cret@{}", peer(486, |_, _| {}));
    let called = |ladder: &Path, more: &[&str]| {
        let files = ["--ladder", ladder.to_str().unwrap(), "--capture", capture.to_str().unwrap()];
        let output = countersign(home.path(), &[&["-vv", "call", &uri], &files[..], more].concat());
        let said = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert_eq!(output.status.code(), Some(1), "{said:?}");
        assert!(said.iter().all(|text| !text.contains("s3cret")), "{said:?}");
        let has = |path: &Path, text: &str| {
            let octets = fs::read(path).unwrap();
            octets.windows(text.len()).any(|window| window == text.as_bytes())
        };
        for path in [ladder, &capture] {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
        assert!(!has(ladder, "s3cret"), "{said:?}");
        (said, has(&capture, "INVITE sip:bob:000000@"), has(&capture, "s3cret"))
    };
    let ([_, told], overwritten, shown) = called(&ladder, &[]);
    assert!(told.contains("INVITE sip:bob:[redacted]@"), "{told}");
    assert_eq!((overwritten, shown), (true, false));
    let (_, overwritten, shown) = called(&picture, &["--json"]);
    assert_eq!((overwritten, shown), (true, false));
    let ([_, told], overwritten, shown) = called(&ladder, &["--capture-secrets"]);
    assert_eq!((overwritten, shown), (false, true));
    assert!(told.contains("whoever reads it can use them"), "{told}");
    let usage = countersign(home.path(), &["call", &uri, "--capture-secrets"]);
    assert_eq!(usage.status.code(), Some(2), "there is no capture to leave them in");
}

/// The peer calls while it is asked, and is told that the line is busy.
#[test]
fn a_call_that_comes_in_during_another_command_is_busy() {
    let home = home();
    let (tell, told) = std::sync::mpsc::channel();
    let uri = format!(
        "sip:bob@{}",
        peer(200, move |socket, source| {
            let here = socket.local_addr().unwrap();
            let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 4000 RTP/AVP 0\r\n";
            let invite = format!(
                "INVITE sip:a@{source} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKx\r\n\
             Max-Forwards: 70\r\nFrom: <sip:bob@{here}>;tag=1\r\nTo: <sip:a@{source}>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@{here}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.send_to(invite.as_bytes(), source).unwrap();
            let mut buffer = [0; 4_096];
            let statuses = std::iter::repeat_with(|| {
                let length = socket.recv(&mut buffer).unwrap();
                String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or("").to_owned()
            });
            let last = statuses
                .into_iter()
                .find(|line| line.starts_with("SIP/2.0") && !line.starts_with("SIP/2.0 1"));
            drop(tell.send(last));
        })
    );
    let output = countersign(home.path(), &["options", &uri]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(told.recv().unwrap().as_deref(), Some("SIP/2.0 486 Busy Here"));
}

/// A configuration whose security application is this shell script.
#[cfg(feature = "pgp")]
fn with_agent(home: &Path, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let program = home.join("agent");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let config = home.join("config.toml");
    fs::write(&config, format!("[agent]\ncommand = \"{}\"\n", program.display())).unwrap();
    config.to_str().unwrap().to_owned()
}

#[cfg(feature = "pgp")]
#[test]
fn a_program_that_is_no_security_application() {
    let home = home();
    for (script, words) in [
        ("echo usage: >&2; echo 'unknown command' >&2; exit 1", "says: unknown command"),
        ("echo hello; exec sleep 60 2>&-", "is not ready; see [agent]"),
        ("echo hello; exec sleep 60", "is not ready; see [agent]"),
        ("exec cat /dev/zero", "is not ready; see [agent]"),
    ] {
        let config = with_agent(home.path(), script);
        let began = Instant::now();
        refused(home.path(), &["--config", &config, "listen", "--auto-answer"], &[words]);
        assert!(began.elapsed() < Duration::from_secs(8), "{script}");
    }
}

/// The signal comes from the program itself, once it runs.
#[cfg(feature = "pgp")]
#[test]
fn ctrl_c_ends_the_wait_for_the_security_application() {
    let home = home();
    let config = with_agent(home.path(), "kill -INT $PPID; exec sleep 60");
    let began = Instant::now();
    refused(home.path(), &["--config", &config, "listen", "--auto-answer"], &["interrupted"]);
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn init_writes_once() {
    let home = home();
    let folder = home.path().join("alice");
    let arguments = ["init", folder.to_str().unwrap(), "--aor", "sip:alice@example.org"];
    assert!(countersign(home.path(), &arguments).status.success());
    refused(home.path(), &arguments, &["exists already"]);
    let mut written = names(&folder);
    written.sort();
    assert_eq!(written, ["config.toml", "pins.toml"]);
    let wrong = countersign(home.path(), &["init", "--aor", "alice"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_that_nobody_reads_is_one() {
    use std::os::fd::OwnedFd;
    let home = home();
    let message = home.path().join("message.sip");
    fs::write(&message, "OPTIONS sip:a@b SIP/2.0\r\n\r\n").unwrap();
    let message = message.to_str().unwrap();
    for arguments in
        [&["--help"][..], &["--version"], &["completions", "bash"], &["inspect", message]]
    {
        let into = |stdout: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
            command.args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
            command.output().unwrap()
        };
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = into(full.into());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("countersign: cannot write to standard output"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = into(OwnedFd::from(writer).into());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        let told = "countersign: cannot write to standard output: nobody reads it any more\n";
        assert_eq!(stderr, told, "{arguments:?}");
    }
}

/// Promise 18. Which limit another process has, the system tells whoever sets it.
#[test]
fn the_memory_of_the_process_is_its_own() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    use std::io::{BufRead, BufReader, Write};
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["inspect", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"id\":1,\"kind\":\"uri\",\"input\":\"sip:b\"}\n").unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let none = || Rlimit { current: Some(0), maximum: Some(0) };
    let before = prlimit(Some(Pid::from_child(&child)), Resource::Core, none()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!((before.current, before.maximum), (Some(0), Some(0)));
}

#[test]
fn completions_and_man_pages_are_written() {
    let home = home();
    let output = countersign(home.path(), &["completions", "bash"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("countersign"));
    let folder = home.path().join("man");
    assert!(countersign(home.path(), &["man", folder.to_str().unwrap()]).status.success());
    assert!(names(&folder).contains(&"countersign.1".to_owned()));
}
