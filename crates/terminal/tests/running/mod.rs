//! A program that runs beside a test: it is told what to do by lines, and tells by lines what it did.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The built program, at home in a folder of the test's.
pub(crate) fn countersign(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("HOME", home).env("XDG_CONFIG_HOME", home.join("config"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A process, and the lines that it prints on standard output and standard error.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// Its standard input, where that is a pipe: it stays open while it is waited for.
    pub(crate) input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// One whose standard output and standard error are pipes.
    pub(crate) fn of(mut child: Child) -> Self {
        let (sender, lines) = mpsc::channel();
        let out: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in out {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    drop(sender.send(line));
                }
            });
        }
        Self { input: child.stdin.take(), child, lines }
    }

    /// Gives it a line.
    pub(crate) fn says(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line for which there is something.
    pub(crate) fn waits<T>(&self, for_what: &str, is_it: impl Fn(&str) -> Option<T>) -> T {
        let began = Instant::now();
        let mut seen = Vec::new();
        loop {
            let left = Duration::from_secs(30).saturating_sub(began.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no `{for_what}` in {seen:#?}");
            };
            if let Some(found) = is_it(&line) {
                return found;
            }
            seen.push(line);
        }
    }

    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    pub(crate) fn ends_well(mut self) {
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{:#?}", self.lines.iter().collect::<Vec<_>>());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
