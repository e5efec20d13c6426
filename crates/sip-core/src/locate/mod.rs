//! Where the servers of a domain are: which records are asked for, and what follows from them.
//! RFC 3263 §4.
//!
//! ```text
//!   numeric ──▶ nothing is asked
//!
//!   neither port nor transport ─▶ NAPTR ── the best of ours ─▶ SRV ── hosts, ports ─▶ A, AAAA ─▶ Servers
//!                                   └─ none ─▶ SRV of each ─────┤                      ▲
//!   a transport ──────────────────────────────▶ SRV of that ────┴─ none ── the domain ─┤
//!   a port, or a name that is asked of nobody ─────────────────────────────────────────┘
//! ```
//!
//! A [`Search`] is the decision alone: it says which questions are open, is told their answers, and
//! ends after three rounds at most, whatever the records say. Who asks is the driver; a terminal that
//! wants to know where a call will go before it offers media asks by the same search.
//!
//! A name that has no NAPTR records, or whose records cannot be had, is looked for without them, as
//! are the names that only this host and its network know: those without a dot, `localhost` and
//! `.local` (RFC 6761 §6.3, RFC 6762 §3). What the scheme or the user asks for is never given up for
//! it: for `sips:` only TLS counts.

mod order;
mod records;
mod search;
mod wanted;

pub use records::{Naptr, Srv};
pub use search::{Answer, Question, Search};
pub use wanted::{Asked, Servers, Wanted};

#[cfg(test)]
mod tests;
