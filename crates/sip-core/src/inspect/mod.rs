//! Judging a piece of SIP by itself: what it is, what is wrong with it, what it is made of.
//!
//! This is what a tool asks that shows or sorts messages, URIs, header lines, addresses and start
//! lines; the stack itself does not use it.

mod components;
mod header;
mod message;
mod report;

pub use components::{Components, Value};
pub use report::Report;

use crate::{Capabilities, Uri};

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

/// Judges a piece of input.
pub fn inspect(kind: Kind, input: &[u8], capabilities: &Capabilities) -> Report {
    match kind {
        Kind::Message => message::inspect(input, capabilities),
        Kind::Uri => Report::of(Uri::parse_strictly(input).map(|uri| components::uri(&uri))),
        Kind::NameAddr => Report::of(header::addresses(input)),
        Kind::Header => Report::of(header::inspect(input)),
        Kind::StartLine => message::start_line(input),
    }
}
