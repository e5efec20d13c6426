//! The records that the system's resolver does not tell: NAPTR and SRV, by hickory.
//!
//! Whom to ask is read each time, as the C library does: a terminal that runs for days moves from
//! network to network. A host that `/etc/hosts` names is where that says, and nobody is asked about
//! it; nor is anybody where the system names no server.

use crate::{Naptr, Srv};
use hickory_resolver::config::{ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Resolver, TokioResolver};
use std::io;
use std::time::Duration;

/// What a panic of the resolver is.
pub(super) const FAILED: (io::ErrorKind, &str) = (io::ErrorKind::Other, "the resolver failed");

/// How long a server may take before it is asked again, or another one is.
const TRY: Duration = Duration::from_secs(2);

/// How often each is asked.
const ATTEMPTS: usize = 2;

/// The hosts that this host knows without asking.
const HOSTS: &str = "/etc/hosts";

/// The SRV records of `name`.
pub(super) async fn srv(name: String) -> io::Result<Vec<Srv>> {
    let found = ask(name, RecordType::SRV).await?;
    Ok(found.into_iter().filter_map(as_srv).collect())
}

/// The NAPTR records of `name`.
pub(super) async fn naptr(name: String) -> io::Result<Vec<Naptr>> {
    let found = ask(name, RecordType::NAPTR).await?;
    Ok(found.into_iter().filter_map(as_naptr).collect())
}

async fn ask(name: String, kind: RecordType) -> io::Result<Vec<RData>> {
    let host = owner(&name).to_owned();
    match tokio::task::spawn_blocking(move || servers(&host)).await? {
        Some((config, options)) => look_up(config, options, &name, kind).await,
        None => Ok(Vec::new()),
    }
}

/// Whom to ask about `host`, if anybody.
fn servers(host: &str) -> Option<(ResolverConfig, ResolverOpts)> {
    let hosts = std::fs::read(HOSTS).unwrap_or_default();
    if is_listed(host, &String::from_utf8_lossy(&hosts)) {
        return None;
    }
    read_system_conf().ok()
}

/// The host that a name such as `_sip._udp.example.org` is about.
fn owner(name: &str) -> &str {
    let mut rest = name;
    while let Some((_, parent)) = rest.split_once('.').filter(|_| rest.starts_with('_')) {
        rest = parent;
    }
    rest
}

/// Whether the file `hosts` has a line for `host`. hosts(5).
fn is_listed(host: &str, hosts: &str) -> bool {
    let host = host.trim_end_matches('.');
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    // An address stands before its names.
    let mut names = lines.flat_map(|line| line.split_whitespace().skip(1));
    names.any(|name| name.eq_ignore_ascii_case(host))
}

async fn look_up(
    config: ResolverConfig, mut options: ResolverOpts, name: &str, kind: RecordType,
) -> io::Result<Vec<RData>> {
    let explain = |error: &NetError| unanswered(name, kind, error);
    let mut full = Name::from_ascii(name).map_err(|error| explain(&error.into()))?;
    // As it is: no search list makes it another domain's.
    full.set_fqdn(true);
    let builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    options.timeout = options.timeout.min(TRY);
    options.attempts = options.attempts.min(ATTEMPTS);
    // It is asked once, and whoever is asked remembers.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    let resolver: TokioResolver =
        builder.with_options(options).build().map_err(|error| explain(&error))?;
    match resolver.lookup(full, kind).await {
        Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(explain(&error)),
    }
}

fn unanswered(name: &str, kind: RecordType, error: &NetError) -> io::Error {
    let slow = matches!(error, NetError::Timeout);
    let which = if slow { io::ErrorKind::TimedOut } else { io::ErrorKind::Other };
    io::Error::new(which, format!("cannot ask for the {kind} records of {name}: {error}"))
}

fn as_srv(data: RData) -> Option<Srv> {
    let RData::SRV(srv) = data else { return None };
    let target = bare(&srv.target);
    Some(Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target })
}

fn as_naptr(data: RData) -> Option<Naptr> {
    let RData::NAPTR(naptr) = data else { return None };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Some(Naptr {
        order: naptr.order,
        preference: naptr.preference,
        flags: text(&naptr.flags),
        services: text(&naptr.services),
        regexp: text(&naptr.regexp),
        replacement: bare(&naptr.replacement),
    })
}

/// A name as text, without the dot of the root.
fn bare(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests;
