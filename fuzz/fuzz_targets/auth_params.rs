//! Challenges and credentials: no name or value reaches beyond the text, and what the client
//! writes is what a server reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use md5::Md5;
use sec_manager::digest::{Asked, Challenge, Credentials, HA1, Reply, answer, verify};
use sip_syntax::auth::{Params, Separator, of_scheme, scheme};

/// With what a quoted string holds escaped only.
const USER: &[u8] = br#"CORP\al "x" ice"#;
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
    let Ok(qop) = challenge.choose_qop() else { return };
    let realm: Vec<u8> = challenge.realm.octets().collect();
    let ha1 = HA1::<Md5>::new(USER, &realm, b"p");
    let (uri, cnonce) = (b"sip:bob@example.org", b"c0");
    let reply = Reply { user: USER, uri, asked: ASKED, cnonce, count: 1, qop };
    let written = answer(&challenge, &ha1, &reply);
    let list = of_scheme(&written, "Digest").expect("the scheme's own word");
    let read = Credentials::parse(list).expect("what the client wrote");
    assert_eq!((read.realm, read.nonce), (challenge.realm, challenge.nonce));
    assert!(challenge.userhash || read.user.octets().eq(USER.iter().copied()));
    assert!(verify(&read, &ha1, &ASKED));
});
