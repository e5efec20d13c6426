//! What an agent did that cannot be taken, told on its connection as an `error`.

use super::limits::{LONGEST, RATES, VERSION};
use std::fmt;

/// What is wrong with what an agent sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// No frame begins so.
    Kind(u8),
    /// The payload is longer than may be.
    TooLong(u32),
    /// Audio of an odd number of octets.
    HalfASample(usize),
    /// The connection ended within a frame.
    CutOff,
    /// Something else came before hello.
    NoHello,
    /// A version that is not spoken.
    Version(u32),
    /// A rate that is not spoken.
    Rate(u32),
    /// All connections are taken.
    Crowded(usize),
    /// An object that is none, or not one of these.
    NotUnderstood(String),
    /// A command about a call, while there is none.
    NoCall,
    /// Too many marks wait.
    TooManyMarks(usize),
}

impl Wrong {
    /// The same in one word, which stays.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Kind(_) | Self::TooLong(_) | Self::HalfASample(_) | Self::CutOff => "frame",
            Self::NoHello | Self::Version(_) | Self::Rate(_) => "hello",
            Self::Crowded(_) => "crowded",
            Self::NotUnderstood(_) => "not_understood",
            Self::NoCall => "no_call",
            Self::TooManyMarks(_) => "too_many_marks",
        }
    }

    /// Whether what follows can still be read.
    pub(super) const fn is_bearable(&self) -> bool {
        match self {
            Self::NotUnderstood(_) | Self::NoCall | Self::TooManyMarks(_) => true,
            Self::Kind(_)
            | Self::TooLong(_)
            | Self::HalfASample(_)
            | Self::CutOff
            | Self::NoHello
            | Self::Version(_)
            | Self::Rate(_)
            | Self::Crowded(_) => false,
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(
                f,
                "no frame begins with the octet 0x{kind:02x}: expected `a` (audio) or `j` (JSON), \
                 then the length in four octets, big-endian"
            ),
            Self::TooLong(length) => {
                write!(f, "a frame of {length} octets: expected {LONGEST} at most; send several")
            }
            Self::HalfASample(length) => write!(
                f,
                "audio of {length} octets: expected an even number, two octets for each sample"
            ),
            Self::CutOff => f.write_str("the connection ended within a frame"),
            Self::NoHello => write!(f, "expected this first: {EXPECTED}"),
            Self::Version(version) => {
                write!(f, "version {version} is not spoken here: expected {VERSION}")
            }
            Self::Rate(rate) => {
                let rates = RATES.map(|rate| rate.to_string()).join(", ");
                write!(f, "{rate} Hz is not spoken here: expected one of {rates}")
            }
            Self::Crowded(most) => {
                write!(f, "{most} connections are open, and no more are taken: close some")
            }
            Self::NotUnderstood(reason) => f.write_str(reason),
            Self::NoCall => f.write_str("there is no call on this connection"),
            Self::TooManyMarks(most) => {
                write!(f, "{most} marks wait to be played, and no more are taken")
            }
        }
    }
}

/// What a connection begins with.
const EXPECTED: &str = r#"{"command":"hello","version":1,"rate":16000}"#;
