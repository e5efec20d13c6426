//! Text that is shown and captures that are written: whatever stands around a secret, and wherever
//! a stream is cut, it is not in what comes out, and no control character is in what is shown.
//!
//! The first octet says how the secret is given, the second where it stands in the rest, the third
//! into what pieces a stream is cut.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use pcap_file::pcapng::{Block, PcapNgReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use terminal::capture::{Secrets, View, write};
use terminal::record::{Entry, Kind, Lifeline, Packet, Protocol, clean, clean_all, redacted};

const SECRET: &str = "correct-horse";

/// What stands before a secret and behind it.
const GIVEN: [(&str, &str); 10] = [
    ("response=\"", "\""),
    ("response=", ","),
    ("rspauth = \"", "\""),
    ("password=\"", "\""),
    ("passphrase=", " "),
    ("Authorization: Basic ", "\r\n"),
    ("\r\nk=clear:", "\r\n"),
    ("inline:", "|2^20"),
    ("<sip:bob:", "@192.0.2.1>"),
    ("//bob:", "@192.0.2.1/"),
];

/// Octets of the smallest piece of a stream: smaller than what stands before a secret.
const SMALLEST: usize = 5;
/// Ethernet, IPv4 and TCP or UDP headers before what a frame carries.
const TCP: usize = 14 + 20 + 20;
const UDP: usize = 14 + 20 + 8;

fuzz_target!(|octets: &[u8]| {
    let [given, place, piece, rest @ ..] = octets else { return };
    let (before, behind) = rest.split_at(usize::from(*place).min(rest.len()));
    let (head, tail) = GIVEN[usize::from(*given) % GIVEN.len()];
    let given = [head, SECRET, tail].concat();
    let octets = [before, given.as_bytes(), behind].concat();
    if holds(before) || holds(behind) {
        return;
    }
    let text = String::from_utf8_lossy(&octets);
    for shown in [clean(&text), clean_all(&text)] {
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(!shown.contains(char::is_control), "{shown}");
    }
    assert!(!redacted(&text).contains(SECRET));

    // Media is no text, and shown as it is.
    if !matches!(octets.first(), Some(128..=191)) {
        assert!(!holds(&captured(Protocol::Udp, [octets.as_slice()], UDP)));
    }
    let start = b"BYE sip:bob@192.0.2.1 SIP/2.0\r\n".as_slice();
    let stream = [start, &octets].concat();
    let size = usize::from(*piece) + SMALLEST;
    assert!(!holds(&captured(Protocol::Tcp, stream.chunks(size), TCP)));
});

fn holds(octets: &[u8]) -> bool {
    octets.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}

/// What the frames of a capture carry, one after the other.
fn captured<'a>(
    protocol: Protocol, pieces: impl IntoIterator<Item = &'a [u8]>, headers: usize,
) -> Vec<u8> {
    let pieces = pieces.into_iter().map(Bytes::copy_from_slice).zip(1..);
    let entries: Vec<_> = pieces.map(|(octets, number)| entry(number, protocol, octets)).collect();
    let mut file = Vec::new();
    let start = Duration::from_secs(1_700_000_000);
    let secrets = Secrets::Overwritten;
    write(&mut file, &entries, View::Terminal, secrets, start).expect("a capture");
    let mut reader = PcapNgReader::new(&*file).expect("its head");
    let mut carried = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.expect("a block") {
            carried.extend_from_slice(&packet.data[headers..]);
        }
    }
    carried
}

fn entry(number: u64, protocol: Protocol, octets: Bytes) -> Entry {
    let [local, remote] = [5060, 5070].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    Entry {
        call: None,
        number,
        at: Duration::from_millis(number),
        terminal: "caller".into(),
        from: Lifeline::SipManager,
        to: Lifeline::Network,
        label: String::new(),
        detail: String::new(),
        kind: Kind::Wire,
        packet: Some(Packet { protocol, local, remote, sent: true, octets }),
    }
}
