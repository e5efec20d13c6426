//! Which way a request goes: host, port and transport. RFC 3261 §8.1.2, §18.1.1.

use super::action::Hop;
use super::config::{Local, NextHop};
use super::event::Misuse;
use crate::{Scheme, Uri};
use ssa::{FlowId, Transport};
use std::net::{IpAddr, SocketAddr};

/// The largest request that goes over UDP by choice. RFC 3261 §18.1.1.
const UDP_MAX: usize = 1300;

/// A host to send to, before its address is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address: known, or found by the resolver.
    Address(IpAddr),
    /// A name that is still to be resolved.
    Name(String),
}

/// Where a request goes, before the hop is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
    /// What the URI or the configuration asks for.
    pub(super) transport: Option<Transport>,
    /// A connection to use while it is open.
    pub(super) flow: Option<FlowId>,
    /// TCP was tried for the request's size, and failed.
    pub(super) udp_only: bool,
}

impl Target {
    /// Where a URI points.
    ///
    /// # Errors
    /// [`Misuse::NotAUri`], or [`Misuse::Unsupported`] for what cannot be reached over UDP or TCP:
    /// `sips` never falls back to them.
    pub(super) fn of_uri(uri: &[u8]) -> Result<Self, Misuse> {
        let uri = Uri::parse(uri).map_err(|_| Misuse::NotAUri)?;
        if uri.scheme() != Scheme::Sip {
            return Err(Misuse::Unsupported);
        }
        let transport = match uri.params().value("transport") {
            None => None,
            Some(name) if name.eq_ignore_ascii_case(b"udp") => Some(Transport::Udp),
            Some(name) if name.eq_ignore_ascii_case(b"tcp") => Some(Transport::Tcp),
            Some(_) => return Err(Misuse::Unsupported),
        };
        let host = uri.host().ok_or(Misuse::NotAUri)?;
        let host = match host.ip() {
            Some(ip) => Host::Address(ip),
            None => Host::Name(String::from_utf8_lossy(host.as_bytes()).into_owned()),
        };
        Ok(Self { host, port: uri.port().unwrap_or(5060), transport, flow: None, udp_only: false })
    }

    /// Where a configured next hop is.
    ///
    /// # Errors
    /// [`Misuse::Unsupported`] for a transport other than UDP and TCP.
    pub(super) fn of_next_hop(next: &NextHop) -> Result<Self, Misuse> {
        if !matches!(next.transport, None | Some(Transport::Udp | Transport::Tcp)) {
            return Err(Misuse::Unsupported);
        }
        let host = match next.host.parse() {
            Ok(ip) => Host::Address(ip),
            Err(_) => Host::Name(next.host.clone()),
        };
        let (port, transport) = (next.port.unwrap_or(5060), next.transport);
        Ok(Self { host, port, transport, flow: None, udp_only: false })
    }

    /// Where the next request of a dialog goes: to the first hop of its route, over the connection
    /// that the dialog came over. A name in a Contact or Record-Route stands for the hop that
    /// sent it, `peer`: nothing a peer writes makes us resolve names.
    pub(super) fn in_dialog(first_hop: &[u8], peer: &Hop) -> Self {
        let named = Self::of_uri(first_hop).ok();
        let known = named.filter(|target| matches!(target.host, Host::Address(_)));
        let mut target = known.unwrap_or_else(|| Self {
            host: Host::Address(peer.remote.ip()),
            port: peer.remote.port(),
            transport: None,
            flow: None,
            udp_only: false,
        });
        if peer.transport.is_reliable() {
            target.transport = Some(peer.transport);
            target.flow = peer.flow;
        }
        target
    }

    /// The hop for a request of this size, or `None` where no local address fits or the name is
    /// not resolved.
    ///
    /// RFC 3261 §18.1.1: over 1300 octets a congestion-controlled transport, whatever was asked
    /// for; UDP again where that failed.
    pub(super) fn hop(&self, size: usize, locals: &[Local]) -> Option<Hop> {
        let Host::Address(ip) = self.host else { return None };
        let too_large = size > UDP_MAX && !self.udp_only;
        let transport = match self.transport {
            Some(Transport::Udp) | None if too_large => Transport::Tcp,
            Some(transport) => transport,
            None if has(locals, Transport::Udp, ip) => Transport::Udp,
            None => Transport::Tcp,
        };
        Some(Hop {
            transport,
            local: local_for(locals, transport, ip)?,
            remote: SocketAddr::new(ip, self.port),
            flow: self.flow,
        })
    }

    /// Whether a request that went over `hop` and failed may be tried over UDP.
    pub(super) fn may_fall_back(&self, hop: &Hop) -> bool {
        hop.transport == Transport::Tcp
            && !matches!(self.transport, Some(Transport::Tcp))
            && !self.udp_only
    }
}

fn has(locals: &[Local], transport: Transport, to: IpAddr) -> bool {
    locals.iter().any(|local| fits(local, to) && local.transport == transport)
}

fn fits(local: &Local, to: IpAddr) -> bool {
    local.address.is_ipv4() == to.is_ipv4()
}

/// Our address for this transport and family. A connection can be opened without a listener, and
/// then names what there is.
fn local_for(locals: &[Local], transport: Transport, to: IpAddr) -> Option<SocketAddr> {
    let mut fitting = locals.iter().filter(|local| fits(local, to));
    let any = fitting.clone().next();
    let own = fitting.find(|local| local.transport == transport);
    match (own, transport) {
        (Some(local), _) => Some(local.address),
        (None, Transport::Udp) => None,
        (None, _) => any.map(|local| local.address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locals() -> [Local; 3] {
        let local =
            |transport, address: &str| Local { transport, address: address.parse().unwrap() };
        [
            local(Transport::Udp, "192.0.2.1:5060"),
            local(Transport::Tcp, "192.0.2.1:5061"),
            local(Transport::Udp, "[2001:db8::1]:5060"),
        ]
    }

    fn chosen(uri: &str, size: usize) -> Option<(Transport, String, String)> {
        let hop = Target::of_uri(uri.as_bytes()).unwrap().hop(size, &locals())?;
        Some((hop.transport, hop.local.to_string(), hop.remote.to_string()))
    }

    #[test]
    fn size_and_uri_choose_the_transport() {
        let udp = |local: &str, remote: &str| Some((Transport::Udp, local.into(), remote.into()));
        let tcp = |local: &str, remote: &str| Some((Transport::Tcp, local.into(), remote.into()));
        assert_eq!(chosen("sip:192.0.2.9", 1300), udp("192.0.2.1:5060", "192.0.2.9:5060"));
        assert_eq!(chosen("sip:192.0.2.9", 1301), tcp("192.0.2.1:5061", "192.0.2.9:5060"));
        assert_eq!(
            chosen("sip:192.0.2.9;transport=UDP", 1301),
            tcp("192.0.2.1:5061", "192.0.2.9:5060")
        );
        assert_eq!(
            chosen("sip:b@192.0.2.9:7;transport=tcp", 9),
            tcp("192.0.2.1:5061", "192.0.2.9:7")
        );
        assert_eq!(chosen("sip:[2001:db8::9]", 9), udp("[2001:db8::1]:5060", "[2001:db8::9]:5060"));
        assert_eq!(
            chosen("sip:[2001:db8::9]", 1301),
            tcp("[2001:db8::1]:5060", "[2001:db8::9]:5060")
        );
        assert_eq!(chosen("sip:example.org", 9), None);
    }

    #[test]
    fn x11_large_requests_fall_back_to_udp() {
        let mut target = Target::of_uri(b"sip:192.0.2.9").unwrap();
        let hop = target.hop(2000, &locals()).unwrap();
        assert!(target.may_fall_back(&hop));
        target.udp_only = true;
        let hop = target.hop(2000, &locals()).unwrap();
        assert_eq!(hop.transport, Transport::Udp);
        assert!(!target.may_fall_back(&hop));
    }

    #[test]
    fn x03_sips_never_goes_over_udp_or_tcp() {
        assert_eq!(Target::of_uri(b"sips:bob@192.0.2.9"), Err(Misuse::Unsupported));
        assert_eq!(Target::of_uri(b"sip:bob@192.0.2.9;transport=tls"), Err(Misuse::Unsupported));
        assert_eq!(Target::of_uri(b"tel:+1"), Err(Misuse::Unsupported));
        assert_eq!(Target::of_uri(b"bob"), Err(Misuse::NotAUri));
    }
}
