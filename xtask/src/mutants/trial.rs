//! Running tests: once each to learn what they reach, then against each mutant.

use super::tree::Binary;
use crate::command::{Failure, output, target};
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// What a test may take beyond three times what it takes without a mutant.
const GRACE: Duration = Duration::from_secs(10);
/// What a test may take without a mutant.
const LONGEST: Duration = Duration::from_secs(300);
/// A mutant that allocates without end ends itself, not the machine: KiB of address space.
const MEMORY: &str = "8000000";
/// Tests in a first, quick try.
const FIRST: usize = 6;

/// One test, and what it reaches.
pub(super) struct Test {
    binary: Binary,
    pub(super) name: String,
    took: Duration,
    reached: HashSet<u32>,
}

/// How a mutant fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// A test failed.
    Caught,
    /// A test did not end.
    Timeout,
    /// Every test that reaches it passed.
    Survived,
    /// No test makes a difference between it and the original: it survived without a run.
    Unreached,
    /// It does not compile.
    Unviable,
}

enum Ended {
    Passed,
    Failed,
    TimedOut,
}

/// Runs every test once by itself, without a mutant.
pub(super) fn survey(binaries: &[Binary], jobs: usize) -> Result<Vec<Test>, Failure> {
    let mut named = Vec::new();
    for binary in binaries {
        let listed = output(Command::new(&binary.program).args(["--list", "--format", "terse"]))?;
        let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
        named.extend(names.map(|name| (binary.clone(), name.to_owned())));
    }
    let total = named.len();
    let marks = target().join("mutants/reached");
    std::fs::create_dir_all(&marks).map_err(|why| format!("{}: {why}", marks.display()))?;
    let run = |index: usize, (binary, name): &(Binary, String)| {
        super::progress::show("tests surveyed", index, total);
        let mark = marks.join(index.to_string());
        survey_one(binary, name, &mark).or_else(|_| survey_one(binary, name, &mark))
    };
    parallel(&named, jobs, run).into_iter().collect()
}

#[expect(clippy::disallowed_methods, reason = "how long a test takes here")]
fn survey_one(binary: &Binary, name: &str, mark: &Path) -> Result<Test, Failure> {
    let _ = std::fs::remove_file(mark);
    let from = Instant::now();
    let ended = execute(binary, &[name], "MUTANT_REACHED", &mark.to_string_lossy(), LONGEST)?;
    if !matches!(ended, Ended::Passed) {
        return Err(format!("{name} fails without a mutant"));
    }
    let text = std::fs::read_to_string(mark).unwrap_or_default();
    let reached = text.lines().filter_map(|line| line.parse().ok()).collect();
    Ok(Test { binary: binary.clone(), name: name.to_owned(), took: from.elapsed(), reached })
}

/// Runs each mutant against the tests that reach it, the quickest first, until one fails.
pub(super) fn judge(
    mutants: &[u32], tests: &[Test], jobs: usize,
) -> Result<BTreeMap<u32, Outcome>, Failure> {
    let run = |index: usize, mutant: &u32| {
        super::progress::show("mutants judged", index, mutants.len());
        judge_one(*mutant, tests).map(|outcome| (*mutant, outcome))
    };
    parallel(mutants, jobs, run).into_iter().collect()
}

fn judge_one(mutant: u32, tests: &[Test]) -> Result<Outcome, Failure> {
    let mut reaching: Vec<&Test> = tests.iter().filter(|t| t.reached.contains(&mutant)).collect();
    if reaching.is_empty() {
        return Ok(Outcome::Unreached);
    }
    reaching.sort_by_key(|test| test.took);
    let (first, rest) = reaching.split_at(FIRST.min(reaching.len()));
    for tests in [first, rest] {
        let mut programs: Vec<(&Binary, Vec<&Test>)> = Vec::new();
        for test in tests {
            match programs.iter_mut().find(|(binary, _)| binary.program == test.binary.program) {
                Some((_, tests)) => tests.push(test),
                None => programs.push((&test.binary, vec![test])),
            }
        }
        for (binary, tests) in programs {
            let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
            let limit = GRACE + 3 * tests.iter().map(|test| test.took).sum::<Duration>();
            match execute(binary, &names, "MUTANT", &mutant.to_string(), limit)? {
                Ended::Passed => {}
                Ended::Failed => return Ok(Outcome::Caught),
                Ended::TimedOut => return Ok(Outcome::Timeout),
            }
        }
    }
    Ok(Outcome::Survived)
}

/// Runs tests of a program, one after another, until one fails.
fn execute(
    binary: &Binary, names: &[&str], key: &str, value: &str, limit: Duration,
) -> Result<Ended, Failure> {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")]);
    command.arg(&binary.program).args(["--exact", "--test-threads=1"]).args(names);
    command.current_dir(&binary.folder).env(key, value).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|why| format!("cannot run sh: {why}"))?;
    let (send, received) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || send.send(read(stdout)));
    }
    let ended = match received.recv_timeout(limit) {
        Ok(true) => Ended::Failed,
        Ok(false) => match child.wait() {
            Ok(status) if status.success() => Ended::Passed,
            _ => Ended::Failed,
        },
        Err(_) => Ended::TimedOut,
    };
    end(&mut child);
    Ok(ended)
}

/// Reads until a test has failed, or to the end.
fn read(stdout: ChildStdout) -> bool {
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    lines.any(|line| line.ends_with("... FAILED"))
}

/// Ends the test program and what it has started.
fn end(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    let _ = child.wait();
}

/// Does `work` for every item, `jobs` at a time; the answers are in the items' order.
fn parallel<T: Sync, R: Send>(
    items: &[T], jobs: usize, work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(item) = items.get(index)
                {
                    let answer = work(index, item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}
