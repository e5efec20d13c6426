//! Our Contact in a request: which address of ours a peer is told. RFC 3261 §8.1.1.8.

use crate::builder::{hex, push_address};
use crate::manager::accounts::Seen;
use crate::manager::action::Hop;
use crate::manager::own::Own;
use ssa::Transport;
use std::net::SocketAddr;

/// The Contact of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Contact {
    /// None: the method has none.
    None,
    /// This user part at the address that the first try leaves from.
    User(String),
    /// The same, once that is known. It stays while the request goes to one address, since it may
    /// be signed.
    Settled { user: String, value: Vec<u8> },
    /// This value.
    Value(Vec<u8>),
    /// A registration's.
    Registered(Box<Registered>),
}

/// What a registrar is told to call us by, and what no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manager) struct Registered {
    /// The random user part, as the number that its digits are.
    pub(in crate::manager) number: u64,
    /// Where the registrar sees us, unless that is where the request leaves from.
    pub(in crate::manager) seen: Option<Seen>,
    /// What names this terminal for good, where that is told. RFC 5626 §4.1.
    pub(in crate::manager) instance: Option<String>,
    /// The number of the flow that the request leaves over, where that is told. RFC 5626 §4.2.
    pub(in crate::manager) reg_id: Option<u8>,
    /// Whether the registrar replaces by that number what it has been told before.
    pub(in crate::manager) is_replaced: bool,
    /// What the registrar has been told before. Where that is another address, it is taken back.
    pub(in crate::manager) told: Vec<u8>,
    /// The Contact, once the first try's hop is known, and what is taken back.
    pub(super) rows: Vec<Vec<u8>>,
}

impl Contact {
    /// Its rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let rows = match self {
            Self::Value(value) | Self::Settled { value, .. } => std::slice::from_ref(value),
            Self::Registered(registered) => registered.rows.as_slice(),
            Self::None | Self::User(_) => &[],
        };
        rows.iter().map(Vec::as_slice)
    }
}

impl Registered {
    /// For a registrar that has been told nothing yet.
    pub(in crate::manager) const fn of(number: u64, instance: Option<String>) -> Self {
        Self {
            number,
            seen: None,
            instance,
            reg_id: None,
            is_replaced: false,
            told: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Settles it for a request that leaves over `hop`. RFC 3261 §10.2.2: one of no time is removed,
    /// in the same request, so that the registrar does not keep two.
    pub(super) fn settle(&mut self, own: Own<'_>, hop: &Hop, is_sips: bool) {
        let seen = self.seen.filter(|seen| seen.holds_over(hop)).map(|seen| seen.address);
        let mut value = contact((own, seen), &hex(self.number), hop, is_sips);
        if self.reg_id.is_some() {
            value = with_ob(value);
        }
        let is_old = |told: &&Vec<u8>| !told.is_empty() && **told != value && !self.is_replaced;
        let old = Some(&self.told).filter(is_old);
        let old = old.map(|told| [told, b";expires=0".as_slice()].concat());
        if let Some(instance) = &self.instance {
            value.extend_from_slice(format!(";+sip.instance=\"<{instance}>\"").as_bytes());
        }
        if let Some(reg_id) = self.reg_id {
            value.extend_from_slice(format!(";reg-id={reg_id}").as_bytes());
        }
        self.rows = std::iter::once(value).chain(old).collect();
    }
}

/// The same Contact, for requests that are to come over the flow that this one leaves over. RFC 5626
/// §4.3.
pub(super) fn with_ob(mut contact: Vec<u8>) -> Vec<u8> {
    contact.pop();
    contact.extend_from_slice(b";ob>");
    contact
}

/// Our Contact: `user` at the address for requests from where `hop` leads.
///
/// It names TCP where that was chosen for `hop`, not only for a request's size, and we listen on
/// it; otherwise UDP, where there is a socket for it. Over TLS it names TLS, whether we listen or
/// not: nothing in clear. Requests that come back go over the same connection while it is open.
///
/// `is_sips`: whether it is to be a `sips:` URI, which the request decides. RFC 3261 §8.1.1.8. A
/// `sip:` one says `transport=tls`, although RFC 5630 §5.1.1 would have it not: without it a peer
/// whose connection is gone asks that port in clear. Over a WebSocket of either kind it says
/// `transport=ws`, as RFC 7118 §5.2 has it: it is reached over the connection that we opened.
///
/// `seen`: where the peer sees what leaves over `hop`, if somewhere else. It is told that then, but
/// for a `sips:` one that does not go over TLS: nobody has seen us there.
pub(in crate::manager) fn contact(
    (own, seen): (Own<'_>, Option<SocketAddr>), user: &str, hop: &Hop, is_sips: bool,
) -> Vec<u8> {
    let seen = seen.filter(|_| !is_sips || hop.transport.is_secure());
    let (address, parameter) = match seen {
        Some(address) => (address, parameter(hop.transport)),
        None => ours(own, hop, is_sips),
    };
    let (scheme, parameter) = match is_sips {
        true if hop.transport.is_websocket() => ("<sips:", parameter),
        true => ("<sips:", ""),
        false => ("<sip:", parameter),
    };
    let mut contact = Vec::with_capacity(48 + user.len());
    contact.extend_from_slice(scheme.as_bytes());
    if !user.is_empty() {
        contact.extend_from_slice(user.as_bytes());
        contact.push(b'@');
    }
    push_address(&mut contact, address);
    contact.extend_from_slice(parameter.as_bytes());
    contact.push(b'>');
    contact
}

/// Our address for requests from where `hop` leads, and how a `sip:` URI asks for its transport.
fn ours(own: Own<'_>, hop: &Hop, is_sips: bool) -> (SocketAddr, &'static str) {
    let own = |transport| own.address(transport, hop.remote.ip(), Some(hop.local));
    let transport = match (is_sips, hop.transport) {
        (true, Transport::Udp | Transport::Tcp | Transport::Tls) => Transport::Tls,
        (true, Transport::Ws | Transport::Wss) => Transport::Wss,
        (false, transport) => transport,
    };
    let kept_to = transport.is_secure() || transport.is_websocket();
    let listener = own(transport).filter(|_| transport.is_reliable());
    let in_clear = own(Transport::Udp).filter(|_| !kept_to);
    match (listener, in_clear) {
        (Some(listener), _) => (listener, parameter(transport)),
        (None, Some(socket)) => (socket, ""),
        (None, None) if kept_to => (hop.local, parameter(transport)),
        (None, None) => (hop.local, parameter(Transport::Tcp)),
    }
}

/// How a `sip:` URI asks for a transport; UDP is what it asks for by itself.
const fn parameter(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "",
        Transport::Tcp => ";transport=tcp",
        Transport::Tls => ";transport=tls",
        Transport::Ws | Transport::Wss => ";transport=ws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::config::Local;

    fn local(transport: Transport, address: &str) -> Local {
        Local { transport, address: address.parse().unwrap() }
    }

    #[test]
    fn the_contact_names_the_transport_that_was_chosen() {
        let udp = [
            local(Transport::Udp, "192.0.2.1:5060"),
            local(Transport::Udp, "203.0.113.1:5060"),
            local(Transport::Udp, "[2001:db8::1]:5060"),
        ];
        let both = [udp.as_slice(), &[local(Transport::Tcp, "192.0.2.1:5061")]].concat();
        let cases: [(&[Local], _, _, _); 5] = [
            (&both, Transport::Udp, "192.0.2.1:5060", "192.0.2.1:5060"),
            (&both, Transport::Udp, "203.0.113.1:5060", "203.0.113.1:5060"),
            (&both, Transport::Tcp, "192.0.2.1:5061", "192.0.2.1:5061;transport=tcp"),
            (&udp, Transport::Tcp, "203.0.113.1:5060", "203.0.113.1:5060"),
            (&[], Transport::Tcp, "192.0.2.1:5061", "192.0.2.1:5061;transport=tcp"),
        ];
        for (locals, transport, local, want) in cases {
            let [local, remote] = [local, "192.0.2.9:5060"].map(|it| it.parse().unwrap());
            let hop = Hop { transport, local, remote, flow: None };
            let got = contact((Own { locals, routes: None }, None), "bob", &hop, false);
            assert_eq!(String::from_utf8(got).unwrap(), format!("<sip:bob@{want}>"));
        }
    }

    #[test]
    fn x03_over_tls_the_contact_names_nothing_in_clear() {
        let plain =
            [local(Transport::Udp, "192.0.2.1:5060"), local(Transport::Tcp, "192.0.2.1:5060")];
        let all = [plain.as_slice(), &[local(Transport::Tls, "192.0.2.1:5061")]].concat();
        let cases: [(&[Local], _, _, _); 5] = [
            (&all, Transport::Tls, false, "<sip:bob@192.0.2.1:5061;transport=tls>"),
            (&all, Transport::Tls, true, "<sips:bob@192.0.2.1:5061>"),
            // The request came in over another transport, and a proxy speaks TLS beyond it.
            (&all, Transport::Udp, true, "<sips:bob@192.0.2.1:5061>"),
            (&plain, Transport::Tls, false, "<sip:bob@192.0.2.1:5060;transport=tls>"),
            (&plain, Transport::Tls, true, "<sips:bob@192.0.2.1:5060>"),
        ];
        for (locals, transport, is_sips, want) in cases {
            let [local, remote] =
                ["192.0.2.1:5060", "192.0.2.9:5061"].map(|it| it.parse().unwrap());
            let hop = Hop { transport, local, remote, flow: None };
            let got = contact((Own { locals, routes: None }, None), "bob", &hop, is_sips);
            assert_eq!(String::from_utf8(got).unwrap(), want);
        }
    }

    /// RFC 7118 §5.2 has one word for both kinds.
    #[test]
    fn over_a_websocket_the_contact_is_reached_over_nothing_else() {
        let plain = [local(Transport::Udp, "192.0.2.1:5060")];
        let all = [plain.as_slice(), &[local(Transport::Ws, "192.0.2.1:80")]].concat();
        let cases: [(&[Local], _, _, _); 4] = [
            (&plain, Transport::Ws, false, "<sip:bob@192.0.2.1:5060;transport=ws>"),
            (&all, Transport::Ws, false, "<sip:bob@192.0.2.1:80;transport=ws>"),
            (&all, Transport::Wss, false, "<sip:bob@192.0.2.1:5060;transport=ws>"),
            (&plain, Transport::Wss, true, "<sips:bob@192.0.2.1:5060;transport=ws>"),
        ];
        for (locals, transport, is_sips, want) in cases {
            let [local, remote] = ["192.0.2.1:5060", "192.0.2.9:80"].map(|it| it.parse().unwrap());
            let hop = Hop { transport, local, remote, flow: None };
            let got = contact((Own { locals, routes: None }, None), "bob", &hop, is_sips);
            assert_eq!(String::from_utf8(got).unwrap(), want);
        }
    }
}
