//! The text of quoted strings: escaped when written, unescaped when read. RFC 3261 §25.1.
//!
//! Both directions yield pieces that are borrowed: who needs them in one piece joins them, who
//! hashes, compares or appends them needs no copy.

use crate::class::plain_length;
use core::fmt;

/// A text, and whether it is at hand as itself or as it stands between quotes.
///
/// Two texts are equal where they stand for the same octets.
#[derive(Clone, Copy, Default)]
pub struct Text<'a> {
    octets: &'a [u8],
    /// Whether there are quoted-pairs among the octets, to be undone.
    escaped: bool,
}

impl<'a> Text<'a> {
    /// A text that is these octets.
    #[inline]
    pub const fn plain(octets: &'a [u8]) -> Self {
        Self { octets, escaped: false }
    }

    /// The text that these octets stand for between quotes.
    #[inline]
    pub fn between_quotes(octets: &'a [u8]) -> Self {
        Self { octets, escaped: octets.contains(&b'\\') }
    }

    /// The text of a value as it stands: a quoted string with its quotes, or a token.
    #[inline]
    pub fn of_value(value: &'a [u8]) -> Self {
        match value {
            [b'"', content @ .., b'"'] => Self::between_quotes(content),
            token => Self::plain(token),
        }
    }

    /// The octets, where they are at hand in one piece: nothing is escaped.
    #[inline]
    pub const fn as_plain(&self) -> Option<&'a [u8]> {
        if self.escaped { None } else { Some(self.octets) }
    }

    /// Number of its octets.
    #[inline]
    pub fn len(&self) -> usize {
        self.parts().map(<[u8]>::len).sum()
    }

    /// Whether it has no octets.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The text in pieces, its escapes undone.
    #[inline]
    pub const fn parts(&self) -> Parts<'a> {
        Parts { rest: self.octets, escaped: self.escaped }
    }

    /// The text octet by octet, its escapes undone.
    #[inline]
    pub fn octets(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.parts().flatten().copied()
    }

    /// What stands for the text between quotes, in pieces: a backslash before each quote,
    /// backslash and control character. CR and LF, which no quoted string can hold, become spaces.
    #[inline]
    pub const fn escape(&self) -> Escape<'a> {
        Escape { rest: self.octets, ready: self.escaped, begun: false }
    }

    /// Whether the text is `word`, in any case.
    #[inline]
    pub fn is_word(&self, word: &str) -> bool {
        match self.as_plain() {
            // Nearly all are spelled as the RFCs do.
            Some(plain) => plain == word.as_bytes() || plain.eq_ignore_ascii_case(word.as_bytes()),
            None => {
                let lower = word.bytes().map(|octet| octet.to_ascii_lowercase());
                self.octets().map(|octet| octet.to_ascii_lowercase()).eq(lower)
            }
        }
    }
}

impl PartialEq for Text<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self.as_plain(), other.as_plain()) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => self.octets().eq(other.octets()),
        }
    }
}

impl Eq for Text<'_> {}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().try_for_each(|part| write!(f, "{}", part.escape_ascii()))
    }
}

/// The pieces of a text.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: &'a [u8],
    escaped: bool,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if !self.escaped {
            let all = core::mem::take(&mut self.rest);
            return if all.is_empty() { None } else { Some(all) };
        }
        // A backslash stands for the octet behind it, whichever that is.
        let text = self.rest.strip_prefix(b"\\").unwrap_or(self.rest);
        let (_, behind) = text.split_first()?;
        let plain = behind.iter().position(|octet| *octet == b'\\').unwrap_or(behind.len());
        let (part, rest) = text.split_at_checked(plain + 1)?;
        self.rest = rest;
        Some(part)
    }
}

/// The pieces of what stands for a text between quotes.
#[derive(Clone, Debug)]
pub struct Escape<'a> {
    rest: &'a [u8],
    /// Whether the octets stand between quotes as they are.
    ready: bool,
    /// Whether the backslash of the next octet has been yielded.
    begun: bool,
}

impl<'a> Escape<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        if part.is_empty() { None } else { Some(part) }
    }
}

impl<'a> Iterator for Escape<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let plain = if self.ready { self.rest.len() } else { plain_length(self.rest) };
        if plain > 0 {
            return self.take(plain);
        }
        match self.rest.first()? {
            b'\t' => self.take(1),
            b'\r' | b'\n' => self.take(1).map(|_| &b" "[..]),
            _ if core::mem::take(&mut self.begun) => self.take(1),
            _ => {
                self.begun = true;
                Some(b"\\")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cursor;
    use proptest::prelude::*;

    fn escaped(text: &[u8]) -> Vec<u8> {
        Text::plain(text).escape().collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_quoted_pair_is_its_second_octet() {
        for (value, text) in [
            (&br#""CORP\\alice""#[..], &br"CORP\alice"[..]),
            (br#""al \"x\" ice""#, br#"al "x" ice"#),
            (br#""\p\l\ain""#, b"plain"),
            (br#""\\\\""#, br"\\"),
            (b"token", b"token"),
            (b"\"\"", b""),
        ] {
            let read = Text::of_value(value);
            assert_eq!(read.parts().collect::<Vec<_>>().concat(), text);
            assert_eq!(read, Text::plain(text));
            let inside = value.strip_prefix(b"\"").map_or(value, |rest| &rest[..rest.len() - 1]);
            assert_eq!(read.escape().collect::<Vec<_>>().concat(), inside, "it stands as it did");
        }
    }

    #[test]
    fn what_needs_a_backslash_gets_one() {
        assert_eq!(escaped(br"CORP\alice"), br"CORP\\alice");
        assert_eq!(escaped(br#"al "x" ice"#), br#"al \"x\" ice"#);
        assert_eq!(
            escaped("tab\t, \u{e4}\u{7f}\u{1}".as_bytes()),
            "tab\t, \u{e4}\\\u{7f}\\\u{1}".as_bytes()
        );
        assert_eq!(escaped(b"a\r\n\"b"), b"a  \\\"b", "a line end is never written");
    }

    #[test]
    fn words_are_told_in_any_case_and_spelling() {
        for value in [&b"true"[..], b"TRUE", b"\"true\"", br#""t\ru\E""#] {
            assert!(Text::of_value(value).is_word("true"), "{}", value.escape_ascii());
        }
        for value in [&b"tru"[..], b"truee", br#""\\true""#, b""] {
            assert!(!Text::of_value(value).is_word("true"), "{}", value.escape_ascii());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_escaped_reads_back(text in proptest::collection::vec(
            prop_oneof![4 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\')], 0..40,
        )) {
            let text: Vec<u8> =
                text.into_iter().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
            let quoted = [b"\"", &escaped(&text)[..], b"\""].concat();
            let mut cursor = Cursor::new(&quoted);
            prop_assert_eq!(cursor.quoted(), Ok(&quoted[..]));
            prop_assert!(cursor.is_done());
            let read = Text::of_value(&quoted);
            prop_assert_eq!(read, Text::plain(&text));
            prop_assert_eq!(read.octets().collect::<Vec<u8>>(), text);
        }

        #[test]
        fn what_is_read_is_written_as_it_stood(value in proptest::collection::vec(
            prop_oneof![4 => 32..126_u8, 1 => Just(b'"'), 1 => Just(b'\\')], 0..40,
        )) {
            let mut cursor = Cursor::new(&value);
            if let Ok(quoted) = cursor.quoted() {
                let again = Text::of_value(quoted).escape().collect::<Vec<_>>().concat();
                prop_assert_eq!([b"\"", &again[..], b"\""].concat(), quoted);
            }
        }
    }
}
