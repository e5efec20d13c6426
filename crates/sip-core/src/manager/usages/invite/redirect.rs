//! Whom a 3xx names in the callee's stead. RFC 3261 §8.1.3.4.

use crate::manager::usages::text;
use crate::{Message, NameAddr, Scheme};

/// So many are told at most: a response may name hundreds.
const MOST: usize = 8;

/// The addresses of a 3xx, the most wanted first, each once. A call that was to be secure on its way
/// (`sips:`) is not led where it would not be: RFC 5630 §4. What else such a URI asks to be put into
/// a request (its headers, §19.1.5) is left out: nobody vouches for it.
pub(super) fn addresses(response: &Message, is_sips: bool) -> Vec<String> {
    let contacts = response.contacts().map_while(Result::ok);
    let mut found: Vec<(u16, String)> = Vec::new();
    for contact in contacts.filter_map(|it| it.address()).filter(|it| may_be_called(it, is_sips)) {
        let uri = contact.uri();
        let length = uri.as_bytes().len().saturating_sub(uri.headers().as_bytes().len());
        let uri = text(uri.as_bytes().get(..length).unwrap_or_default());
        if found.len() < MOST && !found.iter().any(|(_, known)| *known == uri) {
            found.push((preference(&contact), uri));
        }
    }
    found.sort_by_key(|(preference, _)| std::cmp::Reverse(*preference));
    found.into_iter().map(|(_, uri)| uri).collect()
}

fn may_be_called(contact: &NameAddr<'_>, is_sips: bool) -> bool {
    match contact.uri().scheme() {
        Scheme::Sips => true,
        Scheme::Sip | Scheme::Tel => !is_sips,
        Scheme::Other(_) => false,
    }
}

/// The `q` of a Contact, in thousandths; without one, one. RFC 3261 §20.10, §25.1.
fn preference(contact: &NameAddr<'_>) -> u16 {
    let Some(value) = contact.params().value("q") else { return 1000 };
    let number: Option<f32> = std::str::from_utf8(value).ok().and_then(|it| it.parse().ok());
    // What is no number is wanted least; `as` keeps to the bounds of u16.
    number.map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn told(contacts: &str, is_sips: bool) -> Vec<String> {
        let text = format!("SIP/2.0 302 Moved Temporarily\r\n{contacts}\r\n");
        addresses(&Message::parse(text.into_bytes().into(), &Limits::default()).unwrap(), is_sips)
    }

    #[test]
    fn the_most_wanted_address_comes_first_and_each_once() {
        let contacts = "Contact: <sip:a@h>;q=0.2, \"B\" <sip:b@h;x=1>;q=0.9\r\n\
            m: sip:c@h, <sip:a@h>;q=1, <sip:d@h>;q=x, <sip:e@h>;q=0.900\r\n";
        let wanted = ["sip:c@h", "sip:b@h;x=1", "sip:e@h", "sip:a@h", "sip:d@h"];
        assert_eq!(told(contacts, false), wanted);
        assert_eq!(told("", false), Vec::<String>::new());
        assert_eq!(told("Contact: *\r\n", false), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_called_and_what_a_uri_asks_to_be_added_is_left_out() {
        let contacts = "Contact: <mailto:a@h>, <tel:+491>, <sips:b@h>\r\n\
            Contact: <sip:c@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n";
        assert_eq!(told(contacts, false), ["tel:+491", "sips:b@h", "sip:c@h"]);
        assert_eq!(told(contacts, true), ["sips:b@h"]);
    }

    #[test]
    fn no_more_are_told_than_somebody_would_try() {
        let many: String = (0..100).map(|n| format!("Contact: <sip:{n}@h>\r\n")).collect();
        assert_eq!(told(&many, false).len(), MOST);
    }
}
