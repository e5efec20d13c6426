//! Text that holds secrets: how one is given, where it stands, into what pieces a stream is cut,
//! and what stands around it.

use crate::Seed;

/// Ways in which a secret is given.
const GIVEN: u8 = 10;

/// Every way of giving a secret, within what may come before it.
pub(crate) fn texts() -> Vec<Seed> {
    let around = [
        "INVITE sip:bob@192.0.2.1 SIP/2.0\r\nAuthorization: Digest username=\"alice\", ",
        "Authorization: Digest realm=\"password=\", uri=\"sip:x@h;response=\", ",
        "Proxy-Authorization: Basic\r\n abc,\r\n\tdef\r\nX: ",
        "v=0\r\nk=prompt\r\na=crypto:1 AEAD_AES_128_GCM inline:{slot}\r\n",
        "\u{1b}[31m<sips:carol:p@h> //a:b@c \u{202e}response=\"a\\\"b\" ",
        "",
    ];
    let mut seeds = Vec::new();
    for (number, text) in around.into_iter().enumerate() {
        for given in 0..GIVEN {
            let place = u8::try_from(text.len()).unwrap_or(u8::MAX);
            let behind = ", realm=\"r\"\r\nContent-Length: 0\r\n\r\n";
            let octets = [&[given, place, 7 + given], text.as_bytes(), behind.as_bytes()].concat();
            seeds.push((format!("{number}-{given}"), octets));
        }
    }
    seeds
}
