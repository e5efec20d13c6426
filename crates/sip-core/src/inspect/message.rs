//! Whole messages and start lines.

use super::components::{self, Components, Value};
use super::report::Report;
use crate::start_line::StartLine;
use crate::validate::wrong_version;
use crate::{Capabilities, Expected, HeaderName, Limits, Message, ParseError, Uri, validate};

pub(super) fn inspect(input: &[u8], capabilities: &Capabilities) -> Report {
    let datagram = input.to_vec().into();
    match Message::parse(datagram, &Limits::default()) {
        Ok(message) => {
            Report { verdict: validate(&message, capabilities), components: describe(&message) }
        }
        Err(error) => Report::of(Err(error)),
    }
}

/// What of a message can be read, whether or not all of it can.
fn describe(message: &Message) -> Components {
    let one = |name| message.typed(name).next().and_then(Result::ok);
    let all = |name| message.typed(name).map_while(Result::ok).collect::<Vec<_>>();
    let fields = message.fields().map(|(name, value)| (name.to_vec(), Some(value.to_vec())));
    let body = u64::try_from(message.body().len()).unwrap_or(u64::MAX);
    first_line(message)
        .with("via", all(HeaderName::Via))
        .with("from", one(HeaderName::From))
        .with("to", one(HeaderName::To))
        .with("call_id", one(HeaderName::CallId))
        .with("cseq", one(HeaderName::CSeq))
        .with("contact", all(HeaderName::Contact))
        .with("max_forwards", one(HeaderName::MaxForwards))
        .with("content_type", one(HeaderName::ContentType))
        .with("supported", tokens(message, HeaderName::Supported))
        .with("require", tokens(message, HeaderName::Require))
        .with("body_length", body)
        .with("fields", Value::Pairs(fields.collect()))
}

fn first_line(message: &Message) -> Components {
    let line = Components::default();
    match message.status() {
        Some(status) => {
            line.with("status", u64::from(status.as_u16())).with("reason", message.reason())
        }
        None => line
            .with("method", message.method().map(|method| method.as_bytes()))
            .with("request_uri", message.request_uri())
            .with("uri", message.uri().ok().map(|uri| components::uri(&uri))),
    }
}

fn tokens(message: &Message, name: HeaderName) -> Vec<&[u8]> {
    message.tokens(name).map_while(Result::ok).collect()
}

/// A start line by itself: its CRLF is its end. As in a message, a request of another version is
/// owed 505, whatever else is wrong with it.
pub(super) fn start_line(input: &[u8]) -> Report {
    let (line, end) = match StartLine::read(input, 0) {
        Ok(read) => read,
        Err(error) => return Report::of(Err(error)),
    };
    if input.len() != end + 2 {
        return Report::of(Err(ParseError::new(end + 2, Expected::End)));
    }
    match line {
        StartLine::Request { method, uri, .. } if !line.is_version_2(input) => {
            let uri = uri.of(input);
            let parsed = Uri::parse(uri).ok().map(|uri| components::uri(&uri));
            let components = request(method.of(input), uri).with("uri", parsed);
            Report { verdict: wrong_version(), components }
        }
        _ => Report::of(parts(line, end, input)),
    }
}

fn parts(line: StartLine, end: usize, input: &[u8]) -> Result<Components, ParseError> {
    if line.has_trailing_space(end) {
        return Err(ParseError::new(end, Expected::LineEnd));
    }
    if !line.is_version_2(input) {
        return Err(ParseError::new(0, Expected::StartLine));
    }
    match line {
        StartLine::Request { method, uri, .. } => {
            let text = uri.of(input);
            let parsed =
                Uri::parse_strictly(text).map_err(|error| error.within(uri.range().start))?;
            Ok(request(method.of(input), text).with("uri", components::uri(&parsed)))
        }
        StartLine::Response { status, reason, .. } => Ok(Components::default()
            .with("status", u64::from(status.as_u16()))
            .with("reason", reason.of(input))),
    }
}

fn request(method: &[u8], uri: &[u8]) -> Components {
    Components::default().with("method", method).with("request_uri", uri)
}
