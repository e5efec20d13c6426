//! Work for the other side that goes on: dropped when nobody waits for it any more.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// A future without a value.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Runs a task to its end, on whatever executor there is.
pub type Spawn = Arc<dyn Fn(Task) + Send + Sync>;

/// Jobs at one time; one more is not begun.
const MOST: usize = 4096;

/// The jobs of one connection, by their ids.
#[derive(Clone)]
pub(crate) struct Jobs {
    spawn: Spawn,
    /// What is dropped here ends the job.
    running: Arc<Mutex<BTreeMap<u64, oneshot::Sender<()>>>>,
}

impl Jobs {
    pub(crate) fn new(spawn: Spawn) -> Self {
        Self { spawn, running: Arc::default() }
    }

    /// Begins a job; whether it has.
    pub(crate) fn start(&self, id: u64, job: impl Future<Output = ()> + Send + 'static) -> bool {
        let (keep, cancelled) = oneshot::channel::<()>();
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if running.len() >= MOST || running.contains_key(&id) {
                return false;
            }
            running.insert(id, keep);
        }
        let running = Arc::clone(&self.running);
        (self.spawn)(Box::pin(async move {
            tokio::select! {
                biased;
                _ = cancelled => {}
                () = job => {}
            }
            running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }));
        true
    }

    /// Whether none runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Drops a job; one that has ended is not there, and nothing happens.
    pub(crate) fn cancel(&self, id: u64) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Drops all of them.
    pub(crate) fn end(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
