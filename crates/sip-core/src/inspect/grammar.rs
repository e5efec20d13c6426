//! Grammars of headers that the stack carries but does not read. RFC 3261 §25.1; 3262, 3323,
//! 3325, 3891, 4028.

use super::components::{self, Components, Value};
use crate::headers::{CallId, NameAddr, delta_seconds};
use crate::{Expected, ParseError, Uri};
use sip_syntax::class::DIGIT;
use sip_syntax::{Cursor, Params};

type Parsed = Result<Value, ParseError>;

/// No control octets but in folds and quoted-pairs.
pub(super) fn check_text(value: &[u8]) -> Result<(), ParseError> {
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

/// `token *( SEMI generic-param )`.
pub(super) fn token_with_params(cursor: &mut Cursor<'_>) -> Parsed {
    let token = cursor.token()?;
    let params = Params::read(cursor)?;
    Ok(Components::default()
        .with("token", token)
        .with("params", components::params(params.iter()))
        .into())
}

/// `LAQUOT absoluteURI RAQUOT *( SEMI generic-param )`.
pub(super) fn bracketed_uri(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.separator(b'<')?;
    let uri = Uri::read(cursor)?;
    cursor.separator(b'>')?;
    let params = Params::read(cursor)?;
    Ok(Components::default()
        .with("uri", components::uri(&uri))
        .with("params", components::params(params.iter()))
        .into())
}

/// A name-addr or addr-spec without parameters. RFC 3325 §9.1.
pub(super) fn identity(cursor: &mut Cursor<'_>) -> Parsed {
    let address = NameAddr::read(cursor)?;
    if address.params().as_bytes().is_empty() {
        Ok(components::address(&address).into())
    } else {
        Err(cursor.error(Expected::End))
    }
}

/// `token EQUAL ( token / quoted-string )`.
pub(super) fn pair(cursor: &mut Cursor<'_>) -> Parsed {
    let name = cursor.token()?;
    cursor.separator(b'=')?;
    let value = if cursor.peek() == Some(b'"') { cursor.quoted()? } else { cursor.token()? };
    Ok(Value::Pairs(vec![(name.to_vec(), Some(value.to_vec()))]))
}

/// `priv-value *( ";" priv-value )`. RFC 3323 §4.2.
pub(super) fn privacy(cursor: &mut Cursor<'_>) -> Parsed {
    let mut values = vec![cursor.token()?];
    while cursor.eat_separator(b';') {
        values.push(cursor.token()?);
    }
    Ok(values.into())
}

pub(super) fn mime_version(cursor: &mut Cursor<'_>) -> Parsed {
    let text = cursor.rest();
    cursor.some(DIGIT, Expected::Number)?;
    if !cursor.eat(b'.') {
        return Err(cursor.error(Expected::Octet(b'.')));
    }
    cursor.some(DIGIT, Expected::Number)?;
    Ok(text.into())
}

/// Seconds with parameters. RFC 4028 §4, §5.
pub(super) fn seconds_with_params(cursor: &mut Cursor<'_>) -> Parsed {
    let seconds = seconds(cursor)?;
    let params = Params::read(cursor)?;
    Ok(Components::default()
        .with("seconds", seconds)
        .with("params", components::params(params.iter()))
        .into())
}

fn seconds(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    let base = cursor.at();
    let digits = cursor.some(DIGIT, Expected::Number)?;
    delta_seconds(digits).map(u64::from).map_err(|error| error.within(base))
}

/// `response-num LWS CSeq-num LWS Method`. RFC 3262 §7.2.
pub(super) fn rack(cursor: &mut Cursor<'_>) -> Parsed {
    let response = cursor.number(u64::from(u32::MAX))?;
    cursor.white()?;
    let sequence = cursor.number(u64::from(u32::MAX))?;
    cursor.white()?;
    let method = cursor.token()?;
    Ok(Components::default()
        .with("response", response)
        .with("number", sequence)
        .with("method", method)
        .into())
}

/// `1*DIGIT` below 2³². RFC 3262 §7.1.
pub(super) fn rseq(cursor: &mut Cursor<'_>) -> Parsed {
    cursor.number(u64::from(u32::MAX)).map(Value::Number)
}

/// `callid *( SEMI replaces-param )` with both tags. RFC 3891 §6.1.
pub(super) fn replaces(cursor: &mut Cursor<'_>) -> Parsed {
    let call_id = CallId::read(cursor)?.as_bytes();
    let params = Params::read(cursor)?;
    for tag in ["to-tag", "from-tag"] {
        if params.value(tag).is_none() {
            return Err(cursor.error(Expected::Param));
        }
    }
    Ok(Components::default()
        .with("call_id", call_id)
        .with("params", components::params(params.iter()))
        .into())
}

/// `delta-seconds [ comment ] *( SEMI retry-param )`.
pub(super) fn retry_after(cursor: &mut Cursor<'_>) -> Parsed {
    let seconds = seconds(cursor)?;
    cursor.skip_white();
    if cursor.peek() == Some(b'(') {
        comment(cursor)?;
    }
    let params = Params::read(cursor)?;
    Ok(Components::default()
        .with("seconds", seconds)
        .with("params", components::params(params.iter()))
        .into())
}

/// `1*DIGIT [ "." *DIGIT ] [ LWS delay ]`.
pub(super) fn timestamp(cursor: &mut Cursor<'_>) -> Parsed {
    let text = cursor.rest();
    cursor.some(DIGIT, Expected::Number)?;
    decimals(cursor);
    if !cursor.is_done() {
        cursor.white()?;
        cursor.run(DIGIT);
        decimals(cursor);
    }
    Ok(text.into())
}

fn decimals(cursor: &mut Cursor<'_>) {
    if cursor.eat(b'.') {
        cursor.run(DIGIT);
    }
}

/// `3DIGIT SP warn-agent SP quoted-string`.
pub(super) fn warning(cursor: &mut Cursor<'_>) -> Parsed {
    let error = cursor.error(Expected::StatusCode);
    let code = cursor.some(DIGIT, Expected::Number)?;
    if code.len() != 3 || !cursor.eat(b' ') {
        return Err(error);
    }
    let agent = cursor
        .rest()
        .iter()
        .position(|&octet| octet == b' ')
        .filter(|&length| length > 0)
        .ok_or_else(|| cursor.error(Expected::Host))?;
    let agent = cursor.take(agent);
    cursor.take(1);
    let text = cursor.quoted()?;
    Ok(Components::default().with("code", code).with("agent", agent).with("text", text).into())
}

/// `server-val *( LWS server-val )`: products and comments.
pub(super) fn products(cursor: &mut Cursor<'_>) -> Parsed {
    let text = cursor.rest();
    loop {
        if cursor.peek() == Some(b'(') {
            comment(cursor)?;
        } else {
            cursor.token()?;
            if cursor.eat_separator(b'/') {
                cursor.token()?;
            }
        }
        if cursor.is_done() {
            return Ok(text.into());
        }
        cursor.white()?;
    }
}

/// A comment, comments within it included. Counts depth: a peer cannot make it recurse.
fn comment(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let error = cursor.error(Expected::Comment);
    let mut depth = 0_usize;
    loop {
        match cursor.take(1) {
            b"(" => depth += 1,
            b")" => depth -= 1,
            b"\\" => drop(cursor.take(1)),
            [] => return Err(error),
            _ => {}
        }
        if depth == 0 {
            return Ok(());
        }
    }
}
