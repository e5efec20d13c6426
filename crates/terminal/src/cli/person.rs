//! The person at the terminal: asked one question at a time, while calls go on.
//!
//! A question is withdrawn by dropping its [`Answer`], and has a deadline. What was typed before a
//! question was shown does not answer it: such a line is a command, where those are understood.

use crate::record::clean;
use net::Runtime;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Longest line that is read, in bytes; more is another line.
const LONGEST: usize = 1_024;

/// How often a terminal that another process reads is looked at.
const BACKGROUND: Duration = Duration::from_millis(200);

/// Asks the person at the terminal.
#[derive(Clone, Debug)]
pub(super) struct Person {
    requests: mpsc::UnboundedSender<Request>,
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
    shown: Shown,
    within: Duration,
    answer: oneshot::Sender<Vec<u8>>,
}

/// The answer to a question; dropping it withdraws the question.
#[derive(Debug)]
pub(super) struct Answer(oneshot::Receiver<Vec<u8>>);

/// Where lines come from, once one is wanted.
type Lines = Box<dyn FnMut() -> mpsc::UnboundedReceiver<Vec<u8>> + Send>;

impl Person {
    /// The person at standard input, if it is a terminal.
    pub(super) fn at_terminal(runtime: &Arc<dyn Runtime>) -> Option<Self> {
        io::stdin().is_terminal().then(|| Self::new(runtime, Box::new(typed), in_foreground))
    }

    fn new(runtime: &Arc<dyn Runtime>, lines: Lines, is_there: fn() -> bool) -> Self {
        let (requests, wanted) = mpsc::unbounded_channel();
        let desk = Desk {
            source: lines,
            lines: None,
            commands: None,
            is_there,
            runtime: Arc::clone(runtime),
        };
        runtime.spawn(Box::pin(desk.serve(wanted)));
        Self { requests }
    }

    /// The lines that are typed from now on while no question waits for its answer.
    pub(super) fn commands(&self) -> mpsc::UnboundedReceiver<Vec<u8>> {
        let (sender, lines) = mpsc::unbounded_channel();
        // Where nobody is there any more, none comes.
        drop(self.requests.send(Request::Commands(sender)));
        lines
    }

    /// Asks `text` once the questions before are done with; the answer must come `within` a time.
    pub(super) fn ask(&self, text: &str, shown: Shown, within: Duration) -> Answer {
        let (answer, given) = oneshot::channel();
        // Where nobody is there any more, the answer is that there is none.
        let question = Question { text: clean(text), shown, within, answer };
        drop(self.requests.send(Request::Ask(question)));
        Answer(given)
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

/// The one reader of lines: hands each to who it is for.
struct Desk {
    source: Lines,
    /// `None` until the first line is wanted.
    lines: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
    /// Who takes what is no answer.
    commands: Option<mpsc::UnboundedSender<Vec<u8>>>,
    is_there: fn() -> bool,
    runtime: Arc<dyn Runtime>,
}

impl Desk {
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
        self.lines.get_or_insert_with(&mut self.source)
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
        if question.answer.is_closed() || !(self.is_there)() {
            return Some(());
        }
        while let Ok(before) = self.lines().try_recv() {
            self.take(before);
        }
        let runtime = Arc::clone(&self.runtime);
        one(question, self.lines(), &*runtime).await
    }
}

/// Asks one question. `None`: there are no more lines.
async fn one(
    mut question: Question, lines: &mut mpsc::UnboundedReceiver<Vec<u8>>, runtime: &dyn Runtime,
) -> Option<()> {
    let _quiet = match question.shown {
        Shown::Openly => None,
        Shown::Hidden => Some(Quiet::new()?),
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
        while let Some(read) = read_line(&mut input, &mut buffer) {
            let line = buffer.get(..read).unwrap_or_default().trim_ascii_end().to_vec();
            buffer.fill(0);
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Reads a line once there is one and the terminal may be read; the end of a file that was typed
/// (Ctrl-D) is an empty one. `None`: the terminal is gone.
fn read_line(input: &mut File, buffer: &mut [u8]) -> Option<usize> {
    loop {
        let mut ready = [PollFd::new(input, PollFlags::IN)];
        match poll(&mut ready, None) {
            Err(Errno::INTR) => continue,
            Err(_) => return None,
            Ok(_) => {}
        }
        let [ready] = ready;
        if ready.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return None;
        }
        if in_foreground() {
            return input.read(buffer).ok();
        }
        // It is somebody else's line: to read it would stop this process.
        std::thread::sleep(BACKGROUND);
    }
}

/// While it lives, the terminal does not show what is typed.
struct Quiet(Termios);

impl Quiet {
    /// `None` where the terminal cannot be kept quiet.
    fn new() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &quiet).ok()?;
        Some(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The line's end was not shown either.
        say("\n");
        _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
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
        let source = move || lines.take().unwrap();
        (Person::new(runtime, Box::new(source), || true), keyboard)
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

    #[test]
    fn a_line_is_a_command_while_no_question_waits_for_it() {
        let (sim, runtime) = world();
        let (person, keyboard) = typist(&runtime);
        let mut commands = person.commands();
        pass(&sim);
        keyboard.send(b"calls".to_vec()).unwrap();
        pass(&sim);
        assert_eq!(commands.try_recv().unwrap(), b"calls");
        let mut question = person.ask("question?", Shown::Openly, SOON);
        pass(&sim);
        keyboard.send(b"y".to_vec()).unwrap();
        keyboard.send(b"hangup".to_vec()).unwrap();
        assert_eq!(sim.block_on(question.yes()).unwrap(), Some(true));
        pass(&sim);
        assert_eq!(commands.try_recv().unwrap(), b"hangup");
        // What was typed before the question is a command and no answer.
        keyboard.send(b"help".to_vec()).unwrap();
        let mut late = person.ask("late?", Shown::Openly, SOON);
        assert_eq!(sim.block_on(late.line()).unwrap(), None);
        assert_eq!(commands.try_recv().unwrap(), b"help");
        drop(keyboard);
        pass(&sim);
        assert!(commands.try_recv().is_err());
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
