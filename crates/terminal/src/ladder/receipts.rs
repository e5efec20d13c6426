//! Which messages arrived: what one terminal sent and another received is one arrow.

use crate::record::{Entry, Packet, Protocol, WireKind, classify};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

type Path = (SocketAddr, SocketAddr);

/// What was received and is not yet drawn with what was sent.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    /// Entries that received a datagram, by its path and octets.
    datagrams: BTreeMap<(Path, Bytes), VecDeque<u64>>,
    /// Streams whose both ends were recorded: octets received, and octets sent so far.
    streams: BTreeMap<Path, (usize, usize)>,
    /// Entries that are drawn with their sender's.
    drawn: BTreeSet<u64>,
}

impl Receipts {
    /// What `entries` received.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry> + Clone) -> Self {
        let mut receipts = Self::default();
        for packet in entries.clone().filter_map(|entry| entry.packet.as_ref()) {
            if packet.sent && packet.protocol == Protocol::Tcp {
                receipts.streams.entry(packet.path()).or_default();
            }
        }
        for entry in entries {
            if let Some(packet) = entry.packet.as_ref().filter(|packet| !packet.sent) {
                receipts.add(entry.number, packet);
            }
        }
        receipts
    }

    fn add(&mut self, number: u64, packet: &Packet) {
        match packet.protocol {
            Protocol::Udp if classify(&packet.octets) < WireKind::Rtp => {
                let key = (packet.path(), packet.octets.clone());
                self.datagrams.entry(key).or_default().push_back(number);
            }
            Protocol::Udp => {}
            Protocol::Tcp => {
                if let Some((received, _)) = self.streams.get_mut(&packet.path()) {
                    *received += packet.octets.len();
                    self.drawn.insert(number);
                }
            }
        }
    }

    /// Whether an entry is drawn with its sender's.
    pub(super) fn is_drawn(&self, entry: &Entry) -> bool {
        self.drawn.contains(&entry.number)
    }

    /// Whether a packet that was sent arrived at the other terminal.
    pub(super) fn arrives(&mut self, packet: &Packet) -> bool {
        if packet.protocol == Protocol::Tcp {
            let Some((received, sent)) = self.streams.get_mut(&packet.path()) else {
                return false;
            };
            // A stream is cut into other pieces where it is read: only the counts agree.
            *sent += packet.octets.len();
            return *sent <= *received;
        }
        let key = (packet.path(), packet.octets.clone());
        let receipt = self.datagrams.get_mut(&key).and_then(VecDeque::pop_front);
        self.drawn.extend(receipt);
        receipt.is_some()
    }
}
