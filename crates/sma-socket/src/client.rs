//! The client: SMA as the security manager's process sees it.

use crate::connection::{Connection, Kind};
use crate::frame::{self, Answer, Body, Frame, FrameError, Question, RequestId};
use crate::link::{Broken, Encoded, Link};
use crate::{Deadlines, MAX_QUEUED, MAX_RUNNING};
use async_trait::async_trait;
use sma::{
    Decrypted, Error, Fingerprint, Key, KeyAdministration, MAX_OCTETS, Plaintext, Report,
    SecurityApplication, ToSign, ToVerify,
};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio::sync::{Mutex, Semaphore};

/// The largest signature, in octets. Case G07.
const MAX_SIGNATURE: usize = 2048;

/// A security application behind a socket.
///
/// It connects when it is first asked, and again whenever the connection has ended. Where nobody
/// listens, the answer is [`Error::Unavailable`] at once; where nobody answers,
/// [`Error::Deadline`]. A question whose connection broke is asked once more over a new one.
/// Needs a tokio runtime.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    deadlines: Deadlines,
    connection: Mutex<Option<Connection>>,
    places: Semaphore,
}

impl Client {
    /// A client of the application whose socket is `path`, with the usual [`Deadlines`].
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_deadlines(path, Deadlines::default())
    }

    /// A client that waits as long as `deadlines` say.
    pub fn with_deadlines(path: impl Into<PathBuf>, deadlines: Deadlines) -> Self {
        Self {
            path: path.into(),
            deadlines,
            connection: Mutex::new(None),
            places: Semaphore::new(MAX_RUNNING + MAX_QUEUED),
        }
    }

    /// A client of the application at the other end of `stream`. When that has gone there is none to
    /// follow it: every answer is [`Error::Unavailable`].
    ///
    /// # Errors
    /// The other side runs under another user id. Needs a tokio runtime.
    pub fn over(stream: UnixStream) -> io::Result<Self> {
        let connection = Connection::over(Link::to_own_user(stream)?);
        Ok(Self { connection: Mutex::new(Some(connection)), ..Self::new("") })
    }

    /// The socket; empty of a client [over](Self::over) a connection.
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn ask(&self, question: Question) -> Result<Answer, Error> {
        let _place = self.places.try_acquire().map_err(|_| Error::Busy)?;
        let within = self.deadlines.of(&question);
        let kind = Kind::of(&question);
        let id = random_id()?;
        let body = Body::Question(question);
        let encoded = frame::encode(Frame { id, body }).map_err(|error| match error {
            FrameError::TooLarge => Error::TooLarge,
            FrameError::Malformed => Error::Malformed,
        })?;
        tokio::time::timeout(within, self.exchange(id, kind, Arc::new(encoded)))
            .await
            .unwrap_or(Err(Error::Deadline))
    }

    /// Asks, and once more where the connection turns out to be that of an application that has
    /// gone: its successor may be listening already.
    async fn exchange(
        &self, id: RequestId, kind: Kind, question: Encoded,
    ) -> Result<Answer, Error> {
        let connection = self.connection().await?;
        let mut outcome = connection.ask(id, kind, question.clone()).await;
        if let Err(Broken::Closed) = outcome {
            let connection = self.connection().await?;
            outcome = connection.ask(id, kind, question).await;
        }
        outcome.unwrap_or_else(|broken| {
            Err(match broken {
                Broken::Closed => Error::Unavailable,
                Broken::Nonsense => Error::Protocol,
            })
        })
    }

    async fn connection(&self) -> Result<Connection, Error> {
        let mut current = self.connection.lock().await;
        if let Some(connection) = current.as_ref().filter(|c| !c.is_closed()) {
            return Ok(connection.clone());
        }
        let stream = UnixStream::connect(&self.path).await;
        let link = stream.and_then(Link::to_own_user);
        let connection = Connection::over(link.map_err(|_| Error::Unavailable)?);
        *current = Some(connection.clone());
        Ok(connection)
    }
}

#[expect(clippy::disallowed_methods, reason = "request ids are this crate's own randomness")]
fn random_id() -> Result<RequestId, Error> {
    let mut id = RequestId::default();
    getrandom::fill(&mut id).map_err(|_| Error::Failed)?;
    Ok(id)
}

fn within_limit(octets: &[u8], limit: usize) -> Result<(), Error> {
    (octets.len() <= limit).then_some(()).ok_or(Error::TooLarge)
}

#[async_trait]
impl SecurityApplication for Client {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        match self.ask(Question::Identities).await? {
            Answer::Keys(keys) => Ok(keys),
            _ => Err(Error::Protocol),
        }
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        within_limit(&question.data, MAX_OCTETS)?;
        match self.ask(Question::Sign(question)).await? {
            Answer::Octets(octets) if octets.len() <= MAX_SIGNATURE => Ok(octets),
            _ => Err(Error::Protocol),
        }
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        within_limit(&question.data, MAX_OCTETS)?;
        within_limit(&question.signature, MAX_SIGNATURE)?;
        match self.ask(Question::Verify(question)).await? {
            Answer::Report(report) => Ok(report),
            _ => Err(Error::Protocol),
        }
    }

    async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        within_limit(octets.expose(), MAX_OCTETS)?;
        let question = Question::Encrypt { recipients, octets };
        match self.ask(question).await? {
            Answer::Octets(octets) if octets.len() <= MAX_OCTETS => Ok(octets),
            _ => Err(Error::Protocol),
        }
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        within_limit(&octets, MAX_OCTETS)?;
        let question = Question::Decrypt { recipient, octets };
        match self.ask(question).await? {
            Answer::Decrypted(plain) if plain.octets.expose().len() <= MAX_OCTETS => Ok(plain),
            _ => Err(Error::Protocol),
        }
    }
}

#[async_trait]
impl KeyAdministration for Client {
    async fn generate(&self, user_id: String) -> Result<Key, Error> {
        match self.ask(Question::Generate(user_id)).await? {
            Answer::Keys(mut keys) => keys.pop().ok_or(Error::Protocol),
            _ => Err(Error::Protocol),
        }
    }

    async fn import(&self, octets: Vec<u8>) -> Result<Vec<Key>, Error> {
        within_limit(&octets, MAX_OCTETS)?;
        match self.ask(Question::Import(octets)).await? {
            Answer::Keys(keys) => Ok(keys),
            _ => Err(Error::Protocol),
        }
    }

    async fn export(&self, fingerprint: Fingerprint) -> Result<String, Error> {
        match self.ask(Question::Export(fingerprint)).await? {
            Answer::Text(text) => Ok(text),
            _ => Err(Error::Protocol),
        }
    }
}
