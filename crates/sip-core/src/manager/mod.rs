//! The SIP manager: transactions, dialogs and calls of one terminal, sans-IO.
//!
//! ```text
//!        on_message, on_timeout,       ┌────────────┐  poll_action: Send, Consult,
//!        on_send_failed,  ───────────▶ │ SipManager │ ─▶ CancelConsult, Abandon, Event
//!        on_flow_closed, verdict,      └────────────┘  poll_timeout
//!        invite, accept, hang_up …       ▲        │
//!                                        └─ query ┘
//! ```
//!
//! The loop that drives it: feed an input; then do what [`SipManager::poll_action`] says until it
//! says no more; then wait for a message, a command, a verdict, or
//! [`SipManager::poll_timeout`]. An [`Action::Consult`] is answered by asking what
//! [`SipManager::query`] lends and feeding [`SipManager::verdict`], now or later: the request
//! waits in an explicit state, and nothing else waits for it. [`crate::driver`] is such a loop.
//!
//! Where things are: `receive` places a request and answers statelessly; `uas` takes it from
//! admission to its final response; `uac` and `exchange` take ours from draft to outcome, with the
//! challenges; `caller`, `callee`, `session` and `reinvite` are the call; `register` the rest;
//! `clients` and `servers` hold the machines of [`crate::transaction`].
//!
//! An unauthorized INVITE creates nothing here: until the security manager has admitted it or
//! seen its own fresh nonce in it, it lives in the open question only.

mod action;
mod call;
mod callee;
mod caller;
mod clients;
mod config;
mod consult;
mod core;
mod event;
mod exchange;
mod inbound;
mod io;
mod outgoing;
mod own;
mod ports;
mod receive;
mod register;
mod reinvite;
mod servers;
mod session;
mod slab;
mod sources;
mod target;
mod timers;
mod uac;
mod uas;

pub use action::{Action, Arrival, Hop, SenderId};
pub use config::{Config, Local, NextHop, RegisterConfig};
pub use consult::{ConsultId, Query, Verdict};
pub use core::{SipManager, Sizes};
pub use event::{CallId, Cause, EndReason, Event, Misuse, OptionsId, Prepared, RegistrationId};
pub use ports::{Keyed, Ports, Random, Routes};
#[cfg(feature = "driver")]
pub(crate) use sources::party;
