//! Between a line and its sockets: where packets go and come from, what protects them, and what each
//! of them is.

mod demux;
mod path;
mod transmit;

pub(crate) use path::{Path, Trust};
pub use transmit::{Channel, Transmit};
