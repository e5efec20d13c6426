//! The checks, by what is expected: each sends what its row of the table says, and judges the answer.

pub(super) mod accepted;
pub(super) mod counted;
pub(super) mod offered;
pub(super) mod proved;
pub(super) mod refused;
