//! The conformance kit of SSM.
//!
//! [`run`] has two security managers agree on the media of a call, keys them, by a handshake where they
//! want one, and seals, changes, repeats and opens packets; it says which rules were broken. Whoever writes
//! a security manager runs it, once for each way in which its media are keyed. Whoever adopts a manager in
//! a media controller tests the controller with the doubles: [`Hanging`], [`Late`], [`Lying`] and
//! [`Failing`].

mod broken;
mod doubles;
mod kit;
mod packets;
#[cfg(test)]
mod tests;

pub use broken::Broken;
pub use doubles::{Failing, Gate, Hanging, Late, Lying};
pub use kit::{Pair, Said, run};
