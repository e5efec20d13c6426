//! **SSA, SST and SSM over a Unix socket**: the security manager as a process of its own.
//!
//! ```text
//!   SIP manager ──ssa──▶ ┌────────┐   frames, in order   ┌──────┐ ──▶ SipSecurity
//!   application ──sst──▶ │ Client │ ───────────────────▶ │Server│ ──▶ TelephonySecurity
//!   media ───────ssm──▶  └────────┘ ◀─────────────────── └──────┘ ──▶ MediaSecurity, MediaKeys
//!                            │        prompts, assurances
//!                            └─ guards are made here, of a line's keys: no packet crosses, but the
//!                               datagrams of a handshake that ends in such keys
//! ```
//!
//! Every signal that has an answer stands still for one round trip, at most [`ANSWER_WITHIN`]: the
//! manager's own part of it takes microseconds, and what takes time it says to be pending, which is
//! awaited as if it were in the same process. So signals keep their order, and a verdict that is ready
//! stays ready. Whatever goes wrong is a refusal: see [`Client`]. Why it is done so:
//! `docs/decisions/0054-a-signal-is-a-round-trip.md`.
//!
//! What it is *not*: a security manager, a program, a sandbox. Header fields that no security manager
//! reads do not cross; one that asks for such a field has its answer thrown away.

mod client;
mod connection;
mod ends;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod handshake;
mod handshakes;
mod jobs;
mod kept;
#[cfg(any(test, feature = "conformance"))]
mod loopback;
mod media;
mod pipe;
mod remote;
mod server;
mod sip;
mod telephony;
mod wire;

pub use client::{ANSWER_WITHIN, Client};
pub use connection::Gone;
pub use ends::Ends;
pub use guard::{GuardKeys, LineKeys, MakeGuard, MediaKeys};
pub use jobs::{Spawn, Task};
#[cfg(any(test, feature = "conformance"))]
pub use loopback::loopback;
pub use remote::RemoteApplication;
pub use server::{Manager, Server};

/// What both sides must be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests;
