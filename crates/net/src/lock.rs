//! Locks that a panic does not spread through.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a panic in another task does not spread through the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
