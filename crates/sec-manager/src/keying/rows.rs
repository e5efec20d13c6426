//! The rows of an SDP body, and the media line that each belongs to.

use ssm::{Line, Profile};

/// Media lines that keys are read for; an SDP body has no more here.
pub(super) const MOST_LINES: u8 = 8;

/// Counts the media lines of a body that is walked row by row.
#[derive(Default)]
pub(super) struct Walk {
    lines: u8,
    secure: bool,
}

impl Walk {
    /// Notes a row; the value of the attribute that begins so, where it is one.
    pub(super) fn value<'a>(&mut self, row: &'a [u8], attribute: &[u8]) -> Option<&'a str> {
        if let Some(media) = row.strip_prefix(b"m=") {
            self.lines = self.lines.saturating_add(1);
            let proto = media.split(|octet| *octet == b' ').nth(2).unwrap_or_default();
            let proto = std::str::from_utf8(proto.trim_ascii_end()).unwrap_or_default();
            let profile = Profile::parse(proto);
            self.secure = profile.is_some_and(|it| it.is_secure() && !it.is_by_dtls());
        }
        let value = row.strip_prefix(attribute)?.trim_ascii_end();
        std::str::from_utf8(value).ok()
    }

    /// The media line at hand, where its profile is SRTP and its keys travel.
    pub(super) fn secure(&self) -> Option<Line> {
        let place = self.lines.checked_sub(1)?;
        (self.secure && place < MOST_LINES).then_some(Line(place))
    }
}

/// The rows of a body, each with its end.
pub(super) fn rows(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split_inclusive(|octet| *octet == b'\n')
}
