//! The task of an endpoint.

use super::inner::{Inner, Shared, Stop};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// Rounds in one poll: other tasks have their turn after them.
const ROUNDS: usize = 32;

/// Drives one endpoint until it stops.
pub(super) struct Task(pub(super) Arc<Shared>);

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        let state = &mut *state;
        state.task_waker = Some(cx.waker().clone());
        for _ in 0..ROUNDS {
            if state.round(cx) {
                continue;
            }
            let now = state.runtime.now();
            if state.may_stop(now) {
                finish(state);
                return Poll::Ready(());
            }
            if arm(state, cx, now) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Sleeps until the next deadline; false: it has passed already.
fn arm(state: &mut Inner, cx: &mut Context<'_>, now: Instant) -> bool {
    let Some(deadline) = state.deadline() else {
        state.sleep = None;
        return true;
    };
    if deadline <= now {
        return false;
    }
    // A sleep that ends earlier is good enough: the task looks again then.
    let end = match &state.sleep {
        Some((end, _)) if *end <= deadline && *end > now => *end,
        Some(_) | None => deadline,
    };
    let runtime = &state.runtime;
    let kept = state.sleep.take().filter(|(before, _)| *before == end);
    let (_, sleep) = state.sleep.insert(kept.unwrap_or_else(|| (end, runtime.sleep_until(end))));
    sleep.as_mut().poll(cx).is_pending()
}

/// Lets go of everything: sockets are closed, whoever waits is woken.
fn finish(state: &mut Inner) {
    state.stop = Stop::Done;
    state.sockets = super::sockets::Sockets::default();
    state.streams = super::streams::Streams::new(state.config.clone());
    state.questions = super::questions::Questions::default();
    state.sleep = None;
    if let Some(waker) = state.event_waker.take() {
        waker.wake();
    }
    for waker in state.stop_wakers.drain(..) {
        waker.wake();
    }
}
