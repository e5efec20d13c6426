//! The recorder: every signal, wire message and machine state of a terminal, in one order.
//!
//! ```text
//!   ssa::Observed ──┐
//!   sst::Observed ──┤            ┌──▶ ladder (text, SVG)
//!   ssm::Observed ──┼─▶ Tap ─▶ Recorder
//!   sma::Observed ──┤  (one a    └──▶ capture (pcapng)
//!   net::Observed ──┤  terminal)
//!   state machine ──┘
//! ```
//!
//! One [`Recorder`] numbers what happens; each terminal has a [`Tap`] into it, so that two
//! terminals of one process share one order. Memory is bounded: the oldest entries go first,
//! media before what it was set up by, and [`Recorder::dropped`] says how many went.
//! A terminal without a recorder is assembled without the decorators: it costs nothing.

mod entry;
mod kind;
mod recorder;
mod redact;
mod secrets;
mod signals;
mod streams;
mod wire;
mod words;

pub use entry::{Entry, Kind, Lifeline, Packet, Protocol};
pub use kind::{WireKind, classify};
pub use recorder::{Budget, Follower, Limits, Recorder, Tap};
pub use redact::{clean, clean_all, redacted};
pub(crate) use secrets::{blank, overwrite};
