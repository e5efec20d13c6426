//! Two whole terminals in a simulated network: security applications' doubles and audio included,
//! on a virtual clock, from one seed.
#![cfg(feature = "pgp")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured is told")]

mod amplification;
mod asserted;
mod cases;
mod claims;
mod conference;
mod downgrades;
mod dtls;
mod entropy;
mod failing;
mod failover;
mod failures;
mod floods;
mod forks;
mod hold;
mod homes;
mod identities;
mod meddler;
mod offers;
mod old_form;
#[cfg(feature = "watch")]
mod publishing;
mod raw;
mod sdes;
mod seeds;
mod signed;
mod silence;
mod strangers;
#[cfg(feature = "watch")]
mod watchers;
#[cfg(feature = "watch")]
mod watching;
mod world;
