//! Encrypted bodies: the `multipart/encrypted` on the wire, and the MIME entity inside it.
//!
//! ```text
//!   Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=…
//!     part 1   application/pgp-encrypted     Version: 1
//!     part 2   application/octet-stream      one binary OpenPGP message, no transfer encoding
//!                └─ CS1-Role, CS1-From, CS1-To, CS1-From-Tag, CS1-Nonce (1 to 4), Content-Type
//!                   and the body that was meant
//! ```
//!
//! The fields inside bind the plaintext to one exchange, so that a ciphertext put into another
//! message is refused. RFC 3156 §4, RFC 2046 §5.1, RFC 2045 §5.1. Whatever is wrong here is one
//! 493 to the peer.

mod entity;
mod multipart;

pub use entity::{Binding, MAX_NONCES, enclose, open};
pub use multipart::{ciphertext, is_encrypted, wrap};

use sip_syntax::ContentType;
use sip_syntax::class::{TOKEN, span};
use std::fmt;

/// The largest body that is parsed, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Parameters a media type may have.
const MAX_PARAMETERS: usize = 16;

/// Header fields a part may have.
const MAX_FIELDS: usize = 16;

/// Why an encrypted body is not built or not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MimeError {
    /// It exceeds [`MAX_BODY`], or has too many parts, fields, parameters or nonces.
    TooLarge,
    /// The media type is malformed, or another one than is due here.
    MediaType,
    /// A boundary is missing, prefixed by another or not allowed.
    Boundary,
    /// A part is malformed or not the one that is due here.
    Part,
    /// A header field is malformed, or missing, repeated or out of order.
    Field,
    /// The fields name another exchange.
    Binding,
}

impl fmt::Display for MimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body exceeds a limit",
            Self::MediaType => "the media type is not the one that is due",
            Self::Boundary => "the multipart's boundaries do not hold",
            Self::Part => "a part is not the one that is due",
            Self::Field => "the entity's header is malformed",
            Self::Binding => "the entity belongs to another exchange",
        })
    }
}

impl std::error::Error for MimeError {}

/// Reads a Content-Type as the stack does; each parameter has a value, and none stands twice.
fn media_type(value: &[u8]) -> Result<ContentType<'_>, MimeError> {
    let media = ContentType::parse(value).map_err(|_| MimeError::MediaType)?;
    for (at, param) in media.params.iter().enumerate() {
        let before = media.params.iter().take(at).any(|p| p.name.eq_ignore_ascii_case(param.name));
        if at == MAX_PARAMETERS || before || param.value.is_none() {
            return Err(MimeError::MediaType);
        }
    }
    Ok(media)
}

/// A header field: its name as spelled, its value unfolded.
type Field<'a> = (&'a [u8], Vec<u8>);

/// Splits an entity into its header fields and its body. RFC 2045 §3: CRLF ends each line. A value
/// that is folded keeps one space for each fold between its parts, and none at either end.
fn split(entity: &[u8]) -> Result<(Vec<Field<'_>>, &[u8]), MimeError> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut rest = entity;
    loop {
        let (line, after) = line(rest).ok_or(MimeError::Field)?;
        rest = after;
        if line.is_empty() {
            return Ok((fields, rest));
        }
        if line.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return Err(MimeError::Field);
        }
        if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            let (_, value) = fields.last_mut().ok_or(MimeError::Field)?;
            let more = line.trim_ascii();
            if !value.is_empty() && !more.is_empty() {
                value.push(b' ');
            }
            value.extend_from_slice(more);
            continue;
        }
        if fields.len() == MAX_FIELDS {
            return Err(MimeError::TooLarge);
        }
        let colon = line.iter().position(|b| *b == b':');
        let (name, value) = line.split_at(colon.ok_or(MimeError::Field)?);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.is_empty() || span(name, TOKEN) < name.len() {
            return Err(MimeError::Field);
        }
        fields.push((name, value.to_vec()));
    }
}

/// The octets up to the next CRLF, and those after it.
fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.windows(2).position(|pair| pair == b"\r\n")?;
    Some((text.get(..end)?, text.get(end + 2..)?))
}

#[cfg(test)]
mod tests;
