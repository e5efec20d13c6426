//! Where an RTP or RTCP packet's header ends. RFC 3550 §5.1, §5.3.1, §6.4.

use ssm::PacketError;

/// The E flag beside the SRTCP index. RFC 3711 §3.4.
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// Octets of the SRTCP index with its E flag.
pub(super) const INDEX: usize = 4;

/// What an RTP header says that SRTP needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RtpHeader {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    /// Octets of the header with contributing sources and extension.
    pub(super) length: usize,
}

impl RtpHeader {
    /// Reads the header of a packet, which must hold all that the header counts.
    pub(super) fn read(packet: &[u8]) -> Result<Self, PacketError> {
        let (fixed, rest) = packet.split_first_chunk::<12>().ok_or(PacketError::Malformed)?;
        let [first, _, high, low, _, _, _, _, a, b, c, d] = *fixed;
        if first >> 6 != 2 {
            return Err(PacketError::Malformed);
        }
        let sources = 4 * usize::from(first & 0x0F);
        let mut length = 12 + sources;
        if first & 0x10 != 0 {
            let extension = rest.get(sources..).and_then(<[u8]>::first_chunk::<4>);
            let [_, _, words @ ..] = *extension.ok_or(PacketError::Malformed)?;
            length += 4 + 4 * usize::from(u16::from_be_bytes(words));
        }
        if length > packet.len() {
            return Err(PacketError::Malformed);
        }
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        Ok(Self { ssrc, sequence: u16::from_be_bytes([high, low]), length })
    }
}

/// Octets of an RTCP packet that stay in the clear: its first header and the sender's SSRC.
pub(super) const RTCP_HEADER: usize = 8;

/// The sender's SSRC of a compound RTCP packet.
pub(super) fn rtcp_ssrc(packet: &[u8]) -> Result<u32, PacketError> {
    let header = packet.first_chunk::<RTCP_HEADER>().ok_or(PacketError::Malformed)?;
    let [first, _, _, _, ssrc @ ..] = *header;
    if first >> 6 != 2 {
        return Err(PacketError::Malformed);
    }
    Ok(u32::from_be_bytes(ssrc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m11_counts_beyond_the_packet_are_malformed() {
        let mut packet = [0u8; 72];
        packet[0] = 0x80;
        packet[3] = 9;
        packet[11] = 7;
        let plain = RtpHeader { ssrc: 7, sequence: 9, length: 12 };
        assert_eq!(RtpHeader::read(&packet), Ok(plain));
        packet[0] = 0x8F;
        assert_eq!(RtpHeader::read(&packet).map(|header| header.length), Ok(72));
        assert_eq!(RtpHeader::read(&packet[..71]), Err(PacketError::Malformed));
        packet[0] = 0x90;
        packet[15] = 14;
        assert_eq!(RtpHeader::read(&packet).map(|header| header.length), Ok(72));
        packet[14] = 0xFF;
        assert_eq!(RtpHeader::read(&packet), Err(PacketError::Malformed));
        packet[0] = 0x40;
        assert_eq!(RtpHeader::read(&packet), Err(PacketError::Malformed));
        assert_eq!(RtpHeader::read(&[0x80; 11]), Err(PacketError::Malformed));
        assert_eq!(rtcp_ssrc(&[0x80; 7]), Err(PacketError::Malformed));
        assert_eq!(rtcp_ssrc(&[0x40; 8]), Err(PacketError::Malformed));
    }
}
