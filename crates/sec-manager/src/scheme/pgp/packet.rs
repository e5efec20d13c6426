//! A look at the OpenPGP packet before the application sees it: exactly one, and a signature.
//!
//! Verifiers accept several signatures, literal data or compressed packets where one signature is
//! meant (G05, G06, G07), and spend time on each. RFC 9580 §4.2.

use super::MAX_SIGNATURE;

/// The packet type of a signature. RFC 9580 §5.2.
const SIGNATURE: u8 = 2;

/// Whether `octets` are exactly one signature packet of at most 2 048 octets.
pub(super) fn is_one_signature(octets: &[u8]) -> bool {
    octets.len() <= MAX_SIGNATURE && body(octets).is_some_and(|length| length > 0)
}

/// The body's length, where one packet of type 2 fills all of `octets`.
fn body(octets: &[u8]) -> Option<usize> {
    let (first, rest) = octets.split_first()?;
    if first & 0x80 == 0 {
        return None;
    }
    let openpgp_format = first & 0x40 != 0;
    let (kind, length, rest) = if openpgp_format {
        let (length, rest) = length(rest)?;
        (first & 0x3f, length, rest)
    } else {
        let (length, rest) = legacy_length(first & 3, rest)?;
        ((first >> 2) & 0xf, length, rest)
    };
    (kind == SIGNATURE && length == rest.len()).then_some(length)
}

/// A length in the OpenPGP format; partial lengths are for data, not for signatures.
fn length(octets: &[u8]) -> Option<(usize, &[u8])> {
    match octets {
        [one @ 0..=191, rest @ ..] => Some((usize::from(*one), rest)),
        [first @ 192..=223, second, rest @ ..] => {
            Some(((usize::from(*first) - 192) * 256 + usize::from(*second) + 192, rest))
        }
        [255, a, b, c, d, rest @ ..] => Some((big_endian(&[*a, *b, *c, *d])?, rest)),
        _ => None,
    }
}

/// A length in the legacy format; type 3 is indeterminate.
fn legacy_length(kind: u8, octets: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = octets.split_at_checked(match kind {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => return None,
    })?;
    Some((big_endian(length)?, rest))
}

fn big_endian(octets: &[u8]) -> Option<usize> {
    octets
        .iter()
        .try_fold(0_usize, |sum, octet| sum.checked_mul(256)?.checked_add(usize::from(*octet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_format(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0xc0 | kind, u8::try_from(body.len()).unwrap()];
        packet.extend_from_slice(body);
        packet
    }

    #[test]
    fn one_signature_in_either_format() {
        assert!(is_one_signature(&new_format(2, b"body")));
        assert!(is_one_signature(b"\x88\x04body"));
        assert!(is_one_signature(b"\x89\x00\x04body"));
        let mut two_octets = vec![0xc2, 192, 8];
        two_octets.extend_from_slice(&[7; 200]);
        assert!(is_one_signature(&two_octets));
        let mut more = vec![0xc2, 193, 8];
        more.extend_from_slice(&[7; 192 + 256 + 8]);
        assert!(is_one_signature(&more));
        assert!(!is_one_signature(b"\x42\x04body"), "the first bit is always set");
        assert!(!is_one_signature(b"\x08\x04body"));
        assert!(is_one_signature(b"\x8a\x00\x00\x00\x04body"));
    }

    #[test]
    fn g05_two_signatures_are_refused() {
        let twice = [new_format(2, b"body"), new_format(2, b"body")].concat();
        assert!(!is_one_signature(&twice));
    }

    #[test]
    fn g06_no_other_packet_stands_for_a_signature() {
        for kind in [1, 4, 8, 11, 18, 60] {
            assert!(!is_one_signature(&new_format(kind, b"body")), "{kind}");
        }
        assert!(!is_one_signature(b"-----BEGIN PGP SIGNATURE-----"));
        assert!(!is_one_signature(b""));
        assert!(!is_one_signature(b"\xc2\x00"));
        assert!(!is_one_signature(b"\xc2\xe1body"), "a partial length");
        assert!(!is_one_signature(b"\x8bbody"), "an indeterminate length");
    }

    #[test]
    fn g07_a_packet_over_the_limit_is_refused() {
        let packet = |length: u16| {
            let [high, low] = length.to_be_bytes();
            [&[0xc2, 255, 0, 0, high, low], vec![0; length.into()].as_slice()].concat()
        };
        assert!(is_one_signature(&packet(2042)), "with its head 2048 octets");
        assert!(!is_one_signature(&packet(2043)));
        assert!(!is_one_signature(&packet(2048)));
    }
}
