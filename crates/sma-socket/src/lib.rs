//! **SMA over a Unix socket**: how the security manager's process asks the security application's.
//!
//! ```text
//!   security manager                                      security application
//!   Client ── Frame{id, Question} ──▶ │ 0700 folder │ ──▶ serve ──▶ dyn SecurityApplication
//!          ◀── Frame{id, Answer} ───  │   socket    │ ◀──       (≤ 4 run, ≤ 32 wait)
//!          ── Frame{id, Cancel} ───▶  │             │           the job's future is dropped
//! ```
//!
//! A frame is a four-octet length (big-endian, at most [`MAX_FRAME`]) and a protobuf message; see
//! [`frame`], whose codec is pure. Both sides check that the other runs under their own user id.
//! The client gives every question a random 128-bit id and a deadline ([`Deadlines`]), tells the
//! server when nobody waits any more, and connects again by itself.
//!
//! What it is *not*: OpenPGP (that is behind [`sma::SecurityApplication`]), a trust decision, a
//! way across machines.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use sma::SecurityApplication as _;
//!
//! let client = sma_socket::Client::new("/run/user/1000/countersign/pgp.sock");
//! for key in client.identities().await? {
//!     println!("{} {:?}", key.fingerprint, key.user_ids);
//! }
//! # Ok(())
//! # }
//! ```

mod client;
mod connection;
mod deadlines;
pub mod frame;
mod jobs;
mod link;
mod listener;
#[cfg(feature = "manual")]
pub mod manual;
mod process;
mod sandbox;
mod server;
mod wire;

pub use client::Client;
pub use deadlines::Deadlines;
pub use listener::{BindError, Listener, check_directory};
pub use process::{Ends, OfferError, protect_memory};
pub use sandbox::{NoSandbox, Sandbox};
pub use server::{serve, serve_over};

/// The largest frame without its length, in octets.
pub const MAX_FRAME: usize = 128 * 1024;

/// Questions that an application works on at one time.
pub const MAX_RUNNING: usize = 4;

/// Questions that wait for one of those to end; one more is answered with [`sma::Error::Busy`].
pub const MAX_QUEUED: usize = 32;

#[cfg(test)]
mod tests;
