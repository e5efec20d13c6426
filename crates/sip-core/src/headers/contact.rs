//! Contact: `*`, or addresses. RFC 3261 §20.10.

use super::numbers::delta_seconds;
use crate::ParseError;
use sip_syntax::{Cursor, NameAddr};

/// One value of Contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact<'a> {
    /// `*`: all bindings of a REGISTER that removes them.
    Star,
    /// An address.
    Address(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let mut ahead = *cursor;
        if ahead.eat(b'*') && ahead.end().is_ok() {
            *cursor = ahead;
            return Ok(Self::Star);
        }
        NameAddr::read(cursor).map(Self::Address)
    }

    /// The address, unless this is `*`.
    pub const fn address(&self) -> Option<NameAddr<'a>> {
        match self {
            Self::Star => None,
            Self::Address(address) => Some(*address),
        }
    }

    /// The `expires` parameter, in seconds, at most 2³²−1. A malformed one counts as 3600.
    /// RFC 3261 §10.3.
    pub fn expires(&self) -> Option<u32> {
        let value = self.address()?.params().value("expires")?;
        Some(delta_seconds(value).unwrap_or(3600))
    }
}
