//! Messages that are encrypted and decrypted leave no plaintext behind in the process that
//! [`countersign-pgp`] is: with its allocator (promise 16, case O04).

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../terminal/examples/memory/search.rs"]
mod search;

use pgp_agent::{Agent, Protection, Store};
use search::{Needle, search};
use sma::{KeyAdministration as _, SecurityApplication as _};
use std::alloc::System;
use std::fs::Permissions;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt as _;
use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// The plaintext, made anew each time, so that no copy is the test's.
fn secret(length: u16) -> impl Iterator<Item = u8> + Clone {
    (0..length).map(move |n| {
        let [high, low] = black_box(n).to_be_bytes();
        low.wrapping_mul(59) ^ high.wrapping_mul(31) ^ 0x3C
    })
}

#[tokio::test]
async fn o04_messages_leave_no_plaintext_behind() {
    let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir();
    let folder = folder.unwrap();
    let agent = Agent::new(Store::open(folder.path(), Protection::ModeOnly).unwrap());
    let key = agent.generate("sip:alice@example.org".into()).await.unwrap().fingerprint;
    // As long as a session description, and as long as there may be.
    for length in [700, 60_000] {
        // In many places: what is left behind may be no more than a block or two.
        let places = (0..length - 32).step_by(usize::from(length / 40));
        let needles: Vec<Needle> = places
            .map(|at| {
                let piece = secret(length).skip(at.into()).take(32);
                Needle::new(format!("octets from {at} of {length}"), piece)
            })
            .collect();
        let octets = secret(length).collect::<Vec<u8>>().into();
        let message = agent.encrypt(vec![key.clone()], octets).await.unwrap();
        let plain = agent.decrypt(key.clone(), message).await.unwrap();
        assert!(plain.octets.expose().iter().copied().eq(secret(length)));
        assert!(search("self", &needles).unwrap().len() >= needles.len(), "while it is held");
        drop(plain);
        let found = search("self", &needles).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}
