//! The kit judged: what is not a security manager must not pass it.

use super::{Gate, Hanging, Late, Lying, Pair, TestRequest, run};
use crate::{Answer, Body, CallRef, Deny, Open, SipSecurity};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn finish<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn pair(security: impl SipSecurity + 'static) -> Pair {
    let security: Arc<dyn SipSecurity> = Arc::new(security);
    Pair {
        caller: Arc::clone(&security),
        callee: security,
        from: "sip:alice@127.0.0.1".to_owned(),
        to: "sip:bob@127.0.0.1".to_owned(),
        offer: Body { content_type: Some(b"text/plain".to_vec()), octets: b"offer".to_vec() },
        answer: Body { content_type: Some(b"text/plain".to_vec()), octets: b"answer".to_vec() },
        start: Box::new(|_| ()),
    }
}

fn rules(security: impl SipSecurity + 'static) -> Vec<&'static str> {
    let broken = finish(run(&pair(security))).expect("these doubles answer at once");
    broken.into_iter().map(|broken| broken.0).collect()
}

#[test]
fn an_open_manager_does_not_pass() {
    assert_eq!(rules(Open), ["a request without credentials is challenged"]);
}

#[test]
fn a_manager_that_denies_does_not_pass() {
    assert_eq!(rules(Deny), ["a call that the user started can leave"]);
}

#[test]
fn a_manager_that_lies_breaks_the_rules_on_forgery() {
    let broken = rules(Lying);
    for rule in [
        "a 401 of one call is not answered under another",
        "a plan of one call authorizes nothing in another",
        "a proof is not taken under another Call-ID",
        "a proof is not taken from another caller",
        "credentials are not accepted twice",
    ] {
        assert!(broken.contains(&rule), "{rule}: {broken:?}");
    }
}

#[test]
fn a_manager_that_hangs_does_not_finish() {
    assert!(finish(run(&pair(Hanging))).is_none());
}

#[test]
fn a_late_manager_answers_once_its_gate_is_open() {
    let gate = Gate::default();
    let late = Late(gate.clone());
    let request = TestRequest::invite("sip:a@127.0.0.1", "sip:b@127.0.0.1", "late");
    let answer = late.authenticate(CallRef(1), &request.arrival(), &request.view());
    let Answer::Pending { mut future, .. } = answer else { panic!("it answers late") };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    gate.open();
    assert!(future.as_mut().poll(&mut cx).is_ready());
}
