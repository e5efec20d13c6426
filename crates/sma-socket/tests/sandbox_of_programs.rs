//! The sandbox of a process that starts others, from within: this test, and what it starts.
//!
//! A single test, since nothing that is given up comes back.

use nix::sys::ptrace;
use nix::unistd::Pid;
use sma_socket::Sandbox;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

fn refused<T>(outcome: std::io::Result<T>) -> bool {
    outcome.err().is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[test]
fn what_it_starts_has_given_up_as_much() {
    let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    assert_eq!(Sandbox::of_programs(true).close(), Ok(None));

    assert!(refused(UdpSocket::bind("127.0.0.1:0")), "a datagram is sent");
    assert!(refused(TcpStream::connect("127.0.0.1:9")), "a connection is made");
    // A process that is not there, so that none stays stopped.
    let traced = ptrace::attach(Pid::from_raw(i32::MAX));
    assert_eq!(traced, Err(nix::errno::Errno::EPERM), "a process is traced");
    // As gpg-agent and a token are reached.
    let folder = tempfile::tempdir().unwrap();
    UnixListener::bind(folder.path().join("sock")).unwrap();
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());

    let status = Command::new("cat").arg("/proc/self/status").output().unwrap().stdout;
    let status = String::from_utf8(status).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.lines().any(|it| it == line), "{line}: {status}");
    }
    fs::write(folder.path().join("there"), b"files are its own affair").unwrap();
}
