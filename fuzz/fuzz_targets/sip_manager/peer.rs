//! Messages of peers, as they follow from what the manager sent.

use sip_core::{HeaderName, Message, Method, ResponseBuilder, StatusCode};

const METHODS: [&str; 6] = ["ACK", "BYE", "INVITE", "CANCEL", "OPTIONS", "UPDATE"];

/// An INVITE by a number of its own.
pub(crate) fn invite(number: u8) -> Vec<u8> {
    let text = format!(
        "INVITE sip:bob@192.0.2.2 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKi{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:mallory@192.0.2.9>;tag=m{number}\r\nTo: <sip:bob@192.0.2.2>\r\n\
         Call-ID: i{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:mallory@192.0.2.9>\r\n\
         Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    );
    text.into_bytes()
}

/// The response to a request of the manager's, with further rows.
pub(crate) fn response(request: &Message, status: u8, tag: u8, rows: &[u8]) -> Vec<u8> {
    const STATUS: [u16; 12] = [100, 180, 183, 200, 302, 401, 407, 408, 423, 481, 491, 503];
    let status = STATUS[usize::from(status) % STATUS.len()];
    let tag = format!("p{tag}");
    let code = StatusCode::new(status).expect("a status");
    let contact = if request.method() == Some(Method::REGISTER) {
        let own = request.header(HeaderName::Contact).unwrap_or_default();
        [own, b";expires=60"].concat()
    } else {
        b"<sip:peer@192.0.2.9>".to_vec()
    };
    let mut response = ResponseBuilder::to(request, code, "Said So").to_tag(&tag);
    response = response.field("Contact", contact);
    if matches!(status, 401 | 407) {
        response = response.field("WWW-Authenticate", "Test nonce=\"1\"");
    }
    let octets = response.build();
    let end = octets.len() - 2;
    [&octets[..end], rows, &octets[end..]].concat()
}

/// A request of the peer's in the dialog, or about the request, that the manager answered.
pub(crate) fn inside(answer: &Message, method: u8, cseq: u8) -> Vec<u8> {
    let row = |name| text(answer, name);
    let via = match method & 0x80 {
        0 => format!("SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKw{method}c{cseq}"),
        _ => row(HeaderName::Via),
    };
    request(method & 0x7f, cseq, &via, &row(HeaderName::From), &row(HeaderName::To), answer)
}

/// A request of the peer's in a dialog that the manager began.
pub(crate) fn back(sent: &Message, method: u8, cseq: u8) -> Vec<u8> {
    let via = format!("SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKb{method}c{cseq}");
    let (from, to) = (text(sent, HeaderName::To), text(sent, HeaderName::From));
    request(method & 0x7f, cseq, &via, &from, &to, sent)
}

fn request(method: u8, cseq: u8, via: &str, from: &str, to: &str, of: &Message) -> Vec<u8> {
    let method = METHODS[usize::from(method) % METHODS.len()];
    let call_id = text(of, HeaderName::CallId);
    let text = format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\n\
         To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:mallory@192.0.2.9>\r\nContent-Length: 0\r\n\r\n"
    );
    text.into_bytes()
}

fn text(message: &Message, name: HeaderName) -> String {
    String::from_utf8_lossy(message.header(name).unwrap_or_default()).into_owned()
}
