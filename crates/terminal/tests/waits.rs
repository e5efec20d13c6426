//! Waits: it is told that a peer is silent, and whoever gives up does not wait.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A socket that takes everything and says nothing.
fn silent() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

/// A configuration with an account there.
fn account(home: &Path, registrar: &UdpSocket) -> String {
    let path = home.join("config.toml");
    let at = registrar.local_addr().unwrap();
    let text = format!("[[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"udp:{at}\"\n");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("HOME", home).env("XDG_CONFIG_HOME", home.join("xdg"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn ctrl_c_during_register_does_not_wait_for_a_silent_registrar() {
    let home = tempfile::tempdir().unwrap();
    let registrar = silent();
    let config = account(home.path(), &registrar);
    let mut child = command(home.path(), &["--config", &config, "register"]).spawn().unwrap();
    registrar.recv(&mut [0; 4_096]).unwrap();
    let began = Instant::now();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    // It gives the registrar half a second; the rest is for a machine that has much to do.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// A terminal, and its other end as a file for a program's standard error.
fn screen() -> (File, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
    let end = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(rustix::fs::OFlags::NOCTTY.bits() as i32)
        .open(name)
        .unwrap();
    (screen.into(), end)
}

#[test]
fn it_is_told_once_that_a_silent_peer_is_still_tried() {
    let home = tempfile::tempdir().unwrap();
    let peer = silent();
    let at = peer.local_addr().unwrap();
    let (config, uri) = (account(home.path(), &peer), format!("sip:bob@{at};transport=udp"));
    for arguments in [&["call", &uri][..], &["options", &uri], &["--config", &config, "register"]] {
        let (mut screen, end) = screen();
        let mut child = command(home.path(), arguments).stderr(end).spawn().unwrap();
        let mut shown = Vec::new();
        let told = |shown: &[u8]| String::from_utf8_lossy(shown).into_owned();
        while !told(&shown).contains('\n') {
            let mut buffer = [0; 1_024];
            let read = screen.read(&mut buffer).unwrap();
            shown.extend(&buffer[..read]);
        }
        let line = told(&shown);
        assert!(line.starts_with("no answer from ") && line.contains(&at.to_string()), "{line}");
        assert!(line.contains("giving up in 29 s"), "{line}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// A log is read, too.
#[test]
fn it_is_told_where_there_is_no_terminal() {
    let home = tempfile::tempdir().unwrap();
    let peer = silent();
    let uri = format!("sip:bob@{};transport=udp", peer.local_addr().unwrap());
    let mut child =
        command(home.path(), &["options", &uri]).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("no answer from sip:bob@127.0.0.1:"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}
