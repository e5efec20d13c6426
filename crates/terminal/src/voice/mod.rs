//! Agents: programs that say and hear what is said in calls, each over a connection of its own, at a
//! Unix socket, over standard input and output, or over a WebSocket. How they speak: `docs/agents.md`; why so, decision
//! 0052.
//!
//! ```text
//!   agent ══ frames ══ connection ── Seat ──┬── Mouth ──▶ the call's source
//!              │                            └── Ear   ◀── the call's sink
//!           News (commands, who came, who left)      Seats: who speaks in which call
//!              ▼                                         ▲
//!             Desk ◀── whoever runs the calls ───────────┘ offers, tells
//! ```
//!
//! What is said about calls passes through unread: the words are those of the command line.

mod connection;
mod desk;
mod ends;
mod frame;
mod limits;
mod news;
mod outbox;
mod said;
mod seat;
mod seats;
mod socket;
mod streams;
#[cfg(feature = "ws")]
mod web;
mod words;
mod wrong;

pub(crate) use desk::{Desk, Door};
pub(crate) use ends::ends;
pub(crate) use news::News;
pub(crate) use seats::{Offered, Reserved, Seats};
