//! What the security manager's socket carries, either way: what nobody wrote breaks neither side.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sec_socket::fuzzing::{to_manager, to_stack};

fuzz_target!(|octets: &[u8]| {
    to_manager(octets);
    to_stack(octets);
});
