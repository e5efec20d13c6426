//! A request that stands for itself: sent to a peer whose answer is awaited.

use super::args::{Global, Records};
use super::binds::Purpose;
use super::json::Object;
use super::output::{Output, not_answered, tell};
use super::patience::Patience;
use super::session::Session;
use super::stop::Stop;
use crate::assembly::{Event, in_words};
use crate::error::{Error, Result};
use crate::record::redacted;
use sip_core::manager::{Cause, NextHop, RequestId};
use std::time::Duration;

/// Whom a request is for, and what is said of its answer.
pub(super) struct Asked<'a> {
    pub(super) uri: &'a str,
    pub(super) account: Option<&'a str>,
    /// The object for a status of 2xx.
    pub(super) answered: fn(u16) -> Object<'static>,
    /// The object for any other end.
    pub(super) failed: fn(Cause) -> Object<'static>,
}

/// Sends a request by `send`, and says what was answered.
///
/// # Errors
/// The terminal does not start, `send` fails, or the answer is none of 2xx.
pub(super) async fn ask(
    global: &Global, asked: Asked<'_>, out: Output,
    send: impl FnOnce(&Session, &str, Option<NextHop>) -> Result<RequestId>,
) -> Result<()> {
    let mut stop = Stop::new()?;
    let purpose = Purpose::Call(asked.account);
    let mut session = stop.unless(Session::open(global, purpose, Records::default())).await?;
    let outcome = answer(&mut session, &asked, &mut stop, out, send).await;
    // Nothing of ours goes on at a peer.
    let closed = session.close(Duration::ZERO, &mut stop, |event| tell(out, event)).await;
    outcome.and(closed)
}

async fn answer(
    session: &mut Session, asked: &Asked<'_>, stop: &mut Stop, out: Output,
    send: impl FnOnce(&Session, &str, Option<NextHop>) -> Result<RequestId>,
) -> Result<()> {
    session.tell_moved(out)?;
    let uri = session.config.dial(asked.uri)?;
    let hop = stop.unless(session.terminal.locate(&uri, session.next_hop(&uri))).await?;
    let addresses = hop.as_ref().map_or(1, NextHop::tried);
    let sent = send(session, &uri, hop)?;
    let mut patience = Patience::with(&redacted(&uri), addresses, session.person.as_ref());
    loop {
        let event = tokio::select! {
            () = stop.wanted() => return Err(Error::Interrupted("interrupted")),
            () = patience.is_over() => continue,
            event = session.events.next() => event,
        };
        let Some(event) = event else {
            return Err(Error::invalid("the terminal stopped"));
        };
        session.decline(&event);
        let cause = match event {
            Event::RequestAnswered { id, outcome: Ok(status @ ..300) } if id == sent => {
                let line = format!("answered {}", in_words(status));
                return out.say(&line, (asked.answered)(status));
            }
            Event::RequestAnswered { id, outcome } if id == sent => {
                outcome.map_or_else(|cause| cause, Cause::Status)
            }
            _ => continue,
        };
        if out.is_json() {
            out.object((asked.failed)(cause))?;
        }
        return Err(Error::Peer(format!("{uri}: {}", not_answered(cause))));
    }
}
