//! tel URIs. RFC 3966 §3.

use super::components::{UriHeaders, UriParams};
use super::value::{Scheme, Uri};
use crate::class::{ALPHANUM, DIGIT, PARAM_CHAR, PHONE_CHAR, is, span_escaped};
use crate::{Cursor, Expected, Host, ParseError};

/// Reads what follows `tel:`; the caller sets `raw`.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    let start = *cursor;
    let global = cursor.eat(b'+');
    let subscriber = cursor.run(PHONE_CHAR);
    check_number(subscriber, global, start.error(Expected::TelephoneNumber))?;
    let number = cursor.since(&start);
    let before = *cursor;
    let context = read_params(cursor, global)?;
    // A local number means nothing without its context. RFC 3966 §5.1.5.
    if !global && !context && cursor.is_strict() {
        return Err(before.error(Expected::Param));
    }
    Ok(Uri {
        raw: &[],
        scheme: Scheme::Tel,
        user: Some(number),
        password: None,
        host: None,
        port: None,
        params: UriParams::from_checked(cursor.since(&before)),
        headers: UriHeaders::default(),
    })
}

/// A global number has a decimal digit and no letters, `*` or `#`; a local one any of them.
fn check_number(number: &[u8], global: bool, error: ParseError) -> Result<(), ParseError> {
    let separator = |byte: u8| matches!(byte, b'-' | b'.' | b'(' | b')');
    let has_digit = number.iter().any(|&byte| !separator(byte));
    let all_fit = !global || number.iter().all(|&byte| is(byte, DIGIT) || separator(byte));
    if has_digit && all_fit { Ok(()) } else { Err(error) }
}

/// Reads the parameters; true where `phone-context` is among them. It has a meaning, and so a
/// grammar, with local numbers only.
fn read_params(cursor: &mut Cursor<'_>, global: bool) -> Result<bool, ParseError> {
    let mut context = false;
    while cursor.eat(b';') {
        let name = cursor.take(
            cursor
                .rest()
                .iter()
                .position(|&byte| !(is(byte, ALPHANUM) || byte == b'-'))
                .unwrap_or_else(|| cursor.rest().len()),
        );
        if name.is_empty() {
            return Err(cursor.error(Expected::Param));
        }
        let error = cursor.error(Expected::Param);
        let value = if cursor.eat(b'=') {
            let value = cursor.take(span_escaped(cursor.rest(), PARAM_CHAR));
            if value.is_empty() {
                return Err(cursor.error(Expected::Param));
            }
            Some(value)
        } else {
            None
        };
        if !global && name.eq_ignore_ascii_case(b"phone-context") {
            check_context(cursor.over(value.unwrap_or_default()), error)?;
            context = true;
        }
    }
    Ok(context)
}

/// `descriptor = domainname / global-number-digits`.
fn check_context(mut value: Cursor<'_>, error: ParseError) -> Result<(), ParseError> {
    if value.eat(b'+') {
        return check_number(value.rest(), true, error);
    }
    let is_domain = Host::read(&mut value).is_ok() && value.is_done();
    if is_domain { Ok(()) } else { Err(error) }
}
