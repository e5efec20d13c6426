//! What a process has, as the system counts it.

use super::super::waiting::{now, talk};
use crate::command::Failure;
use crate::status::status;
use std::fmt;
use std::fs;
use std::time::Duration;

/// How often it is looked at, in milliseconds.
const OFTEN: u64 = 1_000;

/// A process that is watched.
pub(super) struct Process(u32);

/// What it has at a moment.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// Its resident set, in KiB.
    pub(super) memory: u64,
    pub(super) descriptors: usize,
    pub(super) threads: u64,
}

/// What it had over a time.
pub(super) struct Samples(Vec<(Duration, State)>);

impl Process {
    pub(super) const fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// # Errors
    /// It is gone.
    pub(super) fn state(&self) -> Result<State, Failure> {
        let (memory, threads) = (status(self.0, "VmRSS:")?, status(self.0, "Threads:")?);
        let path = format!("/proc/{}/fd", self.0);
        let open = fs::read_dir(&path).map_err(|why| format!("{path}: {why}"))?;
        Ok(State { memory, threads, descriptors: open.count() })
    }

    /// Looks at it for a time, the beginning of which does not count.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn sample(&self, time: Duration, unless: Duration) -> Result<Samples, Failure> {
        let from = now();
        let mut samples = Vec::new();
        while from.elapsed() < time {
            if from.elapsed() >= unless {
                samples.push((from.elapsed(), self.state()?));
            }
            talk(OFTEN);
        }
        Ok(Samples(samples))
    }
}

impl Samples {
    /// By how many KiB a minute its memory grows: the line that fits best.
    pub(super) fn slope(&self) -> f64 {
        let points = || self.0.iter().map(|(at, state)| (at.as_secs_f64(), state.memory as f64));
        let count = self.0.len() as f64;
        let mean = |sum: f64| sum / count;
        let at = mean(points().map(|(at, _)| at).sum());
        let memory = mean(points().map(|(_, memory)| memory).sum());
        let both: f64 = points().map(|(x, y)| (x - at) * (y - memory)).sum();
        let one: f64 = points().map(|(x, _)| (x - at).powi(2)).sum();
        60.0 * both / one
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, descriptors, threads } = self;
        write!(f, "{memory} KiB, {descriptors} descriptors, {threads} threads")
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = || self.0.iter().map(|(_, state)| state.memory);
        let least = memory().min().unwrap_or_default();
        let most = memory().max().unwrap_or_default();
        let descriptors = self.0.iter().map(|(_, state)| state.descriptors).max();
        write!(
            f,
            "{least} to {most} KiB, {:+.0} KiB a minute, at most {} descriptors",
            self.slope(),
            descriptors.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: &[u64]) -> Samples {
        let state = |memory| State { memory, descriptors: 9, threads: 1 };
        let seconds = (0..).map(|at| Duration::from_secs(10 * at));
        Samples(seconds.zip(memory.iter().map(|it| state(*it))).collect())
    }

    #[test]
    fn a_slope_is_what_memory_grows_by_in_a_minute() {
        assert!((samples(&[100, 110, 120, 130]).slope() - 60.0).abs() < 1e-6);
        assert!((samples(&[130, 120, 110]).slope() + 60.0).abs() < 1e-6);
        assert!(samples(&[100, 101, 101, 100]).slope().abs() < 1e-6);
        assert!(samples(&[]).slope().is_nan());
    }

    #[test]
    fn a_process_knows_what_it_has() {
        let state = Process::of(std::process::id()).state().unwrap();
        assert!(state.memory > 100 && state.descriptors > 2 && state.threads > 0, "{state}");
    }
}
