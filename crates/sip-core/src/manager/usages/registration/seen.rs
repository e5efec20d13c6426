//! Where a registrar sees us. RFC 3581 §4, RFC 3261 §18.2.1.

use crate::manager::accounts::Seen;
use crate::manager::requests::Answer;
use std::net::{IpAddr, SocketAddr};

/// The address that the registrar saw a request of ours come from, where it is another than the one
/// that the request named: something on the way translates addresses.
///
/// Over a stream the port is always another than the one that we listen on, so that a translator is
/// known there by the address alone. What nobody could be reached at is not believed, nor what
/// somebody else says than whom we asked.
pub(super) fn seen(answer: &Answer) -> Option<Seen> {
    let (hop, response) = (&answer.hop, &answer.response.message);
    let via = response.top_via().ok().filter(|_| answer.came_back())?;
    let told_ip = via.received().and_then(ip);
    let told_port = via.rport().flatten();
    let ip = told_ip.unwrap_or_else(|| hop.local.ip());
    let address = match (told_port, hop.transport.is_reliable()) {
        (Some(port), _) => SocketAddr::new(ip, port),
        (None, false) => SocketAddr::new(ip, hop.local.port()),
        (None, true) => return None,
    };
    let moved = match hop.transport.is_reliable() {
        true => address.ip() != hop.local.ip(),
        false => address != hop.local,
    };
    let (transport, by) = (hop.transport, hop.remote);
    (moved && may_be_ours(address, by.ip())).then_some(Seen { address, transport, by })
}

/// An address as `received` has it; some write IPv6 ones in brackets.
fn ip(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    text.trim_matches(['[', ']']).parse().ok()
}

/// Whether whoever is at `by` could send to us at this address.
fn may_be_ours(address: SocketAddr, by: IpAddr) -> bool {
    let ip = address.ip();
    address.port() != 0
        && ip.is_ipv4() == by.is_ipv4()
        && !ip.is_unspecified()
        && !ip.is_multicast()
        && (!ip.is_loopback() || by.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::action::{Arrival, Hop};
    use crate::manager::inbound::Inbound;
    use crate::manager::slab::Slab;
    use crate::{Limits, Message};
    use ssa::{FlowId, Transport};
    use std::sync::Arc;

    /// Where a response with these parameters in its Via says that we are.
    fn told(transport: Transport, params: &str) -> Option<String> {
        let [local, remote] = ["10.0.0.2:5060", "192.0.2.9:5060"].map(|it| it.parse().unwrap());
        let parse = |text: String| Message::parse(text.into(), &Limits::default()).unwrap();
        let via = format!("Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKa{params}\r\n\r\n");
        let arrival = Arrival { source: remote, local, transport, flow: FlowId(1) };
        let answer = Answer {
            client: Slab::new().insert(()),
            hop: Hop { transport, local, remote, flow: None },
            sent: Arc::new(parse("REGISTER sip:192.0.2.9 SIP/2.0\r\n\r\n".to_owned())),
            response: Inbound::new(parse(format!("SIP/2.0 200 OK\r\n{via}")), arrival),
        };
        seen(&answer).map(|seen| seen.address.to_string())
    }

    #[test]
    fn the_topmost_via_says_where_we_are_seen() {
        use Transport::{Tcp, Udp};
        let public = Some("198.51.100.1:61000".to_owned());
        assert_eq!(told(Udp, ";received=198.51.100.1;rport=61000"), public);
        assert_eq!(told(Tcp, ";received=198.51.100.1;rport=61000"), public);
        let kept = Some("198.51.100.1:5060".to_owned());
        assert_eq!(told(Udp, ";received=198.51.100.1"), kept);
        assert_eq!(told(Udp, ";rport=61000"), Some("10.0.0.2:61000".to_owned()));
    }

    #[test]
    fn who_is_seen_where_he_is_or_nowhere_is_told_nothing() {
        use Transport::{Tcp, Udp};
        for params in ["", ";rport", ";received=10.0.0.2;rport=5060", ";rport=5060"] {
            assert_eq!(told(Udp, params), None, "{params}");
        }
        // The port of a connection is never the one that is listened on.
        assert_eq!(told(Tcp, ";received=10.0.0.2;rport=49152"), None);
        assert_eq!(told(Tcp, ";received=198.51.100.1"), None);
        for ip in ["0.0.0.0", "127.0.0.1", "224.0.0.1", "2001:db8::1", "nonsense"] {
            assert_eq!(told(Udp, &format!(";received={ip};rport=5060")), None, "{ip}");
        }
        assert_eq!(told(Udp, ";received=198.51.100.1;rport=0"), None);
    }
}
