//! `options`: whether a peer is there.

use super::args::{Global, Options, Records};
use super::binds::Purpose;
use super::output::{Output, not_answered, tell, tell_failure};
use super::patience::Patience;
use super::session::Session;
use super::stop::Stop;
use crate::assembly::Event;
use crate::error::{Error, Result};
use crate::record::redacted;
use sip_core::manager::{Cause, NextHop};
use std::time::Duration;

/// Sends OPTIONS and says what was answered.
pub(super) async fn run(global: &Global, options: Options, out: Output) -> Result<()> {
    let mut stop = Stop::new()?;
    let purpose = Purpose::Call(options.account.as_deref());
    let mut session = stop.unless(Session::open(global, purpose, Records::default())).await?;
    let outcome = ask(&mut session, &options, &mut stop, out).await;
    // Nothing of ours goes on at a peer.
    let closed = session.close(Duration::ZERO, &mut stop, |event| tell(out, event)).await;
    outcome.and(closed)
}

async fn ask(session: &mut Session, options: &Options, stop: &mut Stop, out: Output) -> Result<()> {
    session.tell_moved(out)?;
    let uri = session.config.dial(&options.uri)?;
    let hop = stop.unless(session.terminal.locate(&uri, session.next_hop(&uri))).await?;
    let addresses = hop.as_ref().map_or(1, NextHop::tried);
    session.terminal.options(&uri, hop)?;
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
        if let Event::OptionsAnswered { outcome, .. } = &event {
            let why = match outcome {
                Ok(status) if *status < 300 => return tell(out, &event),
                Ok(status) => not_answered(Cause::Status(*status)),
                Err(cause) => not_answered(*cause),
            };
            tell_failure(out, &event)?;
            return Err(Error::Peer(format!("{uri}: {why}")));
        }
    }
}
