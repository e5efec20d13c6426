//! The **terminal**: the telephony application of Countersign, as a library.
//!
//! ```text
//!   cli ──▶ config ──▶ assembly ──▶ SIP manager, media controller, security manager, network
//!                         │ every seam
//!                         ▼
//!                      record ──▶ ladder (text, SVG), capture (pcapng), journal
//! ```
//!
//! It sets policy and accounts, places and answers calls, asks people, and shows what happened.
//!
//! What it is *not*: a place for protocol decisions, or for private keys. Those are the stack's
//! and the security application's, which runs as a process of its own ([`agent`]).

#[cfg(feature = "pgp")]
pub mod agent;
pub mod assembly;
pub mod capture;
pub mod cli;
pub mod config;
#[cfg(feature = "digest")]
pub mod demo;
mod error;
mod file;
#[cfg(feature = "isolated")]
pub mod isolated;
#[cfg(feature = "digest")]
pub mod journal;
pub mod ladder;
#[cfg(feature = "digest")]
mod probe;
pub mod record;
mod time;
mod voice;

pub use error::{Error, Result};
