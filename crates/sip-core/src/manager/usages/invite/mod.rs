//! The INVITE usage: a call, from its INVITE to its BYE. RFC 3261 §13 to §15.
//!
//! ```text
//!   prepare ─▶ Prepared ── invite ──▶ Inviting ── 2xx ──▶ Up ── BYE ──▶ Ending ─▶ Over
//!                                        │ CANCEL, failure ─▶ Over   ▲
//!   INVITE ─────────────────────────▶ Incoming ── accept ────────────┘ (Up)
//!                                        │ CANCEL, reject ─▶ Over
//! ```
//!
//! `caller` and `callee` bring it up, `session` and `reinvite` are what happens then; `usage` tells
//! each what concerns it, and `state` is what they share.

mod acknowledge;
mod callee;
mod caller;
mod farewell;
mod reinvite;
mod session;
mod state;
mod usage;

pub(in crate::manager) use farewell::Farewell;
pub(in crate::manager) use state::InviteUsage;
