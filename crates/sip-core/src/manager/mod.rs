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
//! Three layers, each knowing only those below it:
//!
//! ```text
//!   usages         a call, a registration, a single request: what a message means
//!     │ Cx: requests, serving, dialogs
//!   requests       one of ours, with its challenges, ways and CANCEL  │ serving  one of a peer's,
//!     │                                                               │ until it is answered
//!     │                                                               │ readings  an ACK's body
//!   transactions   machines, branches, matching, retransmission
//!     │
//!   io             actions, timers, questions, names
//! ```
//!
//! Around them: `receive` places a request that comes in and answers statelessly, `ours` says whom it
//! may be for, `accounts` keeps what registrars have told us, `commands` is the application's way in, `dialogs` the table of dialogs, `core` the
//! inputs and the tables, and `dispatch` tells each usage what concerns it.
//!
//! An unauthorized INVITE creates nothing here: until the security manager has admitted it or
//! seen its own fresh nonce in it, it lives in the open question only.

mod about;
mod accounts;
mod action;
mod avoided;
mod by_number;
mod cause;
mod commands;
mod config;
mod consult;
mod core;
mod dialogs;
mod dispatch;
mod event;
mod inbound;
mod io;
mod misuse;
mod notify;
mod ours;
mod own;
mod peer_reason;
mod ports;
mod publications;
mod publish;
mod readings;
mod receive;
mod refer;
mod renewal;
mod requests;
mod serving;
mod slab;
mod subscribe;
mod subscribers;
mod subscriptions;
mod target;
mod timers;
mod transactions;
mod usages;

#[cfg(feature = "driver")]
pub(crate) use action::is_same_name;
pub use action::{Action, Arrival, Flow, Hop, SenderId};
pub use config::{Config, ContactAs, Local, NextHop, ReferConfig, RegisterConfig};
pub use consult::{ConsultId, Query, Verdict};
pub use core::{SipManager, Sizes};
pub use event::{CallId, Cause, EndReason, Event, Prepared, RegistrationId, RequestId, Response};
pub use misuse::Misuse;
pub use ours::Ours;
pub use peer_reason::PeerReason;
pub use ports::{Keyed, Ports, Random, Routes};
pub use publications::{PublicationId, PublicationNews, PublishConfig};
pub use renewal::Renewal;
#[cfg(feature = "driver")]
pub(crate) use slab::Key;
pub use subscribers::{SubscriberEnd, SubscriberId, SubscriberNews};
pub use subscriptions::{
    SubscribeConfig, SubscriptionEnd, SubscriptionId, SubscriptionNews, SubscriptionState,
    Termination,
};
#[cfg(feature = "driver")]
pub(crate) use transactions::party;
