//! The requests that share an INVITE's transaction: CANCEL, and the ACK to a failure.

use crate::{HeaderName, Message, Method, RequestBuilder};
use bytes::Bytes;

/// The ACK to a failure response: the INVITE's Request-URI, top Via, Route, From, Call-ID and
/// CSeq number, the response's To. RFC 3261 §17.1.1.3.
pub(in crate::manager) fn ack_to_failure(invite: &Message, response: &Message) -> Option<Bytes> {
    let mut ack = from_invite(Method::ACK, invite)?;
    ack = ack.field(HeaderName::To, response.header(HeaderName::To)?);
    Some(ack.build())
}

/// The CANCEL of an INVITE: all but the method as there. RFC 3261 §9.1.
pub(in crate::manager) fn cancel(invite: &Message) -> Option<Bytes> {
    let mut cancel = from_invite(Method::CANCEL, invite)?;
    cancel = cancel.field(HeaderName::To, invite.header(HeaderName::To)?);
    Some(cancel.build())
}

/// A request of the INVITE's own transaction, without To.
fn from_invite(method: Method<'static>, invite: &Message) -> Option<RequestBuilder> {
    let cseq = invite.cseq().ok()?.number;
    let mut request = RequestBuilder::new(method, invite.request_uri()?)
        .field(HeaderName::Via, invite.header(HeaderName::Via)?)
        .field(HeaderName::MaxForwards, b"70");
    for route in invite.headers(HeaderName::Route) {
        request = request.field(HeaderName::Route, route);
    }
    Some(
        request
            .field(HeaderName::From, invite.header(HeaderName::From)?)
            .field(HeaderName::CallId, invite.header(HeaderName::CallId)?)
            .cseq(cseq, method),
    )
}
