//! The verdict.

use crate::{Fault, FaultKind, Message, Method, StatusCode};

/// What became of a message that was judged.
///
/// The enum is exhaustive: a new verdict must break who does not handle it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong with it.
    Valid,
    /// It is not as the RFCs say: a request is owed `status`.
    Invalid {
        /// 400, 413, 414 or 513.
        status: StatusCode,
        /// Why, in words that may be a reason phrase.
        reason: &'static str,
        /// Offset within the message.
        at: usize,
    },
    /// It is in order, but this side cannot do what it asks: 405, 406, 415, 416, 420, 501, 505.
    Unsupported {
        /// The status owed.
        status: StatusCode,
        /// Why, in words that may be a reason phrase.
        reason: &'static str,
        /// Offset within the message.
        at: usize,
        /// The field that belongs into the response: Allow, Accept, Accept-Encoding, Unsupported.
        field: Option<ssa::Field>,
    },
}

impl Verdict {
    /// The status that `message` is owed for this verdict: none where it is valid, and none for a
    /// response or an ACK, which are discarded in silence.
    pub fn owed(&self, message: &Message) -> Option<StatusCode> {
        match self {
            Self::Valid => None,
            Self::Invalid { status, .. } | Self::Unsupported { status, .. } => {
                message.method().filter(|&method| method != Method::ACK).map(|_| *status)
            }
        }
    }
}

/// The first thing that is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
    pub(super) at: usize,
}

impl Broken {
    /// 400.
    pub(super) const fn bad(reason: &'static str, at: usize) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason, at }
    }

    /// 513.
    pub(super) const fn too_large(reason: &'static str, at: usize) -> Self {
        Self { status: StatusCode::MESSAGE_TOO_LARGE, reason, at }
    }

    /// 414.
    pub(super) const fn uri_too_long() -> Self {
        Self {
            status: StatusCode::REQUEST_URI_TOO_LONG,
            reason: "the Request-URI is too long",
            at: 0,
        }
    }
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        let status = match fault.kind {
            FaultKind::TooManyFields | FaultKind::ValueTooLong => StatusCode::MESSAGE_TOO_LARGE,
            FaultKind::BodyTooLong => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            FaultKind::StartLine
            | FaultKind::NotAField
            | FaultKind::Duplicate(_)
            | FaultKind::ContentLength
            | FaultKind::NoContentLength
            | FaultKind::BodyTruncated => StatusCode::BAD_REQUEST,
        };
        Self { status, reason: fault.kind.as_str(), at: fault.at }
    }
}

impl From<Broken> for Verdict {
    fn from(broken: Broken) -> Self {
        Self::Invalid { status: broken.status, reason: broken.reason, at: broken.at }
    }
}
