//! Where agents come in, and what they want of whoever runs the calls.

use super::connection::{Reports, serve};
use super::limits::{CONNECTIONS, FAREWELL};
use super::news::News;
use super::seats::Seats;
use super::socket::Socket;
use super::streams::Streams;
use super::words::Notice;
use super::wrong::Wrong;
use crate::error::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

/// News that may wait: agents are not read faster than they are obeyed.
const AHEAD: usize = 16;

/// How long nothing is accepted after the system refused to.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Where agents come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A socket that is made there.
    Socket(PathBuf),
    /// Standard input and output: one agent, which has started this program.
    Streams,
}

impl Door {
    /// The door that `--audio` names, if it names one.
    ///
    /// # Errors
    /// The path is missing.
    pub(crate) fn named(audio: Option<&str>) -> Result<Option<Self>> {
        match audio.map(|audio| (audio, audio.strip_prefix("unix:"))) {
            Some((_, Some(""))) => {
                Err(Error::Usage("--audio unix: expected a path, as in unix:/run/me/agent".into()))
            }
            Some((_, Some(path))) => Ok(Some(Self::Socket(path.into()))),
            Some(("stdio", None)) => Ok(Some(Self::Streams)),
            Some((_, None)) | None => Ok(None),
        }
    }
}

/// Takes agents in until it is dropped.
#[derive(Debug)]
pub(crate) struct Desk {
    seats: Arc<Seats>,
    news: Receiver<News>,
    tasks: JoinSet<()>,
}

impl Desk {
    /// Opens the door.
    ///
    /// # Errors
    /// There can be no socket, or standard input and output are a person's.
    pub(crate) fn open(door: &Door) -> Result<Self> {
        let (sender, news) = mpsc::channel(AHEAD);
        let seats = Arc::new(Seats::default());
        let reports = Reports { seats: Arc::clone(&seats), news: sender };
        let mut tasks = JoinSet::new();
        match door {
            Door::Socket(path) => _ = tasks.spawn(at_socket(Socket::bind(path)?, reports)),
            Door::Streams => _ = tasks.spawn(at_streams(Streams::take()?, reports)),
        }
        Ok(Self { seats, news, tasks })
    }

    /// Who speaks in which call.
    pub(crate) const fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    /// What happens next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            if let Some(call) = self.seats.unattended() {
                return News::Unattended(call);
            }
            let deadline = self.seats.deadline();
            let waited = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                news = self.news.recv() => return news.unwrap_or(News::Closed),
                () = waited => {}
            }
        }
    }

    /// Ends all connections, once what was told is written, or shortly after.
    pub(crate) async fn close(self) {
        let Self { seats, news, mut tasks } = self;
        // Nobody listens to what agents want any more.
        drop(news);
        seats.close();
        drop(timeout(FAREWELL, async { while tasks.join_next().await.is_some() {} }).await);
    }
}

/// Takes agents in at a socket, until none is to come any more.
async fn at_socket(socket: Socket, reports: Reports) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = reports.seats.is_closed() => break,
            accepted = socket.accept() => match accepted {
                Ok(stream) => take_in(stream, &mut connections, &reports).await,
                Err(_) => tokio::time::sleep(BACK_OFF).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn take_in(mut stream: UnixStream, connections: &mut JoinSet<()>, reports: &Reports) {
    if let Some(seat) = reports.seats.enters() {
        let (from, to) = stream.into_split();
        connections.spawn(serve(from, to, seat, reports.clone()));
        return;
    }
    let crowded = Notice::wrong(&Wrong::Crowded(CONNECTIONS)).frame();
    // It is the first that is written there: a socket takes so much at once.
    _ = stream.write_all(&crowded).await;
}

/// Takes in the one agent there is; when it goes, nobody comes any more.
async fn at_streams(streams: Streams, reports: Reports) {
    let Streams { connection, written } = streams;
    let Some(seat) = reports.seats.enters() else { return };
    let (from, to) = connection.into_split();
    let seats = Arc::clone(&reports.seats);
    // It gives up its news at its end: whoever runs the calls hears that nobody comes any more.
    serve(from, to, seat, reports).await;
    seats.close();
    // Where the thread is gone, all is written that can be; where the agent reads nothing, it stays.
    drop(timeout(FAREWELL, written).await);
}
