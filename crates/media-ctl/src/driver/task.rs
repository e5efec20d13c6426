//! The session's task: receive, let time pass, transmit, sleep.

use super::shared::Shared;
use net::{BoxFuture, Datagram};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

pub(super) struct Task {
    shared: Arc<Shared>,
    /// The deadline slept for, and the sleep.
    sleep: Option<(Instant, BoxFuture<()>)>,
    batch: Vec<Datagram>,
}

impl Task {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, sleep: None, batch: Vec::with_capacity(32) }
    }

    /// Sleeps until the deadline; ready when it has passed.
    fn poll_sleep(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let runtime = &self.shared.ports.runtime;
        let (_, sleep) = match &mut self.sleep {
            Some(sleep) if sleep.0 == deadline => sleep,
            sleep => sleep.insert((deadline, runtime.sleep_until(deadline))),
        };
        let slept = sleep.as_mut().poll(cx);
        if slept.is_ready() {
            self.sleep = None;
        }
        slept
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = &mut *self;
        loop {
            let now = task.shared.ports.runtime.now();
            let mut inner = task.shared.lock();
            if inner.is_stopped() {
                return Poll::Ready(());
            }
            inner.set_task(cx.waker());
            if inner.receive(&*task.shared.ports.network, now, cx, &mut task.batch) {
                cx.waker().wake_by_ref();
            }
            let deadline = inner.act(now);
            drop(inner);
            let Some(deadline) = deadline else {
                return Poll::Pending;
            };
            if task.poll_sleep(cx, deadline).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}
