//! One header field: its line, and its value by the grammar of its name.

use super::components::{self, Components, Value};
use crate::{Expected, HeaderName, NameAddr, ParseError};
use sip_syntax::{Cursor, List};

/// Reads `name HCOLON value [ CRLF [ CRLF ] ]`.
pub(super) fn inspect(input: &[u8]) -> Result<Components, ParseError> {
    let line = input.strip_suffix(b"\r\n").unwrap_or(input);
    let line = line.strip_suffix(b"\r\n").unwrap_or(line);
    let mut cursor = Cursor::new(line);
    let name = cursor.token()?;
    cursor.separator(b':')?;
    let base = cursor.at();
    let value = cursor.rest();
    check_text(value).map_err(|error| error.within(base))?;
    let value = trim_end(value);
    let typed = match HeaderName::parse(name) {
        Some(known) => read(known, value).map_err(|error| error.within(base))?,
        None => Value::Absent,
    };
    Ok(Components::default().with("name", name).with("value", value).with("typed", typed))
}

/// Reads addresses, and describes the first.
pub(super) fn addresses(input: &[u8]) -> Result<Components, ParseError> {
    let mut start = Cursor::new(input);
    start.skip_white();
    let base = start.at();
    let all: Result<Vec<NameAddr<'_>>, ParseError> =
        List::new(std::iter::once(start.rest()), NameAddr::read).strictly(true).collect();
    let all = all.map_err(|error| error.within(base))?;
    let first = all.first().map(components::address);
    first.ok_or(ParseError::new(0, Expected::NameAddr))
}

/// No control octets but in folds and quoted-pairs.
fn check_text(value: &[u8]) -> Result<(), ParseError> {
    let mut rest = value;
    loop {
        rest = match rest {
            [] => return Ok(()),
            [b'\r', b'\n', b' ' | b'\t', tail @ ..] => tail,
            [b'\\', octet, tail @ ..] if !matches!(octet, b'\r' | b'\n') => tail,
            [b'\t' | 0x20..=0x7e | 0x80.., tail @ ..] => tail,
            _ => return Err(ParseError::new(value.len() - rest.len(), Expected::End)),
        };
    }
}

/// White space and folds before the end of a line belong to no value.
fn trim_end(value: &[u8]) -> &[u8] {
    let kept =
        value.iter().rposition(|octet| !b" \t\r\n".contains(octet)).map_or(0, |last| last + 1);
    value.get(..kept).unwrap_or(value)
}

/// Reads the value of a header that is known, as its row in the table says.
fn read(name: HeaderName, value: &[u8]) -> Result<Value, ParseError> {
    let header = name.header();
    let mut elements = header.elements(std::iter::once(value)).strictly(true);
    if header.count.is_list() {
        return elements
            .map(|element| element.map(Value::from))
            .collect::<Result<_, _>>()
            .map(Value::List);
    }
    elements.next().transpose().map(Value::from)
}
