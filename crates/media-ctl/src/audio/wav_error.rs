//! Why a WAV file is not read or written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a WAV file is not read or written; displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WavError {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub reason: WavReason,
}

/// Why a WAV file is not read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WavReason {
    /// The system says so.
    System(io::ErrorKind),
    /// The system took only a part of a recording.
    CutShort(io::ErrorKind),
    /// It is no WAV file, or is cut short.
    Malformed(&'static str),
    /// Its encoding, number of channels or rate is not supported.
    Unsupported,
    /// There is no sample in it.
    Empty,
    /// It lasts more than an hour.
    TooLong,
}

impl WavError {
    pub(super) fn new(path: &Path, reason: impl Into<WavReason>) -> Self {
        Self { path: path.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Debug` escapes what a name may contain.
        write!(f, "WAV file {:?}: ", self.path)?;
        match self.reason {
            WavReason::System(io::ErrorKind::NotFound) => f.write_str("no such file or folder"),
            WavReason::System(kind) => kind.fmt(f),
            WavReason::CutShort(kind) => {
                write!(f, "cut short: {kind}; what was heard before is kept")
            }
            WavReason::Malformed(what) => write!(f, "malformed: {what}"),
            WavReason::Unsupported => f.write_str(
                "unsupported: 8, 16, 24 or 32 bits or float, 1 to 8 channels, \
                 4000 to 384000 Hz are",
            ),
            WavReason::Empty => f.write_str("it holds no samples"),
            WavReason::TooLong => f.write_str("longer than an hour"),
        }
    }
}

impl std::error::Error for WavError {}

impl From<hound::Error> for WavReason {
    fn from(error: hound::Error) -> Self {
        match error {
            hound::Error::IoError(error) => error.into(),
            hound::Error::FormatError(what) => Self::Malformed(what),
            hound::Error::UnfinishedSample => Self::Malformed("its last sample is cut off"),
            hound::Error::TooWide
            | hound::Error::Unsupported
            | hound::Error::InvalidSampleFormat => Self::Unsupported,
        }
    }
}

impl From<io::Error> for WavReason {
    fn from(error: io::Error) -> Self {
        // hound reports a short file as an error of its own making, which has no other kind.
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
                Self::Malformed("it is cut short")
            }
            kind => Self::System(kind),
        }
    }
}
