//! Client and server over real sockets; the other side played by hand where it misbehaves.

#![expect(clippy::disallowed_methods, reason = "real sockets, so tokio and the real clock")]

use crate::frame::{self, Answer, Body, Frame, Question};
use crate::{BindError, Client, Deadlines, Listener, MAX_FRAME, MAX_QUEUED, MAX_RUNNING, serve};
use sma::conformance::{Directory, Double, Gate, Hanging, Late};
use sma::{Error, Fingerprint, KeyAdministration, SecurityApplication};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

mod client;
mod listener;
mod methods;
mod server;

/// A folder of mode 0700 with a socket's name in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(mode).tempdir();
        Self(folder.unwrap())
    }

    fn socket(&self) -> std::path::PathBuf {
        self.0.path().join("pgp.sock")
    }

    fn client(&self) -> Client {
        Client::new(self.socket())
    }

    /// A client that gives up after a moment.
    fn hasty_client(&self) -> Client {
        let deadlines = Deadlines { verify: Duration::from_millis(60), ..Deadlines::default() };
        Client::with_deadlines(self.socket(), deadlines)
    }
}

/// A running server; dropped, it is gone.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn start(place: &Place, application: Arc<dyn SecurityApplication>) -> Running {
    let listener = Listener::bind(&place.socket()).unwrap();
    Running(tokio::spawn(serve(listener, application, None, std::future::pending())))
}

fn double() -> (Double, Fingerprint) {
    let double = Double::new(&Directory::new(1), Arc::new(|| 1_700_000_000));
    let key = double.add_key("sip:alice@example.org");
    (double, key)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, waiting).await.expect(what);
}

async fn send(stream: &mut UnixStream, id: frame::RequestId, body: Body) {
    let octets = frame::encode(Frame { id, body }).unwrap();
    stream.write_u32(octets.len() as u32).await.unwrap();
    stream.write_all(&octets).await.unwrap();
}

async fn receive(stream: &mut UnixStream) -> Frame {
    let length = stream.read_u32().await.unwrap() as usize;
    assert!(length <= MAX_FRAME);
    let mut octets = vec![0; length];
    stream.read_exact(&mut octets).await.unwrap();
    frame::decode(&octets).unwrap()
}

fn no_keys() -> Body {
    Body::Answer(Ok(Answer::Keys(Vec::new())))
}

/// A server that accepts one connection, reads one question and lets `play` answer.
async fn against<F: Future<Output = ()> + Send + 'static>(
    play: impl FnOnce(UnixStream, Frame) -> F + Send + 'static,
) -> Result<Vec<sma::Key>, Error> {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let _server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let question = receive(&mut stream).await;
        play(stream, question).await;
        std::future::pending::<()>().await;
    }));
    place.hasty_client().identities().await
}
