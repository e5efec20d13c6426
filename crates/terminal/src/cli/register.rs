//! `register`: what the accounts' registrars say.

use super::args::{Global, Records};
use super::binds::Purpose;
use super::output::{Output, not_registered, tell, tell_failure};
use super::patience::Patience;
use super::session::{END_WITHIN, Session};
use super::stop::Stop;
use crate::assembly::Event;
use crate::config::Account;
use crate::error::{Error, Result};
use sip_core::manager::{NextHop, RegisterConfig, RegistrationId};
use std::time::Duration;

/// How long a registrar may take that has granted nothing, or that nobody waits for: T1.
const SILENT_END_WITHIN: Duration = Duration::from_millis(500);

/// Registers every account, says how it went, and takes the registrations back.
pub(super) async fn run(global: &Global, out: Output) -> Result<()> {
    let mut stop = Stop::new()?;
    let mut session =
        stop.unless(Session::open(global, Purpose::Call(None), Records::default())).await?;
    let mut granted = false;
    let outcome = answers(&mut session, &mut stop, out, &mut granted).await;
    // Who gives up does not wait for a registrar that may be silent: what was granted is taken back
    // as far as it answers at once.
    let gave_up = matches!(outcome, Err(Error::Interrupted(_)));
    let within = if granted && !gave_up { END_WITHIN } else { SILENT_END_WITHIN };
    let closed = session.close(within, &mut stop, |event| tell(out, event)).await;
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
            if account.message_waiting {
                let (aor, hop) = (account.aor.to_string(), (&account.registrar).into());
                session.terminal.await_messages(&aor, Some(hop));
            }
            session.terminal.register(RegisterConfig {
                aor: account.aor.to_string(),
                registrar: format!("sip:{}", account.aor.host()),
                next_hop: Some((&account.registrar).into()),
                expires: account.expires,
                contact: session.config.contact_of(account),
                instance: session.config.instance.clone().filter(|_| account.tells_instance()),
                gruu: account.gruu,
                outbound: account.outbound,
                also: account.also_at.iter().map(NextHop::from).collect(),
            })
        })
        .collect()
}

/// Waits until every registrar has answered, and whether one `granted` anything, and for what the
/// mailboxes say; those registrars that refuse are the reason of failure.
async fn answers(
    session: &mut Session, stop: &mut Stop, out: Output, granted: &mut bool,
) -> Result<()> {
    if session.config.accounts.is_empty() {
        return Err(Error::invalid(
            "no account is configured; add an [[account]] to the configuration",
        ));
    }
    session.tell_moved(out)?;
    let flows = session.config.accounts.iter().map(|account| account.places().count());
    let mut waiting: Vec<_> = start(session)?.into_iter().zip(flows).collect();
    let mut mailboxes = mailboxes(session);
    let mut refused = Vec::new();
    let mut patience = patience(session);
    while !waiting.is_empty() || !mailboxes.is_empty() {
        if waiting.is_empty() {
            patience.ends();
        }
        let event = tokio::select! {
            () = stop.wanted() => return Err(Error::Interrupted("interrupted")),
            () = patience.is_over() => continue,
            event = session.events.next() => event,
        };
        let Some(event) = event else {
            return Err(Error::invalid("the terminal stopped"));
        };
        session.decline(&event);
        if let Event::NotRegistered { id, aor, cause, .. } = &event {
            tell_failure(out, &event)?;
            one_less(&mut waiting, *id);
            mailboxes.retain(|waits| waits != aor);
            refused.push(not_registered(aor, *cause));
            continue;
        }
        tell(out, &event)?;
        match event {
            Event::Registered { id, reg_id, .. } => {
                *granted = true;
                match reg_id {
                    Some(_) => one_less(&mut waiting, id),
                    // It stands alone.
                    None => waiting.retain(|(waits, _)| *waits != id),
                }
            }
            Event::MessagesWaiting { aor, .. } | Event::MessagesUnknown { aor, .. } => {
                mailboxes.retain(|waits| *waits != aor);
            }
            _ => {}
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Error::Peer(refused.join("; "))) }
}

/// One of an account's flows has its answer: the account waits for the others.
fn one_less(waiting: &mut Vec<(RegistrationId, usize)>, id: RegistrationId) {
    for (_, flows) in waiting.iter_mut().filter(|(waits, _)| *waits == id) {
        *flows = flows.saturating_sub(1);
    }
    waiting.retain(|(_, flows)| *flows > 0);
}

/// The accounts whose mailboxes are asked for what waits in them.
fn mailboxes(session: &Session) -> Vec<String> {
    let accounts = session.config.accounts.iter().filter(|account| account.message_waiting);
    accounts.map(|account| account.aor.to_string()).collect()
}

/// Waits for the registrars of all accounts.
pub(super) fn patience(session: &Session) -> Patience {
    let registrars = || session.config.accounts.iter().flat_map(Account::places);
    let whom = registrars().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let addresses = registrars().map(|registrar| NextHop::from(registrar).tried()).max();
    Patience::with(&whom, addresses.unwrap_or(1), session.person.as_ref())
}
