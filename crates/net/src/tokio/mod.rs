//! The real thing: UDP and TCP on tokio, TLS with the feature `tls`, and with `dns` the records that
//! the system's resolver does not tell. [`system`] gives all of it.
//!
//! Both values hold a handle to the runtime they belong to, so that sockets can be made from any
//! thread and tasks spawned from any task. IPv6 sockets take IPv6 only, so that `[::]:5060` and
//! `0.0.0.0:5060` can be bound side by side.

mod datagram;
#[cfg(feature = "dns")]
mod dns;
mod network;
mod runtime;
mod stream;
mod system;
#[cfg(any(feature = "dns", feature = "tls"))]
mod task;
#[cfg(feature = "tls")]
mod tls;
#[cfg(target_os = "linux")]
mod undelivered;

pub use network::TokioNetwork;
pub use runtime::TokioRuntime;
pub use system::system;
#[cfg(feature = "tls")]
pub use tls::{Tls, certificates, system_roots};
