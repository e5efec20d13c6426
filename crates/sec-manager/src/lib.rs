//! **The security manager**: who must prove who they are, by what, and what that proof is worth.
//!
//! ```text
//!   SIP manager ──ssa──▶ ┌──────────────────┐ ◀──sst── telephony application
//!                        │ security manager │
//!   media ───────ssm──▶  └──────────────────┘ ──sma──▶ security application (PGP)
//! ```
//!
//! What it is *not*: a SIP stack, a media controller, OpenPGP. It opens no socket and no file and
//! spawns no task; time, randomness and sleep come from a [`Platform`].

pub mod aor;
pub mod cs1;
pub mod fsm;
mod media;
pub mod mime;
pub mod nonce;
mod platform;
#[cfg(feature = "srtp")]
mod sdes;
mod secret;
#[cfg(feature = "srtp")]
pub mod srtp;

pub use platform::{NoRandomness, Platform};
