//! A message as SSA sees it: the views that the security manager is lent.

use crate::{HeaderName, Message, NameAddr};

impl ssa::Headers for Message {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        match HeaderName::parse(name.as_bytes()) {
            Some(known) => self.headers(known).nth(nth),
            None => self.named(name).nth(nth),
        }
    }
}

impl Message {
    /// The request as the security manager sees it; `None` for a response, and for a request
    /// whose From, To, Call-ID or CSeq cannot be read.
    pub fn ssa_request(&self) -> Option<ssa::Request<'_>> {
        let parties = [party(&self.from().ok()?), party(&self.to().ok()?)];
        request(self, self.call_id().ok()?.as_bytes(), self.cseq().ok()?.number, parties)
    }

    /// The response as the security manager sees it; `None` for a request, and for a response
    /// whose From, To, Call-ID or CSeq cannot be read.
    pub fn ssa_response(&self) -> Option<ssa::Response<'_>> {
        let cseq = self.cseq().ok()?;
        Some(ssa::Response {
            status: self.status()?.as_u16(),
            method: cseq.method.as_str(),
            call_id: self.call_id().ok()?.as_bytes(),
            cseq: cseq.number,
            from: party(&self.from().ok()?),
            to: party(&self.to().ok()?),
            headers: self,
            body: self.body(),
        })
    }
}

/// The request as the security manager sees it, by what was read of it before; `None` for a
/// response.
pub(crate) fn request<'a>(
    message: &'a Message, call_id: &'a [u8], cseq: u32, [from, to]: [ssa::Party<'a>; 2],
) -> Option<ssa::Request<'a>> {
    Some(ssa::Request {
        method: message.method()?.as_str(),
        uri: message.request_uri()?,
        call_id,
        cseq,
        from,
        to,
        headers: message,
        body: message.body(),
    })
}

pub(crate) fn party<'a>(address: &NameAddr<'a>) -> ssa::Party<'a> {
    ssa::Party { uri: address.uri().as_bytes(), tag: address.tag() }
}
