//! Probes how a SIP server authenticates by Digest: it asks as a client would, answers challenges
//! rightly and in every way that a server must tell apart, and says of each what came back. RFC 3261
//! §22, RFC 7616, RFC 8760.
//!
//! ```text
//!   table ──▶ checks ──▶ server: one dialogue, its Call-ID and CSeq ──▶ line: one transaction
//!               │           │
//!               │           └─ answer: a response, and what it says of authentication
//!               └─ credentials: the right ones, to be bent parameter by parameter
//! ```
//!
//! It writes its requests itself, for half of them are such as the SIP manager refuses to send. What a
//! response has to be it takes from [`sec_manager::digest`]. It guesses no password: what it answers
//! wrongly, it makes from the right answer.

mod aim;
mod answer;
mod checks;
mod credentials;
mod found;
mod line;
mod server;
mod table;

pub(crate) use aim::Aim;
pub(crate) use found::Verdict;
pub(crate) use line::Remote;
pub(crate) use server::Server;
pub(crate) use table::{Check, Row, run};

#[cfg(test)]
mod tests;
