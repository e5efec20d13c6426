//! A message as SSA sees it: the views that the security manager is lent.

use crate::{HeaderName, Message};
use bytes::Bytes;
use memchr::memmem;

impl ssa::Headers for Message {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        match HeaderName::parse(name.as_bytes()) {
            Some(known) => self.headers(known).nth(nth),
            None => self.named(name).nth(nth),
        }
    }

    fn field(&self, nth: usize) -> Option<(&str, &[u8])> {
        let (name, value) = self.fields().nth(nth)?;
        let known = HeaderName::parse(name).map(|known| known.header().text);
        // A field whose name is no text is there all the same.
        Some((known.or_else(|| std::str::from_utf8(name).ok()).unwrap_or_default(), value))
    }
}

impl Message {
    /// The request as the security manager sees it; `None` for a response, and for a request whose
    /// [`identity`](Self::identity) cannot be read.
    pub fn ssa_request(&self) -> Option<ssa::Request<'_>> {
        let places = self.places()?;
        Some(ssa::Request {
            method: self.method()?.as_str(),
            uri: self.request_uri()?,
            call_id: places.call_id.within(self.as_bytes()),
            cseq: places.cseq,
            from: places.from.within(self.as_bytes()),
            to: places.to.within(self.as_bytes()),
            headers: self,
            body: self.body(),
        })
    }

    /// The response as the security manager sees it; `None` for a request, and for a response whose
    /// [`identity`](Self::identity) cannot be read.
    pub fn ssa_response(&self) -> Option<ssa::Response<'_>> {
        let places = self.places()?;
        Some(ssa::Response {
            status: self.status()?.as_u16(),
            method: std::str::from_utf8(places.method.within(self.as_bytes())).ok()?,
            call_id: places.call_id.within(self.as_bytes()),
            cseq: places.cseq,
            from: places.from.within(self.as_bytes()),
            to: places.to.within(self.as_bytes()),
            headers: self,
            body: self.body(),
        })
    }

    /// A response of ours to this request, as the security manager sees it: what stands in both is
    /// not read again. `tag` is the one that we added to To.
    pub(crate) fn ssa_answer<'a>(
        &'a self, (status, body): (u16, &'a [u8]), tag: &'a str, written: &'a Written,
    ) -> Option<ssa::Response<'a>> {
        let request = self.ssa_request()?;
        let tag = request.to.tag.or(Some(tag.as_bytes()));
        Some(ssa::Response {
            status,
            method: request.method,
            call_id: request.call_id,
            cseq: request.cseq,
            from: request.from,
            to: ssa::Party { tag, ..request.to },
            headers: written,
            body,
        })
    }
}

/// A message as our builders write it: one line a field, under its long name. Nothing of it is read
/// before somebody asks.
#[derive(Clone)]
pub(crate) struct Written(pub(crate) Bytes);

impl Written {
    /// Names and values.
    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let end = memmem::find(&self.0, b"\r\n\r\n").unwrap_or(self.0.len());
        let head = self.0.get(..end).unwrap_or_default();
        let lines = head.split(|octet| *octet == b'\n').skip(1);
        lines.filter_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            Some((line.get(..colon)?, line.get(colon + 1..)?.trim_ascii()))
        })
    }
}

impl ssa::Headers for Written {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        let same = |(written, _): &(&[u8], _)| written.eq_ignore_ascii_case(name.as_bytes());
        self.fields().filter(same).map(|(_, value)| value).nth(nth)
    }
}

impl std::fmt::Debug for Written {
    /// Prints the length: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} octets]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssa::Headers as _;

    #[test]
    fn the_fields_stand_in_their_order_under_their_long_names() {
        let text: &[u8] = b"INVITE sip:bob@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
            x-own:  1\r\nF: <sip:a@h>;tag=1\r\nTo: <sip:bob@h>\r\nsubject: a\r\n  b\r\n\
            call-id: c\r\nCSeq: 1 INVITE\r\nX-Own: 2\r\nContent-Length: 0\r\n\r\n";
        let message = Message::parse(Bytes::from_static(text), &crate::Limits::default()).unwrap();
        let fields: Vec<_> = (0..).map_while(|nth| message.field(nth)).collect();
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let expected =
            ["Via", "x-own", "From", "To", "Subject", "Call-ID", "CSeq", "X-Own", "Content-Length"];
        assert_eq!(names, expected);
        assert_eq!(fields[1].1, b"1");
        assert_eq!(fields[4].1, b"a\r\n  b", "folding is kept");
        assert_eq!(message.field(expected.len()), None);
    }
}
