//! Requests and responses through two security managers, whose security applications do what the
//! input says. Whatever comes in: nothing is kept for who was merely challenged, a proof holds for
//! what was signed and once, no password, media key or offer is in what leaves, and no field that
//! is handed out ends its own line.
//!
//! The first octet says which scheme is required; the rest is cut at 0xff into pieces, whose first
//! octet says what is done.
#![no_main]

mod application;
mod pair;
mod platform;

use libfuzzer_sys::fuzz_target;
use pair::{PASSWORD, Pair};

/// Pieces that are looked at.
const PIECES: usize = 60;

fuzz_target!(|octets: &[u8]| {
    let Some((scheme, rest)) = octets.split_first() else { return };
    // What came may be echoed: an input that knows the password shows nothing.
    if octets.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()) {
        return;
    }
    let mut pair = Pair::new(scheme & 1 == 0);
    for piece in rest.split(|octet| *octet == 0xff).take(PIECES) {
        let [what, with @ ..] = piece else { continue };
        match what {
            b'i' => pair.invite(with),
            b'a' => pair.authorize(with),
            b'q' => pair.again(),
            b'o' => pair.answer(with),
            b'r' => pair.receive(with),
            b'4' => pair.challenge(with),
            b's' => pair.script(with),
            b't' => pair.pass(with.first().copied().unwrap_or_default()),
            b'x' => pair.abandon(),
            b'm' => pair.media(with.first().copied().unwrap_or_default()),
            _ => {}
        }
    }
});
