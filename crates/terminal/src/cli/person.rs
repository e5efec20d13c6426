//! The person at the terminal: asked one question at a time, while calls go on.
//!
//! A question is withdrawn by dropping its [`Answer`], and has a deadline. What was typed before a
//! question was shown does not answer it: such a line is a command, where those are understood. A
//! question for yes or no is asked again until one of the two is typed.

use super::keyboard::{Quiet, in_foreground, say, typed};
use crate::record::clean;
use net::Runtime;
#[cfg(feature = "digest")]
use sst::Password;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Asks the person at the terminal.
#[derive(Clone, Debug)]
pub(super) struct Person {
    requests: mpsc::UnboundedSender<Request>,
    asked: Arc<AtomicUsize>,
}

/// What a question expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Yes or no, which may be seen as it is typed.
    YesOrNo,
    /// A secret.
    #[cfg_attr(
        not(feature = "digest"),
        expect(dead_code, reason = "only a security manager asks for secrets")
    )]
    Secret,
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

/// What is wanted of the person.
#[derive(Debug)]
enum Request {
    /// An answer.
    Ask(Question),
    /// Every line that is no answer.
    Commands(mpsc::UnboundedSender<Vec<u8>>),
}

#[derive(Debug)]
struct Question {
    text: String,
    expected: Expected,
    within: Duration,
    answer: oneshot::Sender<Vec<u8>>,
}

/// The answer to a question; dropping it withdraws the question.
#[derive(Debug)]
pub(super) struct Answer(oneshot::Receiver<Vec<u8>>);

/// Where lines come from, once one is wanted.
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
        let (requests, wanted) = mpsc::unbounded_channel();
        let reader = Reader { desk, lines: None, commands: None, runtime: Arc::clone(runtime) };
        runtime.spawn(Box::pin(reader.serve(wanted)));
        Self { requests, asked: Arc::default() }
    }

    /// The lines that are typed from now on while no question waits for its answer.
    pub(super) fn commands(&self) -> mpsc::UnboundedReceiver<Vec<u8>> {
        let (sender, lines) = mpsc::unbounded_channel();
        // Where nobody is there any more, none comes.
        drop(self.requests.send(Request::Commands(sender)));
        lines
    }

    /// How often it was asked so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Asks `text` once the questions before are done with; the answer must come `within` a time.
    pub(super) fn ask(&self, text: &str, expected: Expected, within: Duration) -> Answer {
        let (answer, given) = oneshot::channel();
        self.asked.fetch_add(1, Ordering::Relaxed);
        // Where nobody is there any more, the answer is that there is none.
        let question = Question { text: clean(text), expected, within, answer };
        drop(self.requests.send(Request::Ask(question)));
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
        let mut answer = self.ask(&format!("{what}:"), Expected::Secret, within);
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
        Some(yes_or_no(&line) == Some(true))
    }
}

/// Whether a line says yes; an empty one says no. `None`: it says neither.
fn yes_or_no(line: &[u8]) -> Option<bool> {
    match line.trim_ascii().to_ascii_lowercase().as_slice() {
        b"y" | b"yes" => Some(true),
        b"" | b"n" | b"no" => Some(false),
        _ => None,
    }
}

/// The one reader of lines: hands each to who it is for.
struct Reader {
    desk: Desk,
    /// `None` until the first line is wanted.
    lines: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
    /// Who takes what is no answer.
    commands: Option<mpsc::UnboundedSender<Vec<u8>>>,
    runtime: Arc<dyn Runtime>,
}

impl Reader {
    /// Asks the questions in order, until there is nobody who asks or answers.
    async fn serve(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(Request::Ask(question)) => {
                        if self.ask(question).await.is_none() {
                            return;
                        }
                    }
                    Some(Request::Commands(commands)) => {
                        self.commands = Some(commands);
                        self.lines();
                    }
                    None => return,
                },
                line = Self::command(&mut self.lines, self.commands.is_some()) => match line {
                    Some(line) => self.take(line),
                    // Nobody is there any more: whoever asks hears so.
                    None => self.commands = None,
                },
            }
        }
    }

    /// The next line, where one that is no answer is `wanted`. Cancel-safe.
    async fn command(
        lines: &mut Option<mpsc::UnboundedReceiver<Vec<u8>>>, wanted: bool,
    ) -> Option<Vec<u8>> {
        match lines {
            Some(lines) if wanted => lines.recv().await,
            Some(_) | None => std::future::pending().await,
        }
    }

    fn lines(&mut self) -> &mut mpsc::UnboundedReceiver<Vec<u8>> {
        self.lines.get_or_insert_with(&mut self.desk.lines)
    }

    /// A line that answers no question.
    fn take(&self, mut line: Vec<u8>) {
        match &self.commands {
            Some(commands) => drop(commands.send(line)),
            None => line.fill(0),
        }
    }

    /// Asks a question. `None`: there are no more lines.
    async fn ask(&mut self, question: Question) -> Option<()> {
        // To read a terminal from the background stops the process.
        if question.answer.is_closed() || !(self.desk.is_there)() {
            return Some(());
        }
        while let Ok(before) = self.lines().try_recv() {
            self.take(before);
        }
        let runtime = Arc::clone(&self.runtime);
        let quiet = self.desk.quiet;
        one(question, self.lines(), quiet, &*runtime).await
    }
}

/// Asks one question. `None`: there are no more lines.
async fn one(
    mut question: Question, lines: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    quiet: fn() -> Option<Quiet>, runtime: &dyn Runtime,
) -> Option<()> {
    let _quiet = match question.expected {
        Expected::YesOrNo => None,
        Expected::Secret => Some(quiet()?),
    };
    let deadline = runtime.now() + question.within;
    loop {
        say(&format!("{} ", question.text));
        tokio::select! {
            line = lines.recv() => {
                let mut line = line?;
                if question.expected == Expected::YesOrNo && yes_or_no(&line).is_none() {
                    line.fill(0);
                    say("expected: y or n (an empty line is n)\n");
                    continue;
                }
                // Who asked may have gone meanwhile.
                drop(question.answer.send(line));
            }
            () = question.answer.closed() => say("\n(it need not be answered any more)\n"),
            () = runtime.sleep_until(deadline) => say("\n(too late)\n"),
        }
        return Some(());
    }
}

#[cfg(test)]
pub(super) mod tests;
