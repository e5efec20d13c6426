//! Subscriptions of ours: what a SUBSCRIBE asks for, and what a REFER brings along. RFC 6665 §4.1,
//! RFC 3515 §2.4.4.
//!
//! ```text
//!            SUBSCRIBE             NOTIFY: its dialog        NOTIFY, 2xx to a refresh
//!   Resting ──────────▶ Expecting ───────────────────▶ Standing ─▶ Standing
//!      ▲                    │                             │
//!      └─ tried anew later ─┴─ failed, silent, expired ───┤
//!                           └─ refused, terminated ───────┴─▶ Over
//! ```
//!
//! The first NOTIFY may come before the 2xx, and makes the dialog: a fork whose NOTIFY comes later
//! gets 481. That of a REFER has its dialog from the start and is never made anew.

mod anew;
mod event_type;
mod hearing;
mod refer;
mod told;
mod usage;

pub(super) use event_type::EventType;
pub(in crate::manager) use usage::Subscription;
