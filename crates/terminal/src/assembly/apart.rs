//! The security manager in a process of its own, as the terminal links it.

use super::events::Event;
use super::linked::{application, prompts};
use super::ports::Ports;
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::isolated::keep;
use sec_manager::srtp::{SrtpKeys, Suite};
use sec_socket::{Client, Ends, LineKeys};
use ssm::MediaGuard;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// The client of a manager that runs apart; `None` where there is no program for it.
///
/// # Errors
/// Its process does not start, or does not take its configuration.
pub(super) fn apart(
    settings: &Settings, ports: &Ports, events: &Sender<Event>,
) -> Result<Option<Arc<Client>>> {
    let Some(client) = client(ports, ends(settings, ports, events))? else { return Ok(None) };
    client.configured(&settings.security).map_err(|why| Error::Manager {
        reason: format!("does not take its configuration: {why}"),
        advice: "check the configuration's size, or run with -v",
    })?;
    Ok(Some(client))
}

fn ends(settings: &Settings, ports: &Ports, events: &Sender<Event>) -> Ends {
    let runtime = Arc::clone(&ports.runtime);
    Ends {
        application: prompts(settings, ports, events),
        spawn: Arc::new(move |task| runtime.spawn(task)),
        guard: Arc::new(guard),
    }
}

/// The two halves, made where the packets are.
fn guard(keys: &LineKeys) -> Option<MediaGuard> {
    let suite = Suite::parse(&keys.suite)?;
    SrtpKeys::new(suite, &keys.ours, &keys.theirs).ok()?.guard().ok()
}

fn client(ports: &Ports, ends: Ends) -> Result<Option<Arc<Client>>> {
    let Some(program) = &ports.manager else { return within(ports, ends) };
    let client = Client::new(ends);
    keep(program, application(ports), &ports.runtime, &client)?;
    Ok(Some(client))
}

/// Without a program the manager is in this process.
#[cfg(not(feature = "loopback"))]
#[expect(clippy::unnecessary_wraps, reason = "its other half fails")]
fn within(_: &Ports, _: Ends) -> Result<Option<Arc<Client>>> {
    Ok(None)
}

/// In simulations every signal crosses as frames, and time stands still meanwhile.
#[cfg(feature = "loopback")]
fn within(ports: &Ports, ends: Ends) -> Result<Option<Arc<Client>>> {
    let mut failed = None;
    let client = sec_socket::loopback(ends, |prompts| {
        let manager = super::linked::manager(ports, prompts);
        manager.map(sec_process::interfaces).map_err(|error| {
            failed = Some(error);
            std::io::ErrorKind::Other.into()
        })
    });
    client.map(Some).map_err(|gone| failed.unwrap_or_else(|| Error::invalid(gone)))
}
