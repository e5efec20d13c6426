//! Codecs: what each of them is, a row in a table, and how it is spoken, a file of its own.
//!
//! To add one: its file with a [`Properties`] and its two halves, its row in `table.rs`, its test.

mod g711;
mod g722;
mod opus;
mod seam;
mod table;

pub(crate) use seam::{Decoder, Encoder};
pub use table::Codec;
