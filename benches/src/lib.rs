//! What the benchmarks measure, as functions: criterion times them, callgrind counts them.

pub mod auth;
pub mod authorizing;
pub mod calls;
pub mod hostile;
pub mod l2;
mod link;
pub mod messages;
pub mod operations;
pub mod peer;
pub mod sipp;
pub mod talking;
mod tls;
pub mod whole;

/// The examples of the project's README, compiled and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
