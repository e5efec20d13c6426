//! Reason: why a request came. RFC 3326.

use crate::{Expected, ParseError};
use sip_syntax::{Cursor, Params, decimal};

/// One value of Reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Whose cause it is: `SIP`, `Q.850`, or another's, as it stands.
    pub protocol: &'a [u8],
    /// The cause: of SIP a status, of Q.850 a number of its own.
    pub cause: Option<u16>,
    /// `text` with others that stand there.
    pub params: Params<'a>,
}

impl<'a> Reason<'a> {
    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let protocol = cursor.token()?;
        let params = Params::read(cursor)?;
        let error = cursor.error(Expected::Number);
        let cause = params.value("cause").map(|digits| number(digits).ok_or(error)).transpose()?;
        Ok(Self { protocol, cause, params })
    }

    /// Whether it says that another one has answered the call: a 2xx in a CANCEL, as forking
    /// proxies write it. RFC 3326 §3.1.
    pub fn is_answered_elsewhere(&self) -> bool {
        self.protocol.eq_ignore_ascii_case(b"SIP")
            && self.cause.is_some_and(|cause| (200..300).contains(&cause))
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    u16::try_from(decimal(digits)?).ok()
}
