//! CSeq. RFC 3261 §20.16, §8.1.1.5.

use crate::{Method, ParseError};
use sip_syntax::Cursor;

/// A sequence number and the method it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The number, below 2³¹.
    pub number: u32,
    /// The method.
    pub method: Method<'a>,
}

impl<'a> CSeq<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// A number of 2³¹ or more, and whatever is not `1*DIGIT LWS Method`.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        cursor.skip_white();
        let number = cursor.number(0x7fff_ffff)?;
        cursor.white()?;
        let method = Method::new(cursor.token()?);
        cursor.end()?;
        Ok(Self { number: u32::try_from(number).unwrap_or_default(), method })
    }
}
