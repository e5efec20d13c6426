//! What the security application's socket carries: what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sma_socket::frame::{decode, encode};

fuzz_target!(|octets: &[u8]| {
    // A frame may carry a secret, so it is not cloned.
    if let (Ok(frame), Ok(same)) = (decode(octets), decode(octets))
        && let Ok(written) = encode(frame)
    {
        assert!(decode(&written) == Ok(same));
    }
});
