//! The authentication schemes: a folder each.

pub mod digest;
pub(crate) mod pgp;
