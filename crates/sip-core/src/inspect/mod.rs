//! Judging a piece of SIP by itself: what it is, what is wrong with it, what it is made of.
//!
//! This is what a tool asks that shows or sorts messages, URIs, header lines, addresses and start
//! lines; the stack itself does not use it.

mod components;
mod grammar;
mod header;
mod message;

pub use components::{Components, Value};

use crate::{Capabilities, ParseError, StatusCode, Uri, Verdict};

/// What a piece of input is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole message, as a datagram.
    Message,
    /// A URI.
    Uri,
    /// One header field, name and value, with or without its CRLF and an empty line.
    Header,
    /// The value of From, To or Contact; where it is a list, the first stands for it.
    NameAddr,
    /// A Request-Line or a Status-Line, with its CRLF.
    StartLine,
}

impl Kind {
    /// The kind of this name: `message`, `uri`, `header`, `nameaddr` or `startline`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "message" => Some(Self::Message),
            "uri" => Some(Self::Uri),
            "header" => Some(Self::Header),
            "nameaddr" => Some(Self::NameAddr),
            "startline" => Some(Self::StartLine),
            _ => None,
        }
    }
}

/// What became of a piece of input.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The verdict; offsets count from the start of the input.
    pub verdict: Verdict,
    /// What it is made of, as far as it could be taken apart.
    pub components: Components,
}

/// Judges a piece of input.
pub fn inspect(kind: Kind, input: &[u8], capabilities: &Capabilities) -> Report {
    match kind {
        Kind::Message => message::inspect(input, capabilities),
        Kind::Uri => report(Uri::parse(input).map(|uri| components::uri(&uri))),
        Kind::NameAddr => report(header::addresses(input)),
        Kind::Header => report(header::inspect(input)),
        Kind::StartLine => report(message::start_line(input)),
    }
}

fn report(parsed: Result<Components, ParseError>) -> Report {
    match parsed {
        Ok(components) => Report { verdict: Verdict::Valid, components },
        Err(error) => Report { verdict: invalid(error), components: Components::default() },
    }
}

fn invalid(error: ParseError) -> Verdict {
    Verdict::Invalid {
        status: StatusCode::BAD_REQUEST,
        reason: error.expected.as_str(),
        at: error.at,
    }
}
