//! `countersign-pgp` as a process: it starts, answers, is stopped and killed, and leaves nothing.

#![expect(clippy::disallowed_methods, reason = "a real process and a real socket")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is a failure"
)]

mod commands;
mod hardening;
mod place;
mod sandbox;
mod secrets;
mod serving;
