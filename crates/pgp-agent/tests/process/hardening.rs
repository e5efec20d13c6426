//! What other processes can see of it.

use crate::place::{PROGRAM, Place, Serving, said};
use rustix::process::geteuid;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A user who is not root, since what is root's looks the same either way.
fn user() -> u32 {
    match geteuid().is_root() {
        true => 65_534,
        false => geteuid().as_raw(),
    }
}

/// Who may look into the memory of a process: the owner of the file that shows it.
fn who_may_look_into(process: &Child) -> u32 {
    fs::metadata(format!("/proc/{}/mem", process.id())).unwrap().uid()
}

/// A line of `/proc` about a process, in words.
fn line(process: &Child, file: &str, start: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{}/{file}", process.id())).unwrap();
    let line = text.lines().find(|line| line.starts_with(start)).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

/// `program` as that user, once it has said its first line.
fn as_user(command: &mut Command) -> Serving {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut serving = Serving(command.uid(user()).spawn().unwrap());
    let mut output = BufReader::new(serving.0.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    assert_eq!(line(&serving.0, "status", "Uid:")[2], user().to_string());
    serving
}

#[test]
fn no_process_of_the_same_user_looks_into_it() {
    let place = Place::new();
    let own = |path: &Path| chown(path, Some(user()), None).unwrap();
    own(place.0.path());
    // Where that user can run it; copied by another process, since one that may still write it
    // keeps it from being run.
    let program = place.0.path().join("countersign-pgp");
    assert!(Command::new("cp").arg(PROGRAM).arg(&program).status().unwrap().success());
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    // Any other program: its user may.
    let ordinary = as_user(Command::new("sh").args(["-c", "echo ready; read end"]));
    assert_eq!(who_may_look_into(&ordinary.0), user());
    fs::create_dir(place.keys()).unwrap();
    fs::set_permissions(place.keys(), Permissions::from_mode(0o700)).unwrap();
    own(&place.keys());
    let mut serve = Command::new(&program);
    serve.arg("serve").arg("--keys").arg(place.keys()).arg("--socket").arg(place.socket());
    let serving = as_user(serve.arg("--no-passphrase"));
    assert_eq!(who_may_look_into(&serving.0), 0, "root alone may");
    assert_eq!(line(&serving.0, "limits", "Max core file size")[4..6], ["0", "0"]);
}

#[test]
fn o02_keys_are_closed_to_others_whatever_the_umask() {
    let place = Place::new();
    let mut generate = Command::new("sh");
    generate.args(["-c", "umask 0; exec \"$0\" \"$@\"", PROGRAM, "generate", "--no-passphrase"]);
    generate.args(["--user-id", "sip:alice@example.org", "--keys"]).arg(place.keys());
    said(&mut generate);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&place.keys()), 0o700);
    let files: Vec<_> = fs::read_dir(place.keys()).unwrap().collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0].as_ref().unwrap().path()), 0o600);
}
