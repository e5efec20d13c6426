//! Where a peer or a registrar is: a transport, a host by name or address, and a port.

use super::address::{Address, transport_of};
use crate::error::{Error, Result};
use net::{Transport, literal};
use serde::{Deserialize, Serialize};
use sip_core::Host;
use sip_core::locate::{Asked, Servers, Wanted};
use sip_core::manager::NextHop;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A transport, a host and a port: `udp:pbx.example.org:5060`, `tcp:[2001:db8::1]`. Of a name that
/// stands alone its records say both, and `tls:pbx.example.org` leaves the port to them (RFC 3263);
/// beside a port or an address UDP need not be said, nor 5060, or 5061 over TLS. Over TLS the host is
/// whom the certificate must name. A WebSocket has a port of its own, 80 or 443, and may have a path:
/// `wss:pbx.example.org:7443/ws`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    /// Where it is said.
    transport: Option<Transport>,
    /// The port, where it is said; always of an address.
    port: Option<u16>,
    /// A name or an address, as it stands in a URI.
    host: String,
    /// What the host was found to be; an address is itself.
    found: Servers,
    /// The path of a WebSocket, where it is another than `/`.
    path: Option<String>,
}

impl Place {
    /// The host, as it stands in a URI.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same addresses, called by another name: over TLS it is whom the certificate must name.
    pub fn known_as(&mut self, name: &str) {
        name.clone_into(&mut self.host);
    }

    /// The path of a WebSocket, where it is another than `/`.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The port of a WebSocket, which no records say.
    pub fn web_port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.transport().default_port())
    }

    /// What it is reached over: what was found out, or is said, or UDP.
    pub fn transport(&self) -> Transport {
        self.found.transport.or(self.transport).unwrap_or(Transport::Udp)
    }

    /// Whether it is said to be reached over TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.transport(), Transport::Tls | Transport::Wss)
    }

    /// Its addresses; none before a name was looked up.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.found.addresses.clone()
    }

    /// What is to be looked up before it can be reached, if anything; `seed`: the chance by which
    /// servers of one priority are chosen.
    pub fn wanted(&self, seed: u64) -> Option<Wanted> {
        let asked = self.asked().map_or(Asked::Any, Asked::Only);
        let name = self.host.as_str().into();
        let wanted = Wanted { name, port: self.port, asked, seed };
        self.found.addresses.is_empty().then_some(wanted)
    }

    /// The transport that requests are kept to. UDP at a port says nothing: what is too large for it
    /// goes over TCP. RFC 3261 §18.1.1.
    fn asked(&self) -> Option<Transport> {
        self.transport.filter(|it| it.is_reliable() || self.port.is_none())
    }

    /// Takes over what its name was found to be; what packets from `binds` cannot reach is left out.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn is_at(&mut self, mut found: Servers, binds: &[Address]) -> Result<()> {
        let bound = |at: &SocketAddr| binds.iter().any(|it| it.address.is_ipv4() == at.is_ipv4());
        found.addresses.retain(bound);
        if found.addresses.is_empty() {
            return Err(Error::invalid(format!(
                "{} has no address of the family that `bind` has, IPv4 or IPv6",
                self.host
            )));
        }
        self.found = found;
        Ok(())
    }
}

impl From<Address> for Place {
    fn from(Address { transport, address }: Address) -> Self {
        let host = match address {
            SocketAddr::V4(v4) => v4.ip().to_string(),
            SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        };
        let found = Servers { transport: None, addresses: vec![address] };
        let port = Some(address.port());
        Self { transport: Some(transport), port, host, found, path: None }
    }
}

impl From<&Place> for NextHop {
    fn from(place: &Place) -> Self {
        let literal = literal(&place.host);
        Self {
            host: literal.map_or_else(|| place.host.clone(), |ip| ip.to_string()),
            found: if literal.is_some() { Servers::default() } else { place.found.clone() },
            port: place.port,
            transport: place.asked(),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not PROTO:HOST:PORT, such as udp:pbx.example.org:5060");
        let (said, rest) = match text.split_once(':') {
            Some((word, rest)) => match transport_of(word) {
                Some(transport) => (Some(transport), rest),
                None => (None, text),
            },
            None => (None, text),
        };
        let (rest, path) = match rest.split_once('/') {
            Some((rest, path)) if said.is_some_and(Transport::is_websocket) && is_path(path) => {
                (rest, Some(path))
            }
            Some(_) => return Err(wrong()),
            None => (rest, None),
        };
        let path = path.filter(|path| !path.is_empty()).map(|path| format!("/{path}"));
        let (host, port) = match rest.rsplit_once(':') {
            // The colons of an IPv6 address stand in its brackets.
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| wrong())?))
            }
            _ => (rest, None),
        };
        let parsed = Host::parse(host.as_bytes()).map_err(|_| wrong())?;
        // Digits alone are a port that lacks its host.
        if host.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(wrong());
        }
        let transport = said.unwrap_or(Transport::Udp);
        if let Some(ip) = parsed.ip() {
            let address = SocketAddr::new(ip, port.unwrap_or_else(|| transport.default_port()));
            return Ok(Self { path, ..Self::from(Address { transport, address }) });
        }
        // RFC 3263 §4.1: beside a port it is UDP.
        let transport = said.or_else(|| port.map(|_| transport));
        Ok(Self { transport, port, host: host.to_owned(), found: Servers::default(), path })
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(transport) = self.transport {
            write!(f, "{}:", transport.name().to_ascii_lowercase())?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(self.path().unwrap_or_default())
    }
}

/// Whether this can stand behind the slash in the first line of an HTTP request. RFC 3986 §3.3, §3.4.
fn is_path(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_graphic() && !b"#\"\\".contains(&octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_with_as_little_as_it_needs() {
        for (text, read) in [
            ("pbx.example.org", "pbx.example.org"),
            ("udp:pbx.example.org", "udp:pbx.example.org"),
            ("pbx.example.org:5070", "udp:pbx.example.org:5070"),
            ("tcp:pbx.example.org", "tcp:pbx.example.org"),
            ("udp:localhost:5060", "udp:localhost:5060"),
            ("192.0.2.10", "udp:192.0.2.10:5060"),
            ("udp:192.0.2.10:5060", "udp:192.0.2.10:5060"),
            ("[2001:db8::1]", "udp:[2001:db8::1]:5060"),
            ("tcp:[2001:db8::1]:5070", "tcp:[2001:db8::1]:5070"),
            ("tls:pbx.example.org", "tls:pbx.example.org"),
            ("tls:pbx.example.org:5060", "tls:pbx.example.org:5060"),
            ("tls:[2001:db8::1]", "tls:[2001:db8::1]:5061"),
            ("ws:pbx.example.org", "ws:pbx.example.org"),
            ("wss:pbx.example.org/", "wss:pbx.example.org"),
            ("wss:pbx.example.org/ws?a=b:c", "wss:pbx.example.org/ws?a=b:c"),
            ("wss:[2001:db8::1]:7443/a/b", "wss:[2001:db8::1]:7443/a/b"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), read);
            assert_eq!(read.parse(), Ok(place));
        }
        let wrong =
            ["", "5060", "udp:", "udp:a:", "udp:a:70000", "a b", "2001:db8::1", "udp:a:b:1"];
        for text in
            wrong.into_iter().chain(["tls:a/ws", "a/b", "wss:a/b c", "ws:a/\r\nX: y", "ws:/"])
        {
            let why = text.parse::<Place>().unwrap_err();
            assert!(why.starts_with(&format!("`{text}` is not PROTO:HOST:PORT")), "{why}");
        }
        assert_eq!("ws:192.0.2.1:80".parse::<Address>().unwrap().transport, Transport::Ws);
        assert_eq!(
            "sctp:192.0.2.1:443".parse::<Address>().unwrap_err(),
            "`sctp:192.0.2.1:443`: the transports are udp, tcp, tls, ws and wss"
        );
    }

    /// RFC 3263 §4: what is said is not asked for.
    #[test]
    fn what_is_looked_up_of_a_place_is_what_it_does_not_say() {
        let wanted = |text: &str| text.parse::<Place>().unwrap().wanted(0);
        for (text, asked, port) in [
            ("pbx.example.org", Asked::Any, None),
            ("tls:pbx.example.org", Asked::Only(Transport::Tls), None),
            ("udp:pbx.example.org", Asked::Only(Transport::Udp), None),
            ("pbx.example.org:5070", Asked::Any, Some(5070)),
            ("tcp:pbx.example.org:5060", Asked::Only(Transport::Tcp), Some(5060)),
            ("udp:localhost:5060", Asked::Any, Some(5060)),
        ] {
            let name = text.split(':').find(|part| part.len() > 3).unwrap();
            let wanted = wanted(text).unwrap();
            assert_eq!((&*wanted.name, wanted.asked, wanted.port), (name, asked, port), "{text}");
        }
        assert_eq!(wanted("192.0.2.10"), None);
    }

    #[test]
    fn what_a_name_was_found_to_be_is_kept_to_what_is_bound_and_is_where_requests_go() {
        let both = ["[2001:db8::9]:5072", "192.0.2.9:5070", "192.0.2.8:5071"];
        let servers = Servers {
            transport: Some(Transport::Tcp),
            addresses: both.map(|at| at.parse().unwrap()).to_vec(),
        };
        let binds = |at: &str| [Address::udp(at.parse().unwrap())];
        let mut place: Place = "pbx.example.org".parse().unwrap();
        place.is_at(servers.clone(), &binds("0.0.0.0:5060")).unwrap();
        assert_eq!(place.addresses(), servers.addresses[1..]);
        assert_eq!((place.transport(), place.wanted(0)), (Transport::Tcp, None));
        let hop = NextHop::from(&place);
        assert_eq!((hop.host.as_str(), hop.found.addresses.len()), ("pbx.example.org", 2));
        assert_eq!((hop.transport, hop.port), (None, None));
        assert_eq!(place.to_string(), "pbx.example.org");
        let six = Servers { addresses: servers.addresses[..1].to_vec(), ..servers };
        let why = place.is_at(six, &binds("0.0.0.0:5060")).unwrap_err().line();
        assert!(why.contains("pbx.example.org has no address of the family"), "{why}");
    }

    #[test]
    fn udp_at_a_port_leaves_room_for_what_is_too_large_for_it() {
        for (text, transport) in [
            ("udp:192.0.2.10:5060", None),
            ("udp:pbx.example.org:5060", None),
            ("udp:pbx.example.org", Some(Transport::Udp)),
            ("tcp:192.0.2.10:5060", Some(Transport::Tcp)),
            ("tls:pbx.example.org", Some(Transport::Tls)),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(NextHop::from(&place).transport, transport, "{text}");
        }
        let literal = NextHop::from(&"tcp:[2001:db8::1]:5070".parse::<Place>().unwrap());
        assert_eq!((literal.host.as_str(), literal.port), ("2001:db8::1", Some(5070)));
        assert_eq!(literal.found, Servers::default());
    }
}
