//! The Countersign terminal.
pub mod capture;
pub mod ladder;
pub mod record;
