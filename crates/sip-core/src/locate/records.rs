//! Records of a domain, and which of them can be used.

use super::wanted::Asked;
use crate::Host;
use ssa::Transport;

/// The longest name, without the dot of the root. RFC 1035 §2.3.4.
const LONGEST: usize = 253;

/// The longest label. RFC 1035 §2.3.4.
const LONGEST_LABEL: usize = 63;

/// An SRV record. RFC 2782.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; empty or `.`: there is no such service.
    pub target: String,
}

impl Srv {
    /// The host, where it is one that a domain may send us to: its name in the DNS. What would be
    /// read as an address, or is asked of this host or its network alone, is none. Case X08.
    pub(super) fn host(&self) -> Option<&str> {
        let name = self.target.strip_suffix('.').unwrap_or(&self.target);
        let host = Host::parse(name.as_bytes()).ok().filter(|host| host.ip().is_none());
        // The C library takes `0x7f.1` and `2130706433` for addresses.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_name = last.starts_with(|first: char| first.is_ascii_alphabetic());
        let fits = host.is_some() && is_name && name.len() <= LONGEST && !is_local(name);
        (fits && self.port != 0).then_some(name)
    }
}

/// A NAPTR record. RFC 3403 §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// The lowest counts.
    pub order: u16,
    /// The lowest of the same order comes first.
    pub preference: u16,
    /// `s`: the replacement owns SRV records. RFC 3263 §4.1 knows no other.
    pub flags: String,
    /// The service, for example `SIP+D2T`.
    pub services: String,
    /// Empty in a record that counts here. RFC 3263 §4.1.
    pub regexp: String,
    /// The name of the SRV records.
    pub replacement: String,
}

impl Naptr {
    /// The transport and the name of the SRV records, where it is a record of ours.
    pub(super) fn service(&self) -> Option<(Transport, &str)> {
        let transport = SERVICES.iter().find(|row| row.0.eq_ignore_ascii_case(&self.services))?.1;
        let name = self.replacement.strip_suffix('.').unwrap_or(&self.replacement);
        let fits = self.flags.eq_ignore_ascii_case("s") && self.regexp.is_empty();
        (fits && is_service(name)).then_some((transport, name))
    }
}

/// The service of a NAPTR record for each transport. RFC 3263 §4.1.
const SERVICES: &[(&str, Transport)] =
    &[("SIP+D2U", Transport::Udp), ("SIP+D2T", Transport::Tcp), ("SIPS+D2T", Transport::Tls)];

/// The name of the SRV records of this transport. RFC 3263 §4.2.
pub(super) fn service_name(transport: Transport, domain: &str) -> Option<String> {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
        Transport::Ws | Transport::Wss => return None,
    };
    Some(format!("{service}.{}", domain.strip_suffix('.').unwrap_or(domain)))
}

/// Whether records of this service serve what is asked for, with `transports` to go over.
pub(super) fn serves(asked: Asked, transport: Transport, transports: &[Transport]) -> bool {
    match asked {
        Asked::Any => transports.contains(&transport),
        // RFC 3263 §4.1: what is not SIPS is discarded.
        Asked::Secure => transport == Transport::Tls,
        Asked::Only(only) => transport == only,
    }
}

/// Whether a name is asked of this host and its network alone.
pub(super) fn is_local(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit_once('.').map(|(_, last)| last);
    last.is_none_or(|last| ["localhost", "local"].iter().any(|it| last.eq_ignore_ascii_case(it)))
}

/// Whether a name can own SRV records.
fn is_service(name: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let mut labels = name.split('.');
    let is_label = |label: &str| !label.is_empty() && label.len() <= LONGEST_LABEL;
    name.len() <= LONGEST
        && name.contains('.')
        && labels.all(|label| is_label(label) && label.bytes().all(fits))
}
