//! The passphrase of private keys: chosen when a key is made, asked for when it is used.

use super::*;

const PASSPHRASE: &str = "correct horse battery staple";

const CHOOSE: &str = "new passphrase (empty: none): ";
const AGAIN: &str = "same passphrase again: ";
const OPEN: &str = "passphrase of the OpenPGP keys: ";

/// A configured terminal without a key.
fn keyless() -> (TempDir, Side) {
    let folder = tempfile::tempdir().unwrap();
    let bind = free_loopback_pair().unwrap().map(|address| address.to_string());
    let side = Side { folder: folder.path().join("alice"), bind };
    let init = Command::new(program())
        .args(["init", side.folder.to_str().unwrap(), "--aor", ALICE, "--require", "pgp"])
        .args(["--bind", &side.bind[0], "--bind", &side.bind[1]])
        .stdout(Stdio::null())
        .status();
    assert!(init.unwrap().success());
    (folder, side)
}

/// Makes the key as a person who types these two lines.
fn generates(side: &Side, lines: [&str; 2]) -> (Running, Person) {
    let (running, mut person) = at_terminal(side, &["keys", "generate"]);
    person.answers(CHOOSE, &format!("{}\n", lines[0]));
    person.answers(AGAIN, &format!("{}\n", lines[1]));
    (running, person)
}

#[test]
fn a_passphrase_is_typed_twice_and_asked_for_once_at_each_start() {
    let (_folder, side) = keyless();
    let (mut making, person) = generates(&side, [PASSPHRASE; 2]);
    assert_eq!(making.waits_for("generated")["encrypted"], true);
    making.ends_well();
    assert_eq!(person.saw(PASSPHRASE), 0, "it is not shown");
    // Without a terminal it is said what to do; who only lists keys needs none.
    side.does(&["keys", "export"]);
    let line = side.fails(&["listen", "--auto-answer"]);
    assert!(
        line.contains("give the passphrase at a terminal, or name a passphrase-file"),
        "{line}"
    );
    let (mut listening, mut person) = at_terminal(&side, &["listen", "--auto-answer"]);
    person.answers(OPEN, "wrong\n");
    person.answers("(the last one was wrong): ", &format!("{PASSPHRASE}\n"));
    listening.waits_for("listening");
    // The application alone keeps it: for another one it is asked for again.
    let applications = children(&listening.child, "countersign-pgp");
    let [application] = applications.as_slice() else { panic!("one, not {applications:?}") };
    let pid = Pid::from_raw((*application).try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    person.answers(OPEN, &format!("{PASSPHRASE}\n"));
    person.sees("it was started again");
    listening.interrupt();
    listening.ends_well();
    side.nothing_is_left();
}

#[test]
fn no_passphrase_is_said_in_words() {
    let (_folder, side) = keyless();
    let (mut making, _person) = generates(&side, ["", ""]);
    assert_eq!(making.waits_for("generated")["encrypted"], false);
    making.ends_well();
    let (_folder, side) = keyless();
    let said = side.does(&["keys", "generate", "--no-passphrase"]);
    assert!(
        said.contains("without a passphrase: its private part is stored unencrypted"),
        "{said}"
    );
    side.does(&["keys", "export"]);
}

#[test]
fn two_passphrases_that_differ_make_no_key() {
    let (_folder, side) = keyless();
    let (mut making, mut person) = generates(&side, ["one", "other"]);
    person.sees("the two passphrases differ; no key was made");
    assert_eq!(making.child.wait().unwrap().code(), Some(1));
    assert_eq!(side.does(&["keys", "list"]), "");
    let (mut making, mut person) = generates(&side, ["one", ""]);
    person.sees("the two passphrases differ; no key was made");
    assert_eq!(making.child.wait().unwrap().code(), Some(1));
    side.nothing_is_left();
}

#[test]
fn without_a_terminal_a_key_is_made_as_the_command_line_says() {
    let (_folder, side) = keyless();
    let refused = side.run(&["keys", "generate"]);
    let line = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{line}");
    assert!(line.contains("--passphrase-file FILE, or --no-passphrase"), "{line}");
    let file = side.folder.join("secret");
    fs::write(&file, format!("{PASSPHRASE}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap();
    let both = side.run(&["keys", "generate", "--no-passphrase", "--passphrase-file", file]);
    assert_eq!(both.status.code(), Some(2));
    let said = side.does(&["keys", "generate", "--passphrase-file", file]);
    assert!(said.contains("encrypted under the passphrase"), "{said}");
    let line = side.fails(&["keys", "generate", "--no-passphrase"]);
    assert!(line.contains("already"), "{line}");
    // A configuration that names the file is not told otherwise.
    let config = side.folder.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let named = format!("keys = \"none\"\npassphrase-file = \"{file}\"");
    fs::write(&config, text.replace("keys = \"pgp\"", &named)).unwrap();
    fs::create_dir(side.folder.join("none")).unwrap();
    fs::set_permissions(side.folder.join("none"), fs::Permissions::from_mode(0o700)).unwrap();
    let refused = side.run(&["keys", "generate", "--no-passphrase"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(side.does(&["keys", "generate"]).contains("encrypted under the passphrase"));
}

#[test]
fn a_passphrase_that_ends_with_a_blank_is_taken_as_it_is() {
    let (_folder, side) = keyless();
    let file = side.folder.join("secret");
    fs::write(&file, "blank \n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    side.does(&["keys", "generate", "--passphrase-file", file.to_str().unwrap()]);
    let (mut listening, mut person) = at_terminal(&side, &["listen", "--auto-answer"]);
    person.answers(OPEN, "blank \n");
    listening.waits_for("listening");
    listening.interrupt();
    listening.ends_well();
}

#[test]
fn a_key_is_not_made_by_an_application_that_somebody_else_told_how() {
    let (_folder, side) = keyless();
    let (mut listening, _person) = at_terminal(&side, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let line = side.fails(&["keys", "generate", "--no-passphrase"]);
    assert!(line.contains("runs at") && line.contains("end the terminal"), "{line}");
    listening.interrupt();
    listening.ends_well();
    side.does(&["keys", "generate", "--no-passphrase"]);
}

#[test]
fn an_interrupted_question_leaves_the_terminal_as_it_was() {
    use rustix::termios::{LocalModes, tcgetattr};
    let (_folder, side) = keyless();
    let (mut making, mut person) = at_terminal(&side, &["keys", "generate"]);
    person.sees(CHOOSE);
    let shows = |person: &Person| {
        tcgetattr(&person.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    };
    assert!(!shows(&person));
    making.interrupt();
    person.sees("interrupted");
    assert_eq!(making.child.wait().unwrap().code(), Some(1));
    assert!(shows(&person));
    side.nothing_is_left();
}
