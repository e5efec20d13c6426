//! Values of the configuration that have a grammar of their own.

use net::Transport;
use serde::{Deserialize, Serialize};
use sip_core::Uri;
use sip_core::locate::Servers;
use sip_core::manager::NextHop;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A transport and an address: `udp:127.0.0.1:5060`, `tcp:[::1]:5060`, `tls:192.0.2.1:5061`,
/// `ws:127.0.0.1:8080`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The transport.
    pub transport: Transport,
    /// Where; port 0 takes any free one.
    pub address: SocketAddr,
}

impl Address {
    /// UDP at `address`.
    pub const fn udp(address: SocketAddr) -> Self {
        Self { transport: Transport::Udp, address }
    }

    /// TCP at `address`.
    pub const fn tcp(address: SocketAddr) -> Self {
        Self { transport: Transport::Tcp, address }
    }
}

impl From<Address> for NextHop {
    /// UDP says nothing of the transport: what is too large for it goes over TCP.
    fn from(address: Address) -> Self {
        let reliable = address.transport.is_reliable();
        Self {
            host: address.address.ip().to_string(),
            found: Servers::default(),
            port: Some(address.address.port()),
            transport: reliable.then_some(address.transport),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not PROTO:ADDRESS:PORT, such as udp:127.0.0.1:5060");
        let (transport, address) = text.split_once(':').ok_or_else(wrong)?;
        let address = address.parse().map_err(|_| wrong())?;
        let transport = transport_of(transport).ok_or_else(|| format!("`{text}`: {TRANSPORTS}"))?;
        Ok(Self { transport, address })
    }
}

/// The words for them.
pub(super) const TRANSPORTS: &str = "the transports are udp, tcp, tls, ws and wss";

/// The transport that this word of the configuration stands for.
pub(super) fn transport_of(word: &str) -> Option<Transport> {
    match word {
        "udp" => Some(Transport::Udp),
        "tcp" => Some(Transport::Tcp),
        "tls" => Some(Transport::Tls),
        "ws" => Some(Transport::Ws),
        "wss" => Some(Transport::Wss),
        _ => None,
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = self.transport.name().to_ascii_lowercase();
        write!(f, "{transport}:{}", self.address)
    }
}

/// An address of record: a `sip:` URI with a host, and no header or parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SipAor(String);

impl SipAor {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without the port: the realm of the terminal's own challenges.
    pub fn host(&self) -> &str {
        let uri = Uri::parse(self.0.as_bytes()).ok();
        let host = uri.and_then(|uri| uri.host());
        host.and_then(|host| std::str::from_utf8(host.as_bytes()).ok()).unwrap_or_default()
    }

    /// The port, where one is said.
    pub fn port(&self) -> Option<u16> {
        Uri::parse(self.0.as_bytes()).ok().and_then(|uri| uri.port())
    }

    /// The host, and the port where there is one.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The user part.
    pub fn user(&self) -> &str {
        let uri = Uri::parse(self.0.as_bytes()).ok();
        let user = uri.and_then(|uri| uri.user());
        user.and_then(|user| std::str::from_utf8(user).ok()).unwrap_or_default()
    }

    /// Whom it names: the same for all addresses that the security manager takes for one contact's.
    pub fn contact(&self) -> String {
        contact(&self.0).unwrap_or_else(|| self.0.clone())
    }

    /// Whether `other` names the same contact.
    pub fn names(&self, other: &str) -> bool {
        contact(other).is_some_and(|other| other == self.contact())
    }

    /// Whether `other` is a spelling of this address of record, as a security manager compares
    /// them: the scheme's own port, password, parameters and headers do not count, nor do
    /// `%`-escapes and the host's case. RFC 3261 §10.3 (5), §19.1.4.
    pub fn matches(&self, other: &str) -> bool {
        canonical(&self.0).is_some_and(|own| Some(own) == canonical(other))
    }
}

fn canonical(uri: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(uri.len());
    let put = |part: &[u8]| octets.extend_from_slice(part);
    sip_syntax::aor::canonical(uri.as_bytes(), put).ok().map(|()| octets)
}

/// Whom an address names, as the security manager finds pins and requirements: by `sips:`, another
/// port or capitals nobody becomes another person. Nobody, where it is none.
#[cfg(feature = "digest")]
fn contact(text: &str) -> Option<String> {
    let aor = sec_manager::aor::canonical(text.as_bytes()).ok()?;
    Some(aor.as_contact().to_string())
}

/// There is no security manager that would find anything by it.
#[cfg(not(feature = "digest"))]
fn contact(text: &str) -> Option<String> {
    String::from_utf8(canonical(text)?).ok()
}

impl FromStr for SipAor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not an address such as sip:alice@example.org");
        let uri = Uri::parse(text.as_bytes()).map_err(|_| wrong())?;
        let plain = uri.is_sip()
            && uri.user().is_some()
            && !uri.has_odd_user()
            && uri.password().is_none()
            && !text.contains([';', '?']);
        if plain { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for SipAor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SipAor> for String {
    fn from(aor: SipAor) -> Self {
        aor.0
    }
}

impl fmt::Display for SipAor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A Digest algorithm, as spelled on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
pub enum ListedAlgorithm {
    /// MD5, for peers that know no other.
    #[serde(rename = "MD5")]
    #[value(name = "MD5")]
    Md5,
    /// SHA-256.
    #[serde(rename = "SHA-256")]
    #[value(name = "SHA-256")]
    Sha256,
    /// SHA-512/256.
    #[serde(rename = "SHA-512-256")]
    #[value(name = "SHA-512-256")]
    Sha512_256,
}
