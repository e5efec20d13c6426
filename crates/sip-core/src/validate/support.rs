//! What this side lacks for a request that is in order. RFC 3261 §8.2.

use super::capabilities::Capabilities;
use super::verdict::{Broken, Verdict};
use crate::content::Content;
use crate::headers::ContentType;
use crate::{HeaderName, Message, Method, Scheme, StatusCode};
use sip_syntax::List;

/// 505: there is no other version than 2.0. RFC 3261 §21.5.6.
pub(crate) const fn wrong_version() -> Verdict {
    unsupported(StatusCode::VERSION_NOT_SUPPORTED, 0, None)
}

/// Judges a request by RFC 3261 §8.2.1 to §8.2.3; responses ask for nothing.
pub(super) fn check(message: &Message, capabilities: &Capabilities) -> Verdict {
    let Some(method) = message.method() else {
        return Verdict::Valid;
    };
    let lacking = lacks_method(method, capabilities)
        .or_else(|| lacks_scheme(message, capabilities))
        .or_else(|| lacks_extension(message, method, capabilities))
        .or_else(|| lacks_content(message, method, capabilities))
        .or_else(|| lacks_answer(message, method, capabilities));
    lacking.unwrap_or(Verdict::Valid)
}

/// RFC 3261 §8.2.1: 405 for a method that is known, 501 for one that is not; Allow says what is.
fn lacks_method(method: Method<'_>, capabilities: &Capabilities) -> Option<Verdict> {
    if capabilities.methods.contains(&method) {
        return None;
    }
    let status = match method.registered() {
        Some(_) => StatusCode::METHOD_NOT_ALLOWED,
        None => StatusCode::NOT_IMPLEMENTED,
    };
    Some(unsupported(status, 0, Some(field("Allow", capabilities.allow()))))
}

/// RFC 3261 §8.2.2.1: 416.
fn lacks_scheme(message: &Message, capabilities: &Capabilities) -> Option<Verdict> {
    let scheme = Scheme::of(message.request_uri()?)?;
    let known = |name: &&str| name.as_bytes().eq_ignore_ascii_case(scheme.as_bytes());
    if capabilities.schemes.iter().any(known) {
        return None;
    }
    Some(unsupported(StatusCode::UNSUPPORTED_URI_SCHEME, 0, None))
}

/// RFC 3261 §8.2.2.3: 420, except for ACK and CANCEL; Unsupported names the tags. Proxy-Require is
/// for proxies.
fn lacks_extension(
    message: &Message, method: Method<'_>, capabilities: &Capabilities,
) -> Option<Verdict> {
    if method == Method::ACK || method == Method::CANCEL {
        return None;
    }
    let known = |tag: &[u8]| {
        let mut extensions = capabilities.extensions.iter();
        extensions.any(|name| name.as_bytes().eq_ignore_ascii_case(tag))
    };
    let unknown: Vec<&[u8]> = message
        .tokens(HeaderName::Require)
        .map_while(Result::ok)
        .filter(|tag| !known(tag))
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let field = ssa::Field { name: "Unsupported", value: unknown.join(&b", "[..]) };
    let at = offset(message, HeaderName::Require);
    Some(unsupported(StatusCode::BAD_EXTENSION, at, Some(field)))
}

/// RFC 3261 §8.2.3: 415 for a body of another type or with an encoding, unless it may be ignored, and
/// 400 for one of parts that does not fall into them. That of a BYE or CANCEL always may be ignored:
/// refused, it would leave its call up on one side.
fn lacks_content(
    message: &Message, method: Method<'_>, capabilities: &Capabilities,
) -> Option<Verdict> {
    let ends = method == Method::BYE || method == Method::CANCEL;
    if ends || message.body().is_empty() {
        return None;
    }
    let content = match Content::of(message, &|kind| capabilities.takes(method, kind)) {
        Ok(Content::Nothing) => return None,
        Ok(content) => content,
        // What is wrong with the field itself was told before.
        Err(error) => {
            let (at, reason) = (message.head_bytes().len(), error.expected.as_str());
            return Some(Broken::bad(reason, at).into());
        }
    };
    let encodings = message.headers(HeaderName::ContentEncoding);
    if let Some(_encoding) = encodings.into_iter().find(|value| !is_identity(value)) {
        let field = field("Accept-Encoding", "identity");
        let at = offset(message, HeaderName::ContentEncoding);
        return Some(unsupported(StatusCode::UNSUPPORTED_MEDIA_TYPE, at, Some(field)));
    }
    if matches!(content, Content::Taken(..)) {
        return None;
    }
    let field = field("Accept", capabilities.accept());
    let at = offset(message, HeaderName::ContentType);
    Some(unsupported(StatusCode::UNSUPPORTED_MEDIA_TYPE, at, Some(field)))
}

/// 406 for an INVITE whose Accept has nothing that an answer could be. RFC 3261 §20.1, §21.4.7;
/// RFC 4475 §3.3.15.
fn lacks_answer(
    message: &Message, method: Method<'_>, capabilities: &Capabilities,
) -> Option<Verdict> {
    if method != Method::INVITE {
        return None;
    }
    message.header(HeaderName::Accept)?;
    let rows = message.headers(HeaderName::Accept).filter(|value| !value.is_empty());
    let fits = |range: ContentType<'_>| {
        let all = range.kind == b"*" && range.subtype == b"*";
        let names = &capabilities.content_types;
        all || names.iter().any(|name| is_within(name, &range))
    };
    let ranges = List::new(rows, ContentType::read);
    if ranges.map_while(Result::ok).any(fits) {
        return None;
    }
    let at = offset(message, HeaderName::Accept);
    Some(unsupported(StatusCode::NOT_ACCEPTABLE, at, None))
}

fn is_within(media_type: &str, range: &ContentType<'_>) -> bool {
    let kind = media_type.split('/').next().unwrap_or_default();
    let any_subtype = range.subtype == b"*" && range.kind.eq_ignore_ascii_case(kind.as_bytes());
    any_subtype || range.is(media_type)
}

fn is_identity(encoding: &[u8]) -> bool {
    encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity")
}

fn offset(message: &Message, name: HeaderName) -> usize {
    message.first_row(name).map_or(0, |row| row.value as usize)
}

fn field(name: &'static str, value: impl Into<Vec<u8>>) -> ssa::Field {
    ssa::Field { name, value: value.into() }
}

const fn unsupported(status: StatusCode, at: usize, field: Option<ssa::Field>) -> Verdict {
    Verdict::Unsupported { status, reason: status.reason(), at, field }
}
