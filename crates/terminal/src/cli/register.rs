//! `register`: what the accounts' registrars say.

use super::args::{Global, Records};
use super::binds::Purpose;
use super::output::{Output, tell};
use super::session::{END_WITHIN, Session};
use super::stop::Stop;
use crate::assembly::Event;
use crate::error::{Error, Result};
use sip_core::manager::{RegisterConfig, RegistrationId};

/// Registers every account, says how it went, and takes the registrations back.
pub(super) async fn run(global: &Global, out: Output) -> Result<()> {
    let mut stop = Stop::new()?;
    let mut session =
        stop.unless(Session::open(global, Purpose::Call(None), Records::default())).await?;
    let outcome = answers(&mut session, &mut stop, out).await;
    let closed = session.close(END_WITHIN, &mut stop, |event| tell(out, event)).await;
    outcome.and(closed)
}

/// Starts the registrations of all accounts.
///
/// # Errors
/// An account's AOR or registrar is no URI.
pub(super) fn start(session: &Session) -> Result<Vec<RegistrationId>> {
    let accounts = session.config.accounts.iter();
    accounts
        .map(|account| {
            session.terminal.register(RegisterConfig {
                aor: account.aor.to_string(),
                registrar: format!("sip:{}", account.aor.host()),
                next_hop: Some((&account.registrar).into()),
                expires: account.expires,
            })
        })
        .collect()
}

/// Waits until every registrar has answered; the first that refuses is the reason of failure.
async fn answers(session: &mut Session, stop: &mut Stop, out: Output) -> Result<()> {
    if session.config.accounts.is_empty() {
        return Err(Error::invalid(
            "no account is configured; add an [[account]] to the configuration",
        ));
    }
    session.tell_moved(out)?;
    let mut waiting = start(session)?;
    let mut refused = None;
    while !waiting.is_empty() {
        let event = tokio::select! {
            () = stop.wanted() => return Err(Error::invalid("interrupted")),
            event = session.events.next() => event,
        };
        let Some(event) = event else {
            return Err(Error::invalid("the terminal stopped"));
        };
        tell(out, &event)?;
        session.decline(&event);
        match event {
            Event::Registered { id, .. } => waiting.retain(|waits| *waits != id),
            Event::NotRegistered { id, aor, cause } => {
                waiting.retain(|waits| *waits != id);
                let why = cause.map_or_else(|| "taken back".to_owned(), |cause| cause.to_string());
                refused.get_or_insert_with(|| format!("{aor} is not registered: {why}"));
            }
            _ => {}
        }
    }
    refused.map_or(Ok(()), |why| Err(Error::invalid(why)))
}
