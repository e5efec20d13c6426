//! What is written is read back with the ordinary parsers.

use super::{Secrets, View, write};
use crate::record::{Entry, Kind, Lifeline, Packet, Protocol};
use bytes::Bytes;
use etherparse::{SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};
use std::time::Duration;

pub(super) fn entry(number: u64, protocol: Protocol, sent: bool, octets: &'static [u8]) -> Entry {
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
        packet: Some(Packet {
            protocol,
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: "127.0.0.1:5070".parse().unwrap(),
            sent,
            octets: Bytes::from_static(octets),
        }),
    }
}

fn frames(entries: &[Entry], view: View) -> Vec<(Duration, Vec<u8>)> {
    let mut file = Vec::new();
    let start = Duration::from_secs(1_700_000_000);
    write(&mut file, entries, view, Secrets::Overwritten, start).unwrap();
    let mut reader = PcapNgReader::new(&file[..]).unwrap();
    let mut frames = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.unwrap() {
            frames.push((packet.timestamp, packet.data.into_owned()));
        }
    }
    frames
}

#[test]
fn a_datagram_keeps_its_ports_payload_and_time() {
    let entries = [entry(5, Protocol::Udp, true, b"OPTIONS sip:b@c SIP/2.0\r\n\r\n")];
    let frames = frames(&entries, View::Terminal);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].0, Duration::from_millis(1_700_000_000_005));
    let sliced = SlicedPacket::from_ethernet(&frames[0].1).unwrap();
    let Some(TransportSlice::Udp(udp)) = sliced.transport else {
        panic!("not UDP");
    };
    assert_eq!((udp.source_port(), udp.destination_port()), (5060, 5070));
    assert_eq!(udp.payload(), b"OPTIONS sip:b@c SIP/2.0\r\n\r\n");
}

#[test]
fn addresses_of_two_families_do_not_end_the_capture() {
    let mut mixed = entry(1, Protocol::Udp, true, b"a");
    mixed.packet.as_mut().unwrap().remote = "[2001:db8::1]:5070".parse().unwrap();
    let entries = [mixed, entry(2, Protocol::Udp, true, b"b")];
    let frames = frames(&entries, View::Terminal);
    assert_eq!(frames.len(), 2);
    assert!(SlicedPacket::from_ethernet(&frames[0].1).is_ok());
}

#[test]
fn a_stream_opens_counts_and_closes() {
    let entries = [
        entry(1, Protocol::Tcp, true, b"abc"),
        entry(2, Protocol::Tcp, false, b"defg"),
        entry(3, Protocol::Tcp, true, b""),
    ];
    let seen: Vec<(u32, u32, bool, bool, usize)> = frames(&entries, View::Terminal)
        .iter()
        .map(|(_, octets)| {
            let sliced = SlicedPacket::from_ethernet(octets).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
                panic!("not TCP");
            };
            (
                tcp.sequence_number(),
                tcp.acknowledgment_number(),
                tcp.syn(),
                tcp.fin(),
                tcp.payload().len(),
            )
        })
        .collect();
    let expected = [
        (0, 0, true, false, 0),
        (0, 1, true, false, 0),
        (1, 1, false, false, 0),
        (1, 1, false, false, 3),
        (1, 4, false, false, 0),
        (1, 4, false, false, 4),
        (4, 5, false, false, 0),
        (4, 5, false, true, 0),
        (5, 5, false, true, 0),
        (5, 6, false, false, 0),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn among_senders_nothing_is_shown_twice() {
    let entries = [entry(1, Protocol::Udp, true, b"a"), entry(2, Protocol::Udp, false, b"a")];
    assert_eq!(frames(&entries, View::Senders).len(), 1);
    assert_eq!(frames(&entries, View::Terminal).len(), 2);
}
