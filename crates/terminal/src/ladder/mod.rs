//! The ladder: a call as one sequence diagram, for a terminal and as SVG.
//!
//! ```text
//!  security      security     telephony       SIP         media      network     remote
//! application    manager     application    manager     controller
//!      │            │             │            │             │          │           │
//!      │            │◀────── got_401_unauthorized            │          │           │
//! ```
//!
//! Internal signals and wire messages stand in one order, the states of the security manager's
//! machine are notes, and media packets are one arrow with their counts. Two terminals are drawn
//! mirrored about the network; a message that both recorded is one arrow from end to end.
//!
//! Folded, a question and its answer are one line: short enough for a page.

mod fold;
mod layout;
mod media;
mod receipts;
mod row;
mod short;
mod svg;
mod text;

#[cfg(test)]
mod folded;
#[cfg(test)]
mod tests;

pub use layout::Ladder;
pub use row::{Column, Hue, Row};
