//! The authentication schemes: a folder each, behind one trait ([`seam`]).

pub mod digest;
pub(crate) mod pgp;
pub(crate) mod seam;
mod table;
