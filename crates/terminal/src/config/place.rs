//! Where a peer or a registrar is: a transport, a host by name or address, and a port.

use super::address::{Address, transport_of};
use crate::error::{Error, Result};
use net::{Network, Transport, literal};
use serde::{Deserialize, Serialize};
use sip_core::Host;
use sip_core::manager::NextHop;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A transport, a host and a port: `udp:pbx.example.org:5060`, `tcp:[2001:db8::1]`. UDP, port 5060,
/// and 5061 over TLS, need not be said. Over TLS the host is whom the certificate must name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    /// The port.
    pub port: u16,
    /// A name or an address, as it stands in a URI.
    host: String,
    /// What the host was found to be; an address is itself.
    found: Vec<IpAddr>,
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

    /// Its addresses; none before a name was looked up.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.found.iter().map(|ip| SocketAddr::new(*ip, self.port)).collect()
    }

    /// Looks the host up, if it is a name; what packets from `binds` cannot reach is left out.
    ///
    /// # Errors
    /// The name has no address, or none that may be called, or none of a family that is bound.
    pub async fn look_up(&mut self, network: &dyn Network, binds: &[Address]) -> Result<()> {
        if !self.found.is_empty() {
            return Ok(());
        }
        let mut found = network.resolve(&self.host).await.map_err(Error::invalid)?;
        found.retain(|ip| binds.iter().any(|bind| bind.address.is_ipv4() == ip.is_ipv4()));
        if found.is_empty() {
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
        Self { transport, port: address.port(), host, found: vec![address.ip()] }
    }
}

impl From<&Place> for NextHop {
    /// UDP says nothing of the transport: what is too large for it goes over TCP.
    fn from(place: &Place) -> Self {
        let literal = literal(&place.host);
        Self {
            host: literal.map_or_else(|| place.host.clone(), |ip| ip.to_string()),
            found: if literal.is_some() { Vec::new() } else { place.found.clone() },
            port: Some(place.port),
            transport: place.transport.is_reliable().then_some(place.transport),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not PROTO:HOST:PORT, such as udp:pbx.example.org:5060");
        let (transport, rest) = match text.split_once(':') {
            Some(("ws" | "wss", _)) => {
                return Err(format!("`{text}`: the transports are udp, tcp and tls"));
            }
            Some((word, rest)) => match transport_of(word) {
                Some(transport) => (transport, rest),
                None => (Transport::Udp, text),
            },
            None => (Transport::Udp, text),
        };
        let (host, port) = match rest.rsplit_once(':') {
            // The colons of an IPv6 address stand in its brackets.
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (rest, transport.default_port()),
        };
        let parsed = Host::parse(host.as_bytes()).map_err(|_| wrong())?;
        // Digits alone are a port that lacks its host.
        if host.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(wrong());
        }
        let found = parsed.ip().into_iter().collect();
        Ok(Self { transport, port, host: host.to_owned(), found })
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
        let transport = self.transport.name().to_ascii_lowercase();
        write!(f, "{transport}:{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use net::sim::{SimConfig, Simulation};

    #[test]
    fn a_place_is_written_with_as_little_as_it_needs() {
        for (text, read) in [
            ("pbx.example.org", "udp:pbx.example.org:5060"),
            ("pbx.example.org:5070", "udp:pbx.example.org:5070"),
            ("tcp:pbx.example.org", "tcp:pbx.example.org:5060"),
            ("udp:192.0.2.10:5060", "udp:192.0.2.10:5060"),
            ("[2001:db8::1]", "udp:[2001:db8::1]:5060"),
            ("tcp:[2001:db8::1]:5070", "tcp:[2001:db8::1]:5070"),
            ("tls:pbx.example.org", "tls:pbx.example.org:5061"),
            ("tls:pbx.example.org:5060", "tls:pbx.example.org:5060"),
            ("tls:[2001:db8::1]", "tls:[2001:db8::1]:5061"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), read);
            assert_eq!(read.parse(), Ok(place));
        }
        for text in ["", "5060", "udp:", "udp:a:", "udp:a:70000", "a b", "2001:db8::1", "udp:a:b:1"]
        {
            let why = text.parse::<Place>().unwrap_err();
            assert!(why.starts_with(&format!("`{text}` is not PROTO:HOST:PORT")), "{why}");
        }
        assert!("wss:a".parse::<Place>().unwrap_err().contains("udp, tcp and tls"));
        assert_eq!(
            "wss:192.0.2.1:443".parse::<Address>().unwrap_err(),
            "`wss:192.0.2.1:443`: the transports are udp, tcp and tls"
        );
    }

    #[test]
    fn a_name_is_looked_up_once_and_kept_to_what_is_bound() {
        let sim = Simulation::new(SimConfig::default());
        let (_, network) = sim.host([192, 0, 2, 1].into());
        let both = ["2001:db8::9", "192.0.2.9", "192.0.2.8"].map(|ip| ip.parse().unwrap());
        sim.set_name("pbx.example.org", &both);
        let binds = |ip: &str| [Address::udp(SocketAddr::new(ip.parse().unwrap(), 5060))];
        let look_up = |binds: &[Address]| {
            let mut place: Place = "tcp:pbx.example.org:5070".parse().unwrap();
            assert_eq!(NextHop::from(&place).host, "pbx.example.org");
            let found = sim.block_on(place.look_up(&*network, binds)).unwrap();
            found.map(|()| place).map_err(|error| error.line())
        };
        let place = look_up(&binds("0.0.0.0")).unwrap();
        let found = ["192.0.2.9:5070", "192.0.2.8:5070"].map(|at| at.parse().unwrap());
        assert_eq!(place.addresses(), found);
        let hop = NextHop::from(&place);
        assert_eq!((hop.host.as_str(), hop.found.len()), ("pbx.example.org", 2));
        assert_eq!(place.to_string(), "tcp:pbx.example.org:5070");
        sim.set_name("pbx.example.org", &both[..1]);
        let why = look_up(&binds("0.0.0.0")).unwrap_err();
        assert!(why.contains("pbx.example.org has no address of the family"), "{why}");
        assert!(look_up(&binds("::")).is_ok());
    }
}
