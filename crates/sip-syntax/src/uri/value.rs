//! The URI type.

use super::components::{UriHeaders, UriParams};
use crate::Host;
use core::fmt;

/// A URI's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `sip`.
    Sip,
    /// `sips`.
    Sips,
    /// `tel`. RFC 3966.
    Tel,
    /// Any other, as it stands.
    Other(&'a [u8]),
}

impl<'a> Scheme<'a> {
    /// The name; those that are known in lower case.
    pub const fn as_bytes(&self) -> &'a [u8] {
        match *self {
            Self::Sip => b"sip",
            Self::Sips => b"sips",
            Self::Tel => b"tel",
            Self::Other(name) => name,
        }
    }
}

/// A URI, borrowed and taken apart; escapes stay as they stand.
///
/// `==` compares octets; [`matches`](Self::matches) compares as RFC 3261 §19.1.4 says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    pub(super) raw: &'a [u8],
    pub(super) scheme: Scheme<'a>,
    pub(super) user: Option<&'a [u8]>,
    pub(super) password: Option<&'a [u8]>,
    pub(super) host: Option<Host<'a>>,
    pub(super) port: Option<u16>,
    pub(super) params: UriParams<'a>,
    pub(super) headers: UriHeaders<'a>,
}

impl<'a> Uri<'a> {
    /// The octets, all of them.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The scheme.
    pub const fn scheme(&self) -> Scheme<'a> {
        self.scheme
    }

    /// Whether the scheme is sip or sips, so that there is a host.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part, escapes kept; of a tel URI the number.
    pub const fn user(&self) -> Option<&'a [u8]> {
        self.user
    }

    /// The password, escapes kept.
    pub const fn password(&self) -> Option<&'a [u8]> {
        self.password
    }

    /// The host; sip and sips URIs always have one, others never.
    pub const fn host(&self) -> Option<Host<'a>> {
        self.host
    }

    /// The port that is written, if one is.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The parameters.
    pub const fn params(&self) -> UriParams<'a> {
        self.params
    }

    /// The headers after `?`.
    pub const fn headers(&self) -> UriHeaders<'a> {
        self.headers
    }

    /// The URI without parameters and headers: what an address of record is made of.
    pub fn without_params(&self) -> &'a [u8] {
        let tail = self.params.as_bytes().len() + self.headers.as_bytes().len();
        let end = self.raw.len().saturating_sub(tail);
        self.raw.get(..end).unwrap_or(self.raw)
    }
}

impl fmt::Debug for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}
