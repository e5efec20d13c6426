//! The rate of the ends.

/// Samples a second of the ends, whatever their devices have.
pub const RATE: u32 = 48_000;
