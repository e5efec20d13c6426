//! The authentication schemes: a folder each, behind one trait as a server ([`seam`]) and one as a
//! client of registrars and proxies ([`client`]).

mod accounts;
pub mod aka;
pub mod bearer;
pub(crate) mod client;
pub mod digest;
pub(crate) mod given;
pub(crate) mod pgp;
pub(crate) mod seam;
mod table;
