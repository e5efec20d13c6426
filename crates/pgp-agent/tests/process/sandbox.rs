//! What the process has given up once it is ready, and what becomes of it where the kernel does
//! not let it.

use crate::place::{Place, Serving, refused, to_sign};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
use sma::{KeyAdministration as _, SecurityApplication as _};
use sma_socket::Client;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

/// The values of a line of the status of each thread.
fn statuses(serving: &Serving, name: &str) -> Vec<String> {
    let start = format!("{name}:\t");
    let threads = fs::read_dir(format!("/proc/{}/task", serving.0.id())).unwrap();
    let status = threads.map(|it| fs::read_to_string(it.unwrap().path().join("status")).unwrap());
    status.map(|it| it.lines().find_map(|line| line.strip_prefix(&start)).unwrap().into()).collect()
}

#[tokio::test]
async fn no_thread_is_outside_the_sandbox_and_all_is_answered_from_within() {
    let place = Place::new();
    let key = place.generate();
    let serving = place.serve(&["--no-passphrase", "--require-sandbox"]);
    let client = Client::new(place.socket());
    // Work of every kind, on threads of every kind.
    let made = client.generate("sip:bob@example.org".into()).await.unwrap();
    assert!(place.keys().join(format!("{}.sec.asc", made.fingerprint)).exists());
    let message = client.encrypt(vec![key.clone()], b"text".to_vec().into()).await.unwrap();
    assert_eq!(client.decrypt(key.clone(), message).await.unwrap().octets.expose(), b"text");
    assert!(client.sign(to_sign(&key)).await.is_ok());
    let (privileges, calls) = (statuses(&serving, "NoNewPrivs"), statuses(&serving, "Seccomp"));
    assert!(calls.len() >= 4, "{calls:?}");
    assert!(privileges.iter().all(|it| it == "1") && calls.iter().all(|it| it == "2"), "{calls:?}");
}

/// What makes a path absolute asks where the process is.
#[tokio::test]
async fn a_folder_that_is_named_from_where_we_are_takes_new_keys() {
    let place = Place::new();
    place.generate();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_countersign-pgp"));
    serve.current_dir(place.keys().parent().unwrap()).args(["serve", "--keys"]);
    serve.arg(place.keys().file_name().unwrap()).arg("--socket").arg(place.socket());
    serve.args(["--no-passphrase", "--require-sandbox"]).stdin(Stdio::piped());
    let _serving = Serving::start(&mut serve);
    let made = Client::new(place.socket()).generate("sip:bob@example.org".into()).await.unwrap();
    assert!(place.keys().join(format!("{}.sec.asc", made.fingerprint)).exists());
}

/// A command on a kernel that does not have this call: a filter takes it from the thread that
/// starts the command, and so from the command.
fn without(call: libc::c_long, mut command: Command) -> Command {
    let filter = SeccompFilter::new(
        [(call, Vec::new())].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.cast_unsigned()),
        TargetArch::try_from(std::env::consts::ARCH).unwrap(),
    );
    let filter: BpfProgram = filter.unwrap().try_into().unwrap();
    apply_filter(&filter).unwrap();
    command.stderr(Stdio::piped());
    command
}

#[test]
fn where_the_kernel_has_no_sandbox_it_warns_and_goes_on_or_refuses() {
    for (call, names) in
        [(libc::SYS_landlock_create_ruleset, "Landlock"), (libc::SYS_seccomp, "seccomp")]
    {
        // Each in a thread of its own, which the filter ends with.
        let thread = std::thread::spawn(move || {
            let place = Place::new();
            place.generate();
            let mut serve = place.command("serve");
            serve.arg("--socket").arg(place.socket()).arg("--no-passphrase");
            serve.stdin(Stdio::piped());
            let mut serving = Serving::start(&mut without(call, serve));
            serving.signal(rustix::process::Signal::TERM);
            let mut told = String::new();
            serving.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            assert!(told.starts_with("warning: ") && told.contains(names), "{told}");
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(serving.ended().success());
            let mut serve = place.command("serve");
            serve
                .arg("--socket")
                .arg(place.socket())
                .args(["--no-passphrase", "--require-sandbox"]);
            let told = refused(&mut serve, 4);
            assert!(told.contains("--require-sandbox") && told.contains(names), "{told}");
            assert!(!place.socket().exists(), "it leaves its socket behind");
        });
        thread.join().unwrap();
    }
}
