//! Between a line and its sockets: where packets go and come from, what protects them, and what each
//! of them is.

mod demux;
mod path;
mod protection;
mod transmit;

pub(crate) use path::Path;
pub(crate) use protection::Protection;
pub use transmit::{Channel, Transmit};
