//! The two levels at which parsing is measured.
//!
//! L1: the start line, every header line split and named, the body found. L2: L1 and what a user
//! agent reads of nearly every message, typed: top Via (transport, sent-by, branch, received,
//! rport), From and To (URI, tag), Call-ID, CSeq, Contact URI, Max-Forwards, Content-Length, and
//! the parameters of credentials or of a challenge.

use bytes::Bytes;
use sip_core::{AuthValue, HeaderName, Limits, Message, ParseError};
use std::hint::black_box;

/// Frames a datagram.
///
/// # Errors
/// What cannot be framed.
#[inline(never)]
pub fn l1(datagram: &Bytes, limits: &Limits) -> Result<Message, ParseError> {
    Message::parse(datagram.clone(), limits)
}

/// Frames a datagram, and reads the typed headers.
///
/// # Errors
/// What cannot be framed, and any of those headers that is malformed.
#[inline(never)]
pub fn l2(datagram: &Bytes, limits: &Limits) -> Result<Message, ParseError> {
    let message = Message::parse(datagram.clone(), limits)?;
    // Branch, received and tags are read with the values that have them.
    let via = message.top_via()?;
    black_box((&via, via.rport()));
    black_box(&message.from()?);
    black_box(&message.to()?);
    black_box((message.call_id()?, message.cseq()?));
    if let Some(contact) = message.contacts().next() {
        black_box(&contact?);
    }
    black_box((message.max_forwards()?, message.content_length()));
    for name in [HeaderName::Authorization, HeaderName::WwwAuthenticate] {
        if let Some(value) = message.header(name) {
            black_box(auth_params(AuthValue::parse(value)?.rest));
        }
    }
    Ok(message)
}

/// Splits `name=value` pairs, and yields how many there are.
///
/// To `sip-core` credentials are raw octets; this is the split that a scheme begins with.
fn auth_params(rest: &[u8]) -> usize {
    let mut count = 0;
    let mut rest = rest;
    while let Some(equals) = rest.iter().position(|&octet| octet == b'=') {
        let (name, tail) = rest.split_at(equals);
        let value = tail.get(1..).unwrap_or_default();
        let length = match value.strip_prefix(b"\"") {
            Some(inner) => quoted(inner).map(|length| length + 2),
            None => value.iter().position(|&octet| octet == b','),
        };
        let (value, tail) = value.split_at(length.unwrap_or(value.len()));
        black_box((name.trim_ascii(), value.trim_ascii()));
        count += 1;
        rest = tail.trim_ascii_start().strip_prefix(b",").unwrap_or_default();
    }
    count
}

/// Octets before the quote that closes.
fn quoted(inner: &[u8]) -> Option<usize> {
    let mut escaped = false;
    inner.iter().position(|&octet| {
        let closes = octet == b'"' && !escaped;
        escaped = octet == b'\\' && !escaped;
        closes
    })
}
