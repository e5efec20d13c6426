//! The messages of a caller, as SIPp's `uac` writes them.

use sec_manager::digest::{Asked, Challenge, HA1, Qop, Reply, SCHEME, answer};
use sha2::Sha256;
use sip_syntax::auth::of_scheme;

/// What calls carry, either way.
pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// A caller and whom it calls, each an address with its port, and over what.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// The caller.
    pub caller: &'a str,
    /// The callee.
    pub callee: &'a str,
    /// The transport, as Via says it.
    pub over: &'a str,
}

impl Ends<'_> {
    /// A request of the caller in its call of this number. `tag`: the callee's, with its `;tag=`.
    pub fn request(
        &self, method: &str, cseq: u32, branch: &str, number: u64, tag: &str, body: &str,
    ) -> String {
        let Self { caller, callee, over } = self;
        let host = caller.split(':').next().unwrap_or_default();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let length = body.len();
        format!(
            "{method} sip:service@{callee} SIP/2.0\r\n\
             Via: SIP/2.0/{over} {caller};branch=z9hG4bK-{number}-{branch}\r\n\
             From: sipp <sip:sipp@{caller}>;tag=peer{number}\r\n\
             To: service <sip:service@{callee}>{tag}\r\n\
             Call-ID: {number}-5012@{host}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: sip:sipp@{caller}\r\n\
             Max-Forwards: 70\r\n\
             {kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// The request with these credentials.
pub fn authorized(request: &str, authorization: &str) -> String {
    request.replacen("Max-Forwards", &format!("Authorization: {authorization}\r\nMax-Forwards"), 1)
}

/// The credentials that answer a challenge to an INVITE, by SHA-256; `None` where it is none by Digest.
pub fn authorization(
    challenge: &[u8], user: &str, ha1: &HA1<Sha256>, uri: &str, count: u32,
) -> Option<String> {
    let challenge = Challenge::parse(of_scheme(challenge, SCHEME)?).ok()??;
    let reply = Reply {
        user: user.as_bytes(),
        uri: uri.as_bytes(),
        asked: Asked { method: "INVITE", body: SDP.as_bytes() },
        cnonce: b"7be1d90c42aa",
        count,
        qop: Some(Qop::Auth),
    };
    String::from_utf8(answer(&challenge, ha1, &reply)).ok()
}

/// The tag of a response's To, with its `;tag=`; empty where there is none.
pub fn to_tag(response: &str) -> &str {
    let line = response.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
    line.find(";tag=").and_then(|at| line.get(at..)).unwrap_or_default()
}
