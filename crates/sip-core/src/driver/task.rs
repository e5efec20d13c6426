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
        let mut inner = self.0.lock();
        let inner = &mut *inner;
        match &mut inner.task_waker {
            Some(known) => known.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        for _ in 0..ROUNDS {
            if inner.round(cx) {
                continue;
            }
            let now = inner.runtime.now();
            if inner.may_stop(now) {
                finish(inner);
                return Poll::Ready(());
            }
            if arm(inner, cx, now) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Sleeps until the next deadline; false: it has passed already.
fn arm(inner: &mut Inner, cx: &mut Context<'_>, now: Instant) -> bool {
    let Some(deadline) = inner.deadline() else {
        inner.sleep = None;
        return true;
    };
    if deadline <= now {
        return false;
    }
    // A sleep that ends earlier is good enough: the task looks again then.
    let end = match &inner.sleep {
        Some((end, _)) if *end <= deadline && *end > now => *end,
        Some(_) | None => deadline,
    };
    let runtime = &inner.runtime;
    let kept = inner.sleep.take().filter(|(before, _)| *before == end);
    let (_, sleep) = inner.sleep.insert(kept.unwrap_or_else(|| (end, runtime.sleep_until(end))));
    sleep.as_mut().poll(cx).is_pending()
}

/// Lets go of everything: sockets are closed, whoever waits is woken.
fn finish(inner: &mut Inner) {
    inner.stop = Stop::Done;
    inner.sockets = super::sockets::Sockets::default();
    inner.streams = super::streams::Streams::new(inner.config.clone());
    inner.questions = super::questions::Questions::default();
    inner.sleep = None;
    inner.claims.finish();
    if let Some(waker) = inner.event_waker.take() {
        waker.wake();
    }
    for waker in inner.stop_wakers.drain(..) {
        waker.wake();
    }
}
