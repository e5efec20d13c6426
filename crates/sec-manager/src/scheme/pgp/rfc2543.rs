//! The scheme as RFC 2543 §15.1 has it, for contacts that speak no other: what is signed, and how it is
//! written. A switch of the configuration for each of them, off by default; requests are checked by
//! it, and nothing of ours is signed so.
//!
//! Signed are nonce, method, version, the header fields below the Authorization in their order, and the
//! body: not the Request-URI, nor the realm, nor what stands above. So the nonce must be ours, which is
//! for one request of one address to one of ours, and nothing that could be taken for the caller's word
//! may stand above.

use super::{Credentials, Form, MAX_SIGNATURE, SCHEME};
use crate::params::{Writer, plain};
use crate::scheme::pgp::cs1::unfold;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sip_syntax::Text;
use sip_syntax::auth::{Malformed, Separator, of_scheme, values};
use sma::Fingerprint;
use ssa::Request;
use std::borrow::Cow;

const VERSION: &[u8] = b"5.0";

/// Header fields that elements on the way write, or that speak to them: they may stand above.
const ON_THE_WAY: [&str; 6] =
    ["Via", "Record-Route", "Route", "Max-Forwards", "Proxy-Authorization", "Authorization"];

/// Without these below the Authorization nobody has signed who calls whom in which call.
const SIGNED: [&str; 4] = ["From", "To", "Call-ID", "CSeq"];

/// The value of a challenge. RFC 2543 §15.1.1.
pub(crate) fn challenge(realm: &str, nonce: &[u8]) -> Vec<u8> {
    let mut value = Writer::of_scheme(SCHEME, 128).separated_by(b" ;");
    value
        .quoted("version", Text::plain(VERSION))
        .quoted("realm", Text::plain(realm.as_bytes()))
        .token("algorithm", b"sha256")
        .quoted("nonce", Text::plain(nonce));
    value.finish()
}

/// The parameters that are read, in the order of [`credentials`].
const NAMES: [&str; 6] = ["realm", "version", "nonce", "signature", "signed-by", "c14n"];

/// Reads an Authorization in this form as one of the key that is pinned; `None` for another scheme.
/// RFC 2543 §15.1.2.
///
/// # Errors
/// [`Malformed`], also where it says that somebody else has signed (`signed-by`).
pub(crate) fn credentials<'a>(
    value: &'a [u8], pinned: &Fingerprint,
) -> Result<Option<Credentials<'a>>, Malformed> {
    let Some(list) = of_scheme(value, SCHEME) else { return Ok(None) };
    // The RFC's example is folded within a quoted string, and the grammar has a semicolon before each
    // parameter, the first included.
    let list = unfold(list);
    let list = list.strip_prefix(b";").unwrap_or(&list);
    let [realm, version, nonce, signature, signed_by, c14n] =
        values(list, Separator::CommaOrSemicolon, &NAMES)?;
    let is_spoken = version.is_none_or(|version| version == Text::plain(VERSION));
    if !is_spoken || signed_by.is_some() || c14n.is_some() {
        return Err(Malformed);
    }
    let given =
        |value: Option<Text<'_>>| value.map(|value| plain(value).into_owned()).ok_or(Malformed);
    Ok(Some(Credentials {
        realm: Cow::Owned(given(realm)?),
        nonce: Cow::Owned(given(nonce)?),
        uri: Cow::Borrowed(b""),
        contact: Cow::Borrowed(b""),
        signer: pinned.clone(),
        signature: dearmored(&given(signature)?)?,
        form: Form::Rfc2543 { field: value },
    }))
}

/// The packet in an armor without head and line ends. Its checksum, `=` and four digits at the end, is
/// no reason to refuse one. RFC 9580 §6.1.
fn dearmored(armor: &[u8]) -> Result<Vec<u8>, Malformed> {
    let digits: Vec<u8> = armor.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let checksum = digits.len().checked_sub(5).filter(|at| {
        let last = digits.get(*at..).unwrap_or_default();
        last.first() == Some(&b'=') && !last.get(1..).unwrap_or_default().contains(&b'=')
    });
    let packet = digits.get(..checksum.unwrap_or(digits.len())).unwrap_or_default();
    if packet.len() > MAX_SIGNATURE * 4 / 3 + 4 {
        return Err(Malformed);
    }
    STANDARD.decode(packet).map_err(|_| Malformed)
}

/// What the sender has signed in the Authorization with this value: each field below it on one line
/// under its long name, as elements on the way may have rewritten it.
///
/// # Errors
/// [`Malformed`]: something that only the sender may say stands above and is not signed, or what names
/// the call does not stand below; or the stack does not tell the order.
pub(crate) fn octets(
    request: &Request<'_>, field: &[u8], nonce: &[u8],
) -> Result<Vec<u8>, Malformed> {
    let mut fields = (0..).map_while(|nth| request.headers.field(nth));
    loop {
        match fields.next() {
            Some(("Authorization", value)) if value == field => break,
            Some((name, _)) if ON_THE_WAY.contains(&name) => {}
            Some(_) | None => return Err(Malformed),
        }
    }
    let mut out = [nonce, request.method.as_bytes(), b"SIP/2.0"].concat();
    let mut signed = Vec::with_capacity(16);
    for (name, value) in fields {
        out.extend_from_slice(&[name.as_bytes(), b": ", &unfold(value), b"\r\n"].concat());
        signed.push(name);
    }
    if !SIGNED.iter().all(|name| signed.contains(name)) {
        return Err(Malformed);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(request.body);
    Ok(out)
}

#[cfg(test)]
mod tests;
