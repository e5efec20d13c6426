//! Hexadecimal digits.

/// The value of a digit, in any case.
#[inline]
pub const fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// The octet that two digits spell.
#[inline]
pub const fn octet(high: u8, low: u8) -> Option<u8> {
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

/// Each octet as two digits in lower case, without a branch or a table: they may be secret.
#[inline]
pub fn digits<const N: usize>(octets: [u8; N]) -> [[u8; 2]; N] {
    const LETTER: u8 = b'a' - b'9' - 1;
    // Above nine, the sum with six reaches into the high half; all ones, or none, mask the step.
    let above_nine = |nibble: u8| 0u8.wrapping_sub((nibble + 6) >> 4);
    let digit = |nibble: u8| b'0' + nibble + (above_nine(nibble) & LETTER);
    octets.map(|octet| [digit(octet >> 4), digit(octet & 15)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_is_two_digits_and_back() {
        for value in 0..=255 {
            let [[high, low]] = digits([value]);
            assert_eq!([high, low], *format!("{value:02x}").as_bytes());
            assert_eq!(octet(high, low), Some(value));
            assert_eq!(octet(high.to_ascii_uppercase(), low.to_ascii_uppercase()), Some(value));
            let known = char::from(value).to_digit(16).and_then(|d| u8::try_from(d).ok());
            assert_eq!(digit(value), known);
        }
        assert_eq!(octet(b'4', b'g'), None);
        assert_eq!(octet(b'+', b'1'), None);
    }
}
