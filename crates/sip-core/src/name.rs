//! Finding a header's name by length and folded words rather than letter by letter.
//!
//! A name of at most sixteen octets is its first and its last eight, folded to lower case and
//! packed into two words. A table, indexed by a hash of words and length that no two names share,
//! yields the one name it could be; two comparisons settle it. The hash is one multiplication; its
//! factor is found when the crate is compiled, so that a new name needs no search by hand.

use crate::headers::{Count, HeaderName};
use sip_syntax::class::{TOKEN, span};
use std::fmt;

/// A name, as a token is compared with it.
#[derive(Clone, Copy)]
struct Entry {
    name: HeaderName,
    text: &'static str,
    words: Words,
}

impl HeaderName {
    /// Number of known names.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The name that `text` is, in any case, long or compact.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if span(text, TOKEN) == text.len() { Self::find(text) } else { None }
    }

    /// The name that a token is: folding is exact for tokens only.
    #[inline]
    pub(crate) fn find(token: &[u8]) -> Option<Self> {
        if let [letter] = *token {
            return *COMPACT.get(usize::from(letter | 0x20))?;
        }
        let words = Words::of(token);
        let place = LONG.get(slot(words, token.len(), FACTOR))?.checked_sub(1)?;
        let entry = NAMES.get(usize::from(place))?;
        let same = token.len() == entry.text.len()
            && words == entry.words
            && (token.len() <= 16 || token.eq_ignore_ascii_case(entry.text.as_bytes()));
        same.then_some(entry.name)
    }

    /// The long form, as the RFCs spell it.
    pub const fn as_str(self) -> &'static str {
        self.header().text
    }

    /// Whether a second row of it makes a message invalid. RFC 3261 §7.3.1, table 2, as far as
    /// a call depends on the header.
    #[inline]
    pub fn is_single(self) -> bool {
        self.header().count == Count::Single
    }

    #[inline]
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// First and last octets of a token, folded to lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Words(u64, u64);

impl Words {
    const FOLD: u64 = 0x2020_2020_2020_2020;

    #[inline]
    const fn of(token: &[u8]) -> Self {
        if let (Some(first), Some(last)) = (token.first_chunk(), token.last_chunk()) {
            let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
            return Self(first | Self::FOLD, last | Self::FOLD);
        }
        if let (Some(first), Some(last)) = (token.first_chunk(), token.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            return Self(first as u64 | Self::FOLD, last as u64 | Self::FOLD);
        }
        match *token {
            [a, b] => Self(u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0]) | Self::FOLD, 0),
            [a, b, c] => Self(u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]) | Self::FOLD, 0),
            _ => Self(0, 0),
        }
    }
}

/// Slots for names, a power of two: with so many more than names, the first factors fit.
const SLOTS: usize = 1024;

/// The slot of a token.
#[inline]
const fn slot(words: Words, length: usize, factor: u64) -> usize {
    let mixed = words.0 ^ words.1.rotate_left(25) ^ length as u64;
    (mixed.wrapping_mul(factor) >> (u64::BITS - SLOTS.ilog2())) as usize
}

static NAMES: [Entry; HeaderName::COUNT] = ENTRIES;

#[expect(clippy::indexing_slicing, reason = "runs when it is compiled, and stays within ALL")]
const ENTRIES: [Entry; HeaderName::COUNT] = {
    let blank = Entry { name: HeaderName::ALL[0], text: "", words: Words(0, 0) };
    let mut entries = [blank; HeaderName::COUNT];
    let mut place = 0;
    while place < HeaderName::COUNT {
        let header = HeaderName::ALL[place].header();
        let words = Words::of(header.text.as_bytes());
        entries[place] = Entry { name: header.name, text: header.text, words };
        place += 1;
    }
    entries
};

/// A factor by which no two names share a slot.
const FACTOR: u64 = {
    let mut factor = 0x9e37_79b9_7f4a_7c15_u64;
    let mut tries = 0;
    while long_table(factor).is_none() {
        tries += 1;
        assert!(tries < 1000, "two names cannot be told apart: more slots, or another mix");
        // The next of a sequence whose high bits look random; an odd factor loses no bit.
        factor = factor.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f) | 1;
    }
    factor
};

/// Places in [`NAMES`], from 1, by slot of the long form.
static LONG: [u8; SLOTS] = match long_table(FACTOR) {
    Some(table) => table,
    None => [0; SLOTS],
};

/// The table under a factor; `None` where two names share a slot.
#[expect(clippy::indexing_slicing, reason = "runs when it is compiled, and stays within ENTRIES")]
const fn long_table(factor: u64) -> Option<[u8; SLOTS]> {
    let mut table = [0; SLOTS];
    let mut place = 0;
    while place < ENTRIES.len() {
        let slot = slot(ENTRIES[place].words, ENTRIES[place].text.len(), factor);
        if table[slot] != 0 {
            return None;
        }
        place += 1;
        table[slot] = place as u8;
    }
    Some(table)
}

/// Names by the letter that is their compact form.
#[expect(clippy::indexing_slicing, reason = "runs when it is compiled, and stays within ALL")]
static COMPACT: [Option<HeaderName>; 256] = {
    let mut table = [None; 256];
    let mut place = 0;
    while place < HeaderName::COUNT {
        let header = HeaderName::ALL[place].header();
        if header.compact != b' ' {
            assert!(table[header.compact as usize].is_none(), "two names share a compact form");
            table[header.compact as usize] = Some(header.name);
        }
        place += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for entry in HeaderName::ALL.iter().map(|name| name.header()) {
            let text = entry.text;
            for spelled in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
                assert_eq!(HeaderName::parse(spelled.as_bytes()), Some(entry.name));
            }
            assert_eq!(entry.name.as_str(), text);
            if entry.compact != b' ' {
                let upper = entry.compact.to_ascii_uppercase();
                assert_eq!(HeaderName::parse(&[entry.compact]), Some(entry.name));
                assert_eq!(HeaderName::parse(&[upper]), Some(entry.name));
            }
        }
    }

    #[test]
    fn what_differs_by_one_octet_is_another_name() {
        for entry in HeaderName::ALL.iter().map(|name| name.header()) {
            for at in 0..entry.text.len() {
                let mut text = entry.text.as_bytes().to_vec();
                for byte in [b'\r', 0, b'_', b'@', 0xff] {
                    text[at] = byte;
                    assert_eq!(HeaderName::parse(&text), None, "{}", text.escape_ascii());
                }
            }
        }
    }
}
