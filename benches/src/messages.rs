//! Nine messages of a terminal's day: the same shapes that peers were measured over.

use bytes::Bytes;

const OFFER: &str = "v=0\r\no=carla 3982614470 3982614470 IN IP4 192.0.2.14\r\ns=-\r\n\
    c=IN IP4 192.0.2.14\r\nt=0 0\r\nm=audio 40216 RTP/AVP 0 8 101\r\n\
    a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
const ANSWER: &str = "v=0\r\no=dan 3982617002 3982617002 IN IP4 192.0.2.65\r\ns=-\r\n\
    c=IN IP4 192.0.2.65\r\nt=0 0\r\nm=audio 5104 RTP/AVP 0 8 101\r\n\
    a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

const ALLOW: &str = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";
const CALL_ID: &str = "Call-ID: c7f03b91e2548d.5a2e7f@192.0.2.14";
const CARLA: &str = "From: \"Carla Lindman\" <sip:carla@tel.example.org>;tag=5520913846";
const DAN: &str = "To: \"Dan\" <sip:dan@tel.example.org>";
const DAN_TAGGED: &str = "To: \"Dan\" <sip:dan@tel.example.org>;tag=e20b7f4";
const VIA_ANSWERED: &str = "Via: SIP/2.0/UDP 192.0.2.14:5060;\
    branch=z9hG4bK41c7f9bd22.7e10;rport=5060;received=192.0.2.14";
const CREDENTIALS: &str = "Authorization: Digest username=\"carla\", realm=\"tel.example.org\", \
    nonce=\"5d0e93c1b7a24f6688e1d2c3a4b5f607\", uri=\"sip:dan@tel.example.org\", \
    response=\"8f14e45fceea167a5a36dedd4bea2543\", algorithm=MD5, cnonce=\"7be1d90c42aa\", \
    opaque=\"9a0364b9e99bb480dd25e1f0284c8555\", qop=auth, nc=00000001";

/// The messages with their names, in order.
pub fn all() -> [(&'static str, Bytes); 9] {
    [
        ("invite_sdp", invite_sdp()),
        ("invite_long", invite_long()),
        ("register_auth", register_auth()),
        ("ok_sdp", ok_sdp()),
        ("unauthorized", unauthorized()),
        ("trying", trying()),
        ("bye", bye()),
        ("ack", ack()),
        ("invite_compact", invite_compact()),
    ]
}

/// An INVITE as a terminal sends it.
pub fn invite_sdp() -> Bytes {
    let head = [
        "INVITE sip:dan@tel.example.org SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK41c7f9bd22.7e10;rport",
        "Max-Forwards: 70",
        CARLA,
        DAN,
        CALL_ID,
        "CSeq: 271828 INVITE",
        "Contact: <sip:carla@192.0.2.14:5060;transport=udp>",
        ALLOW,
        "Supported: replaces, 100rel, timer",
        "User-Agent: Terminal/0.1",
        "Content-Type: application/sdp",
    ];
    message(&head, "Content-Length", OFFER)
}

/// An INVITE with credentials that passed three proxies.
pub fn invite_long() -> Bytes {
    let head = [
        "INVITE sip:dan@192.0.2.65:5060;transport=udp SIP/2.0",
        "Via: SIP/2.0/UDP gate2.example.org:5060;branch=z9hG4bK9d03ab7c1.1;rport",
        "Via: SIP/2.0/UDP main1.example.org:5060;branch=z9hG4bK02be91ff64a7c.1;received=198.51.100.80",
        "Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK5fe01c2.90ab;rport=5060;received=192.0.2.14",
        "Record-Route: <sip:gate2.example.org;lr;ftag=6bd2e04c71>",
        "Record-Route: <sip:main1.example.org;lr;did=39c.a17>",
        "Record-Route: <sip:gate1.example.org;lr;transport=udp>",
        "Max-Forwards: 67",
        "From: \"Carla Lindman\" <sip:carla@tel.example.org>;tag=6bd2e04c71",
        DAN,
        "Call-ID: 7719240385562180943.90ab@client.example.org",
        "CSeq: 2 INVITE",
        "Contact: \"Carla\" <sip:carla@192.0.2.14:5060;transport=udp>;expires=3600",
        CREDENTIALS,
        ALLOW,
        "Supported: replaces, 100rel, timer",
        "Session-Expires: 1800;refresher=uac",
        "Min-SE: 90",
        "User-Agent: Terminal/0.1 (a SIP terminal)",
        "Content-Type: application/sdp",
    ];
    message(&head, "Content-Length", OFFER)
}

/// A REGISTER with credentials.
pub fn register_auth() -> Bytes {
    let head = [
        "REGISTER sip:tel.example.org SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK5fe01c7.22;rport",
        "Max-Forwards: 70",
        "From: <sip:carla@tel.example.org>;tag=730184",
        "To: <sip:carla@tel.example.org>",
        "Call-ID: 550281937746120.771fcd02ba9@192.0.2.14",
        "CSeq: 4205 REGISTER",
        "Contact: <sip:carla@192.0.2.14:5060;transport=udp>;expires=3600",
        CREDENTIALS,
        "Expires: 3600",
        "User-Agent: Terminal/0.1",
    ];
    message(&head, "Content-Length", "")
}

/// The answer to an INVITE.
pub fn ok_sdp() -> Bytes {
    let head = [
        "SIP/2.0 200 OK",
        VIA_ANSWERED,
        CARLA,
        DAN_TAGGED,
        CALL_ID,
        "CSeq: 271828 INVITE",
        "Contact: <sip:dan@192.0.2.65:5060;transport=udp>",
        ALLOW,
        "Server: Terminal/0.1",
        "Content-Type: application/sdp",
    ];
    message(&head, "Content-Length", ANSWER)
}

/// A challenge.
pub fn unauthorized() -> Bytes {
    let head = [
        "SIP/2.0 401 Unauthorized",
        VIA_ANSWERED,
        "From: <sip:carla@tel.example.org>;tag=730184",
        "To: <sip:carla@tel.example.org>;tag=q8Vt2Lx0w",
        "Call-ID: 550281937746120.771fcd02ba9@192.0.2.14",
        "CSeq: 4204 REGISTER",
        "WWW-Authenticate: Digest realm=\"tel.example.org\", \
            nonce=\"5d0e93c1b7a24f6688e1d2c3a4b5f607\", \
            opaque=\"9a0364b9e99bb480dd25e1f0284c8555\", algorithm=MD5, qop=\"auth\"",
        "Server: Registrar/2.3",
    ];
    message(&head, "Content-Length", "")
}

/// A provisional response.
pub fn trying() -> Bytes {
    let head = ["SIP/2.0 100 Trying", VIA_ANSWERED, CARLA, DAN, CALL_ID, "CSeq: 271828 INVITE"];
    message(&head, "Content-Length", "")
}

/// The end of a call.
pub fn bye() -> Bytes {
    let head = [
        "BYE sip:carla@192.0.2.14:5060;transport=udp SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.65:5060;branch=z9hG4bK5fe01d88.3;rport",
        "Max-Forwards: 70",
        "From: \"Dan\" <sip:dan@tel.example.org>;tag=e20b7f4",
        "To: \"Carla Lindman\" <sip:carla@tel.example.org>;tag=5520913846",
        CALL_ID,
        "CSeq: 118 BYE",
        "User-Agent: Terminal/0.1",
    ];
    message(&head, "Content-Length", "")
}

/// The acknowledgement of a 2xx.
pub fn ack() -> Bytes {
    let head = [
        "ACK sip:dan@192.0.2.65:5060;transport=udp SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bKc0ffee42a1.15;rport",
        "Max-Forwards: 70",
        CARLA,
        DAN_TAGGED,
        CALL_ID,
        "CSeq: 271828 ACK",
    ];
    message(&head, "Content-Length", "")
}

/// An INVITE in compact forms.
pub fn invite_compact() -> Bytes {
    let head = [
        "INVITE sip:dan@tel.example.org SIP/2.0",
        "v: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK41c7f9bd22.4;rport",
        "Max-Forwards: 70",
        "f: \"Carla Lindman\" <sip:carla@tel.example.org>;tag=5520913847",
        "t: <sip:dan@tel.example.org>",
        "i: c7f03b91e2548d.4@192.0.2.14",
        "CSeq: 271829 INVITE",
        "m: <sip:carla@192.0.2.14:5060;transport=udp>",
        "k: replaces, 100rel, timer",
        "c: application/sdp",
    ];
    message(&head, "l", OFFER)
}

fn message(head: &[&str], length: &str, body: &str) -> Bytes {
    let head = head.join("\r\n");
    format!("{head}\r\n{length}: {}\r\n\r\n{body}", body.len()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::{Capabilities, Limits, Message, Method, Verdict, validate};

    #[test]
    fn all_are_valid() {
        let mut capabilities = Capabilities::default();
        capabilities.methods.push(Method::REGISTER);
        for (name, datagram) in all() {
            let message = Message::parse(datagram, &Limits::default()).unwrap();
            assert_eq!(validate(&message, &capabilities), Verdict::Valid, "{name}");
        }
    }
}
