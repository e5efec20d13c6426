//! Headers that are a number: Content-Length, Max-Forwards, Expires. RFC 3261 §20.14, §20.19, §20.22.

use crate::{Expected, ParseError};
use sip_syntax::class::DIGIT;
use sip_syntax::{Cursor, decimal};

/// A number of seconds, clamped to 2³²−1. RFC 3261 §20.19 sets that as the largest.
///
/// # Errors
/// What is not digits.
pub fn delta_seconds(value: &[u8]) -> Result<u32, ParseError> {
    let digits = digits(value)?;
    Ok(decimal(digits).and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX))
}

/// The same at the beginning of a value: parameters or a comment follow. RFC 4028 §4, §5.
///
/// # Errors
/// What does not begin with digits.
pub(crate) fn leading_seconds(cursor: &mut Cursor<'_>) -> Result<u32, ParseError> {
    let base = cursor.at();
    let digits = cursor.some(DIGIT, Expected::Number)?;
    delta_seconds(digits).map_err(|error| error.within(base))
}

/// `1*DIGIT`; what does not fit is refused rather than wrapped.
#[inline]
pub(crate) fn content_length(value: &[u8]) -> Result<usize, ParseError> {
    decimal(digits(value)?)
        .and_then(|number| u32::try_from(number).ok())
        .and_then(|number| usize::try_from(number).ok())
        .ok_or(ParseError::new(0, Expected::SmallerNumber))
}

/// 0 to 255; RFC 3261 §20.22.
#[inline]
pub(crate) fn max_forwards(value: &[u8]) -> Result<u8, ParseError> {
    decimal(digits(value)?)
        .and_then(|number| u8::try_from(number).ok())
        .ok_or(ParseError::new(0, Expected::SmallerNumber))
}

#[inline]
fn digits(value: &[u8]) -> Result<&[u8], ParseError> {
    let mut cursor = Cursor::new(value);
    cursor.skip_white();
    let digits = cursor.some(DIGIT, Expected::Number)?;
    cursor.end()?;
    Ok(digits)
}
