//! The INVITE usage: a call, from its INVITE to its BYE. RFC 3261 §13 to §15.
//!
//! ```text
//!          caller                                     callee
//!       ┌──────────┐                               ┌──────────┐
//!       │ Prepared │                               │ Incoming │ ◀── INVITE
//!       └────┬─────┘                               └────┬─────┘
//!            │ invite                                   │ accept: 200
//!            ▼                                          │
//!       ┌──────────┐  2xx: ACK   ┌────┐                 │
//!       │ Inviting │ ──────────▶ │ Up │ ◀───────────────┘
//!       └──────────┘             └─┬──┘ re-INVITE, either way: still Up
//!                   hang_up: BYE   │   BYE: 200
//!                     ┌────────────┴────────┐
//!                     ▼                     ▼
//!                ┌────────┐  its answer  ┌──────┐
//!                │ Ending │ ───────────▶ │ Over │
//!                └────────┘              └──────┘
//! ```
//!
//! Over as well: what is hung up while it is Prepared; an Inviting that fails or is cancelled; an
//! Incoming that is rejected, cancelled, expires or is ended by BYE before its 200.
//!
//! `caller` and `callee` bring it up, `reliable` is what they say meanwhile, `session`, `reinvite` and
//! `refresh` are what happens then, `offered` is where the peer makes the offer that was ours to make;
//! `usage` tells each what concerns it, and `state` is what they share.

mod acknowledge;
mod callee;
mod caller;
mod offered;
mod redirect;
mod refresh;
mod reinvite;
mod reliable;
mod replaces;
mod session;
mod state;
mod timer;
mod unwanted;
mod usage;

pub(in crate::manager) use reliable::is_reliable;
pub(in crate::manager) use replaces::Replaces;
pub(in crate::manager) use state::InviteUsage;
pub(in crate::manager) use unwanted::Unwanted;
