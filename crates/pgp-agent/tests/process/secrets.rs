//! Passphrases and keys: where they may come from, and where they must not be.

use crate::place::{Place, Serving, refused, said, to_sign};
use sma::{Error, KeyAdministration as _, SecurityApplication as _};
use sma_socket::Client;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

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
    assert_eq!(output.status.code(), Some(1));
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

/// `command` where no file can grow: each write fails as on a full disk.
#[test]
fn an_empty_passphrase_is_none() {
    let place = Place::new();
    let file = place.passphrase_file("");
    let mut generate = place.command("generate");
    generate.args(["--user-id", "x", "--passphrase-file", file.to_str().unwrap()]);
    assert!(refused(&mut generate, 1).ends_with("the passphrase is empty\n"));
}

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
    assert_eq!(client.import(theirs.into_bytes()).await, Err(Error::Failed));
    assert_eq!(client.generate("sip:carol@example.org".into()).await, Err(Error::Failed));
    let keys = client.identities().await.unwrap();
    assert!(keys.len() == 1 && keys[0].fingerprint == key, "{keys:?}");
    assert_eq!(files(&place), 1);
    assert!(client.sign(to_sign(&key)).await.is_ok());
}
