//! Gateways that translate addresses, as home routers do. RFC 4787.
//!
//! ```text
//!   inside 10.0.0.2:5060 ──▶ gateway 198.51.100.1:61000 ──▶ anybody
//!                        ◀──  from whom it has sent to, within the timeout
//! ```
//!
//! A port of the host has one port of the gateway's, whoever it sends to (§4.1). What comes in
//! reaches it only from an address and port that it has sent to (§5), and does not keep the mapping
//! alive (§4.3): one that nothing has left through for the timeout is forgotten, and the next
//! datagram gets another port. A stream has a port of its own for as long as it lasts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The first port that a gateway gives.
const FIRST_PORT: u16 = 61_000;

/// Ports that a host may have mapped, and peers that each may have sent to; the oldest goes.
const MOST: usize = 64;

/// One port of the host that is mapped.
struct Mapping {
    inside: SocketAddr,
    port: u16,
    /// When something left through it last.
    used: Duration,
    /// Where something went through it.
    peers: Vec<SocketAddr>,
}

/// The gateway of one host.
struct Gateway {
    inside: IpAddr,
    outside: IpAddr,
    timeout: Duration,
    next_port: u16,
    mappings: Vec<Mapping>,
}

/// All gateways.
#[derive(Default)]
pub(super) struct Gateways(Vec<Gateway>);

impl Gateways {
    pub(super) fn add(&mut self, inside: IpAddr, outside: IpAddr, timeout: Duration) {
        self.0.retain(|gateway| gateway.inside != inside);
        let (next_port, mappings) = (FIRST_PORT, Vec::new());
        self.0.push(Gateway { inside, outside, timeout, next_port, mappings });
    }

    /// Whether this is the address of a host behind a gateway, which nobody else can send to.
    pub(super) fn hides(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|gateway| gateway.inside == ip)
    }

    /// The source by which `remote` knows a datagram from `source`.
    pub(super) fn leave(
        &mut self, now: Duration, source: SocketAddr, remote: SocketAddr,
    ) -> SocketAddr {
        let Some(gateway) = self.of(source.ip()) else { return source };
        gateway.forget(now);
        let port = gateway.mapped(now, source, remote);
        SocketAddr::new(gateway.outside, port)
    }

    /// The source by which `remote` knows a stream from `source`.
    pub(super) fn open(&mut self, source: SocketAddr) -> SocketAddr {
        match self.of(source.ip()) {
            Some(gateway) => SocketAddr::new(gateway.outside, gateway.port()),
            None => source,
        }
    }

    /// Where a datagram arrives that `source` sent to `to`: `None` where a gateway lets nothing in.
    pub(super) fn enter(
        &mut self, now: Duration, source: SocketAddr, to: SocketAddr,
    ) -> Option<SocketAddr> {
        if !self.0.iter().any(|gateway| gateway.outside == to.ip()) {
            return Some(to);
        }
        let gateways = self.0.iter_mut().filter(|gateway| gateway.outside == to.ip());
        let mut mappings = gateways.flat_map(|gateway| {
            gateway.forget(now);
            gateway.mappings.iter()
        });
        let mapping = mappings.find(|it| it.port == to.port() && it.peers.contains(&source))?;
        Some(mapping.inside)
    }

    /// The gateways of the hosts behind `outside` restart: all that they have mapped is forgotten.
    pub(super) fn restart(&mut self, outside: IpAddr) {
        let gateways = self.0.iter_mut().filter(|gateway| gateway.outside == outside);
        gateways.for_each(|gateway| gateway.mappings.clear());
    }

    fn of(&mut self, inside: IpAddr) -> Option<&mut Gateway> {
        self.0.iter_mut().find(|gateway| gateway.inside == inside)
    }
}

impl Gateway {
    fn forget(&mut self, now: Duration) {
        let timeout = self.timeout;
        self.mappings.retain(|mapping| now.saturating_sub(mapping.used) < timeout);
    }

    fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    /// The port that `source` has, or is given, for what it sends to `remote`.
    fn mapped(&mut self, now: Duration, source: SocketAddr, remote: SocketAddr) -> u16 {
        if !self.mappings.iter().any(|mapping| mapping.inside == source) {
            if self.mappings.len() >= MOST {
                self.mappings.remove(0);
            }
            let port = self.port();
            self.mappings.push(Mapping { inside: source, port, used: now, peers: Vec::new() });
        }
        let Some(mapping) = self.mappings.iter_mut().find(|it| it.inside == source) else {
            return source.port();
        };
        mapping.used = now;
        if !mapping.peers.contains(&remote) {
            if mapping.peers.len() >= MOST {
                mapping.peers.remove(0);
            }
            mapping.peers.push(remote);
        }
        mapping.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_mapping_is_one_for_all_peers_lets_in_who_was_sent_to_and_times_out() {
        let mut gateways = Gateways::default();
        let seconds = Duration::from_secs;
        gateways.add([10, 0, 0, 2].into(), [198, 51, 100, 1].into(), seconds(30));
        let (host, a, b) = (at("10.0.0.2:5060"), at("192.0.2.1:5060"), at("192.0.2.2:5060"));
        let first = gateways.leave(seconds(0), host, a);
        assert_eq!(first, at("198.51.100.1:61000"));
        assert_eq!(gateways.enter(seconds(1), b, first), None, "nothing was sent to b");
        assert_eq!(gateways.leave(seconds(1), host, b), first);
        assert_eq!(gateways.enter(seconds(2), b, first), Some(host));
        // What comes in keeps nothing alive.
        assert_eq!(gateways.enter(seconds(30), a, first), Some(host));
        assert_eq!(gateways.enter(seconds(31), a, first), None);
        assert_ne!(gateways.leave(seconds(31), host, a), first);
        // Who is behind no gateway is who he is.
        assert_eq!(gateways.leave(seconds(0), a, b), a);
        assert_eq!(gateways.enter(seconds(0), a, b), Some(b));
    }
}
