//! Responses. RFC 3261 §8.2.6, §18.2.1; RFC 3581 §4.

use super::text::Text;
use crate::{HeaderName, Message, StatusCode, Via};
use bytes::Bytes;
use memchr::memchr;
use std::fmt;
use std::net::SocketAddr;

/// Octets that a response's own start line, tag, `received`, `rport` and Content-Length take at
/// most, for most responses.
const GROWTH: usize = 160;

/// Builds a response.
#[derive(Clone)]
pub struct ResponseBuilder<'a> {
    request: &'a Message,
    status: StatusCode,
    reason: &'a str,
    tag: Option<&'a [u8]>,
    source: Option<SocketAddr>,
    fields: Text,
    body: &'a [u8],
}

impl<'a> ResponseBuilder<'a> {
    /// The response to a request: Via, From, To, Call-ID and CSeq as they came, and Record-Route
    /// in what may make a dialog, 101 to 299. RFC 3261 §8.2.6.2, §12.1.1.
    pub fn to(request: &'a Message, status: StatusCode, reason: &'a str) -> Self {
        let fields = Text::default();
        Self { request, status, reason, tag: None, source: None, fields, body: &[] }
    }

    /// Puts a tag on To, unless it has one.
    #[must_use]
    pub fn to_tag(mut self, tag: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.tag = Some(tag.as_ref());
        self
    }

    /// Notes in the topmost Via where the request came from: `received` where sent-by is not that
    /// address, and both `received` and `rport` where `rport` was asked for.
    #[must_use]
    pub const fn received(mut self, source: SocketAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Adds a field. The name is a [`HeaderName`] or any text.
    #[must_use]
    pub fn field(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.fields.field(name.as_ref(), value.as_ref());
        self
    }

    /// Sets the body.
    #[must_use]
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// The response, with its Content-Length.
    pub fn build(self) -> Bytes {
        self.build_with(|_| {}, 0)
    }

    /// The response with more fields, which take about `room` octets.
    pub(crate) fn build_with(self, more: impl FnOnce(&mut Text), room: usize) -> Bytes {
        let copied = self.request.head_bytes().len();
        let capacity = copied + self.fields.len() + room + self.body.len() + GROWTH;
        let mut text = Text::with_capacity(capacity);
        text.octets(b"SIP/2.0 ");
        text.decimal(u64::from(self.status.as_u16()));
        text.octets(b" ");
        text.octets(self.reason.as_bytes());
        text.end_line();
        self.vias(&mut text);
        if (101..300).contains(&self.status.as_u16()) {
            self.copy(&mut text, HeaderName::RecordRoute);
        }
        self.copy(&mut text, HeaderName::From);
        self.copy_to(&mut text);
        self.copy(&mut text, HeaderName::CallId);
        self.copy(&mut text, HeaderName::CSeq);
        text.lines(&self.fields);
        more(&mut text);
        text.build(self.body)
    }

    fn copy(&self, text: &mut Text, name: HeaderName) {
        for value in self.request.headers(name) {
            text.field(name.as_str(), value);
        }
    }

    fn copy_to(&self, text: &mut Text) {
        let Some(to) = self.request.header(HeaderName::To) else {
            return;
        };
        text.begin(HeaderName::To.as_str());
        text.octets(to);
        // Most have no parameter at all, of the URI's or their own.
        let has_params = memchr(b';', to).is_some();
        let has_tag = has_params
            && match self.request.places() {
                Some(places) => places.to.tag.is_some(),
                None => self.request.to().is_ok_and(|to| to.tag().is_some()),
            };
        if let Some(tag) = self.tag.filter(|_| !has_tag) {
            text.octets(b";tag=");
            text.octets(tag);
        }
        text.end_line();
    }

    fn vias(&self, text: &mut Text) {
        for (place, row) in self.request.headers(HeaderName::Via).enumerate() {
            text.begin(HeaderName::Via.as_str());
            let source = self.source.filter(|_| place == 0);
            match (source, Via::read_first(row)) {
                (Some(source), Ok(first)) => mark(text, row, first, source),
                (Some(_) | None, _) => text.octets(row),
            }
            text.end_line();
        }
    }
}

impl fmt::Debug for ResponseBuilder<'_> {
    /// Prints the length: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.fields.len() + self.body.len();
        write!(f, "ResponseBuilder[{}, {length} octets]", self.status)
    }
}

/// Writes a row of Via with the first value's `received` and `rport` filled in.
fn mark(text: &mut Text, row: &[u8], (via, length): (Via<'_>, usize), source: SocketAddr) {
    let asks = via.rport().is_some();
    let address = source.ip().to_canonical();
    let params = via.params();
    let before = length - params.as_bytes().len();
    text.octets(row.get(..before).unwrap_or_default());
    for param in params.iter() {
        // What the peer wrote there is replaced: only the packet's source counts.
        if param.is("received") || (param.is("rport") && asks) {
            continue;
        }
        text.octets(b";");
        text.octets(param.name);
        if let Some(value) = param.value {
            text.octets(b"=");
            text.octets(value);
        }
    }
    if asks || via.host().ip() != Some(address) {
        text.octets(b";received=");
        text.ip(address);
    }
    if asks {
        text.octets(b";rport=");
        text.decimal(u64::from(source.port()));
    }
    text.octets(row.get(length..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_via_learns_the_source() {
        let source = SocketAddr::from(([192, 0, 2, 9], 40_000));
        for (row, marked) in [
            (
                "SIP/2.0/UDP host.example;branch=z9hG4bK1;rport , SIP/2.0/UDP next.example",
                "SIP/2.0/UDP host.example;branch=z9hG4bK1;received=192.0.2.9;rport=40000 , SIP/2.0/UDP next.example",
            ),
            ("SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK1", "SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK1"),
            (
                "SIP/2.0/UDP host.example ;received=198.51.100.1;x=\"a;b\"",
                "SIP/2.0/UDP host.example;x=\"a;b\";received=192.0.2.9",
            ),
        ] {
            let mut text = Text::default();
            mark(&mut text, row.as_bytes(), Via::read_first(row.as_bytes()).unwrap(), source);
            let message = text.build(b"");
            let got = message.strip_suffix(b"Content-Length: 0\r\n\r\n").unwrap();
            assert_eq!(String::from_utf8_lossy(got), marked);
        }
    }
}
