//! Responses. RFC 3261 §8.2.6, §18.2.1; RFC 3581 §4.

use super::text::Text;
use crate::{HeaderName, Message, ParseError, StatusCode, Via};
use bytes::Bytes;
use std::net::SocketAddr;

/// Builds a response.
#[derive(Clone, Debug)]
pub struct ResponseBuilder<'a> {
    request: &'a Message,
    status: StatusCode,
    reason: &'a str,
    tag: Option<&'a [u8]>,
    source: Option<SocketAddr>,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl<'a> ResponseBuilder<'a> {
    /// The response to a request: Via, From, To, Call-ID and CSeq as they came, and Record-Route
    /// in what may make a dialog, 101 to 299. RFC 3261 §8.2.6.2, §12.1.1.
    pub const fn to(request: &'a Message, status: StatusCode, reason: &'a str) -> Self {
        Self {
            request,
            status,
            reason,
            tag: None,
            source: None,
            fields: Vec::new(),
            body: Vec::new(),
        }
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
        let field = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.fields.push(field);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The response, with its Content-Length.
    pub fn build(self) -> Bytes {
        let code = self.status.to_string();
        let start_line =
            [b"SIP/2.0".as_slice(), b" ", code.as_bytes(), b" ", self.reason.as_bytes()];
        let mut text = Text::new(start_line);
        self.vias(&mut text);
        if (101..300).contains(&self.status.as_u16()) {
            self.copy(&mut text, HeaderName::RecordRoute);
        }
        self.copy(&mut text, HeaderName::From);
        self.copy_to(&mut text);
        self.copy(&mut text, HeaderName::CallId);
        self.copy(&mut text, HeaderName::CSeq);
        for (name, value) in &self.fields {
            text.field(name, value);
        }
        text.body(&self.body);
        text.build()
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
        let has_tag = self.request.to().is_ok_and(|to| to.tag().is_some());
        let name = HeaderName::To.as_str();
        match self.tag.filter(|_| !has_tag) {
            Some(tag) => text.field(name, &[to, b";tag=", tag].concat()),
            None => text.field(name, to),
        }
    }

    fn vias(&self, text: &mut Text) {
        let name = HeaderName::Via.as_str();
        for (place, row) in self.request.headers(HeaderName::Via).enumerate() {
            let marked = match self.source {
                Some(source) if place == 0 => mark(row, source).ok(),
                _ => None,
            };
            text.field(name, marked.as_deref().unwrap_or(row));
        }
    }
}

/// A row of Via with the first value's `received` and `rport` filled in.
fn mark(row: &[u8], source: SocketAddr) -> Result<Vec<u8>, ParseError> {
    let (via, length) = Via::read_first(row)?;
    let asks = via.rport().is_some();
    let address = source.ip().to_canonical();
    let mut marked = Vec::with_capacity(row.len() + 48);
    let params = via.params();
    let before = length - params.as_bytes().len();
    marked.extend_from_slice(row.get(..before).unwrap_or_default());
    for param in params.iter() {
        // What the peer wrote there is replaced: only the packet's source counts.
        if param.is("received") || (param.is("rport") && asks) {
            continue;
        }
        marked.push(b';');
        marked.extend_from_slice(param.name);
        if let Some(value) = param.value {
            marked.push(b'=');
            marked.extend_from_slice(value);
        }
    }
    if asks || via.host().ip() != Some(address) {
        marked.extend_from_slice(format!(";received={address}").as_bytes());
    }
    if asks {
        marked.extend_from_slice(format!(";rport={}", source.port()).as_bytes());
    }
    marked.extend_from_slice(row.get(length..).unwrap_or_default());
    Ok(marked)
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
            let got = mark(row.as_bytes(), source).unwrap();
            assert_eq!(String::from_utf8(got).unwrap(), marked);
        }
    }
}
