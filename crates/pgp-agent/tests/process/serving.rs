//! A life of the process: started, stopped, killed, followed.

use crate::place::{Place, to_sign};
use sma::{Error, SecurityApplication as _};
use sma_socket::Client;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

#[tokio::test]
async fn the_process_keeps_the_contract() {
    let place = Place::new();
    fs::create_dir(place.keys()).unwrap();
    fs::set_permissions(place.keys(), Permissions::from_mode(0o700)).unwrap();
    let serving = place.serve(&["--no-passphrase"]);
    let client = Client::new(place.socket());
    assert_eq!(sma::conformance::run(&client, Some(&client)).await, []);
    serving.signal(rustix::process::Signal::TERM);
    assert!(serving.ended().success());
    assert!(!place.socket().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn g21_stopped_while_a_client_waits_it_is_a_deadline_and_then_goes_on() {
    let place = Place::new();
    let key = place.generate();
    let serving = place.serve(&["--no-passphrase"]);
    let client = Client::new(place.socket());
    assert!(client.sign(to_sign(&key)).await.is_ok());
    serving.stop();
    let asked = Instant::now();
    assert_eq!(client.identities().await, Err(Error::Deadline));
    assert!((2.0..2.5).contains(&asked.elapsed().as_secs_f32()));
    let asked = Instant::now();
    assert_eq!(client.sign(to_sign(&key)).await, Err(Error::Deadline));
    assert!((5.0..5.5).contains(&asked.elapsed().as_secs_f32()));
    serving.signal(rustix::process::Signal::CONT);
    let recovered = Instant::now();
    assert!(client.sign(to_sign(&key)).await.is_ok());
    assert!(recovered.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn g22_killed_while_a_client_waits_it_is_unavailable_and_its_successor_answers() {
    let place = Place::new();
    let key = place.generate();
    let serving = place.serve(&["--no-passphrase"]);
    let client = Client::new(place.socket());
    assert!(client.sign(to_sign(&key)).await.is_ok());
    serving.stop();
    let killed = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        serving.signal(rustix::process::Signal::KILL);
        Instant::now()
    };
    let (answer, killed) = tokio::join!(client.sign(to_sign(&key)), killed);
    assert_eq!(answer, Err(Error::Unavailable));
    assert!(killed.elapsed() < Duration::from_millis(500));
    assert!(!serving.ended().success());
    assert!(place.socket().exists(), "a killed process removes nothing");
    let recovered = Instant::now();
    let _successor = place.serve(&["--no-passphrase"]);
    assert!(client.sign(to_sign(&key)).await.is_ok());
    assert!(recovered.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn it_ends_with_the_program_that_started_it() {
    let place = Place::new();
    place.generate();
    let mut serving = place.serve(&["--no-passphrase", "--exit-with-stdin"]);
    drop(serving.close_stdin());
    assert!(serving.ended().success());
    assert!(!place.socket().exists());
    // It goes on while that program holds its input open, whatever it writes there.
    let mut serving = place.serve(&["--no-passphrase", "--exit-with-stdin"]);
    let mut stdin = serving.close_stdin().unwrap();
    stdin.write_all(&[b'x'; 1000]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(serving.0.try_wait().unwrap().is_none(), "it goes on");
    drop(stdin);
    assert!(serving.ended().success());
    let mut serving = place.serve(&["--no-passphrase"]);
    drop(serving.close_stdin());
    let client = Client::new(place.socket());
    assert_eq!(client.identities().await.unwrap().len(), 1);
    serving.signal(rustix::process::Signal::INT);
    assert!(serving.ended().success());
}
