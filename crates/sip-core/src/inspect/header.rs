//! One header field: its line, and its value by the grammar of its name.

use super::components::{self, Components, Value};
use super::grammar as g;
use crate::headers::{
    CSeq, CallId, Contact, ContentDisposition, ContentType, Date, NameAddr, Via, content_length,
    delta_seconds, max_forwards,
};
use crate::{AuthValue, Expected, HeaderName, ParseError};
use sip_syntax::{Cursor, List};

type Parsed = Result<Value, ParseError>;

/// Reads `name HCOLON value [ CRLF [ CRLF ] ]`.
pub(super) fn inspect(input: &[u8]) -> Result<Components, ParseError> {
    let line = input.strip_suffix(b"\r\n").unwrap_or(input);
    let line = line.strip_suffix(b"\r\n").unwrap_or(line);
    let mut cursor = Cursor::new(line);
    let name = cursor.token()?;
    cursor.separator(b':')?;
    let base = cursor.at();
    let value = cursor.rest();
    g::check_text(value).map_err(|error| error.within(base))?;
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
        List::new(std::iter::once(start.rest()), NameAddr::read).collect();
    let all = all.map_err(|error| error.within(base))?;
    let first = all.first().map(components::address);
    first.ok_or(ParseError::new(0, Expected::NameAddr))
}

/// White space and folds before the end of a line belong to no value.
fn trim_end(value: &[u8]) -> &[u8] {
    let kept =
        value.iter().rposition(|octet| !b" \t\r\n".contains(octet)).map_or(0, |last| last + 1);
    value.get(..kept).unwrap_or(value)
}

/// Reads the value of a header that is known, one grammar a family.
fn read(name: HeaderName, value: &[u8]) -> Parsed {
    use HeaderName as H;
    match name {
        H::Via => list(value, |c| Via::read(c).map(|via| components::via(&via).into())),
        H::From | H::To | H::ReplyTo | H::ReferTo | H::ReferredBy => {
            NameAddr::parse(value).map(|address| components::address(&address).into())
        }
        H::Contact => list(value, contact),
        H::Route | H::RecordRoute | H::Path | H::ServiceRoute => list(value, |c| {
            NameAddr::read_route(c).map(|address| components::address(&address).into())
        }),
        H::PAssertedIdentity | H::PPreferredIdentity => list(value, g::identity),
        H::CSeq => CSeq::parse(value).map(|cseq| components::cseq(&cseq).into()),
        H::CallId => CallId::parse(value).map(|id| id.as_bytes().into()),
        H::InReplyTo => list(value, |c| CallId::read(c).map(|id| id.as_bytes().into())),
        H::ContentLength => content_length(value).map(|n| u64::try_from(n).ok().into()),
        H::MaxForwards => max_forwards(value).map(|n| u64::from(n).into()),
        H::Expires | H::MinExpires => delta_seconds(value).map(|n| u64::from(n).into()),
        H::Date => Date::parse(value).map(|_| value.into()),
        H::ContentType => {
            ContentType::parse(value).map(|kind| components::content_type(&kind).into())
        }
        H::ContentDisposition => ContentDisposition::parse(value).map(|_| value.into()),
        H::Authorization | H::ProxyAuthorization | H::WwwAuthenticate | H::ProxyAuthenticate => {
            AuthValue::parse(value).map(|auth| auth.scheme.into())
        }
        H::Accept if !value.is_empty() => {
            list(value, |c| ContentType::read(c).map(|kind| components::content_type(&kind).into()))
        }
        _ => read_tokens(name, value),
    }
}

/// Headers that are tokens with parameters, numbers, or text.
fn read_tokens(name: HeaderName, value: &[u8]) -> Parsed {
    use HeaderName as H;
    match name {
        H::Accept | H::AcceptEncoding | H::AcceptLanguage | H::Allow | H::Supported
            if value.is_empty() =>
        {
            Ok(Value::List(Vec::new()))
        }
        H::Allow
        | H::Supported
        | H::Require
        | H::ProxyRequire
        | H::Unsupported
        | H::ContentEncoding
        | H::ContentLanguage
        | H::RequestDisposition
        | H::AllowEvents => list(value, |c| c.token().map(Value::from)),
        H::AcceptEncoding | H::AcceptLanguage | H::AcceptContact | H::Reason => {
            list(value, g::token_with_params)
        }
        H::Event | H::SubscriptionState => one(value, g::token_with_params),
        H::AlertInfo | H::CallInfo | H::ErrorInfo => list(value, g::bracketed_uri),
        H::AuthenticationInfo => list(value, g::pair),
        H::Privacy => one(value, g::privacy),
        H::MimeVersion => one(value, g::mime_version),
        H::MinSe | H::SessionExpires => one(value, g::seconds_with_params),
        H::RAck => one(value, g::rack),
        H::RSeq => one(value, g::rseq),
        H::Replaces => one(value, g::replaces),
        H::RetryAfter => one(value, g::retry_after),
        H::Timestamp => one(value, g::timestamp),
        H::Warning => list(value, g::warning),
        H::UserAgent | H::Server => one(value, g::products),
        _ => Ok(value.into()),
    }
}

fn contact(cursor: &mut Cursor<'_>) -> Parsed {
    Contact::read(cursor).map(|contact| match contact {
        Contact::Star => b"*".as_slice().into(),
        Contact::Address(address) => components::address(&address).into(),
    })
}

fn list<'a>(value: &'a [u8], read: impl Fn(&mut Cursor<'a>) -> Parsed) -> Parsed {
    List::new(std::iter::once(value), read)
        .collect::<Result<Vec<Value>, ParseError>>()
        .map(Value::List)
}

fn one<'a>(value: &'a [u8], read: impl Fn(&mut Cursor<'a>) -> Parsed) -> Parsed {
    let mut cursor = Cursor::new(value);
    let read = read(&mut cursor)?;
    if cursor.is_done() { Ok(read) } else { Err(cursor.error(Expected::End)) }
}
