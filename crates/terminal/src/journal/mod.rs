//! **The journal**: what the security manager was asked, chose and judged, as a file to look into
//! when something has happened.
//!
//! ```text
//!   the four interfaces ─▶ Recorder ─▶ Journal ─▶ thread ─▶ FILE, FILE.1 … FILE.4
//!   countersign explain FILE ◀── Story ◀── History (the chain judged) ◀──┘
//! ```
//!
//! A line is a JSON object. It holds the SHA-256 of the line before it, so that a line that was
//! changed, put in or taken out is found; through rotated files, too. What was cut from the end is
//! found by the hash that was seen before, or by the line that closes a journal. Whoever can write
//! the file can also write all of it anew: a hash that is kept elsewhere is what tells.
//!
//! A line holds no secret: its words come from the record, which redacts them.
//!
//! A call never waits for the journal. What cannot be written is counted, and the count is a line.

mod history;
mod keeper;
mod line;
mod story;
mod strangers;
mod writer;

pub use history::{Fault, History, Note};
pub use keeper::Journal;
pub use line::{Line, Lost, What};
pub use story::{Chapter, Sentence, entries, story};
pub use writer::Place;

#[cfg(test)]
mod tests;
