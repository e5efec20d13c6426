//! `watch`: what becomes of somebody's presence, calls or registrations, until Ctrl-C. RFC 6665.

use super::args::{Global, Records, Watch};
use super::binds::Purpose;
use super::json::Object;
use super::output::{Output, tell};
use super::patience::Patience;
use super::session::{END_WITHIN, Session};
use super::stop::Stop;
use super::watched::{Item, items};
use crate::assembly::{Event, Known};
use crate::error::{Error, Result};
use crate::record::redacted;
use sip_core::manager::NextHop;
use std::collections::BTreeMap;

/// Subscribes, tells each change, and unsubscribes.
pub(super) async fn run(global: &Global, watch: Watch, out: Output) -> Result<()> {
    let mut stop = Stop::new()?;
    let purpose = Purpose::Call(watch.account.as_deref());
    let mut session = stop.unless(Session::open(global, purpose, Records::default())).await?;
    let watched = changes(&mut session, &watch, &mut stop, out).await;
    let closed = session.close(END_WITHIN, &mut stop, |event| tell(out, event)).await;
    watched.and(closed)
}

async fn changes(session: &mut Session, watch: &Watch, stop: &mut Stop, out: Output) -> Result<()> {
    session.tell_moved(out)?;
    let uri = session.config.dial(&watch.uri)?;
    let hop = stop.unless(session.terminal.locate(&uri, session.next_hop(&uri))).await?;
    let addresses = hop.as_ref().map_or(1, NextHop::tried);
    session.terminal.watch(watch.package, &uri, hop)?;
    let mut patience = Patience::with(&redacted(&uri), addresses, session.person.as_ref());
    let mut told = Told::default();
    loop {
        let event = tokio::select! {
            () = stop.wanted() => return Ok(()),
            () = patience.is_over() => continue,
            event = session.events.next() => event,
        };
        let Some(event) = event else {
            return Err(Error::invalid("the terminal stopped"));
        };
        session.decline(&event);
        match &event {
            Event::Watched { known } => told.tell(out, known)?,
            Event::NotWatched { reason, is_over: true } => return Err(Error::Peer(reason.clone())),
            event => {
                tell(out, event)?;
                continue;
            }
        }
        patience.ends();
    }
}

/// What was told: the lines, by what they are of, and whether it is over by them.
#[derive(Default)]
struct Told(BTreeMap<(&'static str, String), (String, bool)>);

impl Told {
    /// Tells what reads differently than before, and what is not there any more.
    fn tell(&mut self, out: Output, known: &Known) -> Result<()> {
        let mut before = std::mem::take(&mut self.0);
        for Item { kind, id, line, is_over, object } in items(known) {
            let key = (kind, id.to_owned());
            if before.remove(&key).is_none_or(|(told, _)| told != line) {
                out.say(&line, object)?;
            }
            self.0.insert(key, (line, is_over));
        }
        for ((kind, id), (line, is_over)) in &before {
            if !is_over {
                out.say(&format!("not any more: {line}"), Object::Gone { kind, id })?;
            }
        }
        Ok(())
    }
}
