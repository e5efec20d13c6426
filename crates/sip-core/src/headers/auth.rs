//! Credentials and challenges, as far as a SIP stack reads them: a scheme, and raw bytes.
//! RFC 3261 §20.7, §20.44.

use crate::{Expected, ParseError};
use sip_syntax::Cursor;

/// A value of Authorization, Proxy-Authorization, WWW-Authenticate or Proxy-Authenticate.
///
/// The grammar of what follows the scheme belongs to the scheme, and so to the security manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthValue<'a> {
    /// The scheme, as it stands.
    pub scheme: &'a [u8],
    /// What follows it.
    pub rest: &'a [u8],
}

impl<'a> AuthValue<'a> {
    /// Takes scheme and rest apart.
    ///
    /// # Errors
    /// Where no scheme stands, or nothing after it.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        cursor.skip_white();
        let error = cursor.error(Expected::AuthScheme);
        let scheme = cursor.token().map_err(|_| error)?;
        let before = cursor.at();
        cursor.skip_white();
        if cursor.at() == before || cursor.is_done() {
            return Err(cursor.error(Expected::Whitespace));
        }
        Ok(Self { scheme, rest: cursor.rest() })
    }
}
