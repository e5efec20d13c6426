//! The framing of one OpenPGP packet: whether octets are one signature, before GnuPG sees them.

use sma::Error;

/// The largest signature. Case G07.
pub(crate) const MAX_SIGNATURE: usize = 2048;

/// The tag of a signature packet. RFC 9580 §5.2.
const SIGNATURE: u8 = 2;

/// Checks that `octets` are exactly one signature packet. Cases G05 to G07.
///
/// # Errors
/// [`Error::TooLarge`] over [`MAX_SIGNATURE`]; [`Error::Malformed`].
pub(crate) fn one_signature(octets: &[u8]) -> Result<(), Error> {
    if octets.len() > MAX_SIGNATURE {
        return Err(Error::TooLarge);
    }
    let (tag, body) = framed(octets).ok_or(Error::Malformed)?;
    (tag == SIGNATURE && body > 0).then_some(()).ok_or(Error::Malformed)
}

/// The tag and the body's length of a packet that fills `octets`, of either format and of definite
/// length. RFC 9580 §4.2.
fn framed(octets: &[u8]) -> Option<(u8, usize)> {
    let (first, rest) = octets.split_first()?;
    let (tag, head, length) = match (first >> 6, rest) {
        (0b11, &[one @ 0..=191, ..]) => (first & 0x3F, 1, usize::from(one)),
        (0b11, &[one @ 192..=223, two, ..]) => {
            (first & 0x3F, 2, (usize::from(one) - 192) * 256 + usize::from(two) + 192)
        }
        (0b11, &[255, a, b, c, d, ..]) => (first & 0x3F, 5, long([a, b, c, d])?),
        (0b10, _) => {
            let tag = (first >> 2) & 0x0F;
            match (first & 3, rest) {
                (0, &[one, ..]) => (tag, 1, usize::from(one)),
                (1, &[one, two, ..]) => (tag, 2, usize::from(u16::from_be_bytes([one, two]))),
                (2, &[a, b, c, d, ..]) => (tag, 4, long([a, b, c, d])?),
                _ => return None,
            }
        }
        _ => return None,
    };
    (rest.len().checked_sub(head)? == length).then_some((tag, length))
}

fn long(octets: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(octets)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_packet_of_tag_2_of_either_format_is_a_signature() {
        let mut long = vec![0xC2, 192, 8];
        long.resize(203, 0);
        let of = [&[0xC2, 1, 0][..], &[0x88, 1, 0], &[0x89, 0, 1, 0], &[0x8A, 0, 0, 0, 1, 0]];
        for octets in of.into_iter().chain([&[0xC2, 255, 0, 0, 0, 1, 0][..], &long]) {
            assert_eq!(one_signature(octets), Ok(()), "{octets:?}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_packet_is_malformed() {
        let twice = [0xC2, 1, 0, 0xC2, 1, 0];
        let cut = [0xC2, 2, 0];
        let none = [0xC2, 0];
        let endless = [0x8B, 1, 0];
        let partial = [0xC2, 224, 0];
        let literal = [0xCB, 1, 0];
        for octets in [&twice[..], &cut, &none, &endless, &partial, &literal, b"", b"nonsense"] {
            assert_eq!(one_signature(octets), Err(Error::Malformed), "{octets:?}");
        }
    }

    #[test]
    fn g07_a_packet_over_the_limit_is_too_large() {
        let mut octets = vec![0x8A, 0, 0, 0x08, 0x00];
        octets.resize(2053, 0);
        assert_eq!(one_signature(&octets), Err(Error::TooLarge));
    }
}
