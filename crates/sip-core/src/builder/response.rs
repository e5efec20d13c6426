//! Responses. RFC 3261 §8.2.6, §18.2.1; RFC 3581 §4.

use super::digits::{push_decimal, push_ip};
use super::text::Text;
use crate::places::Place;
use crate::{HeaderName, Message, StatusCode, Via};
use bytes::Bytes;
use memchr::memchr;
use std::borrow::Cow;
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
    /// The first row of Via; as the request has it where there is none.
    via: Option<Cow<'a, [u8]>>,
    fields: Text,
    body: &'a [u8],
}

impl<'a> ResponseBuilder<'a> {
    /// The response to a request: Via, From, To, Call-ID and CSeq as they came, and Record-Route
    /// in what may make a dialog, 101 to 299. RFC 3261 §8.2.6.2, §12.1.1.
    pub fn to(request: &'a Message, status: StatusCode, reason: &'a str) -> Self {
        let fields = Text::default();
        Self { request, status, reason, tag: None, via: None, fields, body: &[] }
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
    pub fn received(mut self, source: SocketAddr) -> Self {
        let row = self.request.header(HeaderName::Via).unwrap_or_default();
        let read = Via::read_first(row).ok();
        self.via = read.and_then(|(via, _)| marked(row, &via, source)).map(Cow::Owned);
        self
    }

    /// Sets the first row of Via, which was [`marked`] before.
    pub(crate) fn via(mut self, via: &'a [u8]) -> Self {
        self.via = Some(Cow::Borrowed(via));
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
        text.own(b"SIP/2.0 ");
        text.decimal(u64::from(self.status.as_u16()));
        text.own(b" ");
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
        text.begin(HeaderName::To);
        text.octets(to);
        // Most have no parameter at all, of the URI's or their own.
        let has_params = memchr(b';', to).is_some();
        let has_tag = has_params
            && match self.request.places() {
                Some(places) => places.to.tag.is_some(),
                None => self.request.to().is_ok_and(|to| to.tag().is_some()),
            };
        if let Some(tag) = self.tag.filter(|_| !has_tag) {
            text.own(b";tag=");
            text.octets(tag);
        }
        text.end_line();
    }

    fn vias(&self, text: &mut Text) {
        let mut rows = self.request.headers(HeaderName::Via);
        let first = rows.next().map(|row| self.via.as_deref().unwrap_or(row));
        first.into_iter().chain(rows).for_each(|row| text.field(HeaderName::Via.as_str(), row));
    }
}

impl fmt::Debug for ResponseBuilder<'_> {
    /// Prints the length: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.fields.len() + self.body.len();
        write!(f, "ResponseBuilder[{}, {length} octets]", self.status)
    }
}

/// A row of Via with the `received` and `rport` of its first value, which is `via`, filled in; `None`
/// where it is to stay as it is.
pub(crate) fn marked(row: &[u8], via: &Via<'_>, source: SocketAddr) -> Option<Vec<u8>> {
    let asks = via.rport().is_some();
    let address = source.ip().to_canonical();
    let (params, is_from_there) = (via.params(), via.host().ip() == Some(address));
    if is_from_there && !asks && !params.iter().any(|param| param.is("received")) {
        return None;
    }
    let mut text = Vec::with_capacity(row.len() + GROWTH);
    let length = Place::of(row, params.as_bytes()).end();
    let before = length - params.as_bytes().len();
    text.extend_from_slice(row.get(..before).unwrap_or_default());
    for param in params.iter() {
        // What the peer wrote there is replaced: only the packet's source counts.
        if param.is("received") || (param.is("rport") && asks) {
            continue;
        }
        text.push(b';');
        text.extend_from_slice(param.name);
        if let Some(value) = param.value {
            text.push(b'=');
            text.extend_from_slice(value);
        }
    }
    if asks || !is_from_there {
        text.extend_from_slice(b";received=");
        push_ip(&mut text, address);
    }
    if asks {
        text.extend_from_slice(b";rport=");
        push_decimal(&mut text, u64::from(source.port()));
    }
    text.extend_from_slice(row.get(length..).unwrap_or_default());
    Some(text)
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
            ("SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK1", ""),
            ("SIP/2.0/UDP 192.0.2.9;received=192.0.2.1;x", "SIP/2.0/UDP 192.0.2.9;x"),
            (
                "SIP/2.0/UDP host.example ;received=198.51.100.1;x=\"a;b\"",
                "SIP/2.0/UDP host.example;x=\"a;b\";received=192.0.2.9",
            ),
        ] {
            let (via, _) = Via::read_first(row.as_bytes()).unwrap();
            let got = super::marked(row.as_bytes(), &via, source).unwrap_or_default();
            assert_eq!(String::from_utf8_lossy(&got), marked);
        }
    }
}
