//! The person at the terminal: asked one question at a time, while calls go on.
//!
//! A question is withdrawn by dropping its [`Answer`], and has a deadline. What was typed before a
//! question was shown does not answer it.

use crate::record::clean;
use net::Runtime;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
#[cfg(feature = "digest")]
use sst::Password;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Longest line that is read, in bytes; more is another line.
const LONGEST: usize = 1_024;

/// Asks the person at the terminal.
#[derive(Clone, Debug)]
pub(super) struct Person {
    questions: mpsc::UnboundedSender<Question>,
    asked: Arc<AtomicUsize>,
}

/// What a question expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The answer may be seen as it is typed.
    Openly,
    /// It is a secret.
    #[cfg_attr(
        not(feature = "digest"),
        expect(dead_code, reason = "only a security manager asks for secrets")
    )]
    Hidden,
}

/// Why there is no secret.
#[cfg(feature = "digest")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSecret {
    /// Nobody typed anything in time.
    #[error("nobody answered the question for the {what} within {} s", .within.as_secs())]
    Unanswered {
        /// What was asked for.
        what: String,
        /// How long.
        within: Duration,
    },
    /// There is nobody at the terminal, or the command runs in its background.
    #[error("nobody is there to be asked for the {0}")]
    Nobody(String),
    /// An empty line.
    #[error("no {0} was typed")]
    Empty(String),
}

#[derive(Debug)]
struct Question {
    text: String,
    shown: Shown,
    within: Duration,
    answer: oneshot::Sender<Vec<u8>>,
}

/// The answer to a question; dropping it withdraws the question.
#[derive(Debug)]
pub(super) struct Answer(oneshot::Receiver<Vec<u8>>);

/// Where lines come from, once the first question is asked.
type Lines = Box<dyn FnMut() -> mpsc::UnboundedReceiver<Vec<u8>> + Send>;

/// Where the person sits.
struct Desk {
    lines: Lines,
    is_there: fn() -> bool,
    /// Hides what is typed; `None` where it cannot be hidden.
    quiet: fn() -> Option<Quiet>,
}

impl Person {
    /// The person at standard input, if it is a terminal.
    pub(super) fn at_terminal(runtime: &Arc<dyn Runtime>) -> Option<Self> {
        let desk =
            || Desk { lines: Box::new(typed), is_there: in_foreground, quiet: Quiet::at_terminal };
        io::stdin().is_terminal().then(|| Self::new(runtime, desk()))
    }

    fn new(runtime: &Arc<dyn Runtime>, desk: Desk) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        runtime.spawn(Box::pin(desk.run(asked, Arc::clone(runtime))));
        Self { questions, asked: Arc::default() }
    }

    /// How often it was asked so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Asks `text` once the questions before are done with; the answer must come `within` a time.
    pub(super) fn ask(&self, text: &str, shown: Shown, within: Duration) -> Answer {
        let (answer, given) = oneshot::channel();
        self.asked.fetch_add(1, Ordering::Relaxed);
        // Where nobody is there any more, the answer is that there is none.
        drop(self.questions.send(Question { text: clean(text), shown, within, answer }));
        Answer(given)
    }
}

#[cfg(feature = "digest")]
impl Person {
    /// Asks for a secret, such as `password of alice at example.org`. The time counts from now on,
    /// also while other questions are asked.
    ///
    /// # Errors
    /// [`NoSecret`].
    pub(super) async fn secret(
        &self, what: &str, within: Duration, runtime: &dyn Runtime,
    ) -> Result<Password, NoSecret> {
        let what = clean(what);
        let deadline = runtime.now() + within;
        let mut answer = self.ask(&format!("{what}:"), Shown::Hidden, within);
        let typed = tokio::select! {
            typed = answer.line() => typed,
            () = runtime.sleep_until(deadline) => None,
        };
        match typed {
            Some(line) if line.is_empty() => Err(NoSecret::Empty(what)),
            Some(line) => Ok(Password::new(line)),
            None if runtime.now() >= deadline => Err(NoSecret::Unanswered { what, within }),
            None => Err(NoSecret::Nobody(what)),
        }
    }
}

impl Answer {
    /// The line that was typed; `None` where the person is gone or too late. Cancel-safe.
    pub(super) async fn line(&mut self) -> Option<Vec<u8>> {
        (&mut self.0).await.ok()
    }

    /// Whether it is yes; `None` as of [`line`](Self::line).
    pub(super) async fn yes(&mut self) -> Option<bool> {
        let line = self.line().await?;
        let word = line.trim_ascii();
        Some(word.eq_ignore_ascii_case(b"y") || word.eq_ignore_ascii_case(b"yes"))
    }
}

impl Desk {
    /// Asks the questions in order, until there is nobody who asks or answers.
    async fn run(
        mut self, mut questions: mpsc::UnboundedReceiver<Question>, runtime: Arc<dyn Runtime>,
    ) {
        let mut lines = None;
        while let Some(question) = questions.recv().await {
            // To read a terminal from the background stops the process.
            if question.answer.is_closed() || !(self.is_there)() {
                continue;
            }
            let lines = lines.get_or_insert_with(&mut self.lines);
            while lines.try_recv().is_ok() {}
            if one(question, lines, self.quiet, &*runtime).await.is_none() {
                return;
            }
        }
    }
}

/// Asks one question. `None`: there are no more lines.
async fn one(
    mut question: Question, lines: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    quiet: fn() -> Option<Quiet>, runtime: &dyn Runtime,
) -> Option<()> {
    let _quiet = match question.shown {
        Shown::Openly => None,
        Shown::Hidden => Some(quiet()?),
    };
    say(&format!("{} ", question.text));
    tokio::select! {
        line = lines.recv() => {
            // Who asked may have gone meanwhile.
            drop(question.answer.send(line?));
        }
        () = question.answer.closed() => say("\n(it need not be answered any more)\n"),
        () = runtime.sleep_until(runtime.now() + question.within) => say("\n(too late)\n"),
    }
    Some(())
}

/// Questions go to standard error: standard output is for what a command says.
fn say(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Whether the terminal may be read: it is nobody else's, or does not control this process.
fn in_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |group| group == getpgrp())
}

/// The lines that are typed from now on; a terminal hands them over one at a time.
fn typed() -> mpsc::UnboundedReceiver<Vec<u8>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    // Reading a terminal cannot be cancelled: the thread ends with the process.
    std::thread::spawn(move || {
        // Unbuffered, so that no copy of a secret stays behind.
        let Ok(mut input) = io::stdin().as_fd().try_clone_to_owned().map(File::from) else {
            return;
        };
        let mut buffer = [0; LONGEST];
        while let Ok(read @ 1..) = input.read(&mut buffer) {
            let line = buffer.get(..read).unwrap_or_default();
            // Blanks at its end may be of a secret.
            let length = line.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n'));
            let line = line.get(..length.map_or(0, |last| last + 1)).unwrap_or_default().to_vec();
            buffer.fill(0);
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// While it lives, the terminal does not show what is typed.
struct Quiet {
    /// How the terminal was, where there is one.
    before: Option<Termios>,
}

impl Quiet {
    /// `None` where the terminal cannot be kept quiet.
    fn at_terminal() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &quiet).ok()?;
        Some(Self { before: Some(before) })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The line's end was not shown either.
        say("\n");
        if let Some(before) = &self.before {
            _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use net::sim::{SimConfig, Simulation};

    /// Somebody who types what is sent.
    pub(in super::super) fn typist(
        runtime: &Arc<dyn Runtime>,
    ) -> (Person, mpsc::UnboundedSender<Vec<u8>>) {
        let (keyboard, lines) = mpsc::unbounded_channel();
        let mut lines = Some(lines);
        let lines = Box::new(move || lines.take().unwrap());
        let desk = Desk { lines, is_there: || true, quiet: || Some(Quiet { before: None }) };
        (Person::new(runtime, desk), keyboard)
    }

    const SOON: Duration = Duration::from_secs(1);

    fn world() -> (Simulation, Arc<dyn Runtime>) {
        let sim = Simulation::new(SimConfig::default());
        let (runtime, _) = sim.host([192, 0, 2, 1].into());
        (sim, runtime)
    }

    fn pass(sim: &Simulation) {
        sim.run_until(sim.elapsed() + SOON / 10).unwrap();
    }

    #[test]
    fn what_was_typed_before_a_question_is_no_answer_to_it() {
        let (sim, runtime) = world();
        let (person, keyboard) = typist(&runtime);
        keyboard.send(b"y".to_vec()).unwrap();
        let mut first = person.ask("first?", Shown::Openly, SOON);
        pass(&sim);
        keyboard.send(b" Yes ".to_vec()).unwrap();
        keyboard.send(b"y".to_vec()).unwrap();
        pass(&sim);
        assert_eq!(sim.block_on(first.yes()).unwrap(), Some(true));
        let mut second = person.ask("second?", Shown::Openly, SOON);
        pass(&sim);
        keyboard.send(b"whatever".to_vec()).unwrap();
        assert_eq!(sim.block_on(second.yes()).unwrap(), Some(false));
    }

    #[cfg(feature = "digest")]
    #[test]
    fn a_secret_that_nobody_types_is_told_as_that() {
        let (sim, runtime) = world();
        let (person, keyboard) = typist(&runtime);
        let what = "password of alice at example.org";
        let asked = || {
            let (person, runtime) = (person.clone(), Arc::clone(&runtime));
            async move { person.secret(what, SOON, &*runtime).await }
        };
        let told = |asked: Result<Password, NoSecret>| asked.unwrap_err().to_string();
        assert_eq!(
            told(sim.block_on(asked()).unwrap()),
            "nobody answered the question for the password of alice at example.org within 1 s"
        );
        // The time counts while another question is asked.
        let _other = person.ask("other?", Shown::Openly, 4 * SOON);
        let began = sim.elapsed();
        assert!(told(sim.block_on(asked()).unwrap()).contains("within 1 s"));
        assert_eq!(sim.elapsed() - began, SOON);
        drop(keyboard);
        let nobody = told(sim.block_on(asked()).unwrap());
        assert_eq!(nobody, format!("nobody is there to be asked for the {what}"));
    }

    #[test]
    fn a_question_is_withdrawn_or_too_late_and_the_next_is_asked() {
        let (sim, runtime) = world();
        let (person, keyboard) = typist(&runtime);
        let withdrawn = person.ask("withdrawn?", Shown::Openly, SOON);
        let mut late = person.ask("late?", Shown::Openly, SOON);
        pass(&sim);
        drop(withdrawn);
        assert_eq!(sim.block_on(late.yes()).unwrap(), None);
        let mut last = person.ask("last?", Shown::Openly, SOON);
        pass(&sim);
        drop(keyboard);
        assert_eq!(sim.block_on(last.line()).unwrap(), None, "nobody is there any more");
    }
}
