//! The conformance kit: for whoever writes a security application, or uses one.
//!
//! [`run`] asks an application everything that the contract promises and lists what does not
//! hold. [`Double`] is an application that needs no process and no cryptography; [`Hanging`],
//! [`Late`], [`Lying`] and [`Crashing`] are the ways in which one fails, for the tests of whoever
//! asks.
//!
//! Everything here is deterministic: the clock is handed in, and nothing is random.

mod double;
mod failure;
mod gate;
mod kit;
mod misbehaving;
mod toy;

pub use double::{Clock, Directory, Double};
pub use failure::Failure;
pub use gate::Gate;
pub use kit::run;
pub use misbehaving::{Crashing, Hanging, Late, Lying};

#[cfg(test)]
mod tests;
