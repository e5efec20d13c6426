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

/// Dates, challenges and credentials of the PGP scheme, and messages that it signs.
pub(crate) fn scheme() -> Vec<Seed> {
    let signer = "0".repeat(40);
    let credentials = format!(
        "PGP realm=\"bob.example.org\", version=\"5.0\", nonce=\"{NONCE}\", c14n=\"cs1\", \
         uri=\"sip:bob@example.org\", contact=\"sip:alice@192.0.2.1:5060\", signer=\"{signer}\", \
         signature=\"iHUEABYKAB0WIQ==\""
    );
    let challenge = format!(
        "PGP realm=\"bob.example.org\", version=\"5.0\", algorithm=sha256, c14n=\"cs1\", \
         nonce=\"{NONCE}\""
    );
    let invite = include_str!("../../../fuzz_targets/invite.sip");
    let more = invite.replace(
        "Content-Type: application/sdp",
        "Require: 100rel\r\nRequire:  timer\r\nAnswer-Mode: Auto;require\r\n\
         Referred-By: \"Carol  C\" <sip:carol@example.org>\r\nEvent: refer;id=2\r\n\
         Content-Disposition: session\r\n\
         Content-Type: Multipart/Encrypted;\r\n  protocol=\"application/pgp-encrypted\";\t boundary=X",
    );
    let answer = invite
        .replace("INVITE sip:bob@example.org SIP/2.0", "SIP/2.0 200 OK")
        .replace("To: <sip:bob@example.org>", "To: <sip:bob@example.org>;tag=8321234356");
    let semicolons = credentials.replace(',', ";");
    let escaped = challenge.replace("bob.example.org", r#"the \"lab\" of CORP\\bob"#);
    let mut seeds = texts([
        "Tue, 14 Nov 2023 22:13:20 GMT",
        "Fri, 31 Dec 9999 23:59:60 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 29 Feb 2000 12:00:00 gmt",
        "Mon, 30 Feb 2023 12:00:00 GMT",
        &challenge,
        &escaped,
        &credentials,
        &semicolons,
        invite,
        &more,
        &answer,
    ]);
    seeds.extend(parameters().into_iter().map(|(name, octets)| (format!("other-{name}"), octets)));
    seeds
}
