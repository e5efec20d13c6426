//! Where a command's terminal is bound.

use super::args::Global;
use crate::assembly::{Events, Ports, Settings, Terminal, free_pair};
use crate::config::{Address, Config};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};

/// The port of SIP. RFC 3261 §19.1.2.
const PORT: u16 = 5_060;

/// What a terminal is started for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// To be called: at its ports and no others.
    Listen,
    /// To call, as the account of this name where one is named: any port will do.
    Call(Option<&'a str>),
}

/// A terminal that was started, and the ports where it was to be and is.
pub(super) struct Started {
    pub(super) terminal: Terminal,
    pub(super) events: Events,
    pub(super) moved: Option<(u16, u16)>,
}

/// Starts the terminal; at other ports where its own are in use and it `may_move`.
///
/// # Errors
/// An address cannot be bound, or there is no randomness.
pub(super) fn start(mut settings: Settings, ports: Ports, may_move: bool) -> Result<Started> {
    let in_use =
        |error: &Error| matches!(error, Error::Bind(why) if why.kind() == ErrorKind::AddrInUse);
    let moved = match Terminal::start(&settings, ports.clone()) {
        Ok((terminal, events)) => return Ok(Started { terminal, events, moved: None }),
        Err(error) if may_move && in_use(&error) => {
            let before = settings.binds.first().map_or(PORT, |bind| bind.address.port());
            settings.binds = elsewhere(&settings.binds)?;
            settings.binds.first().map(|bind| (before, bind.address.port()))
        }
        Err(error) => return Err(error),
    };
    let (terminal, events) = Terminal::start(&settings, ports)?;
    Ok(Started { terminal, events, moved })
}

/// The same addresses, at one free port each.
fn elsewhere(binds: &[Address]) -> Result<Vec<Address>> {
    let mut free: BTreeMap<IpAddr, u16> = BTreeMap::new();
    let mut moved = Vec::with_capacity(binds.len());
    for bind in binds {
        let ip = bind.address.ip();
        let port = match free.get(&ip) {
            Some(port) => *port,
            None => {
                let [pair, _] = free_pair(ip)?;
                let port = pair.address.port();
                free.insert(ip, port);
                port
            }
        };
        let address = Address { transport: bind.transport, address: (ip, port).into() };
        if !moved.contains(&address) {
            moved.push(address);
        }
    }
    Ok(moved)
}

/// Where a terminal is to listen: where the command line says, or the configuration, or at all IPv4
/// addresses.
///
/// # Errors
/// There is no free port.
pub(super) fn binds(
    global: &Global, config: &Config, purpose: Purpose<'_>,
) -> Result<Vec<Address>> {
    if !global.bind.is_empty() {
        return Ok(global.bind.clone());
    }
    if !config.bind.is_empty() {
        return Ok(config.bind.clone());
    }
    let all = Ipv4Addr::UNSPECIFIED;
    match purpose {
        Purpose::Listen => {
            let all = (all, PORT).into();
            Ok(vec![Address::udp(all), Address::tcp(all)])
        }
        Purpose::Call(_) => free_pair(all.into()).map(Into::into),
    }
}
