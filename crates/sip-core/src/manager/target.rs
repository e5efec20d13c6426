//! Which way a request goes: host, port and transport. RFC 3261 §8.1.2, §18.1.1.

use super::action::Hop;
use super::config::NextHop;
use super::event::Misuse;
use super::own::Own;
use crate::{Scheme, Uri};
use ssa::{FlowId, Transport};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The largest request that goes over UDP by choice. RFC 3261 §18.1.1.
const UDP_MAX: usize = 1300;

/// Where a request goes, before the hop is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The host name that was asked for; `None`: an address was.
    pub(super) name: Option<Arc<str>>,
    /// The address that it goes to; `None`: the name is still to be resolved.
    address: Option<IpAddr>,
    pub(super) port: u16,
    /// What the URI or the configuration asks for.
    pub(super) transport: Option<Transport>,
    /// A connection to use while it is open, and its transport.
    pub(super) flow: Option<(FlowId, Transport)>,
    /// Our address that is best kept to.
    pub(super) local: Option<SocketAddr>,
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
        Ok(match host.ip() {
            Some(ip) => Self::at(ip, uri.port(), transport),
            None => {
                let name = String::from_utf8_lossy(host.as_bytes());
                Self::named(&name, uri.port(), transport)
            }
        })
    }

    /// An address.
    fn at(ip: IpAddr, port: Option<u16>, transport: Option<Transport>) -> Self {
        Self::new((None, Some(ip)), port, transport)
    }

    /// A name that is still to be resolved.
    fn named(name: &str, port: Option<u16>, transport: Option<Transport>) -> Self {
        Self::new((Some(name.into()), None), port, transport)
    }

    fn new(
        (name, address): (Option<Arc<str>>, Option<IpAddr>), port: Option<u16>,
        transport: Option<Transport>,
    ) -> Self {
        let port = port.unwrap_or(5060);
        Self { name, address, port, transport, flow: None, local: None, udp_only: false }
    }

    /// Where a configured next hop is.
    ///
    /// # Errors
    /// [`Misuse::Unsupported`] for a transport other than UDP and TCP.
    pub(super) fn of_next_hop(next: &NextHop) -> Result<Self, Misuse> {
        if !matches!(next.transport, None | Some(Transport::Udp | Transport::Tcp)) {
            return Err(Misuse::Unsupported);
        }
        Ok(match next.host.parse() {
            Ok(ip) => Self::at(ip, next.port, next.transport),
            Err(_) => Self::named(&next.host, next.port, next.transport),
        })
    }

    /// The address, where it is known.
    pub(super) const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Takes over the address that the name was found at.
    pub(super) const fn locate(&mut self, ip: IpAddr) {
        self.address = Some(ip);
    }

    /// Refuses a way that nothing could take; what a name stands for is not known yet.
    ///
    /// # Errors
    /// [`Misuse::PortZero`], [`Misuse::NoLocalAddress`].
    pub(super) fn check(&self, own: Own<'_>) -> Result<(), Misuse> {
        if self.port == 0 {
            return Err(Misuse::PortZero);
        }
        match self.address {
            Some(_) if self.hop(0, own).is_none() => Err(Misuse::NoLocalAddress),
            Some(_) | None => Ok(()),
        }
    }

    /// Where the next request of a dialog goes: to the first hop of its route, over the connection
    /// that the dialog came over while that is open. A name in a Contact or Record-Route stands
    /// for the hop that sent it, `peer`: nothing a peer writes makes us resolve names.
    pub(super) fn in_dialog(first_hop: &[u8], peer: &Hop) -> Self {
        let reliable = peer.transport.is_reliable().then_some(peer.transport);
        let named = Self::of_uri(first_hop).ok();
        // Nor is a port 0 or an address of the other family one that we could reach.
        let known = named.filter(|target| {
            let same_family = |ip: IpAddr| ip.is_ipv4() == peer.remote.is_ipv4();
            target.port != 0 && target.address.is_some_and(same_family)
        });
        let target =
            known.unwrap_or_else(|| Self::at(peer.remote.ip(), Some(peer.remote.port()), reliable));
        let flow = reliable.and_then(|transport| Some((peer.flow?, transport)));
        Self { flow, local: Some(peer.local), ..target }
    }

    /// The hop for a request of this size, or `None` where no local address fits or the name is
    /// not resolved.
    ///
    /// RFC 3261 §18.1.1: over 1300 octets a congestion-controlled transport, whatever was asked
    /// for; UDP again where that failed.
    pub(super) fn hop(&self, size: usize, own: Own<'_>) -> Option<Hop> {
        let ip = self.address?;
        let too_large = size > UDP_MAX && !self.udp_only;
        let transport = match (self.flow, self.transport) {
            (Some((_, transport)), _) => transport,
            (None, Some(Transport::Udp) | None) if too_large => Transport::Tcp,
            (None, Some(transport)) => transport,
            (None, None) if own.address(Transport::Udp, ip, None).is_some() => Transport::Udp,
            (None, None) => Transport::Tcp,
        };
        Some(Hop {
            transport,
            local: self.local_for(own, transport, ip)?,
            remote: SocketAddr::new(ip, self.port),
            flow: self.flow.map(|(flow, _)| flow),
        })
    }

    /// Our address for this transport. A connection can be opened without a listener, and then
    /// names what there is.
    fn local_for(&self, own: Own<'_>, transport: Transport, to: IpAddr) -> Option<SocketAddr> {
        let own = |transport| own.address(transport, to, self.local);
        match transport {
            Transport::Udp => own(Transport::Udp),
            _ => own(transport).or_else(|| own(Transport::Udp)),
        }
    }

    /// Takes the next way for a request that went over `hop` and failed, if there is one.
    pub(super) fn fall_back(&mut self, hop: &Hop) -> Option<Fallback> {
        // The connection of a dialog is gone: where its peer is, by what the peer says itself.
        if self.flow.take().is_some() {
            return Some(Fallback::ByUri);
        }
        // RFC 3261 §18.1.1: TCP was for the request's size only.
        let by_choice = matches!(self.transport, Some(Transport::Tcp));
        if hop.transport != Transport::Tcp || by_choice || self.udp_only {
            return None;
        }
        self.udp_only = true;
        Some(Fallback::SamePeer)
    }
}

/// The next way of a request that did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// Over another transport to the same address and port.
    SamePeer,
    /// To where the dialog's route or Contact points, which may be another party than was at the
    /// other end of its connection.
    ByUri,
}

impl NextHop {
    /// Where a URI points.
    ///
    /// # Errors
    /// [`Misuse::NotAUri`]; [`Misuse::Unsupported`] for what cannot be reached over UDP or TCP.
    pub fn of_uri(uri: &str) -> Result<Self, Misuse> {
        let Target { name, address, port, transport, .. } = Target::of_uri(uri.as_bytes())?;
        let host = match (name, address) {
            (Some(name), _) => name.to_string(),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => return Err(Misuse::NotAUri),
        };
        Ok(Self { host, port: Some(port), transport })
    }
}

impl Hop {
    /// The hop for the requests of a dialog whose last message went over this one and came over
    /// `flow`: only a connection is kept to, and of our addresses the one on the way.
    pub(super) fn kept(self, flow: FlowId, own: Own<'_>) -> Self {
        let local = own.behind(self.local, self.remote.ip());
        Self { flow: self.transport.is_reliable().then_some(flow), local, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Local;
    use super::*;

    const fn own(locals: &[Local]) -> Own<'_> {
        Own { locals, routes: None }
    }

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
        let hop = Target::of_uri(uri.as_bytes()).unwrap().hop(size, own(&locals()))?;
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
    fn a_way_that_nothing_could_take_is_refused() {
        let check = |uri: &str, locals: &[Local]| {
            Target::of_uri(uri.as_bytes()).and_then(|target| target.check(own(locals)))
        };
        let [four, ..] = locals();
        assert_eq!(check("sip:192.0.2.9", &[four]), Ok(()));
        assert_eq!(check("sip:192.0.2.9:0", &[four]), Err(Misuse::PortZero));
        assert_eq!(check("sip:example.org:0", &[four]), Err(Misuse::PortZero));
        assert_eq!(check("sip:[2001:db8::9]", &[four]), Err(Misuse::NoLocalAddress));
        assert_eq!(check("sip:example.org", &[four]), Ok(()));
    }

    #[test]
    fn x11_large_requests_fall_back_to_udp() {
        let mut target = Target::of_uri(b"sip:192.0.2.9").unwrap();
        let hop = target.hop(2000, own(&locals())).unwrap();
        assert_eq!(target.fall_back(&hop), Some(Fallback::SamePeer));
        let hop = target.hop(2000, own(&locals())).unwrap();
        assert_eq!(hop.transport, Transport::Udp);
        assert_eq!(target.fall_back(&hop), None);
    }

    fn peer(transport: Transport) -> Hop {
        let [local, remote] = ["203.0.113.1:5060", "192.0.2.9:40000"].map(|it| it.parse().unwrap());
        Hop { transport, local, remote, flow: Some(FlowId(7)) }
    }

    #[test]
    fn a_dialog_keeps_to_its_address_among_ours() {
        let second = |transport| Local { transport, address: peer(transport).local };
        let mut locals = locals().to_vec();
        locals.push(second(Transport::Udp));
        let target = Target::in_dialog(b"sip:192.0.2.9", &peer(Transport::Udp));
        assert_eq!(target.hop(9, own(&locals)).unwrap().local, peer(Transport::Udp).local);
        // No listener there: what is on the same interface comes before another listener's.
        let near = Some(peer(Transport::Tcp).local);
        let tcp = own(&locals).address(Transport::Tcp, [192, 0, 2, 9].into(), near);
        assert_eq!(tcp.unwrap().to_string(), "192.0.2.1:5061");
    }

    #[test]
    fn a_dialog_whose_connection_is_gone_goes_where_its_contact_says() {
        let mut target = Target::in_dialog(b"sip:192.0.2.9:5070", &peer(Transport::Tcp));
        let hop = target.hop(9, own(&locals())).unwrap();
        assert_eq!((hop.transport, hop.flow), (Transport::Tcp, Some(FlowId(7))));
        assert_eq!(target.fall_back(&hop), Some(Fallback::ByUri));
        let hop = target.hop(9, own(&locals())).unwrap();
        assert_eq!((hop.transport, hop.flow), (Transport::Udp, None));
        assert_eq!(hop.remote.to_string(), "192.0.2.9:5070");
        assert_eq!(target.fall_back(&hop), None);
    }

    #[test]
    fn x03_sips_never_goes_over_udp_or_tcp() {
        assert_eq!(Target::of_uri(b"sips:bob@192.0.2.9"), Err(Misuse::Unsupported));
        assert_eq!(Target::of_uri(b"sip:bob@192.0.2.9;transport=tls"), Err(Misuse::Unsupported));
        assert_eq!(Target::of_uri(b"tel:+1"), Err(Misuse::Unsupported));
        assert_eq!(Target::of_uri(b"bob"), Err(Misuse::NotAUri));
    }
}
