//! Work that is done a few pieces at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does `count` pieces of work, `jobs` at once; what each gives, in their order.
pub(super) fn beside<T: Send>(
    count: usize, jobs: usize, work: impl Fn(usize) -> Option<T> + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(given) = (n < count).then(|| work(n)).flatten() else { return };
                    done.lock().unwrap_or_else(|held| held.into_inner()).push((n, given));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|held| held.into_inner());
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, given)| given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_and_given_in_order() {
        for jobs in [0, 1, 3, 20] {
            assert_eq!(
                beside(10, jobs, |n| Some(n * n)),
                (0..10).map(|n| n * n).collect::<Vec<_>>()
            );
        }
    }
}
