//! The client's half of a connection: a task that owns the link and hands out the answers.

use crate::frame::{Answer, Body, Frame, Question, RequestId};
use crate::link::{Broken, Encoded, Link};
use sma::Error;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Commands that wait for the task; a question that finds no place is [`Error::Busy`].
const COMMANDS: usize = 128;

/// What came back: an answer, or why the connection ended first.
pub(crate) type Outcome = Result<Result<Answer, Error>, Broken>;

/// Which answer a question takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Key,
    Keys,
    Octets,
    Report,
    Decrypted,
    Text,
}

impl Kind {
    pub(crate) fn of(question: &Question) -> Self {
        match question {
            Question::Identities | Question::Import(_) => Self::Keys,
            Question::Generate(_) => Self::Key,
            Question::Sign(_) | Question::Encrypt { .. } => Self::Octets,
            Question::Verify(_) => Self::Report,
            Question::Decrypt { .. } => Self::Decrypted,
            Question::Export(_) => Self::Text,
        }
    }

    fn fits(self, answer: &Answer) -> bool {
        match answer {
            Answer::Keys(keys) => self == Self::Keys || (self == Self::Key && keys.len() == 1),
            Answer::Octets(_) => self == Self::Octets,
            Answer::Report(_) => self == Self::Report,
            Answer::Decrypted(_) => self == Self::Decrypted,
            Answer::Text(_) => self == Self::Text,
        }
    }
}

enum Command {
    Ask { id: RequestId, question: Encoded, waiting: Waiting },
    Cancel(RequestId),
}

struct Waiting {
    kind: Kind,
    reply: oneshot::Sender<Outcome>,
}

/// A handle on the task; the task ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    commands: mpsc::Sender<Command>,
}

impl Connection {
    /// Starts the task over `link`.
    pub(crate) fn over(link: Link) -> Self {
        let (commands, queue) = mpsc::channel(COMMANDS);
        #[expect(clippy::disallowed_methods, reason = "this crate is written for tokio")]
        tokio::spawn(run(link, queue));
        Self { commands }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Asks, and waits for the answer; dropped before it came, the server is told so.
    pub(crate) async fn ask(&self, id: RequestId, kind: Kind, question: Encoded) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { kind, reply };
        let ask = Command::Ask { id, question, waiting };
        match self.commands.try_send(ask) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Ok(Err(Error::Busy)),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Broken::Closed),
        }
        let mut cancel = CancelOnDrop { commands: Some(&self.commands), id };
        let outcome = answer.await.unwrap_or(Err(Broken::Closed));
        cancel.commands = None;
        outcome
    }
}

/// Sends the cancel frame unless it is disarmed.
struct CancelOnDrop<'a> {
    commands: Option<&'a mpsc::Sender<Command>>,
    id: RequestId,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(commands) = self.commands {
            // Where the queue is full the server works in vain, and its answer is discarded.
            let _ = commands.try_send(Command::Cancel(self.id));
        }
    }
}

async fn run(mut link: Link, mut commands: mpsc::Receiver<Command>) {
    let mut waiting = BTreeMap::new();
    let why = loop {
        let step = tokio::select! {
            frame = link.next() => match frame {
                Ok(Some(frame)) => on_frame(frame, &mut waiting),
                Ok(None) => Ok(()),
                Err(why) => Err(why),
            },
            command = commands.recv(), if link.has_room() => match command {
                Some(command) => on_command(command, &mut link, &mut waiting),
                None => Err(Broken::Closed),
            },
        };
        if let Err(why) = step {
            break why;
        }
    };
    // Closed first, so that whoever is told connects again and does not ask here.
    commands.close();
    drop(link);
    for (_, Waiting { reply, .. }) in waiting {
        let _ = reply.send(Err(why));
    }
}

fn on_command(
    command: Command, link: &mut Link, waiting: &mut BTreeMap<RequestId, Waiting>,
) -> Result<(), Broken> {
    match command {
        Command::Ask { id, question, waiting: new } => {
            waiting.insert(id, new);
            link.send(question)
        }
        Command::Cancel(id) => match waiting.remove(&id) {
            Some(_) => {
                let body = Body::Cancel;
                let frame = crate::frame::encode(Frame { id, body });
                link.send(Arc::new(frame.map_err(|_| Broken::Nonsense)?))
            }
            None => Ok(()),
        },
    }
}

/// An answer to nothing that waits is late, or a duplicate, or was never asked for: discarded.
fn on_frame(frame: Frame, waiting: &mut BTreeMap<RequestId, Waiting>) -> Result<(), Broken> {
    let Body::Answer(answer) = frame.body else {
        return Err(Broken::Nonsense);
    };
    let Some(Waiting { kind, reply }) = waiting.remove(&frame.id) else {
        return Ok(());
    };
    if answer.as_ref().is_ok_and(|answer| !kind.fits(answer)) {
        let _ = reply.send(Err(Broken::Nonsense));
        return Err(Broken::Nonsense);
    }
    // Who waited may have gone in this moment; then nobody is told.
    let _ = reply.send(Ok(answer));
    Ok(())
}
