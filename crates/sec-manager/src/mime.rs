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

/// A Content-Type value. RFC 2045 §5.1.
struct MediaType {
    /// `type/subtype` in lower case.
    kind: String,
    /// Names in lower case and values without quotes, in order.
    parameters: Vec<(String, Vec<u8>)>,
}

impl MediaType {
    fn parse(value: &[u8]) -> Result<Self, MimeError> {
        let end = value.iter().position(|b| *b == b';');
        let (kind, mut rest) = value.split_at(end.unwrap_or(value.len()));
        let kind = std::str::from_utf8(kind.trim_ascii()).map_err(|_| MimeError::MediaType)?;
        let (main, sub) = kind.split_once('/').ok_or(MimeError::MediaType)?;
        if !is_token(main.trim().as_bytes()) || !is_token(sub.trim().as_bytes()) {
            return Err(MimeError::MediaType);
        }
        let kind = format!("{}/{}", main.trim(), sub.trim()).to_ascii_lowercase();
        let mut parameters = Vec::new();
        while let Some(after) = rest.strip_prefix(b";") {
            let (name, value, left) = parameter(after)?;
            if parameters.len() == MAX_PARAMETERS || parameters.iter().any(|(n, _)| *n == name) {
                return Err(MimeError::MediaType);
            }
            parameters.push((name, value));
            rest = left;
        }
        if rest.is_empty() { Ok(Self { kind, parameters }) } else { Err(MimeError::MediaType) }
    }

    fn parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_slice())
    }
}

/// `name "=" (token / quoted-string)`: the name in lower case, the value and what follows it.
fn parameter(text: &[u8]) -> Result<(String, Vec<u8>, &[u8]), MimeError> {
    let equals = text.iter().position(|b| *b == b'=');
    let (name, rest) =
        text.split_at_checked(equals.ok_or(MimeError::MediaType)?).ok_or(MimeError::MediaType)?;
    let name = name.trim_ascii();
    if !is_token(name) {
        return Err(MimeError::MediaType);
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let rest = rest.get(1..).unwrap_or_default().trim_ascii_start();
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        let (value, rest) = quoted_string(quoted)?;
        return Ok((name, value, rest.trim_ascii_start()));
    }
    let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
    let (value, rest) = rest.split_at(end);
    let value = value.trim_ascii();
    if is_token(value) { Ok((name, value.to_vec(), rest)) } else { Err(MimeError::MediaType) }
}

/// The content of a quoted string whose opening quote was read, and what follows it.
fn quoted_string(text: &[u8]) -> Result<(Vec<u8>, &[u8]), MimeError> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            b'\\' => value.push(*bytes.next().ok_or(MimeError::MediaType)?.1),
            byte => value.push(*byte),
        }
    }
    Err(MimeError::MediaType)
}

/// `token` of RFC 2045 §5.1.
fn is_token(text: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(b);
    !text.is_empty() && text.iter().all(allowed)
}

/// A header field: its name as spelled, its value unfolded.
type Field<'a> = (&'a [u8], Vec<u8>);

/// Splits an entity into its header fields and its body. RFC 2045 §3: CRLF ends each line.
fn split(entity: &[u8]) -> Result<(Vec<Field<'_>>, &[u8]), MimeError> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut rest = entity;
    loop {
        let (line, after) = line(rest).ok_or(MimeError::Field)?;
        rest = after;
        if line.is_empty() {
            return Ok((fields, rest));
        }
        if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            let (_, value) = fields.last_mut().ok_or(MimeError::Field)?;
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        if fields.len() == MAX_FIELDS {
            return Err(MimeError::TooLarge);
        }
        let colon = line.iter().position(|b| *b == b':');
        let (name, value) = line.split_at(colon.ok_or(MimeError::Field)?);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if !is_token(name) || value.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
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
