//! Promise 19: one party's flood costs no other party its call, also where its requests carry a
//! nonce of ours.

use crate::world::{CALLEE, CALLEE_IP, CALLER, Change, World};
use net::{Datagram, DatagramSocket, Runtime};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use terminal::config::Require;

const FLOODER: [u8; 4] = [192, 0, 2, 66];
const SECONDS: u64 = 60;
/// Datagrams in each tenth of a second: 500 a second.
const BURST: u64 = 50;

/// What was sent, and what came back.
#[derive(Default)]
struct Tally {
    sent: AtomicUsize,
    sent_octets: AtomicUsize,
    back: AtomicUsize,
    back_octets: AtomicUsize,
    statuses: Mutex<Vec<String>>,
}

impl Tally {
    fn take(&self, socket: &dyn DatagramSocket) {
        let mut batch: Vec<Datagram> = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok(_)) = socket.poll_receive(&mut cx, &mut batch) {
            for datagram in batch.drain(..) {
                self.back.fetch_add(1, Ordering::Relaxed);
                self.back_octets.fetch_add(datagram.octets.len(), Ordering::Relaxed);
                let start = datagram.octets.get(8..11).unwrap();
                let status = String::from_utf8_lossy(start).into_owned();
                let mut statuses = self.statuses.lock().unwrap();
                if !statuses.contains(&status) {
                    statuses.push(status);
                }
            }
        }
    }
}

fn invite(branch: &str, cseq: u64, authorization: &str) -> String {
    format!(
        "INVITE {CALLEE} SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\n\
         From: <{CALLER}>;tag=flood\r\nTo: <{CALLEE}>\r\n\
         Call-ID: flood\r\nCSeq: {cseq} INVITE\r\n\
         Contact: <sip:mallory@192.0.2.66>\r\n\
         {authorization}Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    )
}

/// The value of a parameter of the 401.
fn parameter<'a>(challenge: &'a str, name: &str) -> &'a str {
    let (_, rest) = challenge.split_once(&format!("{name}=\"")).unwrap();
    rest.split_once('"').unwrap().0
}

/// Gets one challenge, and answers it wrongly for as long as it is told to; nothing is acknowledged.
async fn flood(
    socket: Box<dyn DatagramSocket>, runtime: Arc<dyn Runtime>, tally: Arc<Tally>,
    wrong: fn(&str, u64) -> String,
) {
    let to = SocketAddr::new(IpAddr::from(CALLEE_IP), 5060);
    socket.try_send(to, invite("first", 1, "").as_bytes()).unwrap();
    runtime.sleep_until(runtime.now() + Duration::from_secs(1)).await;
    let mut batch: Vec<Datagram> = Vec::new();
    let polled = socket.poll_receive(&mut Context::from_waker(Waker::noop()), &mut batch);
    assert!(polled.is_ready(), "it is challenged");
    let challenge = String::from_utf8_lossy(&batch.first().unwrap().octets).into_owned();
    for number in 0..SECONDS * 10 * BURST {
        let request = invite(&format!("f{number}"), 2 + number, &wrong(&challenge, number));
        socket.try_send(to, request.as_bytes()).unwrap();
        tally.sent.fetch_add(1, Ordering::Relaxed);
        tally.sent_octets.fetch_add(request.len(), Ordering::Relaxed);
        if number % BURST == BURST - 1 {
            runtime.sleep_until(runtime.now() + Duration::from_millis(100)).await;
            tally.take(&*socket);
        }
    }
    // What is sent again, is sent again within 64*T1.
    for _ in 0..40 {
        runtime.sleep_until(runtime.now() + Duration::from_secs(1)).await;
        tally.take(&*socket);
    }
}

/// One hundred calls of the caller beside the flood.
fn beside(require: Require, wrong: fn(&str, u64) -> String) -> (World, Arc<Tally>) {
    let mut world = World::new(19, Change { require, ..Change::default() });
    let (caller, callee) = world.watch();
    let ip = IpAddr::from(FLOODER);
    let (runtime, network) = world.sim.host(ip);
    let socket = network.bind(SocketAddr::new(ip, 5060)).unwrap();
    let tally = Arc::new(Tally::default());
    runtime.spawn(Box::pin(flood(socket, Arc::clone(&runtime), Arc::clone(&tally), wrong)));
    world.pass(Duration::from_secs(2));
    for number in 1..=100 {
        let id = world.call();
        world.pass(Duration::from_millis(400));
        world.caller.hang_up(id);
        world.pass(Duration::from_millis(180));
        assert_eq!(callee.seen().incoming, number, "{:?}", caller.seen());
        assert_eq!(caller.seen().ended, number, "{:?}", caller.seen());
    }
    assert!(callee.seen().packets_received > 10, "{:?}", callee.seen());
    world.pass(Duration::from_secs(60));
    (world, tally)
}

/// Nothing is refused to others, and the flood brings back less than twice what it sends.
fn holds(world: &World, tally: &Tally, statuses: &[&str]) {
    let [sent, sent_octets, back, back_octets] =
        [&tally.sent, &tally.sent_octets, &tally.back, &tally.back_octets]
            .map(|it| it.load(Ordering::Relaxed));
    println!("{sent} datagrams, {sent_octets} octets; back {back}, {back_octets} octets");
    assert_eq!(sent, 30_000);
    assert!(back <= sent + 1 && back_octets <= 2 * sent_octets, "{back}, {back_octets} octets");
    assert_eq!(*tally.statuses.lock().unwrap(), statuses);
    world.settle();
}

#[test]
fn t12_a_flood_of_wrong_digests_under_one_nonce_costs_nobody_a_call() {
    let (world, tally) = beside(Require::Digest, |challenge, number| {
        let nonce = parameter(challenge, "nonce");
        format!(
            "Authorization: Digest username=\"alice\", realm=\"callee.example\", \
             nonce=\"{nonce}\", uri=\"{CALLEE}\", algorithm=SHA-512-256, qop=auth, nc=00000001, \
             cnonce=\"x\", response=\"{number:064x}\"\r\n"
        )
    });
    // Five are judged, the others wait.
    holds(&world, &tally, &["401", "500"]);
}

#[test]
fn t12_a_flood_of_forged_signatures_under_one_nonce_costs_nobody_a_call() {
    let (world, tally) = beside(Require::Pgp, |challenge, number| {
        let nonce = parameter(challenge, "nonce");
        let signer = "f".repeat(40);
        format!(
            "Authorization: PGP realm=\"callee.example\", version=\"5.0\", nonce=\"{nonce}\", \
             c14n=\"cs1\", uri=\"{CALLEE}\", contact=\"sip:mallory@192.0.2.66\", \
             signer=\"{signer}\", signature=\"{number:0>88}\"\r\n"
        )
    });
    holds(&world, &tally, &["403", "500"]);
}
