//! The text of quoted strings: escaped when written, unescaped when read. RFC 3261 §25.1.
//!
//! Both directions yield pieces that are borrowed: who needs them in one piece joins them, who
//! hashes, compares or appends them needs no copy.

/// What a quoted string or a token stands for: what is between the quotes, escapes kept.
#[derive(Clone, Copy, Default)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The text of a value as it stands: a quoted string with its quotes, or a token.
    #[inline]
    pub fn of_value(value: &'a [u8]) -> Self {
        let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        Self(quoted.unwrap_or(value))
    }

    /// The text of what stands between quotes.
    #[inline]
    pub const fn from_escaped(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// The pieces of what it stands for: its quoted-pairs undone.
    #[inline]
    pub const fn parts(self) -> Parts<'a> {
        Parts(self.0)
    }

    /// The octets of what it stands for.
    #[inline]
    pub fn octets(self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.parts().flatten().copied()
    }
}

impl core::fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The pieces of what a text stands for.
#[derive(Clone, Debug)]
pub struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // A backslash stands for the octet behind it, whichever that is.
        let text = self.0.strip_prefix(b"\\").unwrap_or(self.0);
        let (_, behind) = text.split_first()?;
        let plain = behind.iter().position(|octet| *octet == b'\\').unwrap_or(behind.len());
        let (part, rest) = text.split_at_checked(plain + 1)?;
        self.0 = rest;
        Some(part)
    }
}

/// The pieces of `text` as they stand between quotes: a backslash before each quote, backslash
/// and control character. CR and LF, which no quoted string can hold, become spaces.
#[inline]
pub const fn escape(text: &[u8]) -> Escape<'_> {
    Escape { rest: text, escaped: false }
}

/// The pieces of a text as they stand between quotes.
#[derive(Clone, Debug)]
pub struct Escape<'a> {
    rest: &'a [u8],
    /// Whether the backslash of the next octet has been yielded.
    escaped: bool,
}

impl<'a> Iterator for Escape<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (first, behind) = self.rest.split_first()?;
        if matches!(first, b'\r' | b'\n') {
            self.rest = behind;
            return Some(b" ");
        }
        if needs_escape(*first) && !self.escaped {
            self.escaped = true;
            return Some(b"\\");
        }
        self.escaped = false;
        let plain = behind.iter().position(|octet| needs_escape(*octet)).unwrap_or(behind.len());
        let (part, rest) = self.rest.split_at_checked(plain + 1)?;
        self.rest = rest;
        Some(part)
    }
}

/// Whether an octet cannot stand in a quoted string by itself: `qdtext` without its folds.
#[inline]
const fn needs_escape(octet: u8) -> bool {
    matches!(octet, b'"' | b'\\' | 0..=8 | 10..=31 | 127)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cursor;
    use proptest::prelude::*;

    #[test]
    fn a_quoted_pair_is_its_second_octet() {
        let text = |raw| Text::of_value(raw).parts().collect::<Vec<_>>().concat();
        assert_eq!(text(br#""CORP\\alice""#), br"CORP\alice");
        assert_eq!(text(br#""al \"x\" ice""#), br#"al "x" ice"#);
        assert_eq!(text(br#""\p\l\ain""#), b"plain");
        assert_eq!(text(b"token"), b"token");
        assert_eq!(text(b"\"\""), b"");
    }

    #[test]
    fn a_line_end_is_never_written() {
        assert_eq!(escape(b"a\r\n\"b").collect::<Vec<_>>().concat(), b"a  \\\"b");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_escaped_reads_back(text in proptest::collection::vec(
            prop_oneof![4 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\')], 0..40,
        )) {
            let text: Vec<u8> =
                text.into_iter().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
            let mut quoted = b"\"".to_vec();
            quoted.extend(escape(&text).flatten());
            quoted.push(b'"');
            let mut cursor = Cursor::new(&quoted);
            let read = cursor.quoted();
            prop_assert_eq!(read, Ok(&quoted[..]));
            prop_assert!(cursor.is_done());
            let plain: Vec<u8> = Text::of_value(&quoted).octets().collect();
            prop_assert_eq!(plain, text);
        }
    }
}
