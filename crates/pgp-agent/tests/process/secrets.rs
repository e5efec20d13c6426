//! Passphrases and keys: where they may come from, and where they must not be.

use crate::place::{Place, Serving, refused, said, to_sign};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use sma::{Error, KeyAdministration as _, SecurityApplication as _};
use sma_socket::Client;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const PASSPHRASE: &str = "correct horse battery staple";

#[tokio::test]
async fn a_passphrase_comes_from_a_file_or_a_descriptor() {
    let place = Place::new();
    let file = place.passphrase_file("right");
    let path = file.to_str().unwrap();
    let mut generate = place.command("generate");
    generate.args(["--user-id", "sip:bob@example.org", "--passphrase-file", path]);
    let line = said(&mut generate);
    assert!(line.ends_with("  own     sip:bob@example.org\n"), "{line}");
    let serving = place.serve(&["--passphrase-file", path]);
    let client = Client::new(place.socket());
    let key = client.identities().await.unwrap().remove(0);
    assert!(client.sign(to_sign(&key.fingerprint)).await.is_ok());
    drop(serving);
    let mut command = place.command("serve");
    command.arg("--socket").arg(place.socket()).args(["--passphrase-fd", "0"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"wrong\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.ends_with(".sec.asc: wrong passphrase\n") && told.lines().count() == 1, "{told}");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let mut list = place.command("generate");
    list.args(["--user-id", "x", "--passphrase-file", path]);
    assert!(refused(&mut list, 1).ends_with("mode is 0644, must be 0600\n"));
}

fn contains(octets: &[u8], part: &str) -> bool {
    octets.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn o03_no_secret_is_in_the_arguments_or_the_environment() {
    let place = Place::new();
    let file = place.passphrase_file(PASSPHRASE);
    let path = file.to_str().unwrap();
    let mut generate = place.command("generate");
    said(generate.args(["--user-id", "sip:bob@example.org", "--passphrase-file", path]));
    let serving = place.serve(&["--passphrase-file", path]);
    assert!(contains(&serving.proc("cmdline"), "--passphrase-file"));
    for file in ["cmdline", "environ"] {
        let octets = serving.proc(file);
        assert!(!contains(&octets, PASSPHRASE) && !contains(&octets, "PRIVATE KEY"), "{file}");
    }
    let limits = String::from_utf8(serving.proc("limits")).unwrap();
    let core: Vec<_> = limits.lines().filter(|line| line.starts_with("Max core file")).collect();
    assert_eq!(core[0].split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
    drop(serving);
    // Neither can be given one by mistake.
    let mut serve = place.command("serve");
    serve.arg("--socket").arg(place.socket()).args(["--passphrase", PASSPHRASE]);
    assert_eq!(serve.output().unwrap().status.code(), Some(2));
    let mut serve = place.command("serve");
    for name in ["PASSPHRASE", "COUNTERSIGN_PASSPHRASE", "COUNTERSIGN_PGP_PASSPHRASE"] {
        serve.env(name, PASSPHRASE);
    }
    assert!(refused(serve.arg("--socket").arg(place.socket()), 2).contains("no passphrase"));
    for command in ["serve", "generate", "list", "import", "export"] {
        assert!(!said(place.command(command).arg("--help")).contains("[env"), "{command}");
    }
}

#[test]
fn o03_the_socket_and_its_folder_are_closed_to_others() {
    let place = Place::new();
    place.generate();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let serving = place.serve(&["--no-passphrase"]);
    assert_eq!((mode(place.socket()), mode(place.keys())), (0o600, 0o700));
    drop(serving);
    fs::set_permissions(place.0.path(), Permissions::from_mode(0o755)).unwrap();
    let mut serve = place.command("serve");
    serve.arg("--socket").arg(place.0.path().join("other.sock")).arg("--no-passphrase");
    assert!(refused(&mut serve, 1).ends_with("mode is 0755, must be 0700\n"));
}

#[tokio::test]
async fn keys_that_stay_locked_are_listed_and_exported_and_sign_nothing() {
    let place = Place::new();
    let file = place.passphrase_file(PASSPHRASE);
    let mut generate = place.command("generate");
    generate.args([
        "--user-id",
        "sip:bob@example.org",
        "--passphrase-file",
        file.to_str().unwrap(),
    ]);
    said(&mut generate);
    let _serving = place.serve(&["--locked"]);
    let client = Client::new(place.socket());
    let key = client.identities().await.unwrap().remove(0).fingerprint;
    assert!(client.export(key.clone()).await.is_ok());
    assert_eq!(client.sign(to_sign(&key)).await, Err(Error::Locked));
    // Who is to sign with them needs the passphrase, and says so by its status.
    let mut serve = place.command("serve");
    serve.arg("--socket").arg(place.0.path().join("other.sock")).arg("--no-passphrase");
    assert!(refused(&mut serve, 3).ends_with("and none was given\n"));
}

/// A person's end of a terminal.
struct Person {
    keyboard: File,
    screen: mpsc::Receiver<Vec<u8>>,
}

/// A terminal that a person sits at: our end of it, and the one for a process.
fn terminal() -> (Person, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(rustix::fs::OFlags::NOCTTY.bits().cast_signed());
    let theirs = options.open(OsStr::from_bytes(name.to_bytes())).unwrap();
    let keyboard = File::from(ours);
    let mut shown = keyboard.try_clone().unwrap();
    let (sender, screen) = mpsc::channel();
    // It ends with the terminal, or with the test.
    std::thread::spawn(move || {
        let mut octets = [0; 64];
        while let Ok(length @ 1..) = shown.read(&mut octets) {
            if sender.send(octets[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    (Person { keyboard, screen }, theirs)
}

/// Waits until `text` has been shown.
fn shown(person: &mut Person, text: &str) -> String {
    let (mut all, began) = (Vec::new(), Instant::now());
    while !contains(&all, text) {
        let left = Duration::from_secs(20).saturating_sub(began.elapsed());
        let more = person.screen.recv_timeout(left);
        let all_so_far = String::from_utf8_lossy(&all);
        all = [&all[..], &more.unwrap_or_else(|_| panic!("no `{text}` in {all_so_far}"))].concat();
    }
    String::from_utf8(all).unwrap()
}

/// `command` with a terminal for standard input and error.
fn at(theirs: &File, mut command: Command) -> Command {
    command.stdin(theirs.try_clone().unwrap()).stderr(theirs.try_clone().unwrap());
    command.stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn g27_a_person_is_asked_once_at_the_start_and_never_for_a_question() {
    let place = Place::new();
    let (mut ours, theirs) = terminal();
    let mut generate = at(&theirs, place.command("generate"));
    let making = Serving(generate.args(["--user-id", "sip:bob@example.org"]).spawn().unwrap());
    for question in ["New passphrase (empty: none): ", "The same again: "] {
        shown(&mut ours, question);
        assert!(!tcgetattr(&theirs).unwrap().local_modes.contains(LocalModes::ECHO));
        writeln!(ours.keyboard, "{PASSPHRASE}").unwrap();
    }
    assert!(making.ended().success());
    assert!(tcgetattr(&theirs).unwrap().local_modes.contains(LocalModes::ECHO));
    let mut serve = at(&theirs, place.command("serve"));
    let child = serve.arg("--socket").arg(place.socket()).spawn().unwrap();
    shown(&mut ours, "Passphrase: ");
    writeln!(ours.keyboard, "{PASSPHRASE}").unwrap();
    let serving = Serving(child).once_ready();
    let client = Client::new(place.socket());
    let key = client.identities().await.unwrap().remove(0).fingerprint;
    let text = || b"text".to_vec().into();
    let message = client.encrypt(vec![key.clone()], text()).await.unwrap();
    for _ in 0..20 {
        assert!(client.sign(to_sign(&key)).await.is_ok());
        assert!(client.decrypt(key.clone(), message.clone()).await.is_ok());
    }
    drop(serving);
    // What else the terminal has shown is all before this mark.
    writeln!(&theirs, "MARK").unwrap();
    let rest = shown(&mut ours, "MARK");
    assert!(!rest.contains("assphrase") && !rest.contains(PASSPHRASE), "{rest}");
}

#[test]
fn two_passphrases_that_differ_make_no_key() {
    let place = Place::new();
    let (mut ours, theirs) = terminal();
    let mut generate = at(&theirs, place.command("generate"));
    let making = Serving(generate.args(["--user-id", "sip:bob@example.org"]).spawn().unwrap());
    for (question, answer) in [("New passphrase", "one"), ("The same again: ", "other")] {
        shown(&mut ours, question);
        writeln!(ours.keyboard, "{answer}").unwrap();
    }
    assert_eq!(making.ended().code(), Some(1));
    shown(&mut ours, "the two passphrases differ");
    assert_eq!(said(&mut place.command("list")), "");
}

#[test]
fn what_is_typed_before_the_question_is_shown_answers_it() {
    let place = Place::new();
    let (mut ours, theirs) = terminal();
    write!(ours.keyboard, "{PASSPHRASE}\n{PASSPHRASE}\n").unwrap();
    let mut generate = at(&theirs, place.command("generate"));
    let making = Serving(generate.args(["--user-id", "sip:bob@example.org"]).spawn().unwrap());
    shown(&mut ours, "The same again: ");
    assert!(making.ended().success());
    let file = place.passphrase_file(PASSPHRASE);
    drop(place.serve(&["--passphrase-file", file.to_str().unwrap()]));
}

#[test]
fn a_person_may_type_no_passphrase_and_is_told_what_that_means() {
    let place = Place::new();
    let (mut ours, theirs) = terminal();
    let mut generate = at(&theirs, place.command("generate"));
    let making = Serving(generate.args(["--user-id", "sip:bob@example.org"]).spawn().unwrap());
    for question in ["New passphrase (empty: none): ", "The same again: "] {
        shown(&mut ours, question);
        writeln!(ours.keyboard).unwrap();
    }
    shown(&mut ours, "the private key is stored unencrypted");
    assert!(making.ended().success());
    drop(place.serve(&["--no-passphrase"]));
}

#[test]
fn an_empty_passphrase_is_none() {
    let place = Place::new();
    let file = place.passphrase_file("");
    let mut generate = place.command("generate");
    generate.args(["--user-id", "x", "--passphrase-file", file.to_str().unwrap()]);
    assert!(refused(&mut generate, 1).ends_with("the passphrase is empty\n"));
}

/// `command` where no file can grow: each write fails as on a full disk.
fn on_a_full_disk(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    shell
}

fn files(place: &Place) -> usize {
    fs::read_dir(place.keys()).unwrap().count()
}

#[tokio::test]
async fn o05_what_cannot_be_written_is_not_kept() {
    let place = Place::new();
    let key = place.generate();
    let other = Place::new();
    other.generate();
    let mut generate = place.command("generate");
    generate.args(["--user-id", "sip:bob@example.org", "--no-passphrase"]);
    assert!(refused(&mut on_a_full_disk(&generate), 1).contains("File too large"));
    assert_eq!(files(&place), 1, "nothing of it is left");
    let mut serve = place.command("serve");
    serve.arg("--socket").arg(place.socket()).arg("--no-passphrase");
    let _serving = Serving::start(on_a_full_disk(&serve).stderr(Stdio::null()));
    let client = Client::new(place.socket());
    let theirs = said(other.command("export").arg(other.generate().as_str()));
    assert_eq!(client.import(theirs.into_bytes()).await, Err(Error::DiskFull));
    assert_eq!(client.generate("sip:carol@example.org".into()).await, Err(Error::DiskFull));
    let keys = client.identities().await.unwrap();
    assert!(keys.len() == 1 && keys[0].fingerprint == key, "{keys:?}");
    assert_eq!(files(&place), 1);
    assert!(client.sign(to_sign(&key)).await.is_ok());
}
