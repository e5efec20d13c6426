//! The security manager's process: started with the terminal, started again when it dies or hangs,
//! ended with the terminal.
//!
//! ```text
//!   start ── countersign-sec serve ── greeted, configured ──▶ asked
//!     ▲                                                         │ dies, hangs, lies: all is refused
//!     └──────────────── after 100 ms … 30 s ────────────────────┘
//! ```
//!
//! Its standard input is the connection that it answers over; its standard output the one over which
//! it asks the security application, which stays the terminal's to start and to watch. No way out
//! leaves it behind: it ends when its connection does, and is killed when its supervisor is dropped.

mod keeper;
mod process;
mod program;

pub(crate) use keeper::keep;
pub use program::Program;
