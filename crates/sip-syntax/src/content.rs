//! Content-Type and Content-Disposition. RFC 3261 §20.11, §20.15.

use crate::{Cursor, Expected, Params, ParseError};

/// A media type with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType<'a> {
    /// The type, as it stands.
    pub kind: &'a [u8],
    /// The subtype, as it stands.
    pub subtype: &'a [u8],
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> ContentType<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        cursor.skip_white();
        let parsed = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(parsed)
    }

    /// Reads a value, its parameters included.
    ///
    /// # Errors
    /// Where and what was expected.
    #[inline]
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let error = cursor.error(Expected::MediaType);
        let kind = cursor.token().map_err(|_| error)?;
        cursor.separator(b'/').map_err(|_| error)?;
        let subtype = cursor.token().map_err(|_| error)?;
        Ok(Self { kind, subtype, params: Params::read(cursor)? })
    }

    /// Whether this is the given type, for example `application/sdp`, in any case and with any
    /// parameters.
    pub fn is(&self, media_type: &str) -> bool {
        media_type.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind.as_bytes())
                && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
        })
    }
}

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentDisposition<'a> {
    /// The disposition type, for example `session`.
    pub kind: &'a [u8],
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> ContentDisposition<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        cursor.skip_white();
        let kind = cursor.token()?;
        let params = Params::read(&mut cursor)?;
        cursor.end()?;
        Ok(Self { kind, params })
    }

    /// Whether a body that is not understood may be ignored: `handling=optional`.
    pub fn is_optional(&self) -> bool {
        self.params.value("handling").is_some_and(|value| value.eq_ignore_ascii_case(b"optional"))
    }
}
