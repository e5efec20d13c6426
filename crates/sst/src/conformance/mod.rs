//! The conformance kit of SST.
//!
//! [`run`] asks a security manager what it knows of calls that the user starts and ends, and says which
//! rules were broken: whoever writes a security manager runs it. How it proves who a peer is, the kits of
//! SSA and SSM judge. Whoever writes a manager tests, too, what becomes of its prompts, with the doubles of
//! an application: [`Hanging`], [`Late`], [`Lying`] and [`Panicking`].

mod doubles;
mod kit;
#[cfg(test)]
mod tests;

pub use doubles::{Gate, Hanging, Late, Lying, Panicking};
pub use kit::{Broken, run};
