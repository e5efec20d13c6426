//! The lines of a description, a row each. RFC 8866 §9.

/// How often a line may stand in a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Never,
    Once,
    Any,
}

/// A type of line.
pub(super) struct Row {
    pub(super) kind: u8,
    pub(super) session: Times,
    pub(super) media: Times,
    /// Whether a value is as the grammar has it.
    pub(super) rule: fn(&[u8]) -> bool,
    /// What a value is, in words.
    pub(super) expected: &'static str,
}

/// The row of a type.
pub(super) fn row(kind: u8) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.kind == kind)
}

/// Whether there is a line of this type.
pub(in crate::sdp) fn is_known(kind: u8) -> bool {
    row(kind).is_some()
}

const fn new(
    kind: u8, (session, media): (Times, Times), rule: fn(&[u8]) -> bool, expected: &'static str,
) -> Row {
    Row { kind, session, media, rule, expected }
}

use Times::{Any, Never, Once};

const ROWS: [Row; 15] = [
    new(b'v', (Once, Never), |value| value == b"0", "v=0"),
    new(b'o', (Once, Never), is_origin, "user, session, version, IN, IP4 or IP6, and an address"),
    new(b's', (Once, Never), is_text, "a name, or a blank or - for none"),
    new(b'i', (Once, Once), is_text, "text"),
    new(b'u', (Once, Never), is_word, "a URI"),
    new(b'e', (Any, Never), is_text, "an e-mail address"),
    new(b'p', (Any, Never), is_text, "a phone number"),
    new(b'c', (Once, Any), is_connection, "IN, IP4 or IP6, and an address"),
    new(b'b', (Any, Any), is_bandwidth, "a type, a colon and a number"),
    new(b't', (Any, Never), is_time, "two times in seconds, each 0 or of ten digits and more"),
    new(b'r', (Any, Never), is_repeat, "an interval, a duration and offsets"),
    new(b'z', (Any, Never), is_zone, "pairs of a time and an offset"),
    new(b'k', (Once, Once), is_key, "prompt, or clear:, base64: or uri: and a value"),
    new(b'a', (Any, Any), is_attribute, "a name, or a name, a colon and a value"),
    new(b'm', (Any, Any), is_media, "a medium, a port, a profile and formats"),
];

/// The pieces between single blanks, where there are so many.
fn fields<const N: usize>(value: &[u8]) -> Option<[&[u8]; N]> {
    let mut fields = value.split(|octet| *octet == b' ');
    let mut read = [&[][..]; N];
    for place in &mut read {
        *place = fields.next()?;
    }
    fields.next().is_none().then_some(read)
}

fn split_at_colon(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = value.iter().position(|octet| *octet == b':')?;
    Some((value.get(..at)?, value.get(at + 1..)?))
}

/// `byte-string`: any octet but NUL, CR and LF.
fn is_text(value: &[u8]) -> bool {
    !value.is_empty() && !value.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'))
}

/// `non-ws-string`.
fn is_word(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|octet| matches!(octet, 0x21..=0x7e | 0x80..))
}

fn is_token(value: &[u8]) -> bool {
    let is_char =
        |octet: &u8| matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'~');
    !value.is_empty() && value.iter().all(|octet| octet.is_ascii_alphanumeric() || is_char(octet))
}

fn is_number(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

/// `integer`: a number that is not 0 and does not begin with it.
fn is_integer(value: &[u8]) -> bool {
    is_number(value) && !value.starts_with(b"0")
}

/// `time`: at least ten digits, or 0.
fn is_seconds(value: &[u8]) -> bool {
    value == b"0" || value.len() >= 10 && is_integer(value)
}

/// `typed-time`: a number, and perhaps a unit.
fn is_span(value: &[u8]) -> bool {
    let number = value.strip_suffix(b"d").or_else(|| value.strip_suffix(b"h"));
    let number = number.or_else(|| value.strip_suffix(b"m")).or_else(|| value.strip_suffix(b"s"));
    is_number(number.unwrap_or(value))
}

fn is_origin(value: &[u8]) -> bool {
    fields(value).is_some_and(|[user, session, version, net, family, address]| {
        is_word(user)
            && is_number(session)
            && is_number(version)
            && is_place([net, family, address])
    })
}

fn is_connection(value: &[u8]) -> bool {
    fields(value).is_some_and(is_place)
}

fn is_place([net, family, address]: [&[u8]; 3]) -> bool {
    is_token(net) && is_token(family) && is_word(address)
}

fn is_bandwidth(value: &[u8]) -> bool {
    split_at_colon(value).is_some_and(|(kind, number)| is_token(kind) && is_number(number))
}

fn is_time(value: &[u8]) -> bool {
    fields(value).is_some_and(|[start, stop]| is_seconds(start) && is_seconds(stop))
}

fn is_repeat(value: &[u8]) -> bool {
    let mut spans = value.split(|octet| *octet == b' ');
    let interval = spans.next().is_some_and(|it| is_span(it) && !it.starts_with(b"0"));
    let spans: Vec<_> = spans.collect();
    interval && spans.len() >= 2 && spans.into_iter().all(is_span)
}

fn is_zone(value: &[u8]) -> bool {
    let fields: Vec<_> = value.split(|octet| *octet == b' ').collect();
    fields.chunks(2).all(|pair| match pair {
        [time, offset] => is_seconds(time) && is_span(offset.strip_prefix(b"-").unwrap_or(offset)),
        _ => false,
    })
}

fn is_key(value: &[u8]) -> bool {
    match split_at_colon(value) {
        None => value == b"prompt",
        Some((b"clear", value)) => is_text(value),
        Some((b"base64", value)) => value
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=')),
        Some((b"uri", value)) => is_word(value),
        Some(_) => false,
    }
}

fn is_attribute(value: &[u8]) -> bool {
    match split_at_colon(value) {
        None => is_token(value),
        Some((name, value)) => is_token(name) && is_text(value),
    }
}

fn is_media(value: &[u8]) -> bool {
    let mut fields = value.split(|octet| *octet == b' ');
    let [media, ports, profile] = [fields.next(), fields.next(), fields.next()];
    let mut ports = ports.unwrap_or_default().split(|octet| *octet == b'/');
    let formats: Vec<_> = fields.collect();
    media.is_some_and(is_token)
        && ports.next().is_some_and(is_number)
        && ports.next().is_none_or(is_integer)
        && ports.next().is_none()
        && profile.is_some_and(|it| it.split(|octet| *octet == b'/').all(is_token))
        && !formats.is_empty()
        && formats.into_iter().all(is_token)
}
