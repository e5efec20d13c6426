//! The `multipart/encrypted` around a ciphertext. RFC 3156 §4, RFC 2046 §5.1, RFC 1847 §2.2.

use super::{Field, MAX_BODY, MimeError, media_type, split};
use crate::params::plain;
use sha2::{Digest, Sha256};
use sip_syntax::multipart::{BodyPart, BodyParts};
use sip_syntax::{Expected, ParseError, hex};
use ssa::Body;

/// What stands before the ciphertext.
const CONTROL: &str = "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n";

/// Whether a body's type is `multipart/encrypted`.
pub fn is_encrypted(body: &Body) -> bool {
    let media = body.content_type.as_deref().map(media_type);
    media.is_some_and(|media| media.is_ok_and(|media| media.is("multipart/encrypted")))
}

/// Puts a binary OpenPGP message into a `multipart/encrypted` body.
///
/// The boundary is derived from the ciphertext's hash, which the ciphertext cannot contain.
///
/// # Errors
/// [`MimeError::TooLarge`] if the whole would exceed [`MAX_BODY`].
pub fn wrap(ciphertext: &[u8]) -> Result<Body, MimeError> {
    let digest = Sha256::digest(ciphertext);
    let digits = hex::digits(digest.into());
    let tag = String::from_utf8_lossy(digits.get(..12).unwrap_or_default().as_flattened());
    let boundary = format!("cs1-{tag}");
    let mut octets = Vec::with_capacity(ciphertext.len() + 256);
    octets.extend_from_slice(format!("--{boundary}\r\n{CONTROL}\r\n").as_bytes());
    octets.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
    octets.extend_from_slice(b"Content-Type: application/octet-stream\r\n\r\n");
    octets.extend_from_slice(ciphertext);
    octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    if octets.len() > MAX_BODY {
        return Err(MimeError::TooLarge);
    }
    let content_type =
        format!("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary={boundary}");
    Ok(Body { content_type: Some(content_type.into_bytes()), octets })
}

/// Finds the OpenPGP message in a `multipart/encrypted` body.
///
/// # Errors
/// Anything but exactly the two parts of RFC 3156 §4, the second without transfer encoding.
pub fn ciphertext(body: &Body) -> Result<&[u8], MimeError> {
    if body.octets.len() > MAX_BODY {
        return Err(MimeError::TooLarge);
    }
    let content_type = body.content_type.as_deref().ok_or(MimeError::MediaType)?;
    let media = media_type(content_type)?;
    let protocol = media.params.text("protocol").unwrap_or_default();
    if !media.is("multipart/encrypted") || !protocol.is_word("application/pgp-encrypted") {
        return Err(MimeError::MediaType);
    }
    let boundary = media.params.text("boundary").ok_or(MimeError::Boundary)?;
    let boundary = plain(boundary);
    let parts = BodyParts::new(&body.octets, &boundary).and_then(Iterator::collect);
    let parts: Vec<BodyPart<'_>> = parts.map_err(of_parts)?;
    let [control, data] = parts.as_slice() else {
        return Err(MimeError::Part);
    };
    if part(control.entity, "application/pgp-encrypted")?.trim_ascii() != b"Version: 1" {
        return Err(MimeError::Part);
    }
    match part(data.entity, "application/octet-stream")? {
        [] => Err(MimeError::Part),
        octets => Ok(octets),
    }
}

/// What a body that does not fall into parts is refused as.
fn of_parts(error: ParseError) -> MimeError {
    match error.expected {
        Expected::Boundary => MimeError::Boundary,
        Expected::FewerParts => MimeError::TooLarge,
        Expected::HeadEnd => MimeError::Field,
        _ => MimeError::Part,
    }
}

/// The content of a part that must be of the media type `kind`, in no transfer encoding.
fn part<'a>(part: &'a [u8], kind: &str) -> Result<&'a [u8], MimeError> {
    let (fields, content) = split(part)?;
    let media = sole(&fields, "Content-Type")?.ok_or(MimeError::Part)?;
    if !media_type(media)?.is(kind) {
        return Err(MimeError::Part);
    }
    match sole(&fields, "Content-Transfer-Encoding")? {
        Some(encoding) if !encoding.eq_ignore_ascii_case(b"binary") => Err(MimeError::Part),
        _ => Ok(content),
    }
}

/// The value of a field that may stand once.
fn sole<'f>(fields: &'f [Field<'_>], name: &str) -> Result<Option<&'f [u8]>, MimeError> {
    let mut rows = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
    let first = rows.next().map(|(_, value)| value.as_slice());
    match rows.next() {
        Some(_) => Err(MimeError::Field),
        None => Ok(first),
    }
}
