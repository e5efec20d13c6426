//! Byte classes: one table, a bit for each class. RFC 3261 §25.1, RFC 3966 §3.

/// Octets that a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(u16);

impl Class {
    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// `token`.
pub const TOKEN: Class = Class(1);
/// `word`.
pub const WORD: Class = Class(1 << 1);
/// `unreserved` and `user-unreserved`; `%` stands for an escape of its own.
pub const USER_CHAR: Class = Class(1 << 2);
/// What a password may hold beside escapes.
pub const PASSWORD_CHAR: Class = Class(1 << 3);
/// `param-unreserved` and `unreserved`.
pub const PARAM_CHAR: Class = Class(1 << 4);
/// `hnv-unreserved` and `unreserved`.
pub const HEADER_CHAR: Class = Class(1 << 5);
/// Letters, digits, `-` and `.`.
pub const HOST_CHAR: Class = Class(1 << 6);
/// Hexadecimal digits.
pub const HEX: Class = Class(1 << 7);
/// `reserved` and `unreserved`: what an opaque URI may hold beside escapes.
pub const URIC: Class = Class(1 << 8);
/// Letters and digits.
pub const ALPHANUM: Class = Class(1 << 9);
/// Decimal digits.
pub const DIGIT: Class = Class(1 << 10);
/// Digits and visual separators of a telephone number, `*`, `#` and hexadecimal digits.
pub const PHONE_CHAR: Class = Class(1 << 11);
/// `unreserved`: what means the same escaped and as it is.
pub const UNRESERVED: Class = Class(1 << 12);
/// What ends an addr-spec without brackets, and a question mark, which it may not hold. RFC 3261
/// §20.10.
pub(crate) const BARE_END: Class = Class(1 << 13);

/// Every class that `unreserved` is part of.
const WITH_UNRESERVED: Class =
    UNRESERVED.or(USER_CHAR).or(PASSWORD_CHAR).or(PARAM_CHAR).or(HEADER_CHAR).or(URIC);

#[expect(clippy::indexing_slicing, reason = "an octet is a place in a table of 256")]
const fn mark(table: &mut [u16; 256], bytes: &[u8], class: Class) {
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        table[*byte as usize] |= class.0;
        rest = tail;
    }
}

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let alphanum = TOKEN.or(WORD).or(WITH_UNRESERVED).or(HOST_CHAR).or(ALPHANUM);
    mark(&mut table, b"0123456789", alphanum.or(HEX).or(DIGIT).or(PHONE_CHAR));
    mark(&mut table, b"abcdefghijklmnopqrstuvwxyz", alphanum);
    mark(&mut table, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", alphanum);
    mark(&mut table, b"abcdefABCDEF", HEX.or(PHONE_CHAR));
    mark(&mut table, b"-.!%*_+`'~", TOKEN.or(WORD));
    mark(&mut table, b"()<>:\\\"/[]?{}", WORD);
    mark(&mut table, b"-_.!~*'()", WITH_UNRESERVED);
    mark(&mut table, b"&=+$,;?/", USER_CHAR);
    mark(&mut table, b"&=+$,", PASSWORD_CHAR);
    mark(&mut table, b"[]/:&+$", PARAM_CHAR);
    mark(&mut table, b"[]/?:+$", HEADER_CHAR);
    mark(&mut table, b"-.", HOST_CHAR);
    mark(&mut table, b";/?:@&=+$,", URIC);
    mark(&mut table, b"-.()*#", PHONE_CHAR);
    mark(&mut table, b",; \t\r\n<>\"?", BARE_END);
    table
}

static TABLE: [u16; 256] = table();

/// Whether `octet` is in the class.
#[inline]
pub fn is(octet: u8, class: Class) -> bool {
    TABLE.get(usize::from(octet)).is_some_and(|classes| classes & class.0 != 0)
}

/// Number of leading octets of `input` that are in the class.
#[inline]
pub fn span(input: &[u8], class: Class) -> usize {
    input.iter().position(|&octet| !is(octet, class)).unwrap_or(input.len())
}

/// Like [`span`], where a `%` with two hexadecimal digits counts as in the class.
#[inline]
pub fn span_escaped(input: &[u8], class: Class) -> usize {
    let mut rest = input;
    loop {
        let plain = span(rest, class);
        rest = rest.get(plain..).unwrap_or_default();
        match rest {
            [b'%', high, low, tail @ ..] if is(*high, HEX) && is(*low, HEX) => rest = tail,
            _ => return input.len() - rest.len(),
        }
    }
}

/// How many octets at the start of `octets` are plain text of a quoted string: no quote,
/// backslash, DEL or octet below a space.
#[inline]
pub(crate) fn plain_length(octets: &[u8]) -> usize {
    let (words, rest) = octets.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = not_plain(u64::from_le_bytes(*word));
        if found != 0 {
            // The lowest mark is exact; a borrow can set only those above it.
            return 8 * at + (found.trailing_zeros() / 8) as usize;
        }
    }
    let mut last = [b' '; 8];
    last.iter_mut().zip(rest).for_each(|(l, octet)| *l = *octet);
    let found = not_plain(u64::from_le_bytes(last));
    8 * words.len() + rest.len().min((found.trailing_zeros() / 8) as usize)
}

/// The high bit of every octet of `word` that is not plain, for eight octets at once.
#[inline]
const fn not_plain(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    /// `x - n` borrows into the high bit where an octet is below `n`.
    const fn below(word: u64, n: u8) -> u64 {
        word.wrapping_sub(ONES * n as u64) & !word
    }
    // The quote, 0x22, and the space, 0x20, change places: one comparison finds what is below a
    // space, and the quote.
    let control_or_quote = below(word ^ (ONES * 2), b'!');
    let backslash = below(word ^ (ONES * b'\\' as u64), 1);
    let delete = below(word ^ (ONES * 127), 1);
    (control_or_quote | backslash | delete) & (ONES * 128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_those_of_the_rfc() {
        for byte in 0..=255_u8 {
            let expected = byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
            assert_eq!(is(byte, TOKEN), expected, "{byte:#x}");
        }
    }

    #[test]
    fn an_escape_needs_two_digits() {
        assert_eq!(span_escaped(b"a%41b@", USER_CHAR), 5);
        assert_eq!(span_escaped(b"a%4", USER_CHAR), 1);
        assert_eq!(span_escaped(b"%g0", USER_CHAR), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn plain_text_ends_where_it_should(octets in proptest::collection::vec(
            prop_oneof![4 => Just(b'a'), 1 => any::<u8>()], 0..40,
        )) {
            let odd = |b: &u8| matches!(b, 0..=31 | 127 | b'"' | b'\\');
            let expected = octets.iter().position(odd).unwrap_or(octets.len());
            prop_assert_eq!(plain_length(&octets), expected);
        }
    }
}
