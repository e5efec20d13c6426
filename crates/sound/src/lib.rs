//! **sound**: microphones and loudspeakers as the ends of a call.
//!
#![doc = include_str!("../README.md")]

#[cfg(feature = "echo")]
mod canceller;
mod cleaner;
mod devices;
#[cfg(test)]
mod double;
mod drift;
mod ends;
mod far;
mod keeper;
mod news;
mod note;
mod port;
mod rate;
mod ring;
#[cfg(test)]
mod room;
mod system;
#[cfg(feature = "system")]
mod system_devices;
#[cfg(test)]
mod tests;
mod unusable;

#[cfg(feature = "echo")]
pub use canceller::{Canceller, Unwanted};
pub use cleaner::Cleaner;
pub use devices::{Chosen, Devices};
pub use news::News;
pub use port::Port;
pub use rate::RATE;
pub use system::{Device, Format, Stream, System, Way};
#[cfg(feature = "system")]
pub use system_devices::SystemDevices;
pub use unusable::Unusable;
