//! Challenges and credentials: no name or value reaches beyond the text, and what the client
//! writes is what a server reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use md5::Md5;
use sec_manager::digest::{Asked, Challenge, Credentials, HA1, Reply, answer, verify};
use sec_manager::params::{Params, Separator, of_scheme, scheme};

const ASKED: Asked<'_> = Asked { method: "INVITE", body: b"v=0\r\n" };

fuzz_target!(|value: &[u8]| {
    if let Some((_, list)) = scheme(value) {
        for separator in [Separator::Comma, Separator::CommaOrSemicolon] {
            for param in Params::new(list, separator).flatten() {
                let within = list.as_ptr_range();
                assert!(!param.name.is_empty() && within.contains(&param.name.as_ptr()));
                assert!(param.value.len() < list.len());
            }
        }
    }
    let Some(list) = of_scheme(value, "Digest") else { return };
    if let Ok(credentials) = Credentials::parse(list) {
        assert!(credentials.qop.is_none() || credentials.nonce_count().is_some());
    }
    let Ok(Some(challenge)) = Challenge::parse(list) else { return };
    let (Ok(qop), ha1) = (challenge.choose_qop(), HA1::<Md5>::new(b"u", challenge.realm, b"p"))
    else {
        return;
    };
    let (uri, cnonce) = (b"sip:bob@example.org", b"c0");
    let reply = Reply { user: b"u", uri, asked: ASKED, cnonce, count: 1, qop };
    let written = answer(&challenge, &ha1, &reply);
    let list = of_scheme(&written, "Digest").expect("the scheme's own word");
    let read = Credentials::parse(list).expect("what the client wrote");
    assert_eq!((read.realm, read.nonce), (challenge.realm, challenge.nonce));
    assert!(verify(&read, &ha1, &ASKED));
});
