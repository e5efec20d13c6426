//! Comma-separated lists: one value a row or many, read the same way. RFC 3261 §7.3.1.

use crate::{Cursor, ParseError};

/// Reads the elements of rows of one name, one after the other.
///
/// After an error nothing follows: what an element's end is depends on its own grammar.
pub struct List<'a, Rows, Read> {
    rows: Rows,
    row: Option<Cursor<'a>>,
    read: Read,
}

impl<'a, Rows, Read, T> List<'a, Rows, Read>
where
    Rows: Iterator<Item = &'a [u8]>,
    Read: Fn(&mut Cursor<'a>) -> Result<T, ParseError>,
{
    /// The elements of `rows`, each read by `read`.
    pub fn new(rows: Rows, read: Read) -> Self {
        Self { rows, row: None, read }
    }

    fn element(&mut self, mut cursor: Cursor<'a>) -> Result<T, ParseError> {
        let element = (self.read)(&mut cursor)?;
        if cursor.eat_separator(b',') {
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
            None => Cursor::new(self.rows.next()?),
        };
        let element = self.element(cursor);
        if element.is_err() {
            while self.rows.next().is_some() {}
        }
        Some(element)
    }
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
}
