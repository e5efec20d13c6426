//! Which of our addresses a peer is told, and which socket is behind it.

use super::action::Hop;
use super::config::{Config, Local};
use super::ports::Routes;
use ssa::Transport;
use std::net::{IpAddr, SocketAddr};

/// Our addresses, and the routes by which those are learnt that stand for all of the host's.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) locals: &'a [Local],
    pub(super) routes: Option<&'a dyn Routes>,
}

impl Config {
    /// Our addresses, as peers are told them.
    pub(super) fn own(&self) -> Own<'_> {
        Own { locals: &self.locals, routes: self.routes.as_deref() }
    }
}

impl Own<'_> {
    /// Our address for this transport that `to` is told: `near` itself where it is one, or one on
    /// the same interface, or the first.
    pub(super) fn address(
        &self, transport: Transport, to: IpAddr, near: Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        let sockets = self.locals.iter().filter(|local| local.transport == transport);
        // Mostly it is known already which; so the others need not be looked at.
        if let Some(near) = near
            && sockets
                .clone()
                .any(|local| local.address == near && self.told(near, to) == Some(near))
        {
            return Some(near);
        }
        let told = sockets.filter_map(|local| self.told(local.address, to));
        let near_ip = near.map(|near| near.ip());
        told.min_by_key(|own| (near != Some(*own), near_ip != Some(own.ip())))
    }

    /// What `to` is told of a socket that is bound to `bound`; nothing where packets cannot go from
    /// there to it.
    fn told(&self, bound: SocketAddr, to: IpAddr) -> Option<SocketAddr> {
        let ip = bound.ip();
        if ip.is_ipv4() != to.is_ipv4() {
            return None;
        }
        if ip.is_loopback() && !to.is_loopback() {
            // From there only this host is reached; where that cannot be known, it is tried.
            let here = self.routes.is_none_or(|routes| routes.source(to) == Some(to));
            return here.then_some(bound);
        }
        if !ip.is_unspecified() {
            return Some(bound);
        }
        let ip = self.routes?.source(to).filter(|ip| !ip.is_unspecified())?;
        Some(SocketAddr::new(ip, bound.port()))
    }

    /// The address behind `local` for packets to and from `to`: another only where `local` stands
    /// for all of the host's and there is a way.
    pub(super) fn behind(&self, local: SocketAddr, to: IpAddr) -> SocketAddr {
        self.told(local, to).unwrap_or(local)
    }

    /// Whether what is asked over this hop may say that its connection takes requests like those that
    /// come to the address in its Via: over TLS, where we listen there and have a certificate for
    /// that. RFC 5923 §8.1.
    pub(super) fn has_alias(&self, hop: &Hop) -> bool {
        let listener = || self.address(Transport::Tls, hop.remote.ip(), Some(hop.local));
        hop.transport == Transport::Tls && listener() == Some(hop.local)
    }

    /// Whether `ip` is this host: an address that peers are told, loopback, or one that packets to
    /// itself leave from.
    pub(super) fn has(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback()
            || self.locals.iter().any(|local| local.address.ip().to_canonical() == ip)
            || self.routes.is_some_and(|routes| routes.source(ip) == Some(ip))
    }

    /// Whether packets to `to` leave from another address of ours than `local`, from which they left.
    /// Where none goes there, that is not known.
    pub(super) fn has_moved(&self, local: SocketAddr, to: IpAddr) -> bool {
        let mut told = self.locals.iter().filter_map(|own| self.told(own.address, to)).peekable();
        told.peek().is_some() && !told.any(|own| own == local)
    }

    /// Whether packets can go to `to` from one of our addresses.
    pub(super) fn reaches(&self, to: IpAddr) -> bool {
        self.locals.iter().any(|local| self.told(local.address, to).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host with two networks and no way to anywhere else.
    #[derive(Debug)]
    struct TwoNetworks;

    impl Routes for TwoNetworks {
        fn source(&self, to: IpAddr) -> Option<IpAddr> {
            let IpAddr::V4(v4) = to else { return None };
            match v4.octets() {
                [127, ..] => Some([127, 0, 0, 1].into()),
                [192, 0, 2, _] => Some([192, 0, 2, 1].into()),
                [198, 51, 100, _] => Some([198, 51, 100, 1].into()),
                _ => None,
            }
        }
    }

    fn local(transport: Transport, address: &str) -> Local {
        Local { transport, address: address.parse().unwrap() }
    }

    fn told(locals: &[Local], to: &str) -> Option<String> {
        let own = Own { locals, routes: Some(&TwoNetworks) };
        let told = own.address(Transport::Udp, to.parse().unwrap(), None);
        assert_eq!(own.reaches(to.parse().unwrap()), told.is_some(), "{to}");
        told.map(|told| told.to_string())
    }

    #[test]
    fn the_route_says_which_of_all_addresses_a_peer_is_told() {
        let all = [local(Transport::Udp, "0.0.0.0:5060"), local(Transport::Udp, "[::]:5060")];
        for (to, own) in [
            ("192.0.2.9", Some("192.0.2.1:5060")),
            ("198.51.100.9", Some("198.51.100.1:5060")),
            ("127.0.0.66", Some("127.0.0.1:5060")),
            ("203.0.113.9", None),
            ("2001:db8::9", None),
        ] {
            assert_eq!(told(&all, to), own.map(str::to_owned), "{to}");
        }
        let own = Own { locals: &all, routes: None };
        assert_eq!(own.address(Transport::Udp, [192, 0, 2, 9].into(), None), None);
    }

    #[test]
    fn of_several_addresses_the_nearest_is_told() {
        let locals = ["192.0.2.1:5060", "192.0.2.2:5060", "192.0.2.2:5062"]
            .map(|address| local(Transport::Udp, address));
        let own = Own { locals: &locals, routes: None };
        for (near, told) in [
            (None, "192.0.2.1:5060"),
            (Some("192.0.2.2:5062"), "192.0.2.2:5062"),
            // Another socket of the same interface.
            (Some("192.0.2.2:40000"), "192.0.2.2:5060"),
            (Some("192.0.2.3:5060"), "192.0.2.1:5060"),
        ] {
            let near = near.map(|near| near.parse().unwrap());
            let address = own.address(Transport::Udp, [192, 0, 2, 9].into(), near);
            assert_eq!(address, Some(told.parse().unwrap()), "{near:?}");
        }
    }

    #[test]
    fn this_host_is_what_peers_are_told_and_what_packets_to_itself_leave_from() {
        let locals =
            [local(Transport::Udp, "203.0.113.1:5060"), local(Transport::Udp, "[::]:5060")];
        let own = Own { locals: &locals, routes: Some(&TwoNetworks) };
        let has = |ip: &str| own.has(ip.parse().unwrap());
        for ip in ["203.0.113.1", "::ffff:203.0.113.1", "192.0.2.1", "127.0.0.9", "::1"] {
            assert!(has(ip), "{ip}");
        }
        for ip in ["192.0.2.2", "203.0.113.2", "2001:db8::1"] {
            assert!(!has(ip), "{ip}");
        }
        assert!(!Own { routes: None, ..own }.has([192, 0, 2, 1].into()));
    }

    #[test]
    fn an_address_is_left_where_packets_leave_from_another() {
        let all = [local(Transport::Udp, "0.0.0.0:5060"), local(Transport::Tcp, "0.0.0.0:5060")];
        let own = Own { locals: &all, routes: Some(&TwoNetworks) };
        let moved =
            |from: &str, to: &str| own.has_moved(from.parse().unwrap(), to.parse().unwrap());
        assert!(!moved("192.0.2.1:5060", "192.0.2.9"));
        assert!(moved("192.0.2.77:5060", "192.0.2.9"));
        assert!(!moved("192.0.2.77:5060", "203.0.113.9"), "there is no way there");
    }

    #[test]
    fn an_address_that_is_bound_is_told_as_it_is() {
        let one = [local(Transport::Udp, "203.0.113.1:5060")];
        assert_eq!(told(&one, "192.0.2.9").as_deref(), Some("203.0.113.1:5060"));
        assert_eq!(told(&one, "2001:db8::9"), None);
    }

    #[test]
    fn loopback_reaches_this_host_alone() {
        let loopback = [local(Transport::Udp, "127.0.0.1:5060")];
        assert_eq!(told(&loopback, "192.0.2.9"), None);
        assert_eq!(told(&loopback, "192.0.2.1").as_deref(), Some("127.0.0.1:5060"));
        assert_eq!(told(&loopback, "127.0.0.66").as_deref(), Some("127.0.0.1:5060"));
    }

    #[test]
    fn what_came_to_all_addresses_is_answered_from_the_one_on_its_route() {
        let own = Own { locals: &[], routes: Some(&TwoNetworks) };
        let behind = |local: &str, to: &str| {
            own.behind(local.parse().unwrap(), to.parse().unwrap()).to_string()
        };
        assert_eq!(behind("0.0.0.0:5060", "198.51.100.9"), "198.51.100.1:5060");
        assert_eq!(behind("0.0.0.0:5060", "203.0.113.9"), "0.0.0.0:5060", "there is none");
        assert_eq!(behind("192.0.2.1:5060", "198.51.100.9"), "192.0.2.1:5060");
    }
}
