//! Peers' subscriptions to what we know: by a SUBSCRIBE, or by a REFER. RFC 6665 §4.2, RFC 3515 §2.4.
//!
//! ```text
//!   SUBSCRIBE, REFER ─▶ Arriving ─▶ Waiting ── 200, 202: NOTIFY ──▶ Standing ── NOTIFY ──▶ Over
//!                                      │                             │ terminated: the last
//!                                      │                             └─ change, refresh: NOTIFY,
//!                                      │                                one at a time
//!                                      └── declined, or nothing in time ──▶ Over
//! ```
//!
//! What is told is the state as it is then: of what changes while a NOTIFY is under way, the latest
//! counts.

mod refer;
mod subscribed;
mod telling;
mod usage;

pub(in crate::manager) use usage::Notifier;
