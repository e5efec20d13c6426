//! What the benchmarks measure, as functions: criterion times them, callgrind counts them.

pub mod l2;
pub mod messages;
