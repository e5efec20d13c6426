//! What the built program says: what to do next, what its options are, why something cannot be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn countersign(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What a command that succeeds prints.
fn said(home: &Path, arguments: &[&str]) -> String {
    let output = countersign(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that fails says, and its status.
fn failed(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = countersign(home, arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn init_says_what_to_do_next() {
    let home = tempfile::tempdir().unwrap();
    let next = |folder: &str, more: &[&str]| {
        let text = said(home.path(), &[&["init", folder][..], more].concat());
        let lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        lines.join("\n").replace(&format!("countersign --config {folder}/config.toml"), "it")
    };
    let account = ["--registrar", "pbx.example.org", "--user", "4711"];
    assert_eq!(next("desk", &account), "next: it register\nthen: it call NUMBER");
    assert_eq!(next("open", &["--aor", "sip:a@h"]), "next: it listen");
    if cfg!(feature = "pgp") {
        let pgp = ["--require", "pgp", "--aor", "sip:a@h"];
        assert_eq!(next("alice", &pgp), "next: it keys generate");
        let both = [&account[..], &pgp].concat();
        assert_eq!(next("both", &both), "next: it keys generate\nthen: it register");
    }
    // The configuration of the default folder need not be named.
    let text = said(home.path(), &["init", "--aor", "sip:a@h"]);
    assert!(text.ends_with("next: countersign listen\n"), "{text}");
}

#[test]
fn init_binds_the_port_of_the_address() {
    let home = tempfile::tempdir().unwrap();
    let bound = |folder: &str, more: &[&str]| {
        said(home.path(), &[&["init", folder][..], more].concat());
        let config = fs::read_to_string(home.path().join(folder).join("config.toml")).unwrap();
        config.lines().find(|line| line.starts_with("bind = ")).unwrap().to_owned()
    };
    let aor = ["--aor", "sip:x@host.example:5072"];
    let own = "bind = [\"udp:0.0.0.0:5072\", \"tcp:0.0.0.0:5072\"]";
    assert_eq!(bound("own", &aor), own);
    let usual = "bind = [\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\"]";
    assert_eq!(bound("usual", &["--aor", "sip:x@host.example"]), usual);
    let said_otherwise = [&aor[..], &["--bind", "udp:127.0.0.1:5080"]].concat();
    assert_eq!(bound("otherwise", &said_otherwise), "bind = [\"udp:127.0.0.1:5080\"]");
    // The port is then the registrar's.
    let account = [&aor[..], &["--registrar", "host.example:5072", "--user", "x"]].concat();
    assert_eq!(bound("account", &account), usual);
}

#[test]
fn init_says_that_a_user_cannot_stand_in_an_address() {
    let home = tempfile::tempdir().unwrap();
    let (status, told) = failed(home.path(), &["init", "--registrar", "h", "--user", "jo e"]);
    assert_eq!(status, Some(2));
    assert!(told.contains("`jo e` does not stand in an address"), "{told}");
    assert!(told.ends_with("for example --aor sip:jo%20e@h\n"), "{told}");
    let account = ["init", "--registrar", "h", "--user", "jo e", "--aor", "sip:jo%20e@h"];
    said(home.path(), &account);
}

/// Neither numbers of the system's errors nor names of drafts, and one word for one thing.
#[test]
fn what_is_not_there_is_told_in_the_same_words_everywhere() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["--config", "none", "register"][..],
        &["call", "sip:b@127.0.0.1:9", "--audio", "none.wav"],
        &["call", "sip:b@127.0.0.1:9", "--record", "none/heard.wav"],
        &["call", "sip:b@127.0.0.1:9", "--ladder", "none/call.svg"],
        &["inspect", "none"],
        &["man", "/proc/none"],
    ] {
        let (status, told) = failed(home.path(), arguments);
        assert_eq!(status, Some(1), "{arguments:?}: {told}");
        assert!(told.ends_with(": no such file or folder\n"), "{arguments:?}: {told}");
    }
    // A draft cannot be made there by anybody.
    let (_, told) =
        failed(home.path(), &["call", "sip:b@127.0.0.1:9", "--ladder", "/sys/call.svg"]);
    assert!(told.starts_with("countersign: cannot write /sys/call.svg: "), "{told}");
    assert!(!told.contains("os error") && !told.contains("/.tmp"), "{told}");
    let (_, told) = failed(home.path(), &["call", "sip:b@127.0.0.1;transport=sctp"]);
    assert!(told.contains("not built in; sip: over UDP, TCP, TLS and WebSocket is"), "{told}");
}

#[test]
fn a_number_of_seconds_says_which_are_allowed() {
    let home = tempfile::tempdir().unwrap();
    let (status, told) = failed(home.path(), &["call", "sip:b@h", "--seconds", "0"]);
    assert_eq!(status, Some(2));
    assert!(told.contains("above 0, and of 86400 (a day) at most"), "{told}");
    if cfg!(feature = "digest") {
        assert!(said(home.path(), &["demo", "--help"]).contains("2 to 600"));
    }
}

/// A build without a security manager says so.
#[test]
fn a_proof_that_nothing_could_check_cannot_be_required() {
    let home = tempfile::tempdir().unwrap();
    for command in [&["call", "sip:b@h"][..], &["init", "--aor", "sip:a@h"]] {
        let (status, told) = failed(home.path(), &[command, &["--require", "proof"]].concat());
        assert_eq!(status, Some(2), "{told}");
        let expected = match cfg!(feature = "digest") {
            true => "possible values: nothing, digest",
            false => "this build has no security manager",
        };
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn help_says_what_a_newcomer_needs() {
    let home = tempfile::tempdir().unwrap();
    let helps = |command: &str, words: &[&str]| {
        let words_of_it: Vec<&str> = command.split(' ').collect();
        let help = said(home.path(), &[&words_of_it[..], &["--help"]].concat());
        for word in words {
            assert!(help.contains(word), "{command}: {help}");
        }
    };
    helps("register", &["Example:", "register"]);
    helps("options", &["Examples:", "sip:bob@"]);
    helps("completions", &["mkdir -p"]);
    helps("man", &["countersign-pgp man"]);
    helps("init", &["--bind <PROTO:ADDRESS:PORT>", "[default: the port of --aor, or 5060"]);
    helps("inspect", &["[OPTIONS] <FILE>...\n", "--jsonl [FILE]...", "from standard input"]);
    if cfg!(feature = "watch") {
        helps("watch", &["Examples:", "[default: presence]", "RFC 4235", "Nothing proves"]);
    }
    if cfg!(feature = "pgp") {
        helps("keys pin", &["for example sip:bob@example.org", "Example:"]);
        helps("keys unpin", &["for example sip:bob@example.org", "Example:"]);
    }
    assert!(said(home.path(), &["--help"]).contains("  man "), "it is in the list");
}

#[test]
fn a_page_shows_the_usage_with_its_values() {
    let home = tempfile::tempdir().unwrap();
    let told = said(home.path(), &["man", "pages"]);
    assert_eq!(told.contains("countersign-pgp man pages"), cfg!(feature = "pgp"), "{told}");
    let page = |name: &str| fs::read_to_string(home.path().join("pages").join(name)).unwrap();
    let call = page("countersign-call.1").replace("\\-", "-");
    assert!(
        call.contains(".SH SYNOPSIS\n\\fBcountersign call\\fR [OPTIONS] <URI|NAME>\n"),
        "{call}"
    );
    assert!(call.contains("countersign --config desk/config.toml call 123"), "{call}");
    for name in ["countersign.1", "countersign-inspect.1", "countersign-call.1"] {
        assert!(!page(name).contains(".SH EXTRA"), "{name}");
    }
    let inspect = page("countersign-inspect.1").replace("\\-", "-");
    assert!(inspect.contains(".br\n\\fBcountersign inspect\\fR [OPTIONS] --jsonl"), "{inspect}");
}
