//! A response of ours before it leaves, and how it is put into octets.

use super::way::Way;
use crate::builder::Text;
use crate::manager::config::Config;
use crate::manager::inbound::Inbound;
use crate::{Capabilities, HeaderName, ResponseBuilder, StatusCode};
use bytes::Bytes;
use ssa::{Body, Field};
use std::net::SocketAddr;

/// Fields that a response tells more with and can go without, the least useful first.
const DISPENSABLE: [&str; 7] = [
    "Accept-Language",
    "Accept-Encoding",
    "Accept",
    "Supported",
    "Warning",
    "Retry-After",
    "Allow",
];

/// A response before it is put into octets.
#[derive(Clone, Debug, Default)]
pub(in crate::manager) struct Reply {
    pub(in crate::manager) status: u16,
    /// The phrase; empty: the RFC's.
    pub(in crate::manager) reason: &'static str,
    pub(in crate::manager) fields: Vec<(&'static str, Vec<u8>)>,
    pub(in crate::manager) body: Body,
}

impl Reply {
    /// A response without fields and body of its own.
    pub(in crate::manager) fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// What the security manager refuses with.
    pub(in crate::manager) fn refusal(refusal: &ssa::Refusal) -> Self {
        let mut reply = Self { status: refusal.status, reason: refusal.reason, ..Self::default() };
        if let Some(after) = refusal.retry_after {
            reply = reply.retry_after(after);
        }
        reply
    }

    /// A challenge.
    pub(in crate::manager) fn unauthorized(fields: Vec<Field>) -> Self {
        Self::new(401).with(fields)
    }

    /// The answer to OPTIONS. RFC 3261 §11.2.
    pub(in crate::manager) fn capabilities(capabilities: &Capabilities) -> Self {
        let mut reply = Self::new(200);
        reply.fields.extend([
            ("Allow", capabilities.allow()),
            ("Accept", capabilities.accept().into_bytes()),
            ("Accept-Encoding", b"identity".to_vec()),
            ("Accept-Language", b"en".to_vec()),
            ("Supported", capabilities.supported().into_bytes()),
        ]);
        if !capabilities.events.is_empty() {
            reply.fields.push(("Allow-Events", capabilities.allow_events()));
        }
        reply
    }

    /// 489 with the event packages that there are. RFC 6665 §8.3.2.
    pub(in crate::manager) fn bad_event(capabilities: &Capabilities) -> Self {
        let mut reply = Self::new(489);
        reply.fields.push(("Allow-Events", capabilities.allow_events()));
        reply
    }

    /// 405 with what is allowed. RFC 3261 §21.4.6.
    pub(in crate::manager) fn not_allowed(capabilities: &Capabilities) -> Self {
        let mut reply = Self::new(405);
        reply.fields.push(("Allow", capabilities.allow()));
        reply
    }

    /// 480 to a sips URI that has not come over TLS, from the server at this address. RFC 5630 §5.1.2.
    pub(in crate::manager) fn no_sips(own: SocketAddr) -> Self {
        let mut reply = Self::new(480);
        let warning = format!("380 {own} \"SIPS Not Allowed\"");
        reply.fields.push(("Warning", warning.into_bytes()));
        reply
    }

    /// 503, and when to try again. RFC 3261 §21.5.4.
    pub(in crate::manager) fn overloaded(config: &Config) -> Self {
        Self::new(503).retry_after(config.retry_after)
    }

    /// The failure that the application wants sent. Its own trouble passes, and the peer is told
    /// when to try again. RFC 3261 §20.33.
    pub(in crate::manager) fn declining(status: u16, config: &Config) -> Self {
        let reply = Self::new(status);
        match status {
            500 | 503 => reply.retry_after(config.retry_after),
            _ => reply,
        }
    }

    /// Adds fields.
    pub(in crate::manager) fn with(mut self, fields: Vec<Field>) -> Self {
        self.fields.extend(fields.into_iter().map(|field| (field.name, field.value)));
        self
    }

    /// Adds Retry-After. RFC 3261 §20.33.
    pub(in crate::manager) fn retry_after(mut self, after: std::time::Duration) -> Self {
        self.fields.push(("Retry-After", after.as_secs().max(1).to_string().into_bytes()));
        self
    }

    /// The response to `request`, the way that it came. RFC 3261 §8.2.6.2.
    pub(in crate::manager) fn octets(&self, request: &Inbound, way: &Way) -> Bytes {
        let phrase = StatusCode::new(self.status).map(StatusCode::reason).unwrap_or_default();
        let reason = if self.reason.is_empty() { phrase } else { self.reason };
        self.octets_with(request, way, reason)
    }

    /// The response in at most `most` octets: without what it can go without, where it must.
    pub(in crate::manager) fn octets_within(
        &self, request: &Inbound, way: &Way, most: usize,
    ) -> Option<Bytes> {
        let fits = |octets: &Bytes| octets.len() <= most;
        let whole = self.octets(request, way);
        if fits(&whole) {
            return Some(whole);
        }
        let mut short = self.clone();
        for name in DISPENSABLE {
            short.fields.retain(|(field, _)| *field != name);
            let octets = short.octets(request, way);
            if fits(&octets) {
                return Some(octets);
            }
        }
        // The grammar lets the phrase be empty. RFC 3261 §25.1.
        Some(short.octets_with(request, way, "")).filter(fits)
    }

    fn octets_with(&self, request: &Inbound, way: &Way, reason: &str) -> Bytes {
        let Some(status) = StatusCode::new(self.status) else { return Bytes::new() };
        let mut response = ResponseBuilder::to(&request.message, status, reason);
        if let Some(via) = &way.via {
            response = response.via(via);
        }
        if self.status > 100 {
            response = response.to_tag(way.tag());
        }
        let kind = self.body.content_type.iter();
        let kind = kind.map(|kind| (HeaderName::ContentType.as_str(), kind));
        let fields = self.fields.iter().map(|(name, value)| (*name, value)).chain(kind);
        let room = fields.clone().map(|(name, value)| name.len() + value.len() + 4).sum();
        let fields = |text: &mut Text| fields.for_each(|(name, value)| text.field(name, value));
        response.body(&self.body.octets).build_with(fields, room)
    }
}

/// 100 Trying. It has no To tag and so makes no dialog. RFC 3261 §8.2.6.
pub(in crate::manager) fn trying(request: &Inbound, way: &Way) -> Bytes {
    let mut trying = Reply::new(100);
    // RFC 3261 §8.2.6.1.
    let timestamp = request.message.header(HeaderName::Timestamp);
    trying.fields.extend(timestamp.map(|value| ("Timestamp", value.to_vec())));
    trying.octets(request, way)
}
