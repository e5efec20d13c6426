//! The jobs of one connection: futures without tasks, so that dropping one is its cancel.

use crate::frame::{Answer, RequestId};
use sma::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

type Job = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// Questions that are being answered, at most
/// [`MAX_RUNNING`](crate::MAX_RUNNING) + [`MAX_QUEUED`](crate::MAX_QUEUED): few enough to poll
/// all of them.
#[derive(Default)]
pub(crate) struct Jobs(Vec<(RequestId, Job)>);

impl Jobs {
    /// Whether the question `id` is being answered.
    pub(crate) fn contains(&self, id: &RequestId) -> bool {
        self.0.iter().any(|(running, _)| running == id)
    }

    pub(crate) fn start(
        &mut self, id: RequestId, job: impl Future<Output = Result<Answer, Error>> + Send + 'static,
    ) {
        self.0.push((id, Box::pin(job)));
    }

    /// Drops the job's future; a job that has ended is not there, and nothing happens.
    pub(crate) fn cancel(&mut self, id: &RequestId) {
        self.0.retain(|(running, _)| running != id);
    }

    /// The next answer; never ready while there is no job.
    pub(crate) async fn next(&mut self) -> (RequestId, Result<Answer, Error>) {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(RequestId, Result<Answer, Error>)> {
        let ended = self.0.iter_mut().enumerate().find_map(|(at, (_, job))| {
            match job.as_mut().poll(context) {
                Poll::Ready(answer) => Some((at, answer)),
                Poll::Pending => None,
            }
        });
        match ended {
            Some((at, answer)) => {
                let (id, _) = self.0.remove(at);
                Poll::Ready((id, answer))
            }
            None => Poll::Pending,
        }
    }
}
