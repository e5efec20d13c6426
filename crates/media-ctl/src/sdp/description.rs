//! A session description, read within limits.

use super::MediaLine;
use super::grammar::rows::is_known;
use crate::SdpError;
use sdp_types::{ParserError, Session};

/// Octets in a description. A SIP body has no more either.
pub const MAX_OCTETS: usize = 64 * 1024;

/// Lines in a description.
pub const MAX_LINES: usize = 256;

/// `m=` lines in a description.
pub const MAX_MEDIA_LINES: usize = 8;

/// Formats in an `m=` line.
pub const MAX_FORMATS: usize = 64;

/// A session description that came in.
///
/// The limits are checked before anything is built from it, and no number in it is ever an
/// amount of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    session: Session,
}

impl Description {
    /// Reads a description; order is lax, as senders are, but `v=0` comes first and there is
    /// an `o=`.
    ///
    /// # Errors
    /// The first line that cannot be read, or a limit that is exceeded.
    pub fn parse(octets: &[u8]) -> Result<Self, SdpError> {
        check_limits(octets)?;
        let (known, numbers) = known_lines(octets);
        let session = Session::parse(&known).map_err(|error| {
            let SdpError { line, expected } = sdp_error(&error);
            let line = line.checked_sub(1).and_then(|at| numbers.get(at)).copied().unwrap_or(line);
            SdpError { line, expected }
        })?;
        Ok(Self { session })
    }

    /// The media lines, in order.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = MediaLine<'_>> {
        let session = &self.session;
        session.medias.iter().map(move |media| MediaLine::new(session, media))
    }
}

/// The description without lines of types that are not SDP's, such as `y=` and `f=`, which cameras
/// send; and the number of each line that is left. RFC 8866 §5 has them ignored or the whole refused.
fn known_lines(octets: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let is_unknown = |line: &[u8]| match line {
        [letter, b'=', ..] => letter.is_ascii_lowercase() && !is_known(*letter),
        _ => false,
    };
    let lines = (1..).zip(octets.split_inclusive(|octet| *octet == b'\n'));
    let (mut known, mut numbers) = (Vec::with_capacity(octets.len()), Vec::new());
    for (number, line) in lines.filter(|(_, line)| !is_unknown(line)) {
        known.extend_from_slice(line);
        numbers.push(number);
    }
    (known, numbers)
}

pub(super) fn check_limits(octets: &[u8]) -> Result<(), SdpError> {
    let error = |line, expected| Err(SdpError { line, expected });
    if octets.len() > MAX_OCTETS {
        return error(0, "at most 64 KiB");
    }
    let (mut media_lines, mut origin) = (0, false);
    for (number, line) in (1..).zip(octets.split(|octet| *octet == b'\n')) {
        // The piece after the last line end is not a line.
        if number > MAX_LINES && !line.is_empty() {
            return error(number, "at most 256 lines");
        }
        origin |= line.starts_with(b"o=");
        if line.starts_with(b"m=") {
            media_lines += 1;
            // Media, port and profile come before the formats.
            if line.split(|octet| *octet == b' ').count() > 3 + MAX_FORMATS {
                return error(number, "at most 64 formats");
            }
        }
        if media_lines > MAX_MEDIA_LINES {
            return error(number, "at most 8 media lines");
        }
    }
    if origin { Ok(()) } else { error(0, "an o= line") }
}

/// The line and what was expected there; the parser's errors carry text that is not for peers.
fn sdp_error(error: &ParserError) -> SdpError {
    let (line, expected) = match error {
        ParserError::InvalidLineFormat(line, what)
        | ParserError::InvalidFieldEncoding(line, what)
        | ParserError::InvalidFieldFormat(line, what)
        | ParserError::MissingField(line, what)
        | ParserError::FieldTrailingData(line, what) => (*line, *what),
        ParserError::InvalidVersion(line, _) => (*line, "v=0"),
        ParserError::MultipleVersions(line)
        | ParserError::MultipleOrigins(line)
        | ParserError::MultipleSessionNames(line)
        | ParserError::MultipleSessionDescription(line)
        | ParserError::MultipleUris(line)
        | ParserError::MultipleConnections(line)
        | ParserError::MultipleTimeZones(line)
        | ParserError::MultipleMediaTitles(line)
        | ParserError::MultipleKeys(line) => (*line, "a line of this type once only"),
        ParserError::RepeatWithoutTime(line) => (*line, "t= before r="),
        // `NoVersion`, and what the parser no longer reports.
        _ => (1, "v=0"),
    };
    SdpError { line, expected }
}
