//! The MIME entity inside the ciphertext, bound to one exchange.

use super::{Field, MAX_BODY, MimeError, split};
use crate::aor::Aor;
use crate::cs1::Role;
use sma::Plaintext;
use ssa::Body;

/// Nonces an entity may name: one for each challenge that was answered.
pub const MAX_NONCES: usize = 4;

/// The exchange an entity belongs to; the values are those of CS1.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Who sends it.
    pub role: Role,
    /// The AOR of From.
    pub from: &'a Aor,
    /// The AOR of To.
    pub to: &'a Aor,
    /// The tag of From.
    pub from_tag: &'a [u8],
}

/// Builds the plaintext to encrypt for those who sent `nonces`.
///
/// # Errors
/// [`MimeError::TooLarge`] for no nonce, more than [`MAX_NONCES`] or an entity over [`MAX_BODY`];
/// [`MimeError::MediaType`] for a body without a type; [`MimeError::Field`] for a value that is no
/// single line.
pub fn enclose(
    binding: &Binding<'_>, nonces: &[&[u8]], body: &Body,
) -> Result<Plaintext, MimeError> {
    if nonces.is_empty() || nonces.len() > MAX_NONCES {
        return Err(MimeError::TooLarge);
    }
    let bound = bound(binding);
    let nonces = nonces.iter().map(|nonce| ("CS1-Nonce", *nonce));
    let content_type = body.content_type.as_deref().ok_or(MimeError::MediaType)?;
    let last = [("Content-Type", content_type)];
    let fields: Vec<_> = bound.into_iter().chain(nonces).chain(last).collect();
    let header: usize = fields.iter().map(|(n, v)| n.len() + v.len() + 4).sum();
    let length = header + 2 + body.octets.len();
    if length > MAX_BODY {
        return Err(MimeError::TooLarge);
    }
    // Exact, so that the body, which holds keys, is never moved by a growing buffer.
    let mut out = Vec::with_capacity(length);
    for (name, value) in fields {
        if value.iter().any(u8::is_ascii_control) {
            return Err(MimeError::Field);
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body.octets);
    Ok(Plaintext::from(out))
}

/// Reads a decrypted entity: it must be bound to this exchange and to `nonce`.
///
/// # Errors
/// [`MimeError::Field`] for another set or order of fields, [`MimeError::Binding`] for another
/// value in one of them.
pub fn open(binding: &Binding<'_>, nonce: &[u8], entity: &[u8]) -> Result<Body, MimeError> {
    if entity.len() > MAX_BODY {
        return Err(MimeError::TooLarge);
    }
    let (fields, octets) = split(entity)?;
    let (head, rest) = fields.split_first_chunk::<4>().ok_or(MimeError::Field)?;
    for ((name, value), field) in bound(binding).into_iter().zip(head) {
        if named(field, name)? != value {
            return Err(MimeError::Binding);
        }
    }
    let (last, nonces) = rest.split_last().ok_or(MimeError::Field)?;
    let content_type = named(last, "Content-Type")?.to_vec();
    if nonces.len() > MAX_NONCES || (binding.role == Role::Uas && nonces.len() != 1) {
        return Err(MimeError::Field);
    }
    let mut found = false;
    for field in nonces {
        found |= named(field, "CS1-Nonce")? == nonce;
    }
    if !found {
        return Err(MimeError::Binding);
    }
    Ok(Body { content_type: Some(content_type), octets: octets.to_vec() })
}

/// The fields that stand first, in their order.
fn bound<'a>(binding: &Binding<'a>) -> [(&'static str, &'a [u8]); 4] {
    [
        ("CS1-Role", binding.role.name().as_bytes()),
        ("CS1-From", binding.from.as_str().as_bytes()),
        ("CS1-To", binding.to.as_str().as_bytes()),
        ("CS1-From-Tag", binding.from_tag),
    ]
}

/// The value of a field that must have this name.
fn named<'f>((name, value): &'f Field<'_>, expected: &str) -> Result<&'f [u8], MimeError> {
    if name.eq_ignore_ascii_case(expected.as_bytes()) { Ok(value) } else { Err(MimeError::Field) }
}
