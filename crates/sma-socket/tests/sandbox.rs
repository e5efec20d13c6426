//! The sandbox, from within: one process, which is this test, and what it can still do.
//!
//! A single test, since nothing that is given up comes back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::zombie_processes, reason = "nobody is waited for within the sandbox")]

use nix::sys::ptrace;
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use sma_socket::{Listener, Sandbox};
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

/// The value of a line of this thread's status.
fn status(of: &str, name: &str) -> String {
    let start = format!("{name}:\t");
    of.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
}

/// Whether Landlock refused.
fn refused<T>(outcome: std::io::Result<T>) -> bool {
    outcome.err().is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Whether the system call is not there any more, whatever Landlock would say.
fn gone<T>(outcome: std::io::Result<T>) -> bool {
    outcome.err().is_some_and(|error| error.kind() == ErrorKind::Unsupported)
}

/// Files outside, the network, programs and other processes are gone; the folder, the socket and
/// threads are there.
#[tokio::test]
async fn what_is_given_up_is_gone_and_what_serving_takes_is_left() {
    let mode = Permissions::from_mode(0o700);
    let folder = || tempfile::Builder::new().permissions(mode.clone()).tempdir().unwrap();
    let (keys, run, outside) = (folder(), folder(), folder());
    fs::write(outside.path().join("there"), b"x").unwrap();
    fs::write(keys.path().join("key"), b"key").unwrap();
    let socket = run.path().join("sock");
    // Another process of ours, while one can still be started; it ends with this one.
    let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let pidfd = pidfd_open(rustix::process::Pid::from_child(&other), PidfdFlags::empty()).unwrap();
    let listening = UnixListener::bind(outside.path().join("other.sock")).unwrap();
    let mut own_status = File::open("/proc/thread-self/status").unwrap();

    let sandbox = Sandbox::of_keys(keys.path(), &socket, true);
    let listener = Listener::bind(&socket).unwrap();
    assert_eq!(sandbox.close(), Ok(None));

    let mut told = String::new();
    own_status.read_to_string(&mut told).unwrap();
    assert_eq!((status(&told, "NoNewPrivs"), status(&told, "Seccomp")), ("1".into(), "2".into()));

    assert!(refused(fs::read(outside.path().join("there"))), "a file is read");
    assert!(refused(File::create(outside.path().join("new"))), "a file is made");
    assert!(refused(fs::remove_file(outside.path().join("there"))), "a file is removed");
    assert!(refused(fs::read_dir("/")), "a folder is read");
    assert!(refused(fs::write(run.path().join("new"), b"x")), "the socket's folder is written to");
    assert!(gone(fs::create_dir(keys.path().join("new"))), "a folder is made");

    assert!(gone(UdpSocket::bind("127.0.0.1:0")), "a datagram is sent");
    assert!(gone(TcpStream::connect("127.0.0.1:9")), "a connection is made");
    assert!(gone(UnixStream::connect(&socket)), "a Unix socket is made");
    drop(listening);

    assert!(gone(Command::new("true").status()), "a program is started");
    // Of a process that is not there, so that none stays stopped: the call itself is gone.
    let fault = ptrace::attach(Pid::from_raw(i32::MAX)).unwrap_err();
    assert_eq!(fault, nix::errno::Errno::ENOSYS, "a process is traced");
    let fault = pidfd_getfd(&pidfd, 0, PidfdGetfdFlags::empty()).unwrap_err();
    assert_eq!(fault, rustix::io::Errno::NOSYS, "a descriptor is taken");
    assert!(gone(other.kill()), "a process is killed");

    let key = keys.path().join("key");
    assert_eq!(fs::read(&key).unwrap(), b"key");
    let mut draft = tempfile::NamedTempFile::new_in(keys.path()).unwrap();
    draft.write_all(b"new key").unwrap();
    draft.as_file().sync_all().unwrap();
    draft.persist(&key).unwrap();
    File::open(keys.path()).unwrap().sync_all().unwrap();
    assert_eq!(fs::read(&key).unwrap(), b"new key");
    let elsewhere = outside.path().join("there");
    let thread = std::thread::spawn(move || refused(fs::read(elsewhere)));
    assert!(thread.join().unwrap(), "a thread reads a file");
    drop(listener);
    assert!(fs::symlink_metadata(&socket).is_err(), "its socket is left behind");
}
