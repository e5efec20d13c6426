//! Encrypted bodies. The first line is the Content-Type, the rest the body; the body is also read
//! as a decrypted entity, and carried as a ciphertext.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sec_manager::aor::{self, Aor};
use sec_manager::cs1::Role;
use sec_manager::mime::{self, Binding};
use ssa::Body;
use std::sync::LazyLock;

const NONCE: &[u8] = b"AZ4ABwABZVPxAPWvnZv3z";

static ALICE: LazyLock<Aor> = LazyLock::new(|| known("sip:alice@example.org"));
static BOB: LazyLock<Aor> = LazyLock::new(|| known("sip:bob@example.org"));

fn known(text: &str) -> Aor {
    aor::canonical(text.as_bytes()).expect("a SIP URI")
}

fuzz_target!(|octets: &[u8]| {
    let line = octets.iter().position(|octet| *octet == b'\n').unwrap_or(octets.len());
    let (content_type, rest) = octets.split_at(line);
    let rest = rest.get(1..).unwrap_or_default();
    let body = Body { content_type: Some(content_type.to_vec()), octets: rest.to_vec() };
    if mime::is_encrypted(&body) {
        let _ = mime::ciphertext(&body);
    }

    let binding = Binding { role: Role::Uac, from: &ALICE, to: &BOB, from_tag: b"1928301774" };
    if let Ok(plain) = mime::open(&binding, NONCE, rest)
        && let Ok(again) = mime::enclose(&binding, &[NONCE], &plain)
    {
        assert!(mime::open(&binding, NONCE, again.expose()) == Ok(plain));
    }

    if !rest.is_empty()
        && let Ok(wrapped) = mime::wrap(rest)
    {
        assert_eq!(mime::ciphertext(&wrapped), Ok(rest));
    }
});
