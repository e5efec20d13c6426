//! What a datagram is, by its first octets. RFC 7983 §7, RFC 5761 §4.

use super::transmit::Channel;

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A STUN message. RFC 8489.
    Stun,
    /// A ZRTP packet. RFC 6189.
    Zrtp,
    /// A DTLS record. RFC 6347.
    Dtls,
    /// TURN's channel data. RFC 8656.
    ChannelData,
    /// RTP or RTCP.
    Rtp,
    /// Nothing of these.
    Unknown,
}

impl Kind {
    /// What the datagram is.
    pub(super) fn of(octets: &[u8]) -> Self {
        match octets.first() {
            Some(0..=3) => Self::Stun,
            Some(16..=19) => Self::Zrtp,
            Some(20..=63) => Self::Dtls,
            Some(64..=79) => Self::ChannelData,
            Some(128..=191) => Self::Rtp,
            Some(_) | None => Self::Unknown,
        }
    }
}

/// Whether a packet of RTP's port is RTP or RTCP, by its second octet: RTCP's packet types are where a
/// marker bit and the payload types from 64 to 95 would be, which nobody uses then. RFC 5761 §4.
pub(super) fn muxed(octets: &[u8]) -> Channel {
    match octets.get(1) {
        Some(192..=223) => Channel::Rtcp,
        Some(_) | None => Channel::Rtp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5761 §4, at the edges: FIR to IJ and SR to XR and on are RTCP's, G.722 and a dynamic payload
    /// type, with the marker bit and without, are not.
    #[test]
    fn the_second_octet_tells_rtp_from_rtcp() {
        use Channel::{Rtcp, Rtp};
        for (second, channel) in [
            (9, Rtp),
            (96, Rtp),
            (9 | 0x80, Rtp),
            (191, Rtp),
            (192, Rtcp),
            (200, Rtcp),
            (204, Rtcp),
            (223, Rtcp),
            (96 | 0x80, Rtp),
            (255, Rtp),
        ] {
            assert_eq!(muxed(&[0x80, second]), channel, "{second}");
        }
        assert_eq!(muxed(&[0x80]), Rtp);
    }

    /// The table of RFC 7983 §7, at its edges.
    #[test]
    fn the_first_octet_says_what_a_datagram_is() {
        use Kind::{ChannelData, Dtls, Rtp, Stun, Unknown, Zrtp};
        for (first, last, kind) in [
            (0, 3, Stun),
            (4, 15, Unknown),
            (16, 19, Zrtp),
            (20, 63, Dtls),
            (64, 79, ChannelData),
            (80, 127, Unknown),
            (128, 191, Rtp),
            (192, 255, Unknown),
        ] {
            assert_eq!((Kind::of(&[first]), Kind::of(&[last, 0])), (kind, kind));
        }
        assert_eq!(Kind::of(&[]), Unknown);
    }
}
