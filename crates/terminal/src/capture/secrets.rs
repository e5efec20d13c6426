//! Messages as a capture may show them: each secret is overwritten where it stands, so that all
//! lengths stay. Case O01.

use crate::record::{Entry, Packet, Protocol, WireKind, blank, classify, overwrite};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What becomes of the passwords, Digest responses and media keys in the messages of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They are overwritten with zeros.
    Overwritten,
    /// They are there: whoever reads the capture can use them.
    Shown,
}

/// One direction of a connection, as one terminal saw it.
type Direction<'a> = (&'a str, SocketAddr, SocketAddr, bool);

/// The packets of `entries` without their secrets, by the numbers of the entries. What a stream
/// carried is looked at as a whole, since a secret may have come in two parts.
pub(super) fn overwritten(entries: &[Entry]) -> BTreeMap<u64, Bytes> {
    let mut clean = BTreeMap::new();
    let mut streams: BTreeMap<Direction<'_>, Stream> = BTreeMap::new();
    for entry in entries {
        let Some(packet) = &entry.packet else { continue };
        match packet.protocol {
            Protocol::Udp => {
                clean.insert(entry.number, datagram(&packet.octets));
            }
            Protocol::Tcp if packet.octets.is_empty() => {
                // The connection is closed: another may have its addresses.
                for sent in [false, true] {
                    let over = streams.remove(&direction(entry, packet, sent));
                    over.into_iter().for_each(|stream| stream.cut(&mut clean));
                }
            }
            Protocol::Tcp => {
                let stream = streams.entry(direction(entry, packet, packet.sent)).or_default();
                stream.parts.push((entry.number, packet.octets.len()));
                stream.octets.extend_from_slice(&packet.octets);
            }
        }
    }
    streams.into_values().for_each(|stream| stream.cut(&mut clean));
    clean
}

fn direction<'a>(entry: &'a Entry, packet: &Packet, sent: bool) -> Direction<'a> {
    (&entry.terminal, packet.local, packet.remote, sent)
}

/// A datagram: media is no text, whatever its octets look like.
fn datagram(octets: &Bytes) -> Bytes {
    match classify(octets) {
        WireKind::Rtp | WireKind::Rtcp => octets.clone(),
        WireKind::Sip | WireKind::Other => {
            let mut octets = octets.to_vec();
            overwrite(&mut octets);
            octets.into()
        }
    }
}

/// What came one way over a connection, and in which parts.
#[derive(Default)]
struct Stream {
    octets: Vec<u8>,
    /// The entry that each part is of, and its length.
    parts: Vec<(u64, usize)>,
}

impl Stream {
    /// Overwrites the secrets and cuts the octets as they came.
    fn cut(mut self, clean: &mut BTreeMap<u64, Bytes>) {
        let headless = headless(&self.octets);
        blank(self.octets.get_mut(..headless).unwrap_or_default());
        overwrite(&mut self.octets);
        let mut rest = Bytes::from(self.octets);
        for (number, length) in self.parts {
            clean.insert(number, rest.split_to(length.min(rest.len())));
        }
    }
}

/// The length of what is left of a message whose head was not kept: it may begin within a secret.
fn headless(octets: &[u8]) -> usize {
    let mut lines = octets.split_inclusive(|octet| *octet == b'\n');
    let mut length = 0;
    lines.try_for_each(|line| {
        let begins = classify(line) == WireKind::Sip;
        length += if begins { 0 } else { line.len() };
        if begins { None } else { Some(()) }
    });
    length
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    /// The octets of a connection's parts, as a capture has them.
    fn shown(parts: &[&'static [u8]]) -> String {
        let parts = parts.iter().zip(1..);
        let entries: Vec<Entry> =
            parts.map(|(octets, number)| entry(number, Protocol::Tcp, true, octets)).collect();
        let clean = overwritten(&entries);
        for entry in &entries {
            let length = entry.packet.as_ref().unwrap().octets.len();
            assert!(length == 0 || clean[&entry.number].len() == length, "{clean:?}");
        }
        String::from_utf8(clean.into_values().flatten().collect()).unwrap()
    }

    #[test]
    fn o01_a_secret_in_two_parts_is_overwritten() {
        let parts: [&[u8]; 3] = [
            b"REGISTER sip:h SIP/2.0\r\nAuthorization: Digest realm=\"r\", respo",
            b"nse=\"0123456789",
            b"abcdef\"\r\n\r\n",
        ];
        let want = "REGISTER sip:h SIP/2.0\r\nAuthorization: Digest realm=\"r\", \
                    response=\"0000000000000000\"\r\n\r\n";
        assert_eq!(shown(&parts), want);
    }

    #[test]
    fn o01_what_is_left_of_a_message_is_overwritten() {
        let parts: [&[u8]; 2] = [b"ret\"\r\nX: y\r\n\r\n", b"BYE sip:h SIP/2.0\r\nX: y\r\n\r\n"];
        assert_eq!(shown(&parts), "0000\r\n00 0\r\n\r\nBYE sip:h SIP/2.0\r\nX: y\r\n\r\n");
        // A connection that begins anew begins with a message.
        let again: [&[u8]; 3] = [b"BYE sip:h SIP/2.0\r\npassword=", b"", b"BYE sip:i SIP/2.0\r\n"];
        assert_eq!(shown(&again), "BYE sip:h SIP/2.0\r\npassword=BYE sip:i SIP/2.0\r\n");
    }
}
