//! What the fields of a message say to the scheme: its challenges, and the Contact that is signed.

use super::Challenge;
use ssa::{Headers, Response};

/// Challenges that are parsed, and answered: where a request was forked, one for each callee.
const PARSED: usize = 8;
const ANSWERED: usize = 4;

/// The challenges of this scheme that can be answered.
pub(crate) fn challenges<'a>(response: &Response<'a>) -> impl Iterator<Item = Challenge<'a>> {
    let headers = response.headers;
    let values = (0..PARSED).map_while(move |nth| headers.value("WWW-Authenticate", nth));
    values.filter_map(|value| Challenge::parse(value).ok().flatten()).take(ANSWERED)
}

/// The URI of the first Contact, empty where there is none.
pub(crate) fn contact(headers: &dyn Headers) -> &[u8] {
    headers.value("Contact", 0).map(addr_spec).unwrap_or_default()
}

/// Whether the first Contact is another than the one that was signed.
pub(crate) fn is_rerouted(headers: &dyn Headers, signed: &[u8]) -> bool {
    headers.value("Contact", 0).is_some_and(|contact| addr_spec(contact) != signed)
}

/// The URI of a Contact value.
fn addr_spec(contact: &[u8]) -> &[u8] {
    let bare = |text: &'static u8| move |octet: &u8| octet == text;
    let inside = contact.iter().position(bare(&b'<')).and_then(|open| {
        let rest = contact.get(open + 1..)?;
        rest.get(..rest.iter().position(bare(&b'>'))?)
    });
    let end = contact.iter().position(bare(&b';')).unwrap_or(contact.len());
    inside.unwrap_or_else(|| contact.get(..end).unwrap_or_default().trim_ascii())
}
