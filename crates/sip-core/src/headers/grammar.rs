//! Grammars of header values, one reader each. RFC 3261 §25.1; 3262, 3323, 3325, 3891, 4028.

use super::auth::AuthValue;
use super::call_id::CallId;
use super::contact::Contact;
use super::cseq::CSeq;
use super::element::{Element, Part, Parts};
use super::info::InfoUri;
use super::numbers;
use super::via::Via;
use sip_syntax::class::DIGIT;
use sip_syntax::{
    ContentDisposition, ContentType, Cursor, Date, Expected, NameAddr, Params, ParseError,
};

type Parsed<'a> = Result<Element<'a>, ParseError>;

/// All that is left: of a header that has one value in a row.
fn whole<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    cursor.take(usize::MAX)
}

/// Named parts in order.
fn parts<'a>(parts: [Option<(&'static str, Part<'a>)>; 3]) -> Element<'a> {
    Element::Parts(Parts { parts, params: None })
}

/// A part and parameters.
fn with_params<'a>(name: &'static str, part: Part<'a>, params: Params<'a>) -> Element<'a> {
    Element::Parts(Parts { parts: [Some((name, part)), None, None], params: Some(params) })
}

/// Any text.
pub(super) fn text<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    Ok(Element::Octets(whole(cursor)))
}

pub(super) fn via<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    Via::read(cursor).map(Element::Via)
}

/// A name-addr or addr-spec with parameters.
pub(super) fn address<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    NameAddr::read(cursor).map(Element::Address)
}

/// A name-addr with parameters.
pub(super) fn route<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    NameAddr::read_route(cursor).map(Element::Address)
}

/// `*`, or an address.
pub(super) fn contact<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    Contact::read(cursor).map(|contact| match contact {
        Contact::Star => Element::Octets(b"*"),
        Contact::Address(address) => Element::Address(address),
    })
}

pub(super) fn call_id<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    CallId::read(cursor).map(|call_id| Element::Octets(call_id.as_bytes()))
}

pub(super) fn cseq<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let cseq = CSeq::parse(whole(cursor))?;
    Ok(parts([
        Some(("number", Part::Number(u64::from(cseq.number)))),
        Some(("method", Part::Octets(cseq.method.as_bytes()))),
        None,
    ]))
}

pub(super) fn media_type<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let content = ContentType::read(cursor)?;
    let kind = Some(("type", Part::Octets(content.kind)));
    let subtype = Some(("subtype", Part::Octets(content.subtype)));
    let params = Some(content.params);
    Ok(Element::Parts(Parts { parts: [kind, subtype, None], params }))
}

pub(super) fn disposition<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let value = whole(cursor);
    ContentDisposition::parse(value).map(|_| Element::Octets(value))
}

pub(super) fn date<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let value = whole(cursor);
    Date::parse(value).map(|_| Element::Octets(value))
}

/// The scheme of a challenge or of credentials; the rest is the security manager's.
pub(super) fn scheme<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    AuthValue::parse(whole(cursor)).map(|auth| Element::Octets(auth.scheme))
}

pub(super) fn content_length<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let length = numbers::content_length(whole(cursor))?;
    Ok(Element::Number(u64::try_from(length).unwrap_or(u64::MAX)))
}

pub(super) fn max_forwards<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    numbers::max_forwards(whole(cursor)).map(|number| Element::Number(u64::from(number)))
}

pub(super) fn delta_seconds<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    numbers::delta_seconds(whole(cursor)).map(|number| Element::Number(u64::from(number)))
}

pub(super) fn token<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    cursor.token().map(Element::Octets)
}

/// `token *( SEMI generic-param )`.
pub(super) fn token_with_params<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let token = cursor.token()?;
    Ok(with_params("token", Part::Octets(token), Params::read(cursor)?))
}

/// `LAQUOT absoluteURI RAQUOT *( SEMI generic-param )`.
pub(super) fn bracketed_uri<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let InfoUri { uri, params } = InfoUri::read(cursor)?;
    Ok(Element::Uri(uri, params))
}

/// A name-addr or addr-spec without parameters. RFC 3325 §9.1.
pub(super) fn identity<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let address = NameAddr::read(cursor)?;
    if address.params().as_bytes().is_empty() {
        Ok(Element::Address(address))
    } else {
        Err(cursor.error(Expected::End))
    }
}

/// `token EQUAL ( token / quoted-string )`.
pub(super) fn pair<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let name = cursor.token()?;
    cursor.separator(b'=')?;
    let value = if cursor.peek() == Some(b'"') { cursor.quoted()? } else { cursor.token()? };
    Ok(Element::Pair(name, value))
}

/// `priv-value *( ";" priv-value )`. RFC 3323 §4.2.
pub(super) fn privacy<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let start = *cursor;
    cursor.token()?;
    while cursor.eat_separator(b';') {
        cursor.token()?;
    }
    Ok(Element::Tokens(cursor.since(&start)))
}

pub(super) fn mime_version<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let start = *cursor;
    cursor.some(DIGIT, Expected::Number)?;
    if !cursor.eat(b'.') {
        return Err(cursor.error(Expected::Octet(b'.')));
    }
    cursor.some(DIGIT, Expected::Number)?;
    Ok(Element::Octets(cursor.since(&start)))
}

/// Seconds with parameters. RFC 4028 §4, §5.
pub(super) fn seconds_with_params<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let seconds = seconds(cursor)?;
    Ok(with_params("seconds", seconds, Params::read(cursor)?))
}

fn seconds<'a>(cursor: &mut Cursor<'a>) -> Result<Part<'a>, ParseError> {
    numbers::leading_seconds(cursor).map(|seconds| Part::Number(u64::from(seconds)))
}

/// `response-num LWS CSeq-num LWS Method`. RFC 3262 §7.2.
pub(super) fn rack<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let response = cursor.number(u64::from(u32::MAX))?;
    cursor.white()?;
    let sequence = cursor.number(u64::from(u32::MAX))?;
    cursor.white()?;
    let method = cursor.token()?;
    Ok(parts([
        Some(("response", Part::Number(response))),
        Some(("number", Part::Number(sequence))),
        Some(("method", Part::Octets(method))),
    ]))
}

/// `1*DIGIT` below 2³². RFC 3262 §7.1.
pub(super) fn rseq<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    cursor.number(u64::from(u32::MAX)).map(Element::Number)
}

/// `callid *( SEMI replaces-param )` with both tags. RFC 3891 §6.1.
pub(super) fn replaces<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let call_id = CallId::read(cursor)?.as_bytes();
    let params = Params::read(cursor)?;
    for tag in ["to-tag", "from-tag"] {
        if params.value(tag).is_none() {
            return Err(cursor.error(Expected::Param));
        }
    }
    Ok(with_params("call_id", Part::Octets(call_id), params))
}

/// `delta-seconds [ comment ] *( SEMI retry-param )`.
pub(super) fn retry_after<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let seconds = seconds(cursor)?;
    cursor.skip_white();
    if cursor.peek() == Some(b'(') {
        comment(cursor)?;
    }
    Ok(with_params("seconds", seconds, Params::read(cursor)?))
}

/// `1*DIGIT [ "." *DIGIT ] [ LWS delay ]`.
pub(super) fn timestamp<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let start = *cursor;
    cursor.some(DIGIT, Expected::Number)?;
    decimals(cursor);
    if !cursor.is_done() {
        cursor.white()?;
        cursor.run(DIGIT);
        decimals(cursor);
    }
    Ok(Element::Octets(cursor.since(&start)))
}

fn decimals(cursor: &mut Cursor<'_>) {
    if cursor.eat(b'.') {
        cursor.run(DIGIT);
    }
}

/// `3DIGIT SP warn-agent SP quoted-string`.
pub(super) fn warning<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
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
    Ok(parts([
        Some(("code", Part::Octets(code))),
        Some(("agent", Part::Octets(agent))),
        Some(("text", Part::Octets(text))),
    ]))
}

/// `server-val *( LWS server-val )`: products and comments.
pub(super) fn products<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a> {
    let start = *cursor;
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
            return Ok(Element::Octets(cursor.since(&start)));
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
