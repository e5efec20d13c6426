//! The security application's process: started when its socket is silent, restarted when it dies,
//! ended with the terminal.
//!
//! ```text
//!   Agent::start ── socket answers? ──yes──▶ used as it is, not ours to end
//!        │ no
//!        ▼
//!   countersign-pgp serve … --exit-with-stdin ── "ready" ──▶ supervised
//!        ▲                                          │ dies
//!        └──────────── after 100 ms … 5 s ──────────┘
//! ```
//!
//! No way out leaves it behind: it ends when told to, is killed when its supervisor is dropped
//! (also by a panic), and ends by itself when the terminal's end of its standard input closes.

mod keys;
mod process;
mod program;
mod supervisor;

pub use keys::{check_own_key, own_key};
pub use program::Program;
pub use supervisor::Agent;
