//! What a datagram is, by its first octet. RFC 7983 §7.

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

#[cfg(test)]
mod tests {
    use super::*;

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
