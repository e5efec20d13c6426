//! The driver: the loop that moves a [`SipManager`](crate::manager::SipManager) over a
//! [`Runtime`](net::Runtime) and a [`Network`](net::Network). The only place that awaits.
//!
//! ```text
//!   Endpoint ──commands──▶ ┌ Inner, behind a mutex ───────────────────────┐
//!   Events  ◀──────────────│ SipManager · sockets · streams · questions   │◀── Driver, one task
//!                          └──────────────────────────────────────────────┘
//! ```
//!
//! As in quinn: a handle locks the state, calls the core and wakes the task; the task, when it is
//! polled, reads what has arrived, feeds the core, does what the core says, and sleeps until the
//! core's next timer. There are no channels, and no runtime is named.
//!
//! [`Endpoint::builder`] starts one; with `net::tokio` as the world:
//!
//! ```
//! use sip_core::driver::Endpoint;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let system = net::tokio::system()?;
//! let builder = Endpoint::builder(system, Arc::new(ssa::Open)).bind("udp:127.0.0.1:0");
//! let (endpoint, mut events) = builder.start()?;
//! # endpoint.shutdown(std::time::Duration::ZERO).await;
//! while let Some(event) = events.next().await {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What the security manager answers with [`ssa::Answer::Pending`] is polled in the same task,
//! with the upper bound it gave. A panic in it is caught and is a refusal.

mod ask;
mod builder;
mod call;
mod claims;
mod config;
mod endpoint;
mod inner;
mod locate;
mod observe;
mod outbox;
mod places;
mod questions;
mod refer;
mod sockets;
mod stream;
mod streams;
mod subscriptions;
mod task;

pub use ask::NoResponse;
pub use builder::Builder;
pub use call::{Call, Unanswered};
pub use config::{Bind, Config, NotABind};
pub use endpoint::{Endpoint, Events, Sizes};
pub use locate::{locate, transports};
pub use observe::{Signal, Sink};
