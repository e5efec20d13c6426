//! The executor: tasks, and the queue of those that were woken.
//!
//! A task that is woken goes to the end of the queue once, however often it is woken; so the
//! order in which tasks run depends on nothing but the order in which they were woken.

use crate::BoxFuture;
use crate::lock::lock;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

/// What runs next.
pub(super) enum Turn {
    /// A spawned task was polled.
    Task,
    /// The future of `block_on` was woken.
    Root,
    /// Nothing was woken.
    Idle,
}

/// The future of `block_on`; tasks are counted from 1.
const ROOT: u64 = 0;

#[derive(Default)]
struct Ready {
    queue: Mutex<VecDeque<u64>>,
}

/// Wakes one task. It knows the task's number only, so that dropping a waker drops no future.
struct TaskWaker {
    task: u64,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            lock(&self.ready.queue).push_back(self.task);
        }
    }
}

struct Task {
    future: BoxFuture<()>,
    waker: Arc<TaskWaker>,
}

#[derive(Default)]
struct Tasks {
    running: BTreeMap<u64, Task>,
    spawned: u64,
    closed: bool,
}

/// All tasks of a simulation.
pub(super) struct Executor {
    ready: Arc<Ready>,
    root: Arc<TaskWaker>,
    tasks: Mutex<Tasks>,
}

impl Executor {
    pub(super) fn new() -> Self {
        let ready = Arc::new(Ready::default());
        Self { root: waker(ROOT, &ready), ready, tasks: Mutex::new(Tasks::default()) }
    }

    /// The waker of the future that `block_on` runs.
    pub(super) fn root(&self) -> Waker {
        Waker::from(Arc::clone(&self.root))
    }

    /// Adds a task; after [`close`](Self::close) it is dropped instead.
    pub(super) fn spawn(&self, future: BoxFuture<()>) {
        let mut tasks = lock(&self.tasks);
        if tasks.closed {
            drop(tasks);
            drop(future);
            return;
        }
        tasks.spawned += 1;
        let task = tasks.spawned;
        let waker = waker(task, &self.ready);
        tasks.running.insert(task, Task { future, waker: Arc::clone(&waker) });
        drop(tasks);
        waker.wake();
    }

    /// Polls the task that was woken first.
    pub(super) fn turn(&self) -> Turn {
        let Some(number) = lock(&self.ready.queue).pop_front() else {
            return Turn::Idle;
        };
        if number == ROOT {
            self.root.queued.store(false, Ordering::Release);
            return Turn::Root;
        }
        // Polled outside the lock: a task may spawn, and what it drops may wake.
        let Some(mut task) = lock(&self.tasks).running.remove(&number) else {
            return Turn::Task;
        };
        task.waker.queued.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&task.waker));
        let poll = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            self.put_back(number, task);
        }
        Turn::Task
    }

    fn put_back(&self, number: u64, task: Task) {
        let mut tasks = lock(&self.tasks);
        if tasks.closed {
            drop(tasks);
            drop(task);
        } else {
            tasks.running.insert(number, task);
        }
    }

    /// How many tasks have not finished.
    pub(super) fn running(&self) -> usize {
        lock(&self.tasks).running.len()
    }

    /// Drops all tasks, oldest first, and takes no more.
    pub(super) fn close(&self) {
        lock(&self.tasks).closed = true;
        loop {
            let first = lock(&self.tasks).running.pop_first();
            if first.is_none() {
                return;
            }
        }
    }
}

fn waker(task: u64, ready: &Arc<Ready>) -> Arc<TaskWaker> {
    Arc::new(TaskWaker { task, queued: AtomicBool::new(false), ready: Arc::clone(ready) })
}

#[cfg(test)]
mod tests {
    use super::{Executor, Turn};
    use crate::lock::lock;
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};
    use std::task::Poll;

    fn run(executor: &Executor) -> usize {
        std::iter::from_fn(|| match executor.turn() {
            Turn::Task => Some(()),
            Turn::Root | Turn::Idle => None,
        })
        .count()
    }

    #[test]
    fn tasks_run_in_the_order_they_were_woken() {
        let executor = Executor::new();
        let log = Arc::new(Mutex::new(Vec::new()));
        for name in ["a", "b", "c"] {
            let log = Arc::clone(&log);
            let mut turns = 0;
            executor.spawn(Box::pin(poll_fn(move |cx| {
                lock(&log).push(name);
                turns += 1;
                // Woken twice, queued once.
                cx.waker().wake_by_ref();
                cx.waker().wake_by_ref();
                if turns == 2 { Poll::Ready(()) } else { Poll::Pending }
            })));
        }
        run(&executor);
        assert_eq!(*lock(&log), ["a", "b", "c", "a", "b", "c"]);
        assert_eq!(executor.running(), 0);
    }

    #[test]
    fn closing_drops_tasks_and_takes_no_more() {
        let executor = Executor::new();
        let alive = Arc::new(());
        for _ in 0..2 {
            let held = Arc::clone(&alive);
            executor.spawn(Box::pin(async move {
                std::future::pending::<()>().await;
                drop(held);
            }));
        }
        run(&executor);
        assert_eq!(Arc::strong_count(&alive), 3);
        executor.close();
        let late = Arc::clone(&alive);
        executor.spawn(Box::pin(async move { drop(late) }));
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
