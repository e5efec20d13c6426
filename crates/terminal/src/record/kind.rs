//! What a packet is, told from its first octets.

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WireKind {
    /// The start of a SIP message.
    Sip,
    /// RTP or SRTP.
    Rtp,
    /// RTCP or SRTCP.
    Rtcp,
    /// The rest of a message on a stream, a keep-alive, or something unknown.
    Other,
}

/// Tells what `octets` are. RFC 7983 §7 for the first byte, RFC 5761 §4 for RTCP.
pub fn classify(octets: &[u8]) -> WireKind {
    match octets {
        [128..=191, second, ..] if octets.len() >= 8 => {
            if (192..=223).contains(second) {
                WireKind::Rtcp
            } else {
                WireKind::Rtp
            }
        }
        _ if is_sip(octets) => WireKind::Sip,
        _ => WireKind::Other,
    }
}

/// The first line, without its end.
pub(super) fn start_line(octets: &[u8]) -> &[u8] {
    let end = octets.iter().position(|b| matches!(b, b'\r' | b'\n'));
    octets.get(..end.unwrap_or(octets.len())).unwrap_or_default()
}

fn is_sip(octets: &[u8]) -> bool {
    let line = start_line(octets);
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

#[cfg(test)]
mod tests {
    use super::{WireKind, classify};

    #[test]
    fn first_octets_tell_the_protocol() {
        let rows: [(&[u8], WireKind); 6] = [
            (b"SIP/2.0 401 Unauthorized\r\n", WireKind::Sip),
            (b"INVITE sip:bob@example.org SIP/2.0\r\n", WireKind::Sip),
            (&[0x80, 0, 0, 1, 0, 0, 0, 1], WireKind::Rtp),
            (&[0x80, 200, 0, 6, 0, 0, 0, 1], WireKind::Rtcp),
            (b"\r\n\r\n", WireKind::Other),
            (&[0x80], WireKind::Other),
        ];
        for (octets, kind) in rows {
            assert_eq!(classify(octets), kind, "{octets:?}");
        }
    }
}
