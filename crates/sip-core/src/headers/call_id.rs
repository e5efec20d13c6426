//! Call-ID. RFC 3261 §20.8.

use crate::{Expected, ParseError};
use sip_syntax::Cursor;
use sip_syntax::class::WORD;
use std::fmt;

/// A Call-ID: compared by octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId<'a>(&'a [u8]);

impl<'a> CallId<'a> {
    /// Reads `word [ "@" word ]`.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        let call_id = Self::read(&mut cursor)?;
        if cursor.is_done() { Ok(call_id) } else { Err(cursor.error(Expected::Word)) }
    }

    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let start = *cursor;
        cursor.some(WORD, Expected::Word)?;
        if cursor.eat(b'@') {
            cursor.some(WORD, Expected::Word)?;
        }
        Ok(Self(cursor.since(&start)))
    }

    /// The octets.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for CallId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}
