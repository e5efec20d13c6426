//! A process whose questions are answered and whose pending work stands still.

use super::doubles::Told;
use super::*;
use ssa::{Answer, Arrival, Authentication, Request};
use sst::TelephonyApplication as _;
use std::sync::atomic::Ordering;

const SHORT: Duration = Duration::from_millis(200);

/// Says that an answer comes within a time, and has none but to call 8; or asks somebody first, who
/// does not answer.
struct Slow {
    within: Duration,
    asks: Option<Arc<RemoteApplication>>,
}

impl SipSecurity for Slow {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        Received::Admit
    }

    fn authenticate(
        &self, call: CallRef, _: &Arrival<'_>, _: &Request<'_>,
    ) -> Answer<Authentication> {
        let asks = self.asks.clone();
        let future = Box::pin(async move {
            if call == CallRef(8) {
                return Authentication::Authenticated;
            }
            if let Some(application) = asks {
                _ = application.unlock("").await;
            }
            std::future::pending().await
        });
        Answer::Pending { within: self.within, future }
    }
}

/// What becomes of the connection when an answer is waited for no longer than `SHORT`.
fn left(within: Duration, asks: bool, meanwhile: bool) -> Option<Gone> {
    let (room, told) = (Room::new(), Arc::new(Told::default()));
    let client = room.client(&told, LONG);
    let watch = room.connect(&client, move |application| {
        let asks = asks.then_some(application);
        manager(Slow { within, asks })
    });
    let invite = invite();
    let ask = |call| match client.authenticate(call, &invite.arrival(), &invite.view()) {
        Answer::Pending { future, .. } => future,
        Answer::Ready(_) => panic!("it is pending"),
    };
    let future = ask(CALL);
    while asks && told.open.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    if meanwhile {
        assert_eq!(room.runtime.block_on(ask(CallRef(8))), Authentication::Authenticated);
    }
    std::thread::sleep(SHORT);
    drop(future);
    let gone = *watch.borrow();
    let served = received(&client) == Received::Admit;
    assert_eq!(served, gone.is_none());
    gone
}

#[test]
fn a_process_whose_pending_work_stands_still_is_asked_no_more() {
    assert_eq!(left(SHORT, false, false), Some(Gone::Silent));
}

#[test]
fn who_gives_up_before_it_is_due_ends_nothing() {
    assert_eq!(left(LONG, false, false), None);
}

#[test]
fn a_person_who_does_not_answer_ends_nothing() {
    assert_eq!(left(SHORT, true, false), None);
}

#[test]
fn one_that_is_slow_beside_others_ends_nothing() {
    assert_eq!(left(SHORT, false, true), None);
}
