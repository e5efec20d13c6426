//! P-Asserted-Identity: who sends a request, as an element on the way says. RFC 3325.

use crate::{HeaderName, Message};
use sip_syntax::{List, NameAddr, Scheme};

/// Who sends a request, as an element on the way asserts. It says nothing unless that element is
/// trusted. RFC 3325 §8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssertedIdentity<'a> {
    /// As a `sip:` or `sips:` URI.
    pub sip: Option<NameAddr<'a>>,
    /// As a telephone number, a `tel:` URI.
    pub tel: Option<NameAddr<'a>>,
}

impl Message {
    /// Who is asserted to send it; nobody where the values are not as they must be: one of each kind
    /// at most. RFC 3325 §9.1.
    pub fn asserted_identity(&self) -> AssertedIdentity<'_> {
        self.read_asserted().unwrap_or_default()
    }

    fn read_asserted(&self) -> Option<AssertedIdentity<'_>> {
        let mut found = AssertedIdentity::default();
        let rows = self.headers(HeaderName::PAssertedIdentity);
        for value in List::new(rows, NameAddr::read) {
            let value = value.ok()?;
            let place = match value.uri().scheme() {
                Scheme::Sip | Scheme::Sips => &mut found.sip,
                Scheme::Tel => &mut found.tel,
                Scheme::Other(_) => return None,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Message};

    /// Who is asserted by these values, as text.
    fn asserted(fields: &str) -> [Option<String>; 2] {
        let text = format!("INVITE sip:b@192.0.2.2 SIP/2.0\r\n{fields}\r\n");
        let message = Message::parse(text.into_bytes().into(), &Limits::default()).unwrap();
        let found = message.asserted_identity();
        let uri = |it: sip_syntax::NameAddr<'_>| it.uri().as_bytes().escape_ascii().to_string();
        [found.sip.map(uri), found.tel.map(uri)]
    }

    #[test]
    fn one_sip_uri_and_one_number_are_asserted_at_most() {
        const NAME: &str = "P-Asserted-Identity: ";
        let sip = Some("sip:carol@example.org".to_owned());
        let tel = Some("tel:+49301234".to_owned());
        let named = format!("{NAME}\"Carol, M.\" <sip:carol@example.org>\r\n");
        let number = "p-asserted-identity: tel:+49301234\r\n";
        for (fields, wanted) in [
            (String::new(), [None, None]),
            (named.clone(), [sip.clone(), None]),
            (number.to_owned(), [None, tel.clone()]),
            (format!("{named}{number}"), [sip.clone(), tel.clone()]),
            (format!("{NAME}<tel:+49301234>, <sip:carol@example.org>\r\n"), [sip.clone(), tel]),
            (format!("{NAME}sip:carol@example.org;user=phone\r\n"), [sip, None]),
            // Nobody knows which.
            (format!("{named}{named}"), [None, None]),
            (format!("{number}{number}"), [None, None]),
            (format!("{NAME}<sip:carol@example.org>, <sips:bank@example.org>\r\n"), [None, None]),
            (format!("{NAME}<mailto:carol@example.org>\r\n"), [None, None]),
            (format!("{named}{NAME}x\r\n"), [None, None]),
        ] {
            assert_eq!(asserted(&fields), wanted, "{fields}");
        }
    }
}
