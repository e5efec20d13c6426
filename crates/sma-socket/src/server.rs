//! The server: offers a security application at a socket.

use crate::frame::{self, Answer, Body, Frame, Question, RequestId};
use crate::jobs::Jobs;
use crate::link::{Broken, Link};
use crate::{Listener, MAX_QUEUED, MAX_RUNNING};
use sma::{Error, KeyAdministration, SecurityApplication};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections at one time; one more is closed unread. Each program that uses keys holds two: one
/// to ask over, one to hear when the application goes.
const MAX_CONNECTIONS: usize = 64;

/// How long nothing is accepted after the system refused to (no descriptors, no memory).
const BACK_OFF: Duration = Duration::from_millis(50);

struct Server {
    application: Arc<dyn SecurityApplication>,
    administration: Option<Arc<dyn KeyAdministration>>,
    running: Semaphore,
    places: Arc<Semaphore>,
}

/// Answers questions at `listener` until `shutdown` is ready; then drops all work and returns.
///
/// Without an `administration` its questions are answered with [`Error::Unavailable`]. All
/// connections together run [`MAX_RUNNING`] questions and hold [`MAX_QUEUED`] more.
pub async fn serve(
    listener: Listener, application: Arc<dyn SecurityApplication>,
    administration: Option<Arc<dyn KeyAdministration>>, shutdown: impl Future<Output = ()>,
) {
    let server = Arc::new(Server::new(application, administration));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.socket.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    connections.spawn(connection(stream, Arc::clone(&server)));
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(BACK_OFF).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the questions that come over `stream`, until the other side closes it or breaks the
/// protocol, as [`serve`] does those of one client; key administration is not offered.
///
/// Needs a tokio runtime.
pub async fn serve_over(stream: UnixStream, application: Arc<dyn SecurityApplication>) {
    connection(stream, Arc::new(Server::new(application, None))).await;
}

/// Serves one client until it goes or breaks the protocol; its jobs end with it.
async fn connection(stream: UnixStream, server: Arc<Server>) {
    let Ok(mut link) = Link::to_own_user(stream) else {
        return;
    };
    let mut jobs = Jobs::default();
    let mut step = Ok(());
    while step.is_ok() && link.make_room().await.is_ok() {
        step = tokio::select! {
            frame = link.next() => match frame {
                Ok(Some(frame)) => on_frame(frame, &server, &mut link, &mut jobs),
                Ok(None) => Ok(()),
                Err(why) => Err(why),
            },
            (id, answer) = jobs.next() => answer_to(id, answer, &mut link),
        };
    }
}

fn on_frame(
    frame: Frame, server: &Arc<Server>, link: &mut Link, jobs: &mut Jobs,
) -> Result<(), Broken> {
    let id = frame.id;
    match frame.body {
        Body::Question(_) if jobs.contains(&id) => Err(Broken::Nonsense),
        Body::Question(question) => match Arc::clone(&server.places).try_acquire_owned() {
            Ok(place) => {
                let server = Arc::clone(server);
                jobs.start(id, async move {
                    let _place = place;
                    let _running = server.running.acquire().await;
                    server.answer(question).await
                });
                Ok(())
            }
            Err(_) => answer_to(id, Err(Error::Busy), link),
        },
        Body::Cancel => {
            jobs.cancel(&id);
            Ok(())
        }
        Body::Answer(_) => Err(Broken::Nonsense),
    }
}

fn answer_to(id: RequestId, answer: Result<Answer, Error>, link: &mut Link) -> Result<(), Broken> {
    let body = Body::Answer(answer);
    let frame = frame::encode(Frame { id, body }).or_else(|_| {
        let body = Body::Answer(Err(Error::TooLarge));
        frame::encode(Frame { id, body })
    });
    link.send(Arc::new(frame.map_err(|_| Broken::Nonsense)?))
}

impl Server {
    fn new(
        application: Arc<dyn SecurityApplication>,
        administration: Option<Arc<dyn KeyAdministration>>,
    ) -> Self {
        Self {
            application,
            administration,
            running: Semaphore::new(MAX_RUNNING),
            places: Arc::new(Semaphore::new(MAX_RUNNING + MAX_QUEUED)),
        }
    }

    async fn answer(&self, question: Question) -> Result<Answer, Error> {
        let application = &self.application;
        match question {
            Question::Identities => application.identities().await.map(Answer::Keys),
            Question::Sign(question) => application.sign(question).await.map(Answer::Octets),
            Question::Verify(question) => application.verify(question).await.map(Answer::Report),
            Question::Encrypt { recipients, octets } => {
                application.encrypt(recipients, octets).await.map(Answer::Octets)
            }
            Question::Decrypt { recipient, octets } => {
                application.decrypt(recipient, octets).await.map(Answer::Decrypted)
            }
            Question::Generate(user_id) => {
                let key = self.administration()?.generate(user_id).await?;
                Ok(Answer::Keys(vec![key]))
            }
            Question::Import(octets) => {
                let keys = self.administration()?.import(octets).await?;
                Ok(Answer::Keys(keys))
            }
            Question::Export(fingerprint) => {
                let text = self.administration()?.export(fingerprint).await?;
                Ok(Answer::Text(text))
            }
        }
    }

    fn administration(&self) -> Result<&dyn KeyAdministration, Error> {
        self.administration.as_deref().ok_or(Error::Unavailable)
    }
}
