//! The security application's process: started when its socket is silent, started again when it
//! dies, ended with the terminal. One that somebody else runs is used as it is, and followed by our
//! own when it has gone.
//!
//! ```text
//!   Agent::start ── socket answers? ──yes──▶ theirs, not ours to end ─────┐
//!        ▲   │ no                                                         │
//!        │   └── countersign-pgp serve … ── "ready" ──▶ ours, supervised  │ gone
//!        │            ▲       │ keys are locked                    │ dies │
//!        │            └ ask ◀─┘                                    │      │
//!        └─────────────────────── after 100 ms … 30 s ─────────────┴──────┘
//! ```
//!
//! No way out leaves it behind: it ends when told to, is killed when its supervisor is dropped
//! (also by a panic), and ends by itself when the terminal's end of its standard input closes.

mod held;
mod keys;
mod lifetime;
mod passphrase;
mod process;
mod program;
mod supervisor;

pub use keys::{check_own_key, identities, own_key};
pub use lifetime::{Needed, ending, state};
pub use passphrase::{Ask, Passphrase};
#[cfg(feature = "isolated")]
pub(crate) use process::show;
pub use program::Program;
#[cfg(feature = "isolated")]
pub(crate) use program::installed;
pub use supervisor::Agent;
