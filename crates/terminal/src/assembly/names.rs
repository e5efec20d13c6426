//! What a host name may stand for, whoever answers for it. Case X08.
//!
//! An answer of the DNS that names this host, a group or everybody would have a terminal call
//! itself, its neighbours, or services that listen on loopback because they trust whoever is there.
//! Such addresses are for who writes them as addresses.

use crate::record::clean;
use net::{
    BoxFuture, Connection, DatagramSocket, Listener, Naptr, Network, Srv, Transport, literal,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Addresses of one name that are looked at.
const MOST: usize = 16;

/// Addresses that a message lists.
const LISTED: usize = 3;

/// A network whose names stand for addresses of others alone, and for not too many.
#[derive(Debug)]
pub struct Names(Arc<dyn Network>);

impl Names {
    /// The names of `network`.
    pub fn new(network: Arc<dyn Network>) -> Self {
        Self(network)
    }
}

impl Network for Names {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.0.bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.0.connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.0.listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        let found = self.0.resolve(host);
        if literal(host).is_some() {
            return found;
        }
        let host = host.to_owned();
        Box::pin(async move {
            let found = usable(&host, found.await?)?;
            tracing::debug!("A and AAAA of {}: {}", clean(&host), words(&found));
            Ok(found)
        })
    }

    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        let (asked, name) = (self.0.srv(name), clean(name));
        Box::pin(async move {
            let found = asked.await?;
            let told = found.iter().take(MOST).map(|it| {
                let Srv { priority, weight, port, target } = it;
                format!("{priority} {weight} {port} {}", clean(target))
            });
            tracing::debug!("SRV of {name}: {}", words(&told.collect::<Vec<_>>()));
            Ok(found)
        })
    }

    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        let (asked, name) = (self.0.naptr(name), clean(name));
        Box::pin(async move {
            let found = asked.await?;
            let told = found.iter().take(MOST).map(|it| {
                let (service, next) = (clean(&it.services), clean(&it.replacement));
                format!("{} {} {service} {next}", it.order, it.preference)
            });
            tracing::debug!("NAPTR of {name}: {}", words(&told.collect::<Vec<_>>()));
            Ok(found)
        })
    }

    fn connects(&self, transport: Transport) -> bool {
        self.0.connects(transport)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        self.0.route(to)
    }
}

/// Records as a log shows them.
fn words<T: ToString>(found: &[T]) -> String {
    let all: Vec<String> = found.iter().map(T::to_string).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Those of the addresses of `host` that may be called; the others are told.
///
/// # Errors
/// There is none.
fn usable(host: &str, found: Vec<IpAddr>) -> io::Result<Vec<IpAddr>> {
    let (mut kept, left): (Vec<_>, Vec<_>) = found.into_iter().partition(|ip| may_be(host, *ip));
    let name = clean(host);
    if kept.is_empty() {
        let why = format!("cannot resolve {name}: it names only {}", listed(&left));
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    if !left.is_empty() {
        tracing::warn!("{name} also names {}: left out", listed(&left));
    }
    if kept.len() > MOST {
        tracing::warn!("{name} names {} addresses: the first {MOST} are used", kept.len());
        kept.truncate(MOST);
    }
    Ok(kept)
}

/// Whether `host` may stand for `ip`. `localhost` is this host and nobody else. RFC 6761 §6.3.
fn may_be(host: &str, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return ip.is_loopback();
    }
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_loopback() || ip.is_multicast() || ip.is_unspecified() || broadcast)
}

/// The first few addresses that were left out, in words.
fn listed(left: &[IpAddr]) -> String {
    let shown: Vec<String> = left.iter().take(LISTED).map(ToString::to_string).collect();
    let more = if left.len() > LISTED { " and others" } else { "" };
    format!("{}{more}, which no name may stand for", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use net::sim::{SimConfig, Simulation};

    /// What `host` is found to be, if the DNS says so.
    fn found(host: &str, answer: &[&str]) -> Result<Vec<String>, String> {
        let sim = Simulation::new(SimConfig::default());
        let (_, network) = sim.host([192, 0, 2, 1].into());
        let answer: Vec<IpAddr> = answer.iter().map(|ip| ip.parse().unwrap()).collect();
        sim.set_name(host, &answer);
        let names = Names::new(network);
        let found = sim.block_on(names.resolve(host)).unwrap();
        found.map(|ips| ips.iter().map(ToString::to_string).collect()).map_err(|e| e.to_string())
    }

    #[test]
    fn x08_a_name_stands_for_addresses_of_others_alone() {
        for nobody in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "0.0.0.0",
            "::",
        ] {
            assert_eq!(found("a.example", &[nobody, "192.0.2.9"]).unwrap(), ["192.0.2.9"]);
            let why = found("a.example", &[nobody]).unwrap_err();
            assert!(why.contains("a.example") && why.contains("no name may stand for"), "{why}");
        }
        assert_eq!(found("a.example", &["2001:db8::9"]).unwrap(), ["2001:db8::9"]);
    }

    #[test]
    fn x08_at_most_sixteen_addresses_of_a_name_are_looked_at() {
        let many: Vec<String> = (1..=200).map(|last| format!("192.0.2.{last}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(found("a.example", &many).unwrap(), many[..16]);
        let nobody = [&["127.0.0.1"; 100][..], &["192.0.2.9"]].concat();
        assert_eq!(found("a.example", &nobody).unwrap(), ["192.0.2.9"]);
    }

    #[test]
    fn this_host_is_reached_by_its_own_name_and_by_address() {
        for name in ["localhost", "LOCALHOST.", "a.localhost"] {
            let both = found(name, &["192.0.2.9", "127.0.0.1"]);
            assert_eq!(both.unwrap(), ["127.0.0.1"], "{name}");
        }
        assert!(found("notlocalhost", &["127.0.0.1"]).is_err());
        for address in ["127.0.0.1", "[::1]", "::1"] {
            let bare = address.trim_matches(['[', ']']);
            assert_eq!(found(address, &[]).unwrap(), [bare]);
        }
    }
}
