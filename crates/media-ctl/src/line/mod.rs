//! One line that runs: what was agreed on for it, the audio both ways, and its reports.

mod event;
mod incoming;
mod outgoing;
mod reports;
mod running;
mod voip;

pub use event::Event;
pub(crate) use running::Line;
