//! The grammar of the fields that this stack reads, and the rules between them.
//!
//! Fields that it does not read may be as they like: RFC 3261 §8.2.2 has a server ignore what is
//! malformed and not needed. That includes Date, which RFC 4475 §3.1.2.12 recommends to ignore,
//! and lists that only say what the peer could do.

use super::verdict::Broken;
use crate::head::Row;
use crate::headers::{CSeq, Header, Need};
use crate::{Expected, HeaderName, Limits, Message, ParseError, Uri};
use sip_syntax::Params;

/// Holds every field that this stack reads against the grammar, to the letter.
pub(super) fn judge(message: &Message, limits: &Limits) -> Result<(), Broken> {
    check_each(message, &Rules { limits, strict: true }, |need| need != Need::Ignored)
}

/// Checks what every message must have, then each field that is `read`, then what they say of one
/// another. URIs and hosts may be as odd as peers in the field have them.
pub(super) fn check(
    message: &Message, limits: &Limits, read: impl Fn(Need) -> bool,
) -> Result<(), Broken> {
    check_each(message, &Rules { limits, strict: false }, read)
}

/// What fields are checked against.
struct Rules<'a> {
    limits: &'a Limits,
    /// Whether the grammar is followed to the letter.
    strict: bool,
}

fn check_each(
    message: &Message, rules: &Rules<'_>, read: impl Fn(Need) -> bool,
) -> Result<(), Broken> {
    request_uri(message, rules)?;
    presence(message)?;
    let mut counts = Counts::default();
    for row in message.rows() {
        let Some(header) = row.name.map(HeaderName::header) else { continue };
        let (is_read, is_counted) = (read(header.need), is_counted(header.name));
        if !is_read && !is_counted {
            continue;
        }
        let value = crate::head::value(message.as_bytes(), row);
        let base = row.value as usize;
        if header.name == HeaderName::CSeq {
            sequence(message, row, header)?;
            continue;
        }
        if !rules.strict && was_read(message, row, value, rules.limits) {
            counts.add(header.name, 1, rules.limits, base)?;
            continue;
        }
        match field(header, value, rules) {
            Ok(elements) => counts.add(header.name, elements, rules.limits, base)?,
            Err(error) if is_read || error.expected == Expected::FewerParams => {
                return Err(broken(header, error, base));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Whether [`Message::identity`] has read this row, by the same grammar, and it is too short to have
/// too many parameters: each takes two octets at least.
fn was_read(message: &Message, row: &Row, value: &[u8], limits: &Limits) -> bool {
    message.is_read(row) && value.len() / 2 <= limits.params
}

/// Whether a response cannot do without this field: it is matched and routed by it, makes a dialog
/// by it, or has its body explained. Whoever reads another, such as a challenge, judges it.
///
/// The Contacts of a registrar's answer are those of all the user's phones: who registered looks for
/// its own. RFC 3261 §10.2.4.
pub(super) fn is_vital_in_response(message: &Message, need: Need) -> bool {
    match need {
        Need::Message | Need::Response | Need::Body => true,
        Need::Dialog => message.places().is_some_and(|places| {
            places.method.within(message.as_bytes()) != crate::Method::REGISTER.as_bytes()
        }),
        Need::Ignored | Need::Judged | Need::Request => false,
    }
}

/// Whether a request cannot be served without this field: it is matched, answered and refused by it,
/// makes a dialog by it, or has its body explained. Whoever reads another, such as credentials,
/// judges it. RFC 3261 §8.2.2.
pub(super) fn is_vital_in_request(message: &Message, need: Need) -> bool {
    match need {
        Need::Message | Need::Request => true,
        Need::Dialog => message.method() == Some(crate::Method::INVITE),
        Need::Body => !message.body().is_empty(),
        Need::Ignored | Need::Judged | Need::Response => false,
    }
}

fn request_uri(message: &Message, rules: &Rules<'_>) -> Result<(), Broken> {
    let Some(text) = message.request_uri() else {
        return Ok(());
    };
    if text.len() > rules.limits.uri {
        return Err(Broken::uri_too_long());
    }
    let parse = if rules.strict { Uri::parse_strictly } else { Uri::parse };
    let uri = message.uri_by(parse);
    let uri = uri.map_err(|error| Broken::bad("a malformed Request-URI", error.at))?;
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
fn sequence(message: &Message, row: &Row, header: &Header) -> Result<(), Broken> {
    let (octets, base) = (message.as_bytes(), row.value as usize);
    let counted = match message.places.get().filter(|_| message.is_read(row)) {
        Some(places) => places.method.within(octets),
        None => {
            let cseq = CSeq::parse(crate::head::value(octets, row));
            cseq.map_err(|error| broken(header, error, base))?.method.as_bytes()
        }
    };
    if message.method().is_none_or(|method| method.as_bytes() == counted) {
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
fn field(header: &Header, value: &[u8], rules: &Rules<'_>) -> Result<usize, ParseError> {
    let mut elements = header.elements(std::iter::once(value)).strictly(rules.strict);
    elements.try_fold(0, |count, element| {
        few(element?.params(), rules.limits)?;
        Ok(count + 1)
    })
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

fn broken(header: &Header, error: ParseError, base: usize) -> Broken {
    match error.expected {
        Expected::FewerParams => Broken::too_large("too many parameters", base),
        _ => Broken::bad(header.malformed, base + error.at),
    }
}
