//! Between a line and its sockets: where packets go and come from, what protects them, and what each
//! of them is.

mod demux;
#[cfg(feature = "ice")]
mod ice;
mod path;
mod protection;
mod servers;
mod transmit;
mod ways;

#[cfg(feature = "ice")]
pub(crate) use ice::asked;
#[cfg(feature = "ice")]
pub use ice::{IceServers, TurnServer};
pub(crate) use path::Path;
pub(crate) use protection::Protection;
pub(crate) use servers::{Came, Servers};
pub use transmit::{Channel, Transmit};
pub(crate) use ways::{Agent, Arrival, Standing, Way};
