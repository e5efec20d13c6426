//! The conformance kit of SSA.
//!
//! [`run`] plays a whole challenged call between two security managers over messages of its own,
//! without a SIP stack, and says which rules were broken: whoever writes a security manager runs
//! it. Whoever adopts a manager in a stack tests the stack with the doubles: [`Hanging`],
//! [`Late`], [`Lying`] and [`Panicking`], and its TLS with [`Trusting`].

mod doubles;
mod message;
mod rules;
#[cfg(test)]
mod tests;

pub use doubles::{Gate, Hanging, Late, Lying, Panicking, Trusting};
pub use message::{Fields, TestRequest, TestResponse};
pub use rules::{Broken, Pair, run};
