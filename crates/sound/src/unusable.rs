//! Why a device is of no use.

use std::error::Error;
use std::fmt;

/// Why there is no sound from or to a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unusable {
    /// There is none at all.
    Missing,
    /// There is none of the name that was given.
    Unknown,
    /// Somebody else has it.
    Busy,
    /// This user may not.
    Forbidden,
    /// It has no format that is understood here.
    Format,
    /// It is there no more, or what it is made of is not.
    Gone,
    /// It is open, and moves nothing.
    Stalled,
    /// What the system says.
    System(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is none"),
            Self::Unknown => f.write_str("there is none of that name"),
            Self::Busy => f.write_str("another program has it"),
            Self::Forbidden => f.write_str("this user may not use it"),
            Self::Format => f.write_str("it has no sampling rate or format that is understood"),
            Self::Gone => f.write_str("it is not there"),
            Self::Stalled => f.write_str("it moves no sound"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl Error for Unusable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::System(error) => Some(&**error),
            _ => None,
        }
    }
}
