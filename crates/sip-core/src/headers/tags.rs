//! Lists of tokens: Supported, Require, Proxy-Require, Unsupported, Allow. RFC 3261 §20.32.

use crate::ParseError;
use sip_syntax::Cursor;

/// One token of a list.
#[inline]
pub(crate) fn read_token<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ParseError> {
    cursor.token()
}
