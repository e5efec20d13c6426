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
mod builder;
pub mod fsm;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod keying;
mod manager;
pub mod nonce;
mod params;
mod party;
mod platform;
mod policy;
mod remembered;
mod scheme;
#[cfg(test)]
#[cfg(feature = "srtp")]
#[path = "../../terminal/examples/memory/search.rs"]
mod search;
mod secret;
mod sentence;
#[cfg(feature = "srtp")]
pub mod srtp;
#[cfg(feature = "tls")]
pub mod transport;

pub use builder::Builder;
pub use fsm::StateSink;
#[cfg(feature = "srtp")]
pub use keying::Handed;
pub use manager::SecurityManager;
pub use platform::{NoRandomness, Platform};
pub use scheme::aka::{self, Aka};
pub use scheme::bearer::{self, Bearer};
pub use scheme::digest::{self, Digest};
pub use scheme::pgp::{Pgp, cs1, mime};
pub use sentence::sentence;

pub(crate) use scheme::pgp;
