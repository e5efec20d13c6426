//! What the security application's socket carries: what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sma_socket::frame::{decode, encode};

fuzz_target!(|octets: &[u8]| {
    if let Ok(frame) = decode(octets)
        && let Ok(written) = encode(frame.clone())
    {
        assert!(decode(&written) == Ok(frame));
    }
});
