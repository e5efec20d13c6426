//! Where agents come in, and what they want of whoever runs the calls.

use super::connection::{Reports, serve};
use super::limits::{CONNECTIONS, FAREWELL};
use super::news::News;
use super::seat::Seat;
use super::seats::Seats;
use super::socket::Socket;
use super::streams::Streams;
#[cfg(feature = "ws")]
use super::web::{Web, carry, opened};
use super::words::Notice;
use super::wrong::Wrong;
use crate::error::{Error, Result};
#[cfg(feature = "ws")]
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
#[cfg(feature = "ws")]
use tokio::net::TcpStream;
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
    /// WebSockets, at an address of this host.
    #[cfg(feature = "ws")]
    Web(SocketAddr),
    /// Standard input and output: one agent, which has started this program.
    Streams,
}

impl Door {
    /// The door that `--audio` names, if it names one.
    ///
    /// # Errors
    /// The path is missing, or the address is none.
    pub(crate) fn named(audio: Option<&str>) -> Result<Option<Self>> {
        if let Some(at) = audio.and_then(|audio| audio.strip_prefix("ws:")) {
            return Self::web(at).map(Some);
        }
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

impl Door {
    #[cfg(feature = "ws")]
    fn web(at: &str) -> Result<Self> {
        at.parse().map(Self::Web).map_err(|_| {
            Error::Usage(format!(
                "--audio ws:{at}: expected a loopback address and a port, as in ws:127.0.0.1:9000, or \
                 port 0 for any"
            ))
        })
    }

    #[cfg(not(feature = "ws"))]
    fn web(at: &str) -> Result<Self> {
        let words = format!("--audio ws:{at}: this program was built without WebSockets");
        Err(Error::Usage(words))
    }
}

/// Takes agents in until it is dropped.
#[derive(Debug)]
pub(crate) struct Desk {
    seats: Arc<Seats>,
    news: Receiver<News>,
    tasks: JoinSet<()>,
    /// Where agents connect to, if that is known only now.
    url: Option<String>,
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
        let url = match door {
            Door::Socket(path) => {
                tasks.spawn(at_socket(Socket::bind(path)?, reports));
                None
            }
            #[cfg(feature = "ws")]
            Door::Web(at) => {
                let web = Web::bind(*at)?;
                let url = web.url();
                tasks.spawn(at_web(web, reports));
                Some(url)
            }
            Door::Streams => {
                tasks.spawn(at_streams(Streams::take()?, reports));
                None
            }
        };
        Ok(Self { seats, news, tasks, url })
    }

    /// Where agents connect to, where the door's name does not say it.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
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
        let Self { seats, news, mut tasks, .. } = self;
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
                Ok(stream) => {
                    connections.spawn(take_in(stream, reports.seats.enters(), reports.clone()));
                }
                Err(_) => tokio::time::sleep(BACK_OFF).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Serves an agent that has a seat, and tells another that there is none.
async fn take_in(mut stream: UnixStream, seat: Option<Arc<Seat>>, reports: Reports) {
    if let Some(seat) = seat {
        let (from, to) = stream.into_split();
        return serve(from, to, seat, reports).await;
    }
    let crowded = Notice::wrong(&Wrong::Crowded(CONNECTIONS)).frame();
    // It is the first that is written there: a socket takes so much at once.
    _ = stream.write_all(&crowded).await;
}

/// Takes agents in over WebSockets, until none is to come any more.
#[cfg(feature = "ws")]
async fn at_web(web: Web, reports: Reports) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = reports.seats.is_closed() => break,
            accepted = web.accept() => match accepted {
                // Who is not let in yet takes a place as well; beyond, nobody is heard.
                Ok(_) if connections.len() >= 2 * CONNECTIONS => {}
                Ok(stream) => {
                    let (token, reports) = (web.token().to_owned(), reports.clone());
                    connections.spawn(through_web(stream, token, reports));
                }
                Err(_) => tokio::time::sleep(BACK_OFF).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Serves who knows the token, as at a socket.
#[cfg(feature = "ws")]
async fn through_web(stream: TcpStream, token: String, reports: Reports) {
    let Some(socket) = opened(stream, &token).await else { return };
    let Ok((ours, theirs)) = UnixStream::pair() else { return };
    let served = take_in(ours, reports.seats.enters(), reports);
    tokio::join!(served, carry(socket, theirs));
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
