//! Comma-separated lists: one value a row or many, read the same way. RFC 3261 §7.3.1.

use crate::{Cursor, ParseError};

/// Reads the elements of rows of one name, one after the other.
///
/// After an error nothing follows, unless asked for: what an element's end is depends on its own
/// grammar.
pub struct List<'a, Rows, Read> {
    rows: Rows,
    row: Option<Cursor<'a>>,
    read: Read,
    strict: bool,
    goes_on: bool,
    single: bool,
}

impl<'a, Rows, Read, T> List<'a, Rows, Read>
where
    Rows: Iterator<Item = &'a [u8]>,
    Read: Fn(&mut Cursor<'a>) -> Result<T, ParseError>,
{
    /// The elements of `rows`, each read by `read`.
    pub fn new(rows: Rows, read: Read) -> Self {
        Self { rows, row: None, read, strict: false, goes_on: false, single: false }
    }

    /// The same, read to the letter of the grammar where `strict`. See [`Cursor::strict`].
    #[must_use]
    pub const fn strictly(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The same for a header that has one value a row: a comma ends none.
    #[must_use]
    pub const fn one_a_row(mut self, single: bool) -> Self {
        self.single = single;
        self
    }

    /// The elements of `rows`; one that cannot be read does not hide those behind its comma.
    pub fn going_on(rows: Rows, read: Read) -> Self {
        Self { goes_on: true, ..Self::new(rows, read) }
    }

    fn element(&mut self, mut cursor: Cursor<'a>) -> Result<T, ParseError> {
        let element = (self.read)(&mut cursor)?;
        if !self.single && cursor.eat_separator(b',') {
            self.row = Some(cursor);
        } else {
            cursor.end()?;
        }
        Ok(element)
    }
}

impl<'a, Rows, Read, T> Iterator for List<'a, Rows, Read>
where
    Rows: Iterator<Item = &'a [u8]>,
    Read: Fn(&mut Cursor<'a>) -> Result<T, ParseError>,
{
    type Item = Result<T, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let cursor = match self.row.take() {
            Some(cursor) => cursor,
            None if self.strict => Cursor::strict(self.rows.next()?),
            None => Cursor::new(self.rows.next()?),
        };
        let element = self.element(cursor);
        if element.is_err() && self.goes_on {
            self.row = behind_comma(cursor);
        } else if element.is_err() {
            while self.rows.next().is_some() {}
        }
        Some(element)
    }
}

/// What follows the next comma that stands in no quotes and no angle brackets.
#[cold]
fn behind_comma(mut cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut closing = None;
    loop {
        match (cursor.take(1), closing) {
            ([], _) => return None,
            ([b','], None) => break,
            ([b'"'], None) => closing = Some(b'"'),
            ([b'<'], None) => closing = Some(b'>'),
            ([b'\\'], Some(b'"')) => drop(cursor.take(1)),
            ([octet], Some(end)) if *octet == end => closing = None,
            _ => {}
        }
    }
    cursor.skip_white();
    Some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&'static [u8]]) -> Vec<Result<&'static [u8], ParseError>> {
        List::new(rows.iter().copied(), Cursor::token).collect()
    }

    #[test]
    fn rows_and_commas_are_the_same() {
        let tokens = read(&[b"a , b", b"c"]);
        assert_eq!(tokens, [Ok(&b"a"[..]), Ok(b"b"), Ok(b"c")]);
    }

    #[test]
    fn an_empty_element_ends_the_list_with_an_error() {
        let tokens = read(&[b"a,,b", b"c"]);
        assert_eq!(tokens.len(), 2);
        assert!(tokens.last().unwrap().is_err());
    }

    #[test]
    fn a_list_may_go_on_behind_what_cannot_be_read() {
        let rows: [&[u8]; 2] = [b"<a, b>, \"c, \\\", d\", e", b", f"];
        let tokens = List::going_on(rows.into_iter(), Cursor::token).flatten();
        assert_eq!(tokens.collect::<Vec<_>>(), [&b"e"[..], b"f"]);
    }
}
