//! A message as SSA sees it: the views that the security manager is lent.

use crate::identity::party;
use crate::{HeaderName, Message};

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
        Some(ssa::Request {
            method: self.method()?.as_str(),
            uri: self.request_uri()?,
            call_id: self.call_id().ok()?.as_bytes(),
            cseq: self.cseq().ok()?.number,
            from: party(&self.from().ok()?),
            to: party(&self.to().ok()?),
            headers: self,
            body: self.body(),
        })
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
