//! Nonces: of all texts only the one that was sealed opens, and only for what it is bound to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sec_manager::nonce::{Binding, Issuer, Source};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

const NOW: u32 = 1_700_000_000;

/// The master, instance and boot of the vector below.
static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    let mut master = std::array::from_fn(|at| at as u8);
    Issuer::new(&mut master, 7, 1, NOW - 10_000)
});

/// The vector, which is among the seeds.
const SEALED: &[u8] = b"AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P";

fuzz_target!(|text: &[u8]| {
    let source = Source::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    let binding = Binding {
        scheme: "PGP",
        realm: b"bob.example.org",
        method: b"INVITE",
        call_id: b"a84b4c76e66710@pc33",
        from_tag: b"1928301774",
        from: b"sip:alice@example.org",
        to: b"sip:bob@example.org",
        source: &source,
        algorithms: b"",
    };
    assert_eq!(ISSUER.open(NOW, 120, text, &binding).is_ok(), text == SEALED);
    if text != b"1928301774" {
        let other = Binding { from_tag: text, ..binding };
        assert!(ISSUER.open(NOW, 120, SEALED, &other).is_err());
    }
});
