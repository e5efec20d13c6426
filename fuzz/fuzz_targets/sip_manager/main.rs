//! Sequences of messages, timers, verdicts and commands through the SIP manager. Whatever comes in:
//! the tables stay within their limits, a request has one final response, nothing larger leaves
//! than may, what leaves can be read, and when all is over nothing is left.
//!
//! The input is cut at 0xff; the first octet of each piece says what is done, the rest with what.
#![no_main]

mod host;
mod peer;

use host::Host;
use libfuzzer_sys::fuzz_target;

/// Pieces that are looked at.
const PIECES: usize = 200;

fuzz_target!(|octets: &[u8]| {
    let mut host = Host::new();
    for piece in octets.split(|octet| *octet == 0xff).take(PIECES) {
        if let [what, with @ ..] = piece {
            step(&mut host, *what, with);
        }
        host.check();
    }
    host.end();
});

/// One input; what is none does nothing.
fn step(host: &mut Host, what: u8, with: &[u8]) {
    let first = with.first().copied().unwrap_or_default();
    let second = with.get(1).copied().unwrap_or_default();
    let rows = with.get(2..).unwrap_or_default();
    match what {
        b'0'..=b'3' => host.receive(what - b'0', with),
        b'i' => host.receive(second & 3, &peer::invite(first)),
        b's' => {
            if let Some((hop, request)) = host.sent.get(usize::from(second >> 6)).cloned() {
                host.receive_over(hop, &peer::response(&request, first, second & 7, rows));
            }
        }
        b'w' => {
            if let Some((hop, answer)) = host.answered.clone() {
                host.receive_over(hop, &peer::inside(&answer, first, second));
            }
        }
        b'b' => {
            if let Some((hop, request)) = host.sent.front().cloned() {
                host.receive_over(hop, &peer::back(&request, first, second));
            }
        }
        b'v' => host.verdict = first,
        b'p' => host.decide(first),
        b't' => host.pass(None),
        b'T' => host.pass(Some(first)),
        b'A' => host.command(first, second),
        b'x' => host.lose(first & 3),
        b'f' => host.fail(),
        _ => {}
    }
}
