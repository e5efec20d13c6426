//! Methods: tokens, compared in their own case. RFC 3261 §7.1.

use std::fmt;

/// A method as it stands in a Request-Line or a CSeq.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Method<'a>(&'a [u8]);

impl Method<'static> {
    /// RFC 3261.
    pub const INVITE: Self = Self(b"INVITE");
    /// RFC 3261.
    pub const ACK: Self = Self(b"ACK");
    /// RFC 3261.
    pub const CANCEL: Self = Self(b"CANCEL");
    /// RFC 3261.
    pub const BYE: Self = Self(b"BYE");
    /// RFC 3261.
    pub const OPTIONS: Self = Self(b"OPTIONS");
    /// RFC 3261.
    pub const REGISTER: Self = Self(b"REGISTER");
    /// RFC 3262.
    pub const PRACK: Self = Self(b"PRACK");
    /// RFC 6665.
    pub const SUBSCRIBE: Self = Self(b"SUBSCRIBE");
    /// RFC 6665.
    pub const NOTIFY: Self = Self(b"NOTIFY");
    /// RFC 3903.
    pub const PUBLISH: Self = Self(b"PUBLISH");
    /// RFC 6086.
    pub const INFO: Self = Self(b"INFO");
    /// RFC 3515.
    pub const REFER: Self = Self(b"REFER");
    /// RFC 3428.
    pub const MESSAGE: Self = Self(b"MESSAGE");
    /// RFC 3311.
    pub const UPDATE: Self = Self(b"UPDATE");

    /// The methods that RFCs define: one that is not among them is 501 rather than 405.
    pub const REGISTERED: [Self; 14] = [
        Self::INVITE,
        Self::ACK,
        Self::CANCEL,
        Self::BYE,
        Self::OPTIONS,
        Self::REGISTER,
        Self::PRACK,
        Self::SUBSCRIBE,
        Self::NOTIFY,
        Self::PUBLISH,
        Self::INFO,
        Self::REFER,
        Self::MESSAGE,
        Self::UPDATE,
    ];
}

impl<'a> Method<'a> {
    /// A method that the caller has checked to be a token.
    #[inline]
    pub(crate) const fn new(token: &'a [u8]) -> Self {
        Self(token)
    }

    /// The method that `token` names, or `None` where it is no token.
    pub fn parse(token: &'a [u8]) -> Option<Self> {
        use sip_syntax::class::{TOKEN, span};
        (!token.is_empty() && span(token, TOKEN) == token.len()).then_some(Self(token))
    }

    /// The octets.
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The text: a token is ASCII.
    pub fn as_str(&self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    /// The same method without a borrow, where an RFC defines it.
    pub fn registered(&self) -> Option<Method<'static>> {
        Method::REGISTERED.into_iter().find(|m| m.0 == self.0)
    }
}

impl fmt::Debug for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
