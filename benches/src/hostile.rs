//! Datagrams that somebody wrote to be dear to read: each kind in any size. Cases P05, P08–P10,
//! P14, P16.

use bytes::Bytes;
use sip_core::{Capabilities, Limits, Message, validate_within};
use std::hint::black_box;

/// The kinds, by name.
pub const KINDS: [&str; 8] =
    ["folded", "headers", "vias", "params", "quoted", "escaped", "contacts", "uri"];

/// A request of about `size` octets of this kind; all else in it is as it should be.
pub fn datagram(kind: &str, size: usize) -> Bytes {
    let filled = |piece: &str| piece.repeat(size / piece.len());
    let (uri, field) = match kind {
        "folded" => (String::new(), format!("Subject: a{}\r\n", filled("\r\n b"))),
        "headers" => (String::new(), filled("X-Header: value\r\n")),
        "vias" => (String::new(), format!("Via: {}\r\n", filled("SIP/2.0/UDP a;branch=z9hG4bK,"))),
        "params" => (String::new(), format!("Contact: <sip:a@b>{}\r\n", filled(";a=b"))),
        "quoted" => (String::new(), format!("Contact: \"{}\" <sip:a@b>\r\n", filled("x "))),
        "escaped" => (String::new(), format!("Contact: \"{}\" <sip:a@b>\r\n", filled("\\\""))),
        "contacts" => (String::new(), format!("Contact: {}<sip:z@b>\r\n", filled("<sip:a@b>,"))),
        _ => (filled("%41"), String::new()),
    };
    format!(
        "INVITE sip:{uri}bob@example.net SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK77ef\r\n\
         From: <sip:alice@example.net>;tag=1928301774\r\n\
         To: <sip:bob@example.net>\r\n\
         Call-ID: a84b4c76e66710\r\n\
         CSeq: 1 INVITE\r\n\
         Max-Forwards: 70\r\n{field}\r\n"
    )
    .into()
}

/// Limits that stop as few of them as may be: what is measured is the reading, not the refusal.
pub fn limits() -> Limits {
    let most = usize::MAX;
    let limits = Limits::default();
    Limits { uri: most, fields: 254, value: most, params: most, vias: most, ..limits }
}

/// Reads a datagram as a terminal does, and what is typed in it.
pub fn read(datagram: &Bytes, limits: &Limits) {
    let Ok(message) = Message::parse(datagram.clone(), limits) else { return };
    black_box(validate_within(&message, &Capabilities::default(), limits));
    black_box(message.identity());
    black_box(message.contacts().take_while(Result::is_ok).count());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_to_its_end() {
        for kind in KINDS {
            let datagram = datagram(kind, 60_000);
            assert!((59_000..61_000).contains(&datagram.len()), "{kind}: {}", datagram.len());
            let message = Message::parse(datagram, &limits()).unwrap();
            assert!(message.identity().is_some(), "{kind}");
        }
    }
}
