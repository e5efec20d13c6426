//! Two whole terminals in a simulated network: security applications' doubles and audio included,
//! on a virtual clock, from one seed.
#![cfg(feature = "pgp")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod homes;
mod meddler;
mod seeds;
mod world;
