//! The record's packets as a pcapng file that Wireshark and tshark read.
//!
//! The record holds what the sockets carried; Ethernet, IP, UDP and TCP headers are synthesised
//! around it: for TCP a handshake, sequence numbers, acknowledgments and a close, so that the
//! streams reassemble. Secrets in messages are overwritten with zeros, unless they are asked for.

mod frames;
mod secrets;
mod tcp;

pub use secrets::Secrets;

use crate::record::{Entry, Packet, Protocol};
use bytes::Bytes;
use frames::Frame;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, PcapError};
use secrets::overwritten;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;
use tcp::Streams;

/// Which entries a capture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// One terminal's record: what it sent and what it received.
    Terminal,
    /// The record of terminals that talk to one another: what each sent, so that nothing is
    /// shown twice.
    Senders,
}

/// Writes the packets of `entries` as pcapng; `unix_start` is the time of offset 0.
///
/// # Errors
/// As `writer` says.
pub fn write<W: Write>(
    writer: W, entries: &[Entry], view: View, secrets: Secrets, unix_start: Duration,
) -> io::Result<()> {
    let clean = match secrets {
        Secrets::Overwritten => overwritten(entries),
        Secrets::Shown => BTreeMap::new(),
    };
    let mut file = PcapNgWriter::new(writer).map_err(into_io)?;
    let mut interface = InterfaceDescriptionBlock::new(DataLink::ETHERNET, 0);
    // Times are in nanoseconds: 10^-9 (draft-ietf-opsawg-pcapng §4.2).
    interface.options = vec![InterfaceDescriptionOption::IfTsResol(9)];
    file.write_pcapng_block(interface).map_err(into_io)?;
    let mut streams = Streams::default();
    for entry in entries {
        let Some(packet) = entry.packet.as_ref().filter(|p| shown(p, view)) else {
            continue;
        };
        let octets = clean.get(&entry.number).unwrap_or(&packet.octets);
        for frame in frames_of(packet, octets, &mut streams) {
            let octets = frame.to_octets()?;
            let block = EnhancedPacketBlock {
                interface_id: 0,
                timestamp: unix_start + entry.at,
                original_len: octets.len() as u32,
                data: Cow::Owned(octets),
                options: Vec::new(),
            };
            file.write_pcapng_block(block).map_err(into_io)?;
        }
    }
    file.into_inner().flush()
}

const fn shown(packet: &Packet, view: View) -> bool {
    packet.sent || matches!(view, View::Terminal)
}

fn frames_of(packet: &Packet, octets: &Bytes, streams: &mut Streams) -> Vec<Frame> {
    let (source, destination) = packet.path();
    match packet.protocol {
        Protocol::Udp => vec![Frame::udp(source, destination, octets.clone())],
        Protocol::Tcp if octets.is_empty() => streams.close(source, destination),
        Protocol::Tcp => streams.data(source, destination, octets),
    }
}

fn into_io(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
