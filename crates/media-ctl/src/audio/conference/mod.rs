//! Calls whose parties hear one another: each hears all others, and never itself.
//!
//! ```text
//!            a call's line                          the call's own ends
//!   peer ──▶ write ──▶ Ear ──┬─── with the others ──▶ sink    (16 kHz, brought to its rate)
//!                            ▼
//!                          Mixer ◀──┐ and to the others, where a guest speaks
//!                            │      │
//!   peer ◀── read ◀── Mouth ◀┴──────┴─────────────── source  (brought to 16 kHz)
//! ```
//!
//! Each call has a [`Seat`], which stands between its line and the source and sink that it has by
//! itself. The line brings its peer to 16 kHz and back, as it does for any source and sink.

mod beat;
mod mixer;
mod seat;
#[cfg(test)]
mod tests;

pub use seat::{Conference, Seat};
