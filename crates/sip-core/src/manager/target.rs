//! Which way a request goes: host, port and transport. RFC 3261 §8.1.2, §18.1.1.
//!
//! TLS is kept to: what asks for it, as `sips:` does on every hop, goes over nothing else. RFC 3261
//! §26.2.2, RFC 5630 §4.

use super::action::Hop;
use super::avoided::Avoided;
use super::config::NextHop;
use super::event::Misuse;
use super::own::Own;
use crate::dialog::is_sips;
use crate::locate::{Asked, Servers, Wanted};
use crate::{Scheme, Uri};
use ssa::{FlowId, Transport};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// The largest request that goes over UDP by choice. RFC 3261 §18.1.1.
const UDP_MAX: usize = 1300;

/// The addresses of a name that one request is tried at: five times 64*T1 are 160 s, less than an
/// INVITE may ring by default.
const MOST: u32 = 5;

/// Where a request goes, before the hop is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The host name that was asked for; `None`: an address was.
    pub(super) name: Option<Arc<str>>,
    /// The address that it goes to; `None`: the name's servers are still to be found.
    address: Option<SocketAddr>,
    /// The name's other addresses, to try in this order when that one fails. RFC 3263 §4.3.
    others: Vec<SocketAddr>,
    /// Where it goes when all of these fail: another flow of its account. RFC 5626 §4.3.
    then: Option<Box<Self>>,
    /// The port that the URI or the configuration says.
    port: Option<u16>,
    /// What the URI or the configuration asks for, or the name's records have chosen.
    pub(super) transport: Option<Transport>,
    /// Whether the transport was asked for as such, and not by `sips:`.
    is_said: bool,
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
    /// [`Misuse::NotAUri`], or [`Misuse::Unsupported`] for what cannot be reached.
    pub(super) fn of_uri(uri: &[u8]) -> Result<Self, Misuse> {
        Self::of(&Uri::parse(uri).map_err(|_| Misuse::NotAUri)?)
    }

    /// The same of a URI that is read already.
    ///
    /// # Errors
    /// As [`of_uri`](Self::of_uri).
    pub(super) fn of(uri: &Uri<'_>) -> Result<Self, Misuse> {
        let asked = asks(uri)?;
        let host = uri.host().ok_or(Misuse::NotAUri)?;
        Ok(match host.ip() {
            Some(ip) => Self::at(ip, asked),
            None => Self::named(&String::from_utf8_lossy(host.as_bytes()), asked),
        })
    }

    /// An address.
    fn at(ip: IpAddr, asked: Asks) -> Self {
        let address = SocketAddr::new(ip, port(asked.0, asked.1));
        Self { address: Some(address), ..Self::new(None, asked) }
    }

    /// A name whose servers are still to be found.
    fn named(name: &str, asked: Asks) -> Self {
        Self::new(Some(name.into()), asked)
    }

    const fn new(name: Option<Arc<str>>, (port, transport, is_said): Asks) -> Self {
        Self {
            name,
            address: None,
            others: Vec::new(),
            then: None,
            port,
            transport,
            is_said,
            flow: None,
            local: None,
            udp_only: false,
        }
    }

    /// Where a configured next hop is, for a request to `uri`. A `sips:` URI has it reached over
    /// TLS where it says nothing of its own. RFC 3261 §26.2.2.
    ///
    /// # Errors
    /// [`Misuse::Insecure`] for what is not secure where the URI is `sips:`.
    pub(super) fn of_next_hop(next: &NextHop, uri: &Uri<'_>) -> Result<Self, Misuse> {
        let transport = match (next.transport, uri.scheme()) {
            (None, Scheme::Sips) => Some(Transport::Tls),
            (Some(said), Scheme::Sips) if !said.is_secure() => return Err(Misuse::Insecure),
            (said, _) => said,
        };
        let asked = (next.port, transport, next.transport.is_some());
        if let Ok(ip) = next.host.parse() {
            return Ok(Self::at(ip, asked));
        }
        let mut target = Self::named(&next.host, asked);
        // What was found for another transport is not where this one is.
        let found = next.found.transport.or(next.transport);
        if transport.is_none() || found == transport {
            target.take(next.found.clone());
        }
        Ok(target)
    }

    /// The same, kept to where a request to it went.
    pub(super) fn kept_to(&self, hop: &Hop) -> Self {
        let (address, transport) = (Some(hop.remote), Some(hop.transport));
        Self { address, others: Vec::new(), transport, ..self.clone() }
    }

    /// The same, and then where `next` says.
    pub(super) fn and_then(self, next: Option<Self>) -> Self {
        Self { then: next.map(Box::new), ..self }
    }

    /// Whether it is kept to where this hop leads.
    pub(super) fn leads_over(&self, hop: &Hop) -> bool {
        (self.address, self.transport) == (Some(hop.remote), Some(hop.transport))
    }

    /// Whether a request to this URI may take it: `sips:` goes over TLS alone.
    pub(super) fn may_take(&self, uri: &[u8]) -> bool {
        !is_sips(uri) || self.transport.is_some_and(Transport::is_secure)
    }

    /// What is to be found before it can be reached.
    pub(super) fn wanted(&self, seed: u64) -> Option<Wanted> {
        let name = self.name.clone().filter(|_| self.address.is_none())?;
        let asked = match self.transport {
            None => Asked::Any,
            Some(Transport::Tls) if !self.is_said => Asked::Secure,
            Some(transport) => Asked::Only(transport),
        };
        Some(Wanted { name, port: self.port, asked, seed })
    }

    /// The address, where it is known.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address.map(|address| address.ip())
    }

    /// The address and port, where they are known.
    pub(super) const fn remote(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Takes over what the name was found to be.
    fn take(&mut self, found: Servers) {
        self.transport = self.transport.or(found.transport);
        self.go_to(found.addresses);
    }

    /// Goes to the first of these addresses, and to the others after it.
    fn go_to(&mut self, mut addresses: Vec<SocketAddr>) {
        self.address = (!addresses.is_empty()).then(|| addresses.remove(0));
        self.others = addresses;
    }

    /// All its addresses that are known.
    fn addresses(&self) -> Vec<SocketAddr> {
        self.address.into_iter().chain(self.others.iter().copied()).collect()
    }

    /// Keeps what can be reached of its addresses; whether any of it can.
    fn keep_to(&mut self, own: Own<'_>) -> bool {
        let mut all = self.addresses();
        all.retain(|address| own.reaches(address.ip()));
        self.go_to(all);
        self.address.is_some()
    }

    /// Takes over what the name was found to be, as far as it can be reached; whether any of it can.
    pub(super) fn locate(&mut self, found: Servers, own: Own<'_>) -> bool {
        self.take(found);
        self.keep_to(own)
    }

    /// Puts those of its addresses last that are `avoided`, the latest at the end, and keeps as many
    /// as one request is tried at.
    pub(super) fn order(&mut self, avoided: &Avoided, now: Instant) {
        if self.others.is_empty() {
            return;
        }
        let mut all = self.addresses();
        all.sort_by_key(|address| avoided.place(now, *address));
        all.truncate(MOST as usize);
        self.go_to(all);
    }

    /// Goes to the next address of the name, or over the next flow; whether there is one. RFC 3263
    /// §4.3.
    pub(super) fn next_address(&mut self, own: Own<'_>) -> bool {
        while !self.others.is_empty() {
            self.address = Some(self.others.remove(0));
            // Why TCP failed there says nothing of another host.
            self.udp_only = false;
            if self.hop(0, own).is_some() {
                return true;
            }
        }
        let Some(then) = self.then.take() else { return false };
        *self = *then;
        self.hop(0, own).is_some() || self.next_address(own)
    }

    /// Refuses a way that nothing could take, unless what its name stands for is not known yet.
    ///
    /// # Errors
    /// [`Misuse::PortZero`], [`Misuse::NoLocalAddress`].
    pub(super) fn check(&mut self, own: Own<'_>) -> Result<(), Misuse> {
        let found = self.address.map(|address| address.port());
        if [self.port, found].contains(&Some(0)) {
            return Err(Misuse::PortZero);
        }
        if self.address.is_none() {
            return Ok(());
        }
        if !self.others.is_empty() {
            self.keep_to(own);
        }
        self.hop(0, own).map(|_| ()).ok_or(Misuse::NoLocalAddress)
    }

    /// Where the next request of a dialog goes: to the first hop of its route, over the connection
    /// that the dialog came over while that is open. A name in a Contact or Record-Route stands
    /// for the hop that sent it, `peer`: nothing a peer writes makes us resolve names. Over TLS
    /// whoever is there must have the name's certificate.
    ///
    /// What came over TLS goes over TLS, and for `sips:` a connection without it is none.
    pub(super) fn in_dialog(first_hop: &[u8], peer: &Hop) -> Self {
        let named = Self::of_uri(first_hop).ok();
        let (came_secure, is_sips) = (peer.transport.is_secure(), is_sips(first_hop));
        let asked = named.as_ref().and_then(|target| target.transport);
        let secure = match asked.filter(|asked| asked.is_secure()) {
            Some(asked) => Some(asked),
            // RFC 7118 §5.2: a URI has one word for WebSockets of both kinds.
            None if came_secure => Some(peer.transport),
            None => is_sips.then_some(Transport::Tls),
        };
        let kept = came_secure || !is_sips;
        let reliable = Some(peer.transport).filter(|it| it.is_reliable() && kept);
        let name = named.as_ref().and_then(|target| target.name.clone());
        // Where the peer is not reached over TLS, its port is not one for it.
        let own_port = came_secure || secure.is_none();
        let its_port = named.as_ref().map(|it| port(it.port, it.transport));
        let port = if own_port { Some(peer.remote.port()) } else { its_port };
        // Nor is a port 0 or an address of the other family one that we could reach.
        let known = named.filter(|target| {
            let fits = |it: SocketAddr| it.port() != 0 && it.is_ipv4() == peer.remote.is_ipv4();
            target.address.is_some_and(fits)
        });
        let asked = (port, secure.or(reliable), true);
        let target = known.unwrap_or_else(|| Self::at(peer.remote.ip(), asked));
        Self {
            name: name.filter(|_| secure.is_some()),
            transport: secure.or(target.transport),
            flow: reliable.and_then(|transport| Some((peer.flow?, transport))),
            local: Some(peer.local),
            ..target
        }
    }

    /// The hop for a request of this size, or `None` where no local address fits or the name is
    /// not resolved.
    ///
    /// RFC 3261 §18.1.1: over 1300 octets a congestion-controlled transport, whatever was asked
    /// for; UDP again where that failed.
    pub(super) fn hop(&self, size: usize, own: Own<'_>) -> Option<Hop> {
        let remote = self.address?;
        let transport = self.transport(size, own);
        Some(Hop {
            transport,
            local: self.local_for(own, transport, remote.ip())?,
            remote,
            flow: self.flow.map(|(flow, _)| flow),
        })
    }

    /// What a request leaves over. Its size may have UDP become TCP; what is secure stays as it is.
    pub(super) fn over(&self, own: Own<'_>) -> Transport {
        self.transport(0, own)
    }

    fn transport(&self, size: usize, own: Own<'_>) -> Transport {
        let too_large = size > UDP_MAX && !self.udp_only;
        let by_udp = |to: SocketAddr| own.address(Transport::Udp, to.ip(), None).is_some();
        match (self.flow, self.transport) {
            (Some((_, transport)), _) => transport,
            (None, Some(Transport::Udp) | None) if too_large => Transport::Tcp,
            (None, Some(transport)) => transport,
            (None, None) if self.address.is_some_and(by_udp) => Transport::Udp,
            (None, None) => Transport::Tcp,
        }
    }

    /// Our address for this transport. A connection can be opened without a listener, and then
    /// names what there is.
    fn local_for(&self, own: Own<'_>, transport: Transport, to: IpAddr) -> Option<SocketAddr> {
        let own = |transport| own.address(transport, to, self.local);
        match transport {
            Transport::Udp => own(Transport::Udp),
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => own(transport)
                .or_else(|| own(Transport::Udp))
                .or_else(|| own(Transport::Tcp))
                .or_else(|| own(Transport::Tls))
                .or_else(|| own(Transport::Wss))
                .or_else(|| own(Transport::Ws)),
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

/// What is asked for: the port, the transport, and whether that was said as such.
type Asks = (Option<u16>, Option<Transport>, bool);

/// The port that was said, or the transport's own.
fn port(said: Option<u16>, transport: Option<Transport>) -> u16 {
    said.unwrap_or_else(|| transport.unwrap_or(Transport::Udp).default_port())
}

/// What a URI asks for; `sips:` is TLS, and a WebSocket over it where it says so. RFC 3261 §19.1.2,
/// §26.2.2, RFC 7118 §5.2. RFC 5630 §3.1.4 makes no use of `transport=tls`, nor RFC 7118 of
/// `transport=wss`, and what a peer writes so is understood all the same.
///
/// # Errors
/// [`Misuse::Unsupported`].
fn asks(uri: &Uri<'_>) -> Result<Asks, Misuse> {
    let said = match uri.params().value("transport") {
        None => None,
        Some(name) if name.eq_ignore_ascii_case(b"udp") => Some(Transport::Udp),
        Some(name) if name.eq_ignore_ascii_case(b"tcp") => Some(Transport::Tcp),
        Some(name) if name.eq_ignore_ascii_case(b"tls") => Some(Transport::Tls),
        Some(name) if name.eq_ignore_ascii_case(b"ws") => Some(Transport::Ws),
        Some(name) if name.eq_ignore_ascii_case(b"wss") => Some(Transport::Wss),
        Some(_) => return Err(Misuse::Unsupported),
    };
    let transport = match (uri.scheme(), said) {
        (Scheme::Sip, said) => said,
        // TCP is what TLS runs over.
        (Scheme::Sips, None | Some(Transport::Tcp | Transport::Tls)) => Some(Transport::Tls),
        (Scheme::Sips, Some(Transport::Ws | Transport::Wss)) => Some(Transport::Wss),
        (Scheme::Sips, Some(Transport::Udp)) | (Scheme::Tel | Scheme::Other(_), _) => {
            return Err(Misuse::Unsupported);
        }
    };
    Ok((uri.port(), transport, said.is_some()))
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
    /// At how many addresses a request is tried that goes there, each for 64*T1 where nothing is
    /// answered: five at most; one where its name is still to be looked up.
    pub fn tried(&self) -> u32 {
        let found = u32::try_from(self.found.addresses.len()).unwrap_or(MOST);
        found.clamp(1, MOST)
    }

    /// Where a URI points.
    ///
    /// # Errors
    /// [`Misuse::NotAUri`]; [`Misuse::Unsupported`] for what cannot be reached.
    pub fn of_uri(uri: &str) -> Result<Self, Misuse> {
        let Target { name, address, port, transport, .. } = Target::of_uri(uri.as_bytes())?;
        let host = match (name, address) {
            (Some(name), _) => name.to_string(),
            (None, Some(address)) => address.ip().to_string(),
            (None, None) => return Err(Misuse::NotAUri),
        };
        Ok(Self { host, found: Servers::default(), port, transport })
    }
}

impl Wanted {
    /// What is to be found before a request to `uri` can go to `next_hop`, or where there is none to
    /// where the URI points; `None`: it is an address, or was found already.
    ///
    /// # Errors
    /// [`Misuse::NotAUri`]; [`Misuse::Unsupported`] for what cannot be reached over UDP, TCP or TLS;
    /// [`Misuse::Insecure`] for UDP and TCP where the URI is `sips:`.
    pub fn of(uri: &str, next_hop: Option<&NextHop>, seed: u64) -> Result<Option<Self>, Misuse> {
        let uri = Uri::parse(uri.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let target = match next_hop {
            Some(next) => Target::of_next_hop(next, &uri)?,
            None => Target::of(&uri)?,
        };
        Ok(target.wanted(seed))
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
mod tests;
