//! Sequences: of messages, timers and commands for the SIP manager, and of what happens to a call
//! for the security manager. Pieces stand apart by 0xff, and begin with what is done.

use crate::{Seed, messages};

fn sequence(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.join(&[0xff][..])
}

fn named(seeds: &[(&str, &[&[u8]])]) -> Vec<Seed> {
    seeds.iter().map(|(name, pieces)| ((*name).to_owned(), sequence(pieces))).collect()
}

/// Calls in both directions, registrations, floods, and each datagram by itself.
pub(crate) fn of_messages() -> Vec<Seed> {
    let ack = b"w\x80\x01".as_slice();
    let mut seeds = named(&[
        ("called", &[b"i\x01\x00", b"A\x03\x00", b"A\x04\x00", b"w\x00\x01", b"w\x01\x02", b"t"]),
        ("refused", &[b"i\x01\x03", b"t", b"A\x05\x00", ack, b"t", b"t"]),
        ("cancelled", &[b"i\x01\x01", b"A\x03\x00", b"w\x83\x01", ack, b"t"]),
        ("challenged", &[b"vc", b"i\x01\x00", b"i\x01\x00", b"vd", b"i\x02\x00", b"A\x04\x00"]),
        ("verified", &[b"vw", b"i\x01\x00", b"pa", b"pa", b"va", b"A\x04\x00", b"w\x00\x01"]),
        ("dropped", &[b"vw", b"i\x01\x03", b"x\x03", b"pa", b"pr", b"i\x01\x02", b"pr"]),
        (
            "flood",
            &[b"i\x01\x00", b"i\x02\x01", b"i\x03\x02", b"i\x04\x03", b"i\x05\x00", b"i\x06\x01"],
        ),
        ("calls", &[b"A\x00\x00", b"s\x01\x01", b"s\x03\x01", b"A\x06\x00", b"s\x03\x01", b"t"]),
        ("forked", &[b"A\x00\x00", b"s\x01\x01", b"s\x03\x01", b"s\x03\x42", b"s\x03\x02", b"t"]),
        (
            "answers",
            &[b"A\x00\x00", b"s\x05\x01", b"s\x03\x01", b"b\x02\x05", b"A\x08\x00", b"b\x01\x06"],
        ),
        ("gives-up", &[b"A\x00\x00", b"A\x06\x00", b"s\x02\x01", b"t", b"s\x03\x01", b"t", b"t"]),
        ("changes", &[b"A\x00\x00", b"s\x03\x01", b"A\x07\x00", b"s\x0a\x01", b"t", b"s\x03\x01"]),
        ("unbelieved", &[b"A\x00\x00", b"vr", b"s\x03\x01", b"va", b"s\x03\x01", b"t"]),
        (
            "registers",
            &[b"A\x02\x00", b"s\x05\x01", b"s\x03\x01", b"T\xfe", b"T\xfe", b"s\x08\x01", b"t"],
        ),
        ("asks", &[b"A\x01\x00", b"f", b"A\x01\x00", b"s\x00\x01", b"s\x0b\x01", b"x\x00", b"t"]),
    ]);
    for (name, datagram) in messages::datagrams() {
        let first = [b"0", datagram.as_slice()].concat();
        let second = [b"3", datagram.as_slice()].concat();
        seeds.push((name, sequence(&[&first, &second, b"A\x04\x00", b"t", &first])));
    }
    seeds
}

/// Calls under either scheme, and what is done to them on the way.
pub(crate) fn of_calls() -> Vec<Seed> {
    let steps: &[(&str, &[&[u8]])] = &[
        ("proved", &[b"i", b"a", b"m\x01", b"o", b"m\x00", b"m\x01"]),
        ("replayed", &[b"i", b"a", b"q", b"t\x0a", b"q", b"x", b"q"]),
        ("late", &[b"i", b"t\x7f", b"a", b"i", b"a", b"o"]),
        ("changed", &[b"i", b"aRequire: 100rel", b"i", b"a-Date: Tue, 14 Nov 2023 22:13:20 GMT", b"q"]),
        ("stripped", &[b"i", b"a-Authorization: x", b"a", b"o-PGP-Signature: x"]),
        ("added", &[b"i", b"aAuthorization: Digest x\nContact: <sip:evil@192.0.2.66>", b"oX: y"]),
        ("failing", &[b"i", b"s\x01\x02\x03\x04\x05\x06", b"a", b"a", b"a", b"s\x00\x07", b"a"]),
        ("lying", &[b"i", b"s\x00\x08", b"a", b"i", b"s\x00\x09", b"a", b"i", b"s\x00\x0f", b"a"]),
        ("early", &[b"m\x00", b"m\x01", b"i", b"m\x00", b"m\x01", b"o"]),
        (
            "foreign",
            &[
                b"i",
                b"4PGP realm=\"evil.example\", version=\"5.0\", algorithm=sha256, c14n=\"cs1\", nonce=\"AAAAAAAAAAAAAAAAAAAA\"",
                b"a",
                b"4Digest realm=\"bob.example\", nonce=\"n\\\"\", qop=\"auth\", algorithm=MD5\nDigest realm=\"bob.example\", nonce=\"n\", algorithm=SHA-256, qop=\"auth-int\"",
                b"a",
            ],
        ),
        (
            "raw",
            &[
                b"i",
                b"rINVITE sip:bob@bob.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\
                  From: <sip:alice@alice.example>;tag=caller-tag\r\nTo: <sip:bob@bob.example>\r\n\
                  Call-ID: call@192.0.2.1\r\nCSeq: 3 INVITE\r\n\
                  Authorization: Digest username=\"alice\", realm=\"bob.example\", nonce=\"{nonce}\", \
                  uri=\"sip:bob@bob.example\", response=\"0123456789abcdef0123456789abcdef\", \
                  algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\nContent-Length: 0\r\n\r\n",
                b"rBYE sip:bob@bob.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2\r\n\
                  From: <sip:alice@alice.example>;tag=caller-tag\r\nTo: <sip:bob@bob.example>;tag=callee-tag\r\n\
                  Call-ID: call@192.0.2.1\r\nCSeq: 4 BYE\r\nContent-Length: 0\r\n\r\n",
            ],
        ),
    ];
    let of = |scheme: u8| {
        let seeds = named(steps).into_iter();
        seeds
            .map(move |(name, octets)| (format!("{name}-{scheme}"), [&[scheme], &*octets].concat()))
    };
    of(0).chain(of(1)).collect()
}
