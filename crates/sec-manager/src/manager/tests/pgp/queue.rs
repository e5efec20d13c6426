//! S09: how many questions the security application is asked at once, and of whom.

use super::*;
use async_trait::async_trait;
use sma::{Decrypted, Error, Fingerprint, Key, Report, ToSign, ToVerify};
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

/// An application that counts the signatures it is shown, and never comes to an end with one.
#[derive(Default)]
struct Busy(AtomicUsize);

#[async_trait]
impl SecurityApplication for Busy {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        Ok(Vec::new())
    }

    async fn sign(&self, _: ToSign) -> Result<Vec<u8>, Error> {
        std::future::pending().await
    }

    async fn verify(&self, _: ToVerify) -> Result<Report, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }

    async fn encrypt(&self, _: Vec<Fingerprint>, _: sma::Plaintext) -> Result<Vec<u8>, Error> {
        std::future::pending().await
    }

    async fn decrypt(&self, _: Fingerprint, _: Vec<u8>) -> Result<Decrypted, Error> {
        std::future::pending().await
    }
}

type Judging = std::pin::Pin<Box<dyn Future<Output = Authentication> + Send>>;

struct Queue {
    calls: Calls,
    application: Arc<Busy>,
    next: u64,
}

impl Queue {
    fn new() -> Self {
        let application = Arc::new(Busy::default());
        let theirs = Arc::clone(&application);
        Self { calls: Calls::with(|double| double, |_| theirs), application, next: 1 }
    }

    fn shown(&self) -> usize {
        self.application.0.load(Ordering::Relaxed)
    }

    /// A signed call from the host with this number, as far as the application.
    fn call_from(&mut self, host: u8) -> Judging {
        let call = CallRef(1_000 + self.next);
        let invite = TestRequest::invite(ALICE, BOB, &format!("{}@127.0.0.1", self.next));
        self.next += 1;
        let source = SocketAddr::from(([10, host, 0, 1], 5060));
        let (alice, bob) = (&self.calls.alice.manager, &self.calls.bob.manager);
        let arrival = Arrival { source, ..invite.arrival() };
        let answer = bob.request_received(call, &arrival, &invite.view());
        let Received::SendWwwAuthenticate(challenge) = answer else { panic!("{answer:?}") };
        self.calls.start(call);
        let mut response = TestResponse::to(&invite, 401, Body::default());
        response.fields.extend(&challenge);
        let hop = invite.arrival();
        let plan = now(alice.got_401_unauthorized(call, &hop, &response.view(), &invite.view()));
        let Required::SendWwwAuthenticate { plan, .. } = plan else { panic!("{plan:?}") };
        let mut retry = invite.retried().with_body(offer());
        let signed = now(alice.authorize(call, plan, &retry.view()));
        let Authorized::Fields(fields) = signed else { panic!("{signed:?}") };
        retry.fields.extend(&fields);
        let arrival = Arrival { source, ..retry.arrival() };
        match bob.authenticate(call, &arrival, &retry.view()) {
            Answer::Pending { future, .. } => future,
            Answer::Ready(answer) => panic!("{answer:?}"),
        }
    }
}

/// Whether a question waits, for its turn or for the application; otherwise it was turned away.
fn waits(judging: &mut Judging) -> bool {
    match judging.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => true,
        Poll::Ready(Authentication::Refused(why)) => {
            assert_eq!((why.status, why.retry_after.is_some()), (500, true));
            false
        }
        Poll::Ready(answer) => panic!("{answer:?}"),
    }
}

#[test]
fn s09_four_run_32_wait_and_the_next_comes_later() {
    let mut queue = Queue::new();
    let mut waiting: Vec<Judging> = Vec::new();
    for host in 0..36 {
        let mut judging = queue.call_from(host);
        assert!(waits(&mut judging), "{host}");
        waiting.push(judging);
    }
    assert_eq!(queue.shown(), 4);
    assert!(!waits(&mut queue.call_from(36)), "the queue is full");
    // Who goes away makes room: in the queue, and for the first that waits.
    drop(waiting.remove(20));
    assert_eq!(queue.shown(), 4);
    let mut last = queue.call_from(37);
    assert!(waits(&mut last));
    assert!(!waits(&mut queue.call_from(38)));
    drop(waiting.remove(0));
    assert!(waits(&mut waiting[4]), "not its turn");
    assert_eq!(queue.shown(), 4);
    assert!(waits(&mut waiting[3]));
    assert_eq!(queue.shown(), 5);
    assert!(waits(&mut waiting[4]));
    assert_eq!(queue.shown(), 5, "four run");
}

#[test]
fn s09_a_source_has_two_questions_and_no_more() {
    let mut queue = Queue::new();
    let mut two: Vec<Judging> = (0..2).map(|_| queue.call_from(1)).collect();
    assert!(two.iter_mut().all(waits));
    assert!(!waits(&mut queue.call_from(1)));
    assert!(waits(&mut queue.call_from(2)), "another source is not kept out");
    drop(two.remove(1));
    assert!(waits(&mut queue.call_from(1)));
}

/// The first that waits is woken when a place is free, and the one behind it by the first.
#[test]
fn s09_a_free_place_wakes_the_first_that_waits() {
    struct Woken(AtomicUsize);
    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let mut queue = Queue::new();
    let mut running: Vec<Judging> = (0..4).map(|host| queue.call_from(host)).collect();
    assert!(running.iter_mut().all(waits));
    let mut waiting: Vec<(Judging, Arc<Woken>)> =
        (4..7).map(|host| (queue.call_from(host), Arc::new(Woken(0.into())))).collect();
    let poll = |(judging, woken): &mut (Judging, Arc<Woken>)| {
        let waker = Waker::from(Arc::clone(woken));
        assert!(judging.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    };
    waiting.iter_mut().for_each(poll);
    let woken = |waiting: &[(Judging, Arc<Woken>)]| -> Vec<usize> {
        waiting.iter().map(|(_, woken)| woken.0.load(Ordering::Relaxed)).collect()
    };
    assert_eq!(woken(&waiting), [0, 0, 0]);
    running.truncate(2);
    assert_eq!(woken(&waiting), [1, 0, 0]);
    poll(&mut waiting[0]);
    assert_eq!((woken(&waiting), queue.shown()), (vec![1, 1, 0], 5));
    poll(&mut waiting[1]);
    assert_eq!(queue.shown(), 6);
}

/// Between the end of one and the turn of the next that waits, the queue is as full as before.
#[test]
fn s09_a_free_place_belongs_to_who_waits() {
    let mut queue = Queue::new();
    let mut waiting: Vec<Judging> = (0..36).map(|host| queue.call_from(host)).collect();
    assert!(waiting.iter_mut().all(waits));
    // Three that ran are gone; nobody who waits has had its turn since.
    waiting.drain(..3);
    let mut late: Vec<Judging> = (36..41).map(|host| queue.call_from(host)).collect();
    let waiting = late.iter_mut().map(waits);
    assert_eq!(waiting.collect::<Vec<_>>(), [true, true, true, false, false]);
}
