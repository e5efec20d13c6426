//! Which part of a body this side acts upon. RFC 3261 §20.11, RFC 5621 §4, §8.
//!
//! ```text
//!   application/sdp                           itself
//!   multipart/mixed, related, …               the first part that is taken
//!   multipart/alternative                     the last part that is taken
//! ```
//!
//! A part that is not taken is passed over unless it says `handling=required`: a request is owed 415
//! then. RFC 3261 §20.11 takes that for said where nothing is, but no sender of locations (RFC 6442)
//! or of ISUP means it so.

use crate::headers::{ContentDisposition, ContentType};
use crate::{Expected, HeaderName, Message, ParseError};
use sip_syntax::multipart::{BodyPart, BodyParts};

/// How deep parts may stand within parts. Case P17.
const MAX_DEPTH: usize = 4;

/// What of a body is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// This, of this type.
    Taken(&'a [u8], &'a [u8]),
    /// Nothing: all of it may be passed over.
    Nothing,
    /// What has to be understood is not.
    Unsupported,
}

/// How a part's type is judged.
type Takes<'t> = &'t dyn Fn(ContentType<'_>) -> bool;

impl<'a> Content<'a> {
    /// What of a message's body is acted upon by whoever `takes` these types.
    ///
    /// # Errors
    /// A type that is none, boundaries that do not hold, more than 16 parts, or more than four
    /// levels of them; the offset is in the value of Content-Type or in the body.
    pub(crate) fn of(message: &'a Message, takes: Takes<'_>) -> Result<Self, ParseError> {
        let body = message.body();
        if body.is_empty() {
            return Ok(Self::Nothing);
        }
        let kind = message.header(HeaderName::ContentType).unwrap_or_default();
        match Self::find(kind, body, takes, 0) {
            Ok(Self::Unsupported) | Err(_)
                if is_optional(message.header(HeaderName::ContentDisposition)) =>
            {
                Ok(Self::Nothing)
            }
            found => found,
        }
    }

    fn find(
        kind: &'a [u8], body: &'a [u8], takes: Takes<'_>, depth: usize,
    ) -> Result<Self, ParseError> {
        if kind.is_empty() {
            return Ok(Self::Unsupported);
        }
        let media = ContentType::parse(kind)?;
        if takes(media) {
            return Ok(Self::Taken(kind, body));
        }
        if !media.kind.eq_ignore_ascii_case(b"multipart") {
            return Ok(Self::Unsupported);
        }
        if depth == MAX_DEPTH {
            return Err(ParseError::new(0, Expected::FewerParts));
        }
        let boundary = media.params.text("boundary").and_then(|text| text.as_plain());
        let boundary = boundary.unwrap_or_default();
        let prefers_last = media.subtype.eq_ignore_ascii_case(b"alternative");
        let mut found = None;
        for part in BodyParts::new(body, boundary)? {
            let part = part?;
            match Self::of_part(&part, takes, depth + 1)? {
                Self::Unsupported if !prefers_last && is_required(&part) => {
                    return Ok(Self::Unsupported);
                }
                taken @ Self::Taken(..) if prefers_last || found.is_none() => found = Some(taken),
                Self::Taken(..) | Self::Nothing | Self::Unsupported => {}
            }
        }
        Ok(found.unwrap_or(Self::Unsupported))
    }

    /// What of a part is acted upon. One for another end than the session's, say to be rendered, is
    /// not taken: a session description in it would be no offer.
    fn of_part(part: &BodyPart<'a>, takes: Takes<'_>, depth: usize) -> Result<Self, ParseError> {
        let kind = part.field("Content-Type").unwrap_or(b"text/plain");
        let encoding = part.field("Content-Transfer-Encoding");
        let is_plain = encoding.is_none_or(|encoding| {
            [&b"binary"[..], b"8bit", b"7bit"].iter().any(|it| it.eq_ignore_ascii_case(encoding))
        });
        let disposition = disposition(part.field("Content-Disposition"));
        let is_for_us = disposition.is_none_or(|disposition| {
            [&b"session"[..], b"render"].iter().any(|it| it.eq_ignore_ascii_case(disposition.kind))
        });
        if !is_plain || !is_for_us {
            return Ok(Self::Unsupported);
        }
        Self::find(kind, part.content, takes, depth)
    }
}

fn disposition(value: Option<&[u8]>) -> Option<ContentDisposition<'_>> {
    ContentDisposition::parse(value?).ok()
}

fn is_optional(value: Option<&[u8]>) -> bool {
    disposition(value).is_some_and(|disposition| disposition.is_optional())
}

fn is_required(part: &BodyPart<'_>) -> bool {
    let disposition = disposition(part.field("Content-Disposition"));
    let handling = disposition.and_then(|disposition| disposition.params.value("handling"));
    handling.is_some_and(|handling| handling.eq_ignore_ascii_case(b"required"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn message(kind: &str, body: &str) -> Message {
        let text = format!(
            "INVITE sip:b@192.0.2.2 SIP/2.0\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n\
             {body}",
            body.len()
        );
        Message::parse(text.into_bytes().into(), &Limits::default()).unwrap()
    }

    fn find(kind: &str, body: &str) -> Result<Option<String>, Expected> {
        let message = message(kind, body);
        let found = Content::of(&message, &|kind| kind.is("application/sdp"));
        match found.map_err(|error| error.expected)? {
            Content::Taken(_, octets) => Ok(Some(String::from_utf8_lossy(octets).into_owned())),
            Content::Nothing => Ok(Some(String::new())),
            Content::Unsupported => Ok(None),
        }
    }

    /// A part of this type and disposition.
    fn part(kind: &str, disposition: &str, content: &str) -> String {
        let disposition = match disposition {
            "" => String::new(),
            text => format!("Content-Disposition: {text}\r\n"),
        };
        format!("--b\r\nContent-Type: {kind}\r\n{disposition}\r\n{content}\r\n")
    }

    const SDP: &str = "application/sdp";
    const MIXED: &str = "multipart/mixed; boundary=\"b\"";

    fn mixed(parts: &[String]) -> Result<Option<String>, Expected> {
        find(MIXED, &(parts.concat() + "--b--\r\n"))
    }

    #[test]
    fn the_session_description_is_found_beside_others() {
        let sdp = part(SDP, "", "v=0");
        let location = part("application/pidf+xml", "", "<presence/>");
        let isup = part("application/ISUP;version=itu", "signal;handling=optional", "\u{1}");
        for parts in [[sdp.clone(), location.clone()], [location, sdp.clone()], [isup, sdp.clone()]]
        {
            assert_eq!(mixed(&parts), Ok(Some("v=0".to_owned())));
        }
        let required = part("application/ISUP", "signal;handling=required", "\u{1}");
        assert_eq!(mixed(&[sdp.clone(), required]), Ok(None));
        let icon = part(SDP, "icon", "v=1");
        assert_eq!(mixed(&[icon, sdp]), Ok(Some("v=0".to_owned())), "it is for something else");
        assert_eq!(mixed(&[part("text/plain", "", "hello")]), Ok(None));
    }

    #[test]
    fn of_alternatives_the_last_that_is_taken_counts() {
        let parts = [part(SDP, "", "v=0"), part(SDP, "", "v=1"), part("x/y", "", "z")].concat();
        let body = parts + "--b--";
        assert_eq!(find("multipart/alternative;boundary=b", &body), Ok(Some("v=1".to_owned())));
        assert_eq!(find(MIXED, &body), Ok(Some("v=0".to_owned())));
    }

    #[test]
    fn a_part_in_another_encoding_is_not_taken() {
        let encoded = "--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\
            \r\ndj0w\r\n--b--\r\n";
        assert_eq!(find(MIXED, encoded), Ok(None));
        assert_eq!(find(MIXED, &encoded.replace("base64", "BINARY")), Ok(Some("dj0w".to_owned())));
    }

    /// A session description within so many multiparts.
    fn nested(depth: usize) -> String {
        (0..depth).fold("v=0".to_owned(), |inner, level| {
            let kind = match level {
                0 => SDP.to_owned(),
                level => format!("multipart/mixed;boundary=b{}", level - 1),
            };
            format!("--b{level}\r\nContent-Type: {kind}\r\n\r\n{inner}\r\n--b{level}--\r\n")
        })
    }

    #[test]
    fn p17_parts_within_parts_are_four_levels_deep_at_most() {
        let find = |depth: usize| {
            find(&format!("multipart/mixed;boundary=b{}", depth - 1), &nested(depth))
        };
        assert_eq!(find(4), Ok(Some("v=0".to_owned())));
        assert_eq!(find(5), Err(Expected::FewerParts));
        assert_eq!(find(60), Err(Expected::FewerParts));
    }
}
