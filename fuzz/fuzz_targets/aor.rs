//! Canonical addresses of record, which signatures and pins are bound to: canonical once is
//! canonical for ever, and the octets that come out are plain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sec_manager::aor::canonical;

fuzz_target!(|uri: &[u8]| {
    if let Ok(aor) = canonical(uri) {
        assert_eq!(canonical(aor.as_str().as_bytes()).as_ref(), Ok(&aor));
        assert!(aor.as_str().bytes().all(|octet| octet.is_ascii_graphic()));
        assert!(aor.domain().is_none_or(|domain| aor.has_realm(domain)));
    }
});
