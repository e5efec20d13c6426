//! `auth probe`: how a server authenticates, check by check.

use super::password::given;
use crate::assembly::{Finder, SystemEntropy};
use crate::cli::args::{AuthProbe, ProbeMethod};
use crate::cli::json::Object;
use crate::cli::network::network;
use crate::cli::output::Output;
use crate::config::{Address, Config, Place, SipAor};
use crate::error::{Error, Result};
use crate::probe::{self, Aim, Check, Remote, Row, Server, Verdict};
use net::{System, Transport, literal};
use sip_core::Method;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Probes the server, and tells each check as it is made.
pub(super) async fn run(arguments: AuthProbe, out: Output) -> Result<()> {
    let whose = aor(&arguments)?;
    let (method, uri) = asked(&arguments, &whose)?;
    let AuthProbe { server, user, password_file, ca, .. } = arguments;
    let password =
        given(password_file.as_deref(), &format!("password of {user} at {server}")).await?;
    let mut config = Config::default();
    config.tls.ca.extend(ca);
    let network = network(&config).await?;
    let system = net::tokio::system().map_err(Error::invalid)?;
    let system = System { network, ..system };
    let remote = remote(server.clone(), &system).await?;
    let aim = Aim { method, uri, aor: whose.to_string(), user, password };
    let rows = probe::run(&mut Server::new(system, remote, aim), |row| tell(row, out)).await?;
    sum_up(&server.to_string(), &rows, out)
}

/// Whose account it is.
fn aor(arguments: &AuthProbe) -> Result<SipAor> {
    let AuthProbe { aor, user, server, .. } = arguments;
    aor.clone().map_or_else(
        || {
            let own = format!("sip:{user}@{}", server.host()).parse();
            own.map_err(|why| Error::Usage(format!("{why}; say whose account it is: --aor URI")))
        },
        Ok,
    )
}

/// The method, and the Request-URI. RFC 3261 §10.2: a REGISTER's is the domain.
fn asked(arguments: &AuthProbe, whose: &SipAor) -> Result<(Method<'static>, String)> {
    let for_whom = arguments.to.as_ref().unwrap_or(whose).to_string();
    match arguments.method {
        ProbeMethod::Register if arguments.to.is_some() => {
            let why =
                "--to is for --method OPTIONS and MESSAGE: a REGISTER is for the account's domain";
            Err(Error::Usage(why.to_owned()))
        }
        ProbeMethod::Register => Ok((Method::REGISTER, format!("sip:{}", whose.host()))),
        ProbeMethod::Options => Ok((Method::OPTIONS, for_whom)),
        ProbeMethod::Message => Ok((Method::MESSAGE, for_whom)),
    }
}

/// Where the server is: of the addresses of its name the first to which there is a way.
async fn remote(mut place: Place, system: &System) -> Result<Remote> {
    let all: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let all = all.map(|any| Address::udp((any, 0).into()));
    let System { runtime, network, .. } = system;
    let (runtime, found_in) = (Arc::clone(runtime), Arc::clone(network));
    let finder = Finder::new(runtime, found_in, Arc::new(SystemEntropy), &all);
    finder.look_up(&mut place, &all).await?;
    let transport = place.transport();
    if !matches!(transport, Transport::Udp | Transport::Tcp | Transport::Tls) {
        return Err(Error::Usage("a probe goes over udp, tcp or tls".to_owned()));
    }
    let addresses = place.addresses();
    let reached = addresses.iter().find(|at| network.route(at.ip()).is_ok());
    let Some(address) = reached.or_else(|| addresses.first()).copied() else {
        return Err(Error::invalid(format!("{place} has no address")));
    };
    let name = literal(place.host()).is_none().then(|| place.host().to_owned());
    Ok(Remote { transport, address, name })
}

/// Tells what came of one check.
fn tell(row: &Row, out: Output) -> Result<()> {
    let Row { check: Check { name, sent, expected, .. }, came, verdict } = row;
    if out.is_json() {
        return out.object(Object::AuthProbed {
            check: name,
            verdict: verdict.word(),
            sent,
            expected,
            came,
        });
    }
    let word = if *verdict == Verdict::NotApplicable { "n/a" } else { verdict.word() };
    out.line(&format!("{word:<4}  {name}: {came}"))?;
    out.line(&format!("      sent: {sent}"))?;
    out.line(&format!("      expected: {expected}"))
}

/// Tells what came of all.
///
/// # Errors
/// A check failed.
fn sum_up(server: &str, rows: &[Row], out: Output) -> Result<()> {
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let [pass, fail] = [Verdict::Pass, Verdict::Fail].map(count);
    let [told, not_applicable] = [Verdict::Told, Verdict::NotApplicable].map(count);
    let all = rows.len();
    let line = format!(
        "{all} checks of {server}: {pass} pass, {fail} fail, {told} told, {not_applicable} n/a"
    );
    out.say(&line, Object::AuthProbeOver { server, pass, fail, told, not_applicable })?;
    match fail {
        0 => Ok(()),
        _ => Err(Error::Peer(format!("{server}: {fail} of {all} checks failed"))),
    }
}
