//! Between a line and its sockets: where packets go and come from, what protects them, and what each
//! of them is.

mod demux;
#[cfg(feature = "ice")]
mod ice;
mod path;
mod protection;
mod relayed;
mod servers;
mod transmit;
mod ways;

#[cfg(feature = "ice")]
pub(crate) use ice::asked;
#[cfg(feature = "ice")]
pub use ice::{IceServers, TurnServer, TurnTransport};
pub(crate) use path::Path;
pub(crate) use protection::{Protection, Rekey};
pub use relayed::{RelayConnection, RelayLoss};
pub(crate) use servers::{Came, Servers, ToServer};
pub use transmit::{Carrier, Channel, Transmit};
pub(crate) use ways::{Agent, Arrival, Standing, Way};
