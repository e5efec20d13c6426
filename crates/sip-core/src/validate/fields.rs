//! The grammar of the fields that this stack reads, and the rules between them.
//!
//! Fields that it does not read may be as they like: RFC 3261 §8.2.2 has a server ignore what is
//! malformed and not needed. That includes Date, which RFC 4475 §3.1.2.12 recommends to ignore,
//! and lists that only say what the peer could do.

use super::verdict::Broken;
use crate::headers::{
    CSeq, CallId, Contact, ContentDisposition, ContentType, NameAddr, Via, delta_seconds,
    max_forwards, read_token,
};
use crate::{AuthValue, Expected, HeaderName, Limits, Message, ParseError};
use sip_syntax::{Cursor, List, Params};

/// Checks what every message must have, then each field that is `read`, then what they say of one
/// another.
pub(super) fn check(
    message: &Message, limits: &Limits, read: impl Fn(HeaderName) -> bool,
) -> Result<(), Broken> {
    request_uri(message, limits)?;
    presence(message)?;
    let mut counts = Counts::default();
    for row in message.rows() {
        let Some(name) = row.name else { continue };
        let (is_read, is_counted) = (read(name), is_counted(name));
        if !is_read && !is_counted {
            continue;
        }
        let value = crate::head::value(message.as_bytes(), row);
        let base = row.value as usize;
        if name == HeaderName::CSeq {
            sequence(message, value, base)?;
            continue;
        }
        match field(name, value, limits) {
            Ok(elements) => counts.add(name, elements, limits, base)?,
            Err(error) if is_read || error.expected == Expected::FewerParams => {
                return Err(broken(name, error, base));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Whether a response cannot do without this field: it is matched and routed by it, makes a dialog
/// by it, or has its body explained. Whoever reads another, such as a challenge, judges it.
pub(super) const fn is_vital_in_response(name: HeaderName) -> bool {
    matches!(
        name,
        HeaderName::Via
            | HeaderName::From
            | HeaderName::To
            | HeaderName::CallId
            | HeaderName::CSeq
            | HeaderName::Contact
            | HeaderName::RecordRoute
            | HeaderName::ContentType
    )
}

/// Whether a request cannot be served without this field: it is matched, answered and refused by it,
/// makes a dialog by it, or has its body explained. Whoever reads another, such as credentials,
/// judges it. RFC 3261 §8.2.2.
pub(super) fn is_vital_in_request(message: &Message, name: HeaderName) -> bool {
    match name {
        HeaderName::Via
        | HeaderName::From
        | HeaderName::To
        | HeaderName::CallId
        | HeaderName::CSeq
        | HeaderName::Require => true,
        HeaderName::Contact => message.method() == Some(crate::Method::INVITE),
        HeaderName::ContentType => !message.body().is_empty(),
        _ => false,
    }
}

fn request_uri(message: &Message, limits: &Limits) -> Result<(), Broken> {
    let Some(text) = message.request_uri() else {
        return Ok(());
    };
    if text.len() > limits.uri {
        return Err(Broken::uri_too_long());
    }
    let uri = message.uri().map_err(|error| Broken::bad("a malformed Request-URI", error.at))?;
    // RFC 3261 §19.1.1, table 1: no headers in a Request-URI.
    if uri.headers().is_empty() {
        Ok(())
    } else {
        Err(Broken::bad("headers in the Request-URI", 0))
    }
}

/// What no message is without: a response could not be routed, nor a transaction be known.
///
/// Max-Forwards, the From tag and the branch may be absent: RFC 2543 had none of them, and
/// RFC 4475 §3.4.1 wants such a request processed.
fn presence(message: &Message) -> Result<(), Broken> {
    for (name, reason) in [
        (HeaderName::Via, "no Via"),
        (HeaderName::From, "no From"),
        (HeaderName::To, "no To"),
        (HeaderName::CallId, "no Call-ID"),
        (HeaderName::CSeq, "no CSeq"),
    ] {
        if message.header(name).is_none() {
            return Err(Broken::bad(reason, 0));
        }
    }
    Ok(())
}

/// The method of CSeq is that of the request. RFC 3261 §8.1.1.5.
fn sequence(message: &Message, value: &[u8], base: usize) -> Result<(), Broken> {
    let cseq = CSeq::parse(value).map_err(|error| broken(HeaderName::CSeq, error, base))?;
    if message.method().is_none_or(|method| method == cseq.method) {
        Ok(())
    } else {
        Err(Broken::bad("the method of CSeq is not the request's", base))
    }
}

/// Whether a header grows on the way, so that its values are counted.
const fn is_counted(name: HeaderName) -> bool {
    matches!(name, HeaderName::Via | HeaderName::Route | HeaderName::RecordRoute)
}

/// Values of headers that grow on the way.
#[derive(Default)]
struct Counts {
    vias: usize,
    routes: usize,
    record_routes: usize,
}

impl Counts {
    fn add(
        &mut self, name: HeaderName, elements: usize, limits: &Limits, at: usize,
    ) -> Result<(), Broken> {
        let (count, most) = match name {
            HeaderName::Via => (&mut self.vias, limits.vias),
            HeaderName::Route => (&mut self.routes, limits.routes),
            HeaderName::RecordRoute => (&mut self.record_routes, limits.routes),
            _ => return Ok(()),
        };
        *count += elements;
        if *count > most {
            return Err(Broken::too_large("too many Via or route values", at));
        }
        Ok(())
    }
}

/// Checks one row, and yields how many values it has.
fn field(name: HeaderName, value: &[u8], limits: &Limits) -> Result<usize, ParseError> {
    match name {
        HeaderName::Via => list(value, |cursor| via(cursor, limits)),
        HeaderName::Contact => list(value, |cursor| {
            let contact = Contact::read(cursor)?;
            let params = contact.address().map(|address| address.params());
            few(params.unwrap_or_default(), limits)
        }),
        HeaderName::Route | HeaderName::RecordRoute => {
            list(value, |cursor| few(NameAddr::read_route(cursor)?.params(), limits))
        }
        HeaderName::From | HeaderName::To => one(address(value, limits)),
        HeaderName::CallId => one(CallId::parse(value)),
        HeaderName::MaxForwards => one(max_forwards(value)),
        HeaderName::Expires => one(delta_seconds(value)),
        HeaderName::ContentType => one(content_type(value, limits)),
        HeaderName::ContentDisposition => one(ContentDisposition::parse(value)),
        HeaderName::Require | HeaderName::ProxyRequire => tokens(value),
        HeaderName::Authorization
        | HeaderName::ProxyAuthorization
        | HeaderName::WwwAuthenticate
        | HeaderName::ProxyAuthenticate => one(AuthValue::parse(value)),
        _ => Ok(1),
    }
}

fn one<T>(parsed: Result<T, ParseError>) -> Result<usize, ParseError> {
    parsed.map(|_| 1)
}

fn tokens(value: &[u8]) -> Result<usize, ParseError> {
    list(value, |cursor| read_token(cursor).map(|_| ()))
}

fn list<'a>(
    value: &'a [u8], read: impl Fn(&mut Cursor<'a>) -> Result<(), ParseError>,
) -> Result<usize, ParseError> {
    List::new(std::iter::once(value), read).try_fold(0, |count, element| {
        element?;
        Ok(count + 1)
    })
}

fn via(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<(), ParseError> {
    few(Via::read(cursor)?.params(), limits)
}

fn address(value: &[u8], limits: &Limits) -> Result<(), ParseError> {
    few(NameAddr::parse(value)?.params(), limits)
}

fn content_type(value: &[u8], limits: &Limits) -> Result<(), ParseError> {
    few(ContentType::parse(value)?.params, limits)
}

fn few(params: Params<'_>, limits: &Limits) -> Result<(), ParseError> {
    // Each takes two octets at least, so that most values need no counting.
    let could_be = params.as_bytes().len() / 2;
    if could_be > limits.params && params.iter().count() > limits.params {
        Err(ParseError::new(0, Expected::FewerParams))
    } else {
        Ok(())
    }
}

fn broken(name: HeaderName, error: ParseError, base: usize) -> Broken {
    let reason = match name {
        HeaderName::Via => "a malformed Via",
        HeaderName::Contact => "a malformed Contact",
        HeaderName::Route => "a malformed Route",
        HeaderName::RecordRoute => "a malformed Record-Route",
        HeaderName::From => "a malformed From",
        HeaderName::To => "a malformed To",
        HeaderName::CallId => "a malformed Call-ID",
        HeaderName::CSeq => "a malformed CSeq",
        HeaderName::MaxForwards => "a malformed Max-Forwards",
        HeaderName::Expires => "a malformed Expires",
        HeaderName::ContentType => "a malformed Content-Type",
        HeaderName::ContentDisposition => "a malformed Content-Disposition",
        HeaderName::Require => "a malformed Require",
        HeaderName::ProxyRequire => "a malformed Proxy-Require",
        _ => "malformed credentials or challenge",
    };
    match error.expected {
        Expected::FewerParams => Broken::too_large("too many parameters", base),
        _ => Broken::bad(reason, base + error.at),
    }
}
