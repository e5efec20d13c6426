//! What a seat tells, keeps and forgets, step by step.

use super::*;
use at_once::now_or_never;
use serde_json::{Value, json};

/// What can be done at once, without waiting.
mod at_once {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    pub(super) fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }
}

/// What is written next, where something is: an object without its time, or the number of samples.
fn next(seat: &Seat) -> Option<Value> {
    let octets = now_or_never(seat.next())??;
    let (head, payload) = octets.split_at(5);
    if head[0] == b'a' {
        return Some(json!(payload.len() / 2));
    }
    let mut object: Value = serde_json::from_slice(payload).unwrap();
    assert!(object.as_object_mut().unwrap().remove("time").unwrap().is_u64());
    Some(object)
}

fn speaking(rate: u32) -> Seat {
    let seat = Seat::default();
    seat.hello(VERSION, rate).unwrap();
    assert_eq!(next(&seat).unwrap()["event"], "hello");
    assert!(seat.take());
    assert!(seat.serves("7", b"{\"time\":0}"));
    assert_eq!(next(&seat), Some(json!({})));
    seat
}

#[test]
fn hello_is_answered_with_what_holds() {
    let seat = Seat::default();
    assert!(!seat.waits() && !seat.take());
    assert_eq!(seat.hello(2, 16_000), Err(Wrong::Version(2)));
    assert_eq!(seat.hello(1, 44_100), Err(Wrong::Rate(44_100)));
    assert_eq!(next(&seat), None);
    seat.hello(1, 16_000).unwrap();
    let told = json!({
        "event": "hello", "version": 1, "rate": 16_000, "frame_ms": 20, "ahead_ms": 30_000,
        "behind_ms": 2_000
    });
    assert_eq!(next(&seat), Some(told));
    assert!(matches!(seat.hello(1, 8_000), Err(Wrong::NotUnderstood(_))));
    assert!(seat.waits() && seat.rate() == 16_000);
}

#[test]
fn a_call_that_does_not_come_about_leaves_it_waiting() {
    let seat = Seat::default();
    seat.hello(1, 8_000).unwrap();
    assert!(seat.take() && !seat.take());
    seat.free();
    assert!(seat.take());
}

#[test]
fn after_a_call_it_says_hello_anew_and_nothing_is_left_of_it() {
    let seat = speaking(8_000);
    now_or_never(seat.say(&[5; 400])).unwrap();
    seat.ended();
    assert!(seat.is_silent() && !seat.take());
    assert_eq!((seat.flush(), seat.mark("m".to_owned())), (Err(Wrong::NoCall), Err(Wrong::NoCall)));
    // What is sent after its call is nobody's.
    now_or_never(seat.say(&[6; 400])).unwrap();
    seat.hello(1, 8_000).unwrap();
    assert!(seat.take());
    assert!(seat.serves("8", b"{}"));
    let mut frame = [9; 160];
    seat.play(&mut frame);
    assert_eq!(frame, [0; 160]);
}

#[test]
fn marks_and_flush_say_how_far_it_was_heard() {
    let seat = speaking(8_000);
    now_or_never(seat.say(&[5; 400])).unwrap();
    seat.mark("half".to_owned()).unwrap();
    now_or_never(seat.say(&[5; 400])).unwrap();
    seat.mark("all".to_owned()).unwrap();
    let mut frame = [0; 160];
    seat.play(&mut frame);
    seat.play(&mut frame);
    assert_eq!(next(&seat), None);
    seat.play(&mut frame);
    let half = json!({"event": "mark", "call": "7", "name": "half", "played_ms": 60});
    assert_eq!(next(&seat), Some(half));
    seat.flush().unwrap();
    let flushed = json!({
        "event": "flushed", "call": "7", "discarded_ms": 40, "played_ms": 60, "marks": ["all"]
    });
    assert_eq!(next(&seat), Some(flushed));
    seat.play(&mut frame);
    assert_eq!((frame, next(&seat)), ([0; 160], None));
    // Where nothing waits, what was sent has been said.
    seat.mark("now".to_owned()).unwrap();
    assert_eq!(next(&seat).unwrap()["name"], "now");
}

#[test]
fn so_many_marks_wait_and_no_more() {
    let seat = speaking(8_000);
    now_or_never(seat.say(&[5; 160])).unwrap();
    assert!((0..MARKS).all(|n| seat.mark(n.to_string()).is_ok()));
    assert_eq!(seat.mark("more".to_owned()), Err(Wrong::TooManyMarks(MARKS)));
}

#[test]
fn half_a_minute_is_taken_and_the_rest_waits_until_it_is_said() {
    let seat = speaking(8_000);
    let most = (8_000 * AHEAD) as usize;
    now_or_never(seat.say(&vec![1; most])).unwrap();
    let more = [2; 200];
    let mut saying = std::pin::pin!(seat.say(&more));
    assert_eq!(now_or_never(saying.as_mut()), None);
    let mut frame = [0; 160];
    seat.play(&mut frame);
    assert_eq!(now_or_never(saying.as_mut()), None);
    seat.play(&mut frame);
    assert_eq!(now_or_never(saying.as_mut()), Some(()));
    assert_eq!(seat.lock().said.room(8_000), 120);
}

#[test]
fn what_waits_to_be_taken_does_not_outlast_the_call() {
    let seat = speaking(8_000);
    now_or_never(seat.say(&vec![1; 240_000])).unwrap();
    let mut saying = std::pin::pin!(seat.say(&[2; 160]));
    assert_eq!(now_or_never(saying.as_mut()), None);
    seat.ended();
    assert_eq!(now_or_never(saying.as_mut()), Some(()));
}

#[test]
fn what_is_not_read_in_two_seconds_is_dropped_and_told_of() {
    let seat = speaking(16_000);
    for _ in 0..BEHIND + 7 {
        seat.hear(&[3; 320]);
    }
    assert_eq!(next(&seat), Some(json!({"event": "dropped", "dropped_ms": 140})));
    assert!((0..BEHIND).all(|_| next(&seat) == Some(json!(320))));
    assert_eq!(next(&seat), None);
}

#[test]
fn whoever_reads_nothing_at_all_is_stuck() {
    let seat = speaking(8_000);
    for _ in 0..1_024 {
        seat.tell(b"{\"time\":0}".to_vec());
    }
    assert_eq!(now_or_never(seat.is_stuck()), None);
    seat.tell(b"{\"time\":0}".to_vec());
    assert_eq!(now_or_never(seat.is_stuck()), Some(()));
}

#[test]
fn once_closed_it_hears_nothing_more_and_what_was_told_is_still_written() {
    let seat = speaking(8_000);
    seat.tell(b"{\"time\":0,\"last\":true}".to_vec());
    assert_eq!(seat.close().as_deref(), Some("7"));
    seat.hear(&[1; 160]);
    assert_eq!(next(&seat), Some(json!({"last": true})));
    assert_eq!(now_or_never(seat.next()), Some(None));
    assert!(seat.hello(1, 8_000).is_err() && !seat.take() && !seat.serves("8", b"{}"));
}
