//! How a packet is labelled.

use super::entry::{Lifeline, Packet, Protocol};
use super::kind::{WireKind, classify, start_line};

/// The lifeline that a packet belongs to, its label and its detail.
pub(super) fn describe(packet: &Packet) -> (Lifeline, String, String) {
    let octets = &packet.octets;
    match classify(octets) {
        WireKind::Rtp => (Lifeline::MediaController, "RTP".to_owned(), size(octets)),
        WireKind::Rtcp => (Lifeline::MediaController, "RTCP".to_owned(), size(octets)),
        WireKind::Sip => {
            let line = String::from_utf8_lossy(start_line(octets)).into_owned();
            (Lifeline::SipManager, line, about(packet))
        }
        WireKind::Other => (Lifeline::SipManager, "octets".to_owned(), about(packet)),
    }
}

fn about(packet: &Packet) -> String {
    let protocol = match packet.protocol {
        Protocol::Udp => "UDP",
        Protocol::Tcp => "TCP",
    };
    format!("{protocol}, {}", size(&packet.octets))
}

fn size(octets: &[u8]) -> String {
    format!("{} bytes", octets.len())
}
