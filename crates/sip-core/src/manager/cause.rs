//! Why an exchange failed.

use crate::StatusCode;
use ssa::Why;
use std::fmt;
use std::time::Duration;

/// Why an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The peer's final response.
    Status(u16),
    /// The peer's final response, and after which time it may be asked again (`Retry-After`).
    /// RFC 3261 §20.33.
    Later(u16, Duration),
    /// 403 with the words of RFC 8224 §6.2.2: by the peer's clock our Date is not of now.
    StaleDate,
    /// The security manager ended it.
    Security(Why),
    /// No answer in 64*T1, or it rang for too long.
    Timeout,
    /// The transport failed.
    Transport,
    /// The callee accepted an INVITE that left the offer to it, and made none. RFC 3261 §13.2.1.
    NoOffer,
    /// The host name has no address.
    Unresolved,
    /// A table is full.
    Busy,
    /// A registrar accepted our REGISTER, and keeps no binding of ours.
    NotBound,
}

impl Cause {
    /// What a final response other than a 2xx says. RFC 3261 §20.33 names those that may say when
    /// to ask again.
    pub(super) fn of(status: u16, reason: Option<&[u8]>, again: Option<Duration>) -> Self {
        match again {
            _ if status == 403 && reason == Some(b"Stale Date") => Self::StaleDate,
            Some(after) if matches!(status, 404 | 413 | 480 | 486 | 500 | 503 | 600 | 603) => {
                Self::Later(status, after)
            }
            Some(_) | None => Self::Status(status),
        }
    }

    /// Whether it says that the peer has no such dialog, or is gone. RFC 5057 §5.1, RFC 3261
    /// §12.2.1.2.
    pub(super) const fn loses_dialog(self) -> bool {
        matches!(self, Self::Status(481 | 408) | Self::Timeout)
    }

    /// The status of the peer's final response, where there is one.
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) | Self::Later(status, _) => Some(status),
            Self::StaleDate => Some(403),
            Self::Security(_)
            | Self::Timeout
            | Self::Transport
            | Self::NoOffer
            | Self::Unresolved
            | Self::Busy
            | Self::NotBound => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the peer answered {}", in_words(*status)),
            Self::Later(status, after) => {
                let (status, after) = (in_words(*status), after.as_secs());
                write!(f, "the peer answered {status}, and may be asked again in {after} s")
            }
            Self::StaleDate => f.write_str(
                "the peer answered 403 Stale Date: its clock and ours differ, set the wrong one",
            ),
            Self::Security(why) => why.fmt(f),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Transport => {
                f.write_str("the peer cannot be reached: nobody listens, or there is no way there")
            }
            Self::NoOffer => f.write_str("the peer accepted the call, and offered no media"),
            Self::Unresolved => f.write_str("the host name has no address"),
            Self::Busy => f.write_str("too many calls or transactions at once"),
            Self::NotBound => {
                f.write_str("the registrar answered 200 OK, and keeps no address of this terminal")
            }
        }
    }
}

/// A status code with its words, for example `403 Forbidden`.
fn in_words(status: u16) -> String {
    let reason = StatusCode::new(status).map_or("", StatusCode::reason);
    format!("{status} {reason}")
}
