//! Authentication parameters, nonces and encrypted bodies.

use crate::{Seed, texts};

const NONCE: &str = "AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P";

/// Challenges and credentials, as the value of their field.
pub(crate) fn parameters() -> Vec<Seed> {
    texts([
        "Digest realm=\"example.org\", nonce=\"AZ4ABwABZVPxAPWvnZv3z\", algorithm=SHA-256, qop=\"auth,auth-int\"",
        "Digest realm=\"example.org\",nonce=\"n\",stale=TRUE,opaque=\"\",userhash=true,algorithm=MD5-sess",
        "Digest username=\"alice\", realm=\"example.org\", nonce=\"n\", uri=\"sip:bob@example.org\", \
         response=\"0123456789abcdef0123456789abcdef\", algorithm=MD5, cnonce=\"0a4f\", qop=auth, nc=00000001",
        "Digest username*=UTF-8''J%C3%A4s%C3%B8n, realm=\"example.org\"",
        "PGP realm=\"bob.example.org\", version=\"5.0\", algorithm=sha256, c14n=\"cs1\", \
         nonce=\"AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P\"",
        "PGP realm=\"bob.example.org\"; version=\"5.0\"; nonce=\"n\"; c14n=\"cs1\"; uri=\"sip:bob@example.org\"; \
         contact=\"sip:alice@192.0.2.1:5060\"; signer=\"0000000000000000000000000000000000000000\"; \
         signature=\"iHUEABYKAB0WIQ==\"",
        "nextnonce=\"n2\", qop=auth, rspauth=\"0123456789abcdef0123456789abcdef\", cnonce=\"0a4f\", nc=00000001",
        "Digest realm=\"a\\\"b\\\\\", realm=\"twice\"",
        "Digest realm=\"open",
        "Digest realm = \"spaced\" , nonce\t=\t\"n\" ,, ,",
        "Digest realm=token, nonce=\"\", nc=1, nc=000000001",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "AKA",
        "",
    ])
}

/// Sealed nonces: one of the documented vectors, and what is nearly one.
pub(crate) fn nonces() -> Vec<Seed> {
    let flipped = NONCE.replace('P', "Q");
    let longer = format!("{NONCE}AAAA");
    let padded = format!("{NONCE}=");
    let version = NONCE.replacen("AZ", "Ag", 1);
    let all =
        [NONCE, &NONCE[..47], &flipped, &longer, &padded, &version, &NONCE.to_lowercase(), ""];
    texts(all)
}

/// Encrypted bodies (RFC 3156 §4) and the entities inside, whole and damaged: a line with the
/// Content-Type, then the body.
pub(crate) fn multiparts() -> Vec<Seed> {
    let outer = "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=X\n\
                 --X\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
                 --X\r\nContent-Type: application/octet-stream\r\n\r\n\u{1}\u{2}binary\u{3}\r\n--X--\r\n";
    let inner = "application/octet-stream\n\
                 CS1-Role: uac\r\nCS1-From: sip:alice@example.org\r\nCS1-To: sip:bob@example.org\r\n\
                 CS1-From-Tag: 1928301774\r\nCS1-Nonce: AZ4ABwABZVPxAPWvnZv3z\r\n\
                 Content-Type: application/sdp\r\n\r\nv=0\r\n";
    let two_nonces = inner.replace("CS1-Nonce: ", "CS1-Nonce: n1\r\nCS1-Nonce: ");
    let nested = outer.replace("application/octet-stream", "multipart/mixed; boundary=X");
    let prefix = outer.replace("--X--", "--XY--");
    let quoted = outer.replace("boundary=X", "boundary=\"X\"; x=\"a\\\"b\"");
    let one_part = outer.replacen("--X\r\nContent-Type: application/octet-stream", "--X--\r\n", 1);
    let many_parts = outer.replace("--X--", &"--X\r\n\r\n".repeat(20));
    let empty = "multipart/encrypted; boundary=X\n--X\r\n\r\n--X\r\n\r\n--X--";
    texts([outer, inner, &two_nonces, &nested, &prefix, &quoted, &one_part, &many_parts, empty])
}
