//! What is wrong with a message, and the status that is owed for it.
//!
//! The parser refuses only what it cannot frame. Here a message that was framed is judged, seen
//! as by a user agent server: syntax first (400), then what this side lacks, in the order of
//! RFC 3261 §8.2: version, method, Request-URI, extensions, content.

mod capabilities;
mod fields;
mod octets;
mod support;
mod verdict;

pub use capabilities::Capabilities;
pub(crate) use support::wrong_version;
pub use verdict::Verdict;

use crate::{Limits, Message};

/// Judges a message against the default limits.
pub fn validate(message: &Message, capabilities: &Capabilities) -> Verdict {
    validate_within(message, capabilities, &Limits::default())
}

/// Judges a message.
///
/// For a request the verdict names the response that is owed; a response or an ACK that is not
/// valid is discarded (RFC 3261 §8.1.3, §17).
pub fn validate_within(message: &Message, capabilities: &Capabilities, limits: &Limits) -> Verdict {
    if message.is_request() && !message.is_version_2() {
        return wrong_version();
    }
    let syntax = octets::check(message).and_then(|()| fields::judge(message, limits));
    match syntax {
        Err(broken) => broken.into(),
        Ok(()) => support::check(message, capabilities),
    }
}

/// Judges a request for whoever serves it: what it does not need may be odd.
pub(crate) fn judge_request(
    request: &Message, capabilities: &Capabilities, limits: &Limits,
) -> Verdict {
    if !request.is_version_2() {
        return wrong_version();
    }
    let vital = |need| fields::is_vital_in_request(request, need);
    match octets::check(request).and_then(|()| fields::check(request, limits, vital)) {
        Err(broken) => broken.into(),
        Ok(()) => support::check(request, capabilities),
    }
}

/// Whether a response can be worked with, although fields that it can do without may be malformed:
/// what matches and routes it is in order, and it has the one Via that is ours. RFC 3261 §8.1.3.3,
/// §18.3.
pub(crate) fn is_usable_response(response: &Message, limits: &Limits) -> bool {
    let vital = |need| fields::is_vital_in_response(response, need);
    let sound = octets::check(response).and_then(|()| fields::check(response, limits, vital));
    sound.is_ok() && response.has_one_via()
}
