//! The address under which a registrar lets this terminal be reached from anywhere. RFC 5627.

use super::flow::Flow;
use crate::{Message, Scheme, Uri};
use sip_syntax::NameAddr;

/// The longest such address that is used, in octets.
const MOST: usize = 512;

impl Flow {
    /// The address at which the registrar lets this terminal be reached from anywhere, where it was
    /// asked for one.
    pub(super) fn gruu(&self, response: &Message) -> Option<Vec<u8>> {
        self.config.instance.as_ref().filter(|_| self.config.gruu)?;
        pub_gruu(&self.own(response)?.address()?)
    }
}

/// The `pub-gruu` of a binding: nothing where there is none, or what it says is none. RFC 5627 §4.2,
/// §5.3.
fn pub_gruu(binding: &NameAddr<'_>) -> Option<Vec<u8>> {
    let text: Vec<u8> = binding.params().text("pub-gruu")?.octets().collect();
    let uri = Uri::parse(&text).ok().filter(|_| text.len() <= MOST)?;
    let is_one = matches!(uri.scheme(), Scheme::Sip | Scheme::Sips)
        && uri.user().is_some()
        && uri.params().get("gr").is_some()
        && uri.headers().is_empty();
    is_one.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn what_is_no_gruu_is_not_used() {
        let told = |param: &str| {
            let text = format!("SIP/2.0 200 OK\r\nContact: <sip:x@192.0.2.1>{param}\r\n\r\n");
            let response = Message::parse(text.into_bytes().into(), &Limits::default()).unwrap();
            let binding = response.bindings().next().and_then(|it| it.address()).unwrap();
            pub_gruu(&binding).map(|gruu| String::from_utf8(gruu).unwrap())
        };
        let gruu = "sip:alice@example.org;gr=urn:uuid:1";
        assert_eq!(told(&format!(";expires=60;pub-gruu=\"{gruu}\"")).as_deref(), Some(gruu));
        let longest = format!("sip:{}@example.org;gr", "a".repeat(MOST - 19));
        let told_longest = told(&format!(";pub-gruu=\"{longest}\""));
        assert_eq!((longest.len(), told_longest), (MOST, Some(longest)));
        let long = format!(";pub-gruu=\"sip:{}@example.org;gr\"", "a".repeat(512));
        for param in [
            "",
            ";pub-gruu=\"sip:alice@example.org\"",
            ";pub-gruu=\"sip:example.org;gr=x\"",
            ";pub-gruu=\"tel:+123;gr=x\"",
            ";pub-gruu=\"sip:alice@example.org;gr=x?Route=y\"",
            ";pub-gruu=\"nonsense\"",
            ";temp-gruu=\"sip:alice@example.org;gr=x\"",
            &long,
        ] {
            assert_eq!(told(param), None, "{param}");
        }
    }
}
