//! The program itself: two security managers, each in its process, play the conformance kit's calls;
//! and what `/proc` says of one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod keyed;

use rustix::process::{Pid, Signal, kill_process};
use sec_manager::srtp::{SrtpKeys, Suite};
use sec_socket::{Client, Ends, Gone, LineKeys};
use sma::conformance::{Directory, Double};
use ssa::conformance::{Pair, TestRequest, TestResponse, run};
use ssa::{Answer, Body, CallRef, Incoming, Received, Refusal, SipSecurity as _, Why};
use sst::{
    Account, Algorithm, Call, Configuration, Contact, HopPolicy, Identity, Outgoing, Password, Pin,
    Requirement, TelephonySecurity as _, User,
};
use std::fs;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tokio::sync::watch;

const ALICE: &str = "sip:alice@alice.example";
const BOB: &str = "sip:bob@bob.example";
const LONG: Duration = Duration::from_secs(30);

/// The security manager in a process; dropped, it has ended.
struct Process {
    child: Child,
    client: Arc<Client>,
    gone: watch::Receiver<Option<Gone>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.client.disconnect();
        let _ = self.child.wait();
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn client(runtime: &Runtime) -> Arc<Client> {
    let handle = runtime.handle().clone();
    let guard = |keys: &LineKeys| {
        SrtpKeys::new(Suite::parse(&keys.suite)?, &keys.ours, &keys.theirs).ok()?.guard().ok()
    };
    Client::new(Ends {
        application: Arc::new(sst::Deny),
        spawn: Arc::new(move |task| drop(handle.spawn(task))),
        guard: Arc::new(guard),
    })
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-sec"));
    command.arg("serve").stderr(Stdio::piped());
    command
}

/// Starts one behind `client`, with an application where one is given.
fn start(runtime: &Runtime, client: Arc<Client>, application: Option<Double>) -> Process {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut command = command();
    command.arg("--require-sandbox").stdin(OwnedFd::from(theirs));
    match application {
        None => {
            command.arg("--without-application").stdout(Stdio::null());
        }
        Some(double) => {
            let (asked, asks) = UnixStream::pair().unwrap();
            command.stdout(OwnedFd::from(asks));
            asked.set_nonblocking(true).unwrap();
            let _within = runtime.enter();
            let asked = tokio::net::UnixStream::from_std(asked).unwrap();
            runtime.spawn(sma_socket::serve_over(asked, Arc::new(double)));
        }
    }
    let child = command.spawn().unwrap();
    // Its ends of the connections are its own now.
    drop(command);
    let gone = client.connect(ours).unwrap();
    Process { child, client, gone }
}

fn rules(
    runtime: &Runtime, caller: &Process, callee: &Process, require: Requirement,
) -> Vec<String> {
    let body = |text: &str| Body {
        content_type: Some(b"text/plain".to_vec()),
        octets: text.as_bytes().to_vec(),
    };
    let user = Arc::clone(&caller.client);
    let pair = Pair {
        caller: caller.client.clone(),
        callee: callee.client.clone(),
        from: ALICE.to_owned(),
        to: BOB.to_owned(),
        offer: body("the offer"),
        answer: body("the answer"),
        start: Box::new(move |call| {
            let outgoing = Outgoing { from: ALICE.to_owned(), to: BOB.to_owned(), require };
            user.call_started(Call(call.0), outgoing);
        }),
    };
    let kit = async { tokio::time::timeout(LONG, run(&pair)).await.unwrap() };
    runtime.block_on(kit).into_iter().map(|broken| broken.to_string()).collect()
}

fn secret() -> Password {
    Password::new(b"secret".to_vec())
}

/// Who calls, and answers for `bob.example` with a password.
fn by_digest_caller() -> Configuration {
    let account = Account {
        aor: ALICE.to_owned(),
        realm: "bob.example".to_owned(),
        user: "alice".to_owned(),
        secret: Some(secret().into()),
        hop: HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
        floor: Algorithm::Sha256,
        require: Requirement::NOTHING,
        dtls: None,
        sdes: None,
    };
    let identities = vec![Identity { aor: ALICE.to_owned(), fingerprint: None }];
    Configuration { accounts: vec![account], identities, ..Configuration::default() }
}

/// Who is called, and knows the password.
fn by_digest_callee() -> Configuration {
    Configuration {
        identities: vec![Identity { aor: BOB.to_owned(), fingerprint: None }],
        users: vec![User { name: "alice".to_owned(), secret: secret().into() }],
        require: Requirement::DIGEST,
        realm: "bob.example".to_owned(),
        ..Configuration::default()
    }
}

#[test]
fn digest_calls_pass_the_kit_from_process_to_process() {
    let runtime = runtime();
    let [caller, callee] = [(); 2].map(|()| start(&runtime, client(&runtime), None));
    caller.client.configured(&by_digest_caller()).unwrap();
    callee.client.configured(&by_digest_callee()).unwrap();
    assert_eq!(rules(&runtime, &caller, &callee, Requirement::DIGEST), [""; 0]);
}

#[expect(clippy::disallowed_methods, reason = "the process reads the system's clock, too")]
fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn pgp_calls_pass_the_kit_from_process_to_process() {
    let runtime = runtime();
    let directory = Directory::new(1);
    let application = |aor: &str| {
        let double = Double::new(&directory, Arc::new(clock));
        let key = double.add_key(aor).to_string();
        (double, key)
    };
    let (alices, alice) = application(ALICE);
    let (bobs, bob) = application(BOB);
    let configuration = |own: (&str, &str), peer: (&str, &str)| Configuration {
        identities: vec![Identity { aor: own.0.to_owned(), fingerprint: Some(own.1.to_owned()) }],
        contacts: vec![Contact { aor: peer.0.to_owned(), require: Requirement::PGP }],
        pins: vec![Pin::new(peer.0, peer.1)],
        require: Requirement::PGP,
        realm: own.0.split('@').next_back().unwrap().to_owned(),
        ..Configuration::default()
    };
    let caller = start(&runtime, client(&runtime), Some(alices));
    let callee = start(&runtime, client(&runtime), Some(bobs));
    caller.client.configured(&configuration((ALICE, &alice), (BOB, &bob))).unwrap();
    callee.client.configured(&configuration((BOB, &bob), (ALICE, &alice))).unwrap();
    assert_eq!(rules(&runtime, &caller, &callee, Requirement::PGP), [""; 0]);
}

fn received(client: &Client) -> Received {
    let invite = TestRequest::invite(ALICE, BOB, "call@127.0.0.1");
    client.request_received(CallRef(1), &invite.arrival(), &invite.view())
}

/// A process that is killed refuses, and the one that follows it is configured as it was.
#[test]
fn a_process_that_is_killed_refuses_and_the_next_one_serves() {
    let runtime = runtime();
    let callee = start(&runtime, client(&runtime), None);
    callee.client.configured(&by_digest_callee()).unwrap();
    assert!(matches!(received(&callee.client), Received::SendWwwAuthenticate(_)));

    kill_process(Pid::from_child(&callee.child), Signal::KILL).unwrap();
    let mut gone = callee.gone.clone();
    let ended = async { gone.wait_for(Option::is_some).await.unwrap().unwrap() };
    let ended = runtime.block_on(async { tokio::time::timeout(LONG, ended).await.unwrap() });
    assert_eq!(ended, Gone::Closed);
    let refused = Received::Reject(Refusal::try_later(Duration::from_secs(2)));
    assert_eq!(received(&callee.client), refused);

    let next = start(&runtime, Arc::clone(&callee.client), None);
    assert!(matches!(received(&next.client), Received::SendWwwAuthenticate(_)));
}

/// What the answer to a call is worth that requires a proof and was answered without one.
fn unproved(client: &Client) -> Incoming {
    let invite = TestRequest::invite(ALICE, BOB, "call@127.0.0.1");
    let ok = TestResponse::to(&invite, 200, Body::default());
    let (hop, sent, ok) = (invite.arrival(), invite.view(), ok.view());
    match client.response_received(CallRef(7), &hop, &ok, &sent) {
        Answer::Ready(incoming) => incoming,
        Answer::Pending { .. } => panic!("nothing is asked"),
    }
}

/// Nothing is required of all; of this call it is, by its user.
#[test]
fn a_call_that_rings_over_a_restart_keeps_what_is_required_of_it() {
    let runtime = runtime();
    let caller = start(&runtime, client(&runtime), None);
    caller.client.configured(&by_digest_caller()).unwrap();
    let (from, to) = (ALICE.to_owned(), BOB.to_owned());
    let outgoing = Outgoing { from, to, require: Requirement::PGP };
    caller.client.call_started(Call(7), outgoing);
    assert_eq!(unproved(&caller.client), Incoming::AckThenBye(Why::ProofMissing));
    let next = start(&runtime, Arc::clone(&caller.client), None);
    assert_eq!(unproved(&next.client), Incoming::AckThenBye(Why::ProofMissing));
    next.client.call_ended(Call(7));
    assert_eq!(unproved(&next.client), Incoming::Accept);
}

/// One that stands still, as in a debugger: a second, then all is refused at once.
#[test]
fn a_process_that_stands_still_refuses() {
    let runtime = runtime();
    let mut callee = start(&runtime, client(&runtime), None);
    callee.client.configured(&by_digest_callee()).unwrap();
    kill_process(Pid::from_child(&callee.child), Signal::STOP).unwrap();
    let refused = Received::Reject(Refusal::try_later(Duration::from_secs(2)));
    assert_eq!(received(&callee.client), refused);
    assert_eq!(*callee.gone.borrow(), Some(Gone::Silent));
    callee.child.kill().unwrap();
}

/// The value of a line of a process's status, which a process of no sandbox would have otherwise.
fn status(of: &str, name: &str) -> String {
    let start = format!("{name}:\t");
    of.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
}

#[test]
fn it_has_given_up_what_it_does_not_need() {
    let runtime = runtime();
    let double = Double::new(&Directory::new(1), Arc::new(clock));
    let process = start(&runtime, client(&runtime), Some(double));
    let proc = |file: &str| format!("/proc/{}/{file}", process.child.id());
    let told = fs::read_to_string(proc("status")).unwrap();
    assert_eq!((status(&told, "NoNewPrivs"), status(&told, "Seccomp")), ("1".into(), "2".into()));
    // Set together with what keeps others from its memory, by `protect_memory`, which has its own test.
    let limits = fs::read_to_string(proc("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
}

fn failed(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Started by hand, or by a terminal that speaks otherwise, it says what it expects.
#[test]
fn what_is_no_connection_is_refused_in_one_line() {
    let (code, line) = failed(command().stdin(Stdio::null()));
    assert_eq!((code, line.lines().count()), (Some(2), 1), "{line}");
    assert!(line.contains("standard input") && line.contains("expected a Unix socket"), "{line}");

    let (ours, theirs) = UnixStream::pair().unwrap();
    let (code, line) = failed(command().stdin(OwnedFd::from(theirs)));
    assert_eq!((code, line.lines().count()), (Some(2), 1), "{line}");
    assert!(line.contains("standard output"), "{line}");
    drop(ours);

    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = command();
    command.arg("--without-application").stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    std::io::Write::write_all(&mut ours, &[0x7f; 8]).unwrap();
    let mut line = String::new();
    child.stderr.take().unwrap().read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(line.lines().any(|line| line.contains("not understood")), "{line}");
    let _ = ours.read(&mut [0; 64]);
}
