//! Asks what a search wants to know. RFC 3263 §4.

use super::questions::after;
use crate::locate::{Answer, Naptr, Question, Search, Servers, Srv, Wanted};
use net::{BoxFuture, Network, Runtime, Transport};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Failures that an error lists.
const LISTED: usize = 4;

/// What requests can go over, by preference: UDP where it is `bound`, and what the network connects
/// over.
pub fn transports(
    network: &dyn Network, bound: impl IntoIterator<Item = Transport>,
) -> Vec<Transport> {
    let udp = bound.into_iter().any(|transport| transport == Transport::Udp);
    let streams = [Transport::Tcp, Transport::Tls].into_iter();
    let udp = udp.then_some(Transport::Udp).into_iter();
    udp.chain(streams.filter(|transport| network.connects(*transport))).collect()
}

/// The servers of a name: at least one address. NAPTR and SRV records may take a third of `within`
/// each, and are done without where nobody tells them.
///
/// # Errors
/// Nothing was found: which questions were not answered, or how.
pub async fn locate(
    runtime: Arc<dyn Runtime>, network: Arc<dyn Network>, wanted: Wanted,
    transports: Vec<Transport>, within: Duration,
) -> io::Result<Servers> {
    let name = Arc::clone(&wanted.name);
    let end = after(runtime.now(), within);
    let mut search = Search::new(wanted, &transports);
    let mut failed = Vec::new();
    loop {
        let questions = search.questions();
        if questions.is_empty() {
            break;
        }
        let until = if search.is_last() { end } else { end.min(runtime.now() + within / 3) };
        let asked = questions.iter().map(|question| ask(&*network, question)).collect();
        let answers = gather(asked, runtime.sleep_until(until)).await;
        let answers = questions.iter().zip(answers);
        search.on_answers(answers.map(|(question, it)| heard(question, it, &mut failed)).collect());
    }
    let refused = search.is_refused();
    let servers = search.servers();
    if !servers.addresses.is_empty() {
        return Ok(servers);
    }
    if refused {
        let why = format!("cannot resolve {name}: its SRV records say that it has no such service");
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Err(nowhere(&name, failed))
}

/// Puts one question.
fn ask(network: &dyn Network, question: &Question) -> BoxFuture<io::Result<Answer>> {
    match question {
        Question::Naptr(name) => {
            let asked = network.naptr(name);
            Box::pin(async move {
                Ok(Answer::Naptr(asked.await?.into_iter().map(Naptr::from).collect()))
            })
        }
        Question::Srv(name) => {
            let asked = network.srv(name);
            Box::pin(
                async move { Ok(Answer::Srv(asked.await?.into_iter().map(Srv::from).collect())) },
            )
        }
        Question::Addresses(host) => {
            let asked = network.resolve(host);
            Box::pin(async move { Ok(Answer::Addresses(asked.await?)) })
        }
    }
}

/// The results of all futures, or those that are there when it is `late`.
async fn gather<T>(mut asked: Vec<BoxFuture<T>>, mut late: BoxFuture<()>) -> Vec<Option<T>> {
    let mut done: Vec<Option<T>> = asked.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, done) in asked.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(result) = future.as_mut().poll(cx)
            {
                *done = Some(result);
            }
        }
        let all = done.iter().all(Option::is_some);
        if all || late.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}

/// The answer; where there is none, why is noted.
fn heard(
    question: &Question, answer: Option<io::Result<Answer>>, failed: &mut Vec<io::Error>,
) -> Answer {
    let error = match answer {
        Some(Ok(answer)) => return answer,
        Some(Err(error)) => error,
        None => {
            let why = format!("nobody tells {question}");
            io::Error::new(io::ErrorKind::TimedOut, why)
        }
    };
    failed.push(error);
    Answer::Nothing
}

/// That a name leads nowhere, and what was asked in vain.
fn nowhere(name: &str, mut failed: Vec<io::Error>) -> io::Error {
    failed.truncate(LISTED);
    let kind = failed.last().map_or(io::ErrorKind::NotFound, io::Error::kind);
    let told = failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let about = format!("cannot resolve {name}: ");
    if told.starts_with(&about) {
        return io::Error::new(kind, told);
    }
    let told = if told.is_empty() { "it has no address" } else { &told };
    io::Error::new(kind, format!("{about}{told}"))
}

impl From<net::Naptr> for Naptr {
    fn from(record: net::Naptr) -> Self {
        let net::Naptr { order, preference, flags, services, regexp, replacement } = record;
        Self { order, preference, flags, services, regexp, replacement }
    }
}

impl From<net::Srv> for Srv {
    fn from(record: net::Srv) -> Self {
        let net::Srv { priority, weight, port, target } = record;
        Self { priority, weight, port, target }
    }
}
