//! A message that came in, with how it arrived.

use super::action::Arrival;
use crate::content::Content;
use crate::{Capabilities, ContentType, HeaderName, Message, delta_seconds};
use ssa::{Body, Certified, InDialog};
use std::time::Duration;

/// The longest that a Retry-After, or a `retry-after`, is heeded: a day.
pub(super) const HEEDED: Duration = Duration::from_secs(24 * 3600);

/// A message and its arrival.
#[derive(Clone, Debug)]
pub(super) struct Inbound {
    pub(super) message: Message,
    pub(super) arrival: Arrival,
    /// A request's place among our dialogs, once that is known; a response has none.
    pub(super) in_dialog: InDialog,
}

impl Inbound {
    pub(super) const fn new(message: Message, arrival: Arrival) -> Self {
        Self { message, arrival, in_dialog: InDialog::No }
    }

    /// What SSA sees of the arrival.
    pub(super) fn view(&self) -> Option<ssa::Arrival<'_>> {
        Some(ssa::Arrival {
            source: self.arrival.source,
            transport: self.arrival.transport,
            flow: self.arrival.flow,
            branch: self.message.places()?.branch(self.message.as_bytes()),
            octets: self.message.as_bytes().len(),
            in_dialog: self.in_dialog,
            certified: Certified::Nobody,
        })
    }

    /// What Retry-After says, without its comment and parameters. RFC 3261 §20.33.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.message.header(HeaderName::RetryAfter)?;
        let digits = value.split(|octet| !octet.is_ascii_digit()).next()?;
        Some(Duration::from_secs(u64::from(delta_seconds(digits).ok()?)).min(HEEDED))
    }

    /// The body as it came in, with its type: of one of several parts, the part that counts.
    pub(super) fn body(&self, capabilities: &Capabilities) -> Body {
        let message = &self.message;
        let whole = (message.header(HeaderName::ContentType), message.body());
        if let (Some(kind @ b"application/sdp"), octets) = whole {
            return Body { content_type: Some(kind.to_vec()), octets: octets.to_vec() };
        }
        let method = message.method().or_else(|| message.cseq().ok().map(|cseq| cseq.method));
        let takes = |kind: ContentType<'_>| method.is_some_and(|it| capabilities.takes(it, kind));
        let (kind, octets) = match Content::of(message, &takes) {
            Ok(Content::Taken(kind, octets)) => (Some(kind), octets),
            Ok(Content::Nothing) => return Body::default(),
            // A response is not refused for it: whoever reads it says what is wrong.
            Ok(Content::Unsupported) | Err(_) => whole,
        };
        Body { content_type: kind.map(<[u8]>::to_vec), octets: octets.to_vec() }
    }
}
