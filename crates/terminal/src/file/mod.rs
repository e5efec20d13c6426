//! The one way in which the program writes files, and how it reads what may be none.
//!
//! - What is written is there as a whole or not at all, and for its owner alone (promise 18): a
//!   [`Draft`] beside its place, renamed over it.
//! - A symbolic link is followed: it stays, and what it names is replaced.
//! - A pipe, a terminal and what else takes a stream is written to as it is and never replaced; a
//!   folder, a socket and a disk are refused. `-` is standard output.
//! - What grows is appended to, and never changed.
//! - What may wait for somebody else's program waits [`apart`]: no signal has to wait for it.

mod apart;
#[cfg(feature = "digest")]
mod append;
mod draft;
mod place;
mod read;
mod write;

pub(crate) use apart::apart;
#[cfg(feature = "digest")]
pub(crate) use append::{append, begin_anew, earlier};
pub(crate) use draft::Draft;
pub(crate) use place::folder;
pub(crate) use read::open_regular;
#[cfg(feature = "pgp")]
pub(crate) use read::read;
pub(crate) use write::{check, create, replace, write};

#[cfg(test)]
mod tests;
