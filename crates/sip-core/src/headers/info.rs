//! Alert-Info, Call-Info and Error-Info: what a caller would have played or shown. Nothing proves it.

use crate::ParseError;
use sip_syntax::{Cursor, Params, Uri};

/// One value of Alert-Info, Call-Info or Error-Info: a URI and what is said of it. RFC 3261 §20.4,
/// §20.9, §20.18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoUri<'a> {
    /// Where it is: `http:`, `urn:alert:` (RFC 7462) or another. It is for nobody to fetch unasked.
    pub uri: Uri<'a>,
    /// Of Call-Info `purpose`: `icon`, `info`, `card` or another.
    pub params: Params<'a>,
}

impl<'a> InfoUri<'a> {
    /// `LAQUOT absoluteURI RAQUOT *( SEMI generic-param )`.
    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        cursor.separator(b'<')?;
        let uri = Uri::read(cursor)?;
        cursor.separator(b'>')?;
        Ok(Self { uri, params: Params::read(cursor)? })
    }
}
