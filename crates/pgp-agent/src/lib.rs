//! **The security application outside the stack**: OpenPGP keys, and what is done with them.
//!
//! ```text
//!   key folder (0700) ──▶ Store ──▶ Agent: sma::SecurityApplication + sma::KeyAdministration
//!   *.sec.asc *.pub.asc                │
//!                                      └──▶ sma_socket::serve     (the process countersign-pgp)
//! ```
//!
//! It signs, verifies, encrypts and decrypts octets over rPGP. It reports facts about a signature
//! (expired, revoked, weak, of which key, over which data) and decides nothing: that is the
//! security manager's. Private keys stay in this process.
//!
//! What it is *not*: a trust model, a key server's client, a program that asks anybody anything.

mod agent;
mod certificate;
mod clock;
mod encryption;
mod generate;
mod parse;
mod sign;
mod store;
mod strength;
mod succession;
mod verify;

pub use agent::Agent;
pub use store::{Protection, Store, StoreError, open_private};

#[cfg(test)]
mod tests;
