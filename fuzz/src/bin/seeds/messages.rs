//! Messages, streams of them, and URIs.

use crate::{Seed, texts};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                   m=audio 40000 RTP/AVP 0 8\r\n";

/// The compact forms. RFC 3261 §7.3.3.
const COMPACT: [(&str, &str); 9] = [
    ("Via", "v"),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("Contact", "m"),
    ("Content-Type", "c"),
    ("Content-Length", "l"),
    ("Supported", "k"),
    ("Subject", "s"),
];

/// A message, field by field.
#[derive(Clone)]
struct Template {
    start: String,
    fields: Vec<(&'static str, String)>,
    body: String,
}

impl Template {
    fn request(method: &str, uri: &str) -> Self {
        Self::new(format!("{method} {uri} SIP/2.0"), method)
    }

    fn response(status: u16, reason: &str, method: &str) -> Self {
        let message = Self::new(format!("SIP/2.0 {status} {reason}"), method);
        message.set("To", "<sip:bob@example.org>;tag=8321234356")
    }

    fn new(start: String, method: &str) -> Self {
        let fields = [
            ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnashds8;rport"),
            ("Max-Forwards", "70"),
            ("From", "\"Alice\" <sip:alice@example.org>;tag=1928301774"),
            ("To", "<sip:bob@example.org>"),
            ("Call-ID", "a84b4c76e66710@192.0.2.1"),
            ("CSeq", &format!("314159 {method}")),
            ("Contact", "<sip:alice@192.0.2.1:5060>"),
        ];
        let fields = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { start, fields, body: String::new() }
    }

    fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        for field in self.fields.iter_mut().filter(|field| field.0 == name) {
            value.clone_into(&mut field.1);
        }
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|field| field.0 != name);
        self
    }

    fn body(mut self, media_type: &str, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.field("Content-Type", media_type)
    }

    fn write(&self, field: impl Fn(&str, &str) -> String) -> Vec<u8> {
        let length = self.body.len().to_string();
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.fields {
            text += &field(name, value);
        }
        text += &field("Content-Length", &length);
        text += "\r\n";
        text += &self.body;
        text.into_bytes()
    }

    fn plain(&self) -> Vec<u8> {
        self.write(|name, value| format!("{name}: {value}\r\n"))
    }

    fn compact(&self) -> Vec<u8> {
        self.write(|name, value| {
            let short = COMPACT.iter().find(|(long, _)| *long == name);
            format!("{}:{value}\r\n", short.map_or(name, |(_, short)| short))
        })
    }

    fn folded(&self) -> Vec<u8> {
        self.write(|name, value| format!("{name} :\r\n\t{}\r\n", value.replace(' ', "\r\n  ")))
    }
}

fn templates() -> Vec<(&'static str, Template)> {
    let bob = "sip:bob@example.org";
    let invite = || Template::request("INVITE", bob).field("Supported", "100rel, timer");
    let nonce = "AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P";
    vec![
        ("invite", invite().body("application/sdp", SDP)),
        ("invite-routed", invite().field("Route", "<sip:p1.example.org;lr>, <sip:p2.example.org;lr>")),
        ("invite-ipv6", Template::request("INVITE", "sip:bob@[2001:db8::1]:5061;transport=tcp")),
        (
            "invite-authorized",
            invite()
                .field("Date", "Tue, 14 Nov 2023 22:13:20 GMT")
                .field("Authorization", &format!("PGP realm=\"example.org\", nonce=\"{nonce}\", c14n=\"cs1\""))
                .body("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=X", "--X--\r\n"),
        ),
        (
            "invite-digest",
            invite().field(
                "Authorization",
                "Digest username=\"alice\", realm=\"example.org\", nonce=\"n\", uri=\"sip:bob@example.org\", \
                 response=\"0123456789abcdef0123456789abcdef\", qop=auth, nc=00000001, cnonce=\"c\"",
            ),
        ),
        ("ack", Template::request("ACK", bob)),
        ("bye", Template::request("BYE", bob).set("To", "<sip:bob@example.org>;tag=1")),
        ("cancel", Template::request("CANCEL", bob)),
        ("options", Template::request("OPTIONS", bob).field("Accept", "application/sdp")),
        ("register", Template::request("REGISTER", "sip:example.org").field("Expires", "3600")),
        ("register-star", Template::request("REGISTER", "sip:example.org").set("Contact", "*").field("Expires", "0")),
        ("unknown-method", Template::request("DOSTUFF", "tel:+15551234567")),
        ("100", Template::response(100, "Trying", "INVITE")),
        ("180", Template::response(180, "Ringing", "INVITE").field("Record-Route", "<sip:p1.example.org;lr>")),
        ("200", Template::response(200, "OK", "INVITE").body("application/sdp", SDP)),
        (
            "401",
            Template::response(401, "Unauthorized", "INVITE").field(
                "WWW-Authenticate",
                &format!("PGP realm=\"example.org\", version=\"5.0\", algorithm=sha256, c14n=\"cs1\", nonce=\"{nonce}\""),
            ),
        ),
        ("486", Template::response(486, "Besetzt \u{260e}", "INVITE")),
        ("no-reason", Template::response(500, "", "INVITE")),
        ("two-cseq", invite().field("CSeq", "1 INVITE")),
        ("no-via", invite().without("Via")),
        ("long-cseq", invite().set("CSeq", "2147483648 INVITE")),
        ("control-name", invite().field("To\u{1}", "<sip:carol@example.org>")),
        ("lengths-differ", invite().field("Content-Length", "5").body("text/plain", "hello, world")),
        ("quoted", invite().set("From", "\"a\\\"b, <c>\" <sip:a%20b:p@example.org;x=y?h=v>;tag=1;q=\"1,2\"")),
    ]
}

/// Each template in its plain, compact and folded form.
pub(crate) fn datagrams() -> Vec<Seed> {
    let mut seeds = vec![
        ("keep-alive".to_owned(), b"\r\n\r\n".to_vec()),
        (
            "stun".to_owned(),
            vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        ),
    ];
    for (name, message) in templates() {
        seeds.push((name.to_owned(), message.plain()));
        seeds.push((format!("{name}-compact"), message.compact()));
        seeds.push((format!("{name}-folded"), message.folded()));
    }
    seeds
}

/// Several messages in one stream, keep-alives between them, whole and cut; before them an octet
/// that says into what pieces.
pub(crate) fn streams() -> Vec<Seed> {
    let all: Vec<_> = templates().into_iter().map(|(_, message)| message.plain()).collect();
    let mut seeds = Vec::new();
    for (number, some) in all.chunks(4).enumerate() {
        let whole = [&[40][..], &some.join(&b"\r\n\r\n"[..])].concat();
        let cut = whole[..whole.len() * 2 / 3].to_vec();
        seeds.push((format!("{number}-whole"), whole));
        seeds.push((format!("{number}-cut"), cut));
    }
    seeds
}

/// URIs of every shape that RFC 3261 §19.1 and its neighbours know.
pub(crate) fn uris() -> Vec<Seed> {
    texts([
        "sip:example.org",
        "sip:alice@example.org",
        "sips:alice:secret@example.org:5061;transport=tcp?Subject=hi&Priority=urgent",
        "sip:alice@192.0.2.1:5060;lr;maddr=239.255.255.1;ttl=15",
        "sip:bob@[2001:db8::1]:5060",
        "sip:%61lice@EXAMPLE.org;Method=INVITE",
        "sip:+1-555-123@example.org;user=phone",
        "sip:a;b=c;d@example.org;e",
        "sip:user@host?a=1&b=%22x%22",
        "tel:+1-201-555-0123;phone-context=example.org",
        "SIP:ALICE@EXAMPLE.ORG.",
        "sip:@example.org",
        "sip:alice@",
        "sip:alice@example.org:99999",
        "sip:alice@[2001:db8::1",
        "http://example.org/path",
        "urn:service:sos",
        "<sip:alice@example.org>;tag=1",
        "\"A \\\" B\" <sip:alice@example.org;x>;tag=1;q=0.5",
        "sip:alice%zz@example.org",
    ])
}
