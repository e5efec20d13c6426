//! `options`: whether a peer is there.

use super::args::{Global, Options, Records};
use super::output::{Output, tell};
use super::run::Done;
use super::session::Session;
use super::stop::Stop;
use crate::assembly::Event;
use crate::error::{Error, Result};

/// Sends OPTIONS and says what was answered.
pub(super) async fn run(global: &Global, options: Options, out: Output) -> Result<Done> {
    let mut stop = Stop::new()?;
    let mut session = Session::open(global, 0, Records::default()).await?;
    let outcome = ask(&mut session, &options, &mut stop, out).await;
    session.close(|event| tell(out, event)).await?;
    outcome
}

async fn ask(
    session: &mut Session, options: &Options, stop: &mut Stop, out: Output,
) -> Result<Done> {
    session.terminal.options(&options.uri, session.next_hop(&options.uri))?;
    loop {
        let event = tokio::select! {
            () = stop.wanted() => return Ok(Done::No),
            event = session.events.next() => event,
        };
        match event {
            Some(Event::OptionsAnswered { outcome: Err(cause), .. }) => {
                return Err(Error::invalid(format!("{}: {cause}", options.uri)));
            }
            Some(Event::OptionsAnswered { id, outcome: Ok(status) }) => {
                tell(out, &Event::OptionsAnswered { id, outcome: Ok(status) });
                return Ok(if status < 300 { Done::Well } else { Done::No });
            }
            Some(_) => {}
            None => return Ok(Done::No),
        }
    }
}
