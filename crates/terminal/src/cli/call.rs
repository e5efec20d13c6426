//! `call`: place a call, talk, hang up.

use super::args::{Call, Global};
use super::audio::{self, Say};
use super::output::{Output, tell};
use super::session::Session;
use super::stop::Stop;
use crate::assembly::{Event, Invitation, Outcome};
use crate::config::Require;
use crate::error::{Error, Result};
use net::BoxFuture;

/// Calls, and waits until the call is over.
pub(super) async fn run(global: &Global, call: Call, out: Output) -> Result<()> {
    let mut stop = Stop::new()?;
    let mut session = stop.unless(Session::open(global, 0, call.records.clone())).await?;
    let outcome = talk(&mut session, &call, &mut stop, out).await;
    // Why the call failed says more than why its record cannot be written.
    let closed = session.close(|event| tell(out, event)).await;
    match outcome? {
        outcome if outcome.is_ordinary() => closed,
        outcome => Err(Error::Call(outcome.to_string())),
    }
}

/// Places the call and sees it through.
async fn talk(session: &mut Session, call: &Call, stop: &mut Stop, out: Output) -> Result<Outcome> {
    let require = required(session, call);
    #[cfg(feature = "pgp")]
    if require == Require::Pgp {
        session.can_sign()?;
    }
    let invitation = Invitation {
        to: call.uri.clone(),
        next_hop: session.next_hop(&call.uri),
        require,
        source: Say::choose(call.audio.as_deref(), &session.config)?.source(),
        sink: audio::sink(call.record.as_deref())?,
    };
    let id = session.terminal.call(invitation)?;
    // Only an established call starts the clock.
    let mut talked: BoxFuture<()> = Box::pin(std::future::pending());
    loop {
        tokio::select! {
            () = stop.wanted() => session.terminal.hang_up(id),
            () = &mut talked => {
                talked = Box::pin(std::future::pending());
                session.terminal.hang_up(id);
            }
            event = session.events.next() => match event {
                Some(Event::Over { id: over, outcome, stats }) if over == id => {
                    tell(out, &Event::Over { id, outcome: outcome.clone(), stats })?;
                    return Ok(outcome);
                }
                Some(event) => {
                    if let (Event::Established { .. }, Some(seconds)) = (&event, call.seconds) {
                        talked = Box::pin(tokio::time::sleep(seconds));
                    }
                    tell(out, &event)?;
                    session.decline(&event);
                }
                None => return Err(Error::Call("the terminal stopped".to_owned())),
            },
        }
    }
}

/// The command line may ask for more than the configuration does, never for less.
#[cfg(feature = "digest")]
fn required(session: &Session, call: &Call) -> Require {
    call.require.unwrap_or_default().max(session.config.required_of(&call.uri))
}

#[cfg(not(feature = "digest"))]
fn required(session: &Session, call: &Call) -> Require {
    session.config.required_of(&call.uri)
}
