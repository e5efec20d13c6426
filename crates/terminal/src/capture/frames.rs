//! One Ethernet frame with its synthesised headers.

use bytes::Bytes;
use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader, UdpHeader};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A packet and the headers that it is to get.
#[derive(Debug)]
pub(super) struct Frame {
    source: SocketAddr,
    destination: SocketAddr,
    transport: Transport,
    payload: Bytes,
}

#[derive(Debug)]
enum Transport {
    Udp,
    Tcp(Segment),
}

/// What a TCP header says, beyond its ports.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) acknowledgment: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
}

const HOP_LIMIT: u8 = 64;
const WINDOW: u16 = 65_535;

impl Frame {
    pub(super) const fn udp(source: SocketAddr, destination: SocketAddr, payload: Bytes) -> Self {
        Self { source, destination, transport: Transport::Udp, payload }
    }

    pub(super) const fn tcp(
        source: SocketAddr, destination: SocketAddr, segment: Segment, payload: Bytes,
    ) -> Self {
        Self { source, destination, transport: Transport::Tcp(segment), payload }
    }

    /// The frame as octets, checksums included.
    ///
    /// # Errors
    /// The payload does not fit into an IP packet.
    pub(super) fn to_octets(&self) -> io::Result<Vec<u8>> {
        let link = PacketBuilder::ethernet2(station(self.source), station(self.destination));
        let ip = match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => link.ipv4(a.octets(), b.octets(), HOP_LIMIT),
            // An IPv6 socket that took IPv4 knows its peer by a mapped address. RFC 4291 §2.5.5.2.
            (a, b) => link.ipv6(mapped(a).octets(), mapped(b).octets(), HOP_LIMIT),
        };
        let (from, to) = (self.source.port(), self.destination.port());
        let mut octets = Vec::with_capacity(self.payload.len() + 80);
        match self.transport {
            Transport::Udp => self.put_udp(ip.udp(from, to), &mut octets)?,
            Transport::Tcp(segment) => {
                let mut header = TcpHeader::new(from, to, segment.sequence, WINDOW);
                header.syn = segment.syn;
                header.fin = segment.fin;
                header.psh = !self.payload.is_empty();
                header.ack = segment.acknowledgment.is_some();
                header.acknowledgment_number = segment.acknowledgment.unwrap_or(0);
                self.put_tcp(ip.tcp_header(header), &mut octets)?;
            }
        }
        Ok(octets)
    }

    fn put_udp(&self, step: PacketBuilderStep<UdpHeader>, octets: &mut Vec<u8>) -> io::Result<()> {
        step.write(octets, &self.payload).map_err(|e| io::Error::other(e.to_string()))
    }

    fn put_tcp(&self, step: PacketBuilderStep<TcpHeader>, octets: &mut Vec<u8>) -> io::Result<()> {
        step.write(octets, &self.payload).map_err(|e| io::Error::other(e.to_string()))
    }
}

const fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// A locally administered station address made from a port, so that two terminals on one host
/// are told apart.
const fn station(address: SocketAddr) -> [u8; 6] {
    let [high, low] = address.port().to_be_bytes();
    [0x02, 0, 0, 0, high, low]
}
