//! **The user's GnuPG as a security application.**
//!
//! ```text
//!   sma::SecurityApplication ──▶ Gpg ── one `gpg` for each step ──▶ gpg-agent, token, keyring
//!                                 │
//!                                 └──▶ sma_socket::serve     (the process countersign-gpg)
//! ```
//!
//! It runs `gpg` with exact argument lists and believes its status lines alone, on a descriptor of
//! their own, and only where every one that must be there is there once and none that must not be.
//! Whatever key GnuPG can use can be used, one on a hardware token included.
//!
//! What it is *not*: a trust model (the security manager pins full fingerprints), a key server's
//! client, a program that asks anybody anything: a locked key is [`sma::Error::Locked`].

mod application;
mod encryption;
mod fault;
mod files;
mod keys;
mod packet;
mod run;
mod sign;
mod status;
mod verify;

pub use application::Gpg;
pub use run::{Missing, TIME_LIMIT};
