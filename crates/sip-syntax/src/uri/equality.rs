//! When two URIs are the same. RFC 3261 §19.1.4.

use super::value::{Scheme, Uri};
use crate::{Param, hex};

/// Parameters that, standing in one URI only, make two URIs differ.
const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl Uri<'_> {
    /// Whether both URIs are equivalent. RFC 3261 §19.1.4; opaque URIs compare by octets, tel
    /// URIs without visual separators (RFC 3966 §4).
    ///
    /// Unlike `==` it is no equivalence relation: it is not transitive, by the RFC's own rules.
    pub fn matches(&self, other: &Uri<'_>) -> bool {
        match (self.scheme, other.scheme) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => self.matches_sip(other),
            (Scheme::Tel, Scheme::Tel) => self.matches_tel(other),
            (Scheme::Other(_), Scheme::Other(_)) => self.raw == other.raw,
            _ => false,
        }
    }

    /// Whether this is its user part: case counts, and an escape is what it stands for; a tel URI's
    /// number counts without visual separators. RFC 3261 §19.1.4, RFC 3966 §4.
    pub fn has_user(&self, user: &[u8]) -> bool {
        match self.scheme {
            Scheme::Tel => digits(self.user).eq(digits(Some(user))),
            Scheme::Sip | Scheme::Sips | Scheme::Other(_) => same_part(self.user, Some(user)),
        }
    }

    fn matches_sip(&self, other: &Uri<'_>) -> bool {
        let hosts = match (self.host, other.host) {
            (Some(mine), Some(theirs)) => mine.matches(&theirs),
            _ => false,
        };
        hosts
            && same_part(self.user, other.user)
            && same_part(self.password, other.password)
            && self.port == other.port
            && self.params_match(other)
            && self.headers_match(other)
    }

    fn params_match(&self, other: &Uri<'_>) -> bool {
        let one_way = |a: &Uri<'_>, b: &Uri<'_>| {
            a.params.iter().all(|param| {
                b.params.iter().find(|p| equal_folded(p.name, param.name)).map_or_else(
                    || !TELLING.iter().any(|name| param.is(name)),
                    |found| same_value(&found, &param),
                )
            })
        };
        one_way(self, other) && one_way(other, self)
    }

    /// Headers are never ignored: each must be in both, in any order.
    fn headers_match(&self, other: &Uri<'_>) -> bool {
        let count = |uri: &Uri<'_>, name: &[u8], value: &[u8]| {
            uri.headers
                .iter()
                .filter(|(n, v)| equal_folded(n, name) && unescape(v).eq(unescape(value)))
                .count()
        };
        self.headers.iter().count() == other.headers.iter().count()
            && self
                .headers
                .iter()
                .all(|(name, value)| count(self, name, value) == count(other, name, value))
    }

    fn matches_tel(&self, other: &Uri<'_>) -> bool {
        let params = |uri: &Uri<'_>| uri.params.iter().count();
        digits(self.user).eq(digits(other.user))
            && params(self) == params(other)
            && self.params.iter().all(|param| {
                other
                    .params
                    .iter()
                    .any(|p| equal_folded(p.name, param.name) && same_value(&p, &param))
            })
    }
}

/// The digits of a telephone number, without its visual separators.
fn digits(number: Option<&[u8]>) -> impl Iterator<Item = u8> + '_ {
    let digits = number.unwrap_or_default().iter();
    digits.filter(|byte| !matches!(byte, b'-' | b'.' | b'(' | b')')).map(u8::to_ascii_lowercase)
}

/// User and password: case counts, an escape is what it stands for.
fn same_part(mine: Option<&[u8]>, theirs: Option<&[u8]>) -> bool {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => unescape(mine).eq(unescape(theirs)),
        (None, None) => true,
        _ => false,
    }
}

fn same_value(a: &Param<'_>, b: &Param<'_>) -> bool {
    match (a.value, b.value) {
        (Some(a), Some(b)) => equal_folded(a, b),
        (None, None) => true,
        _ => false,
    }
}

fn equal_folded(a: &[u8], b: &[u8]) -> bool {
    let fold = |byte: (u8, bool)| (byte.0.to_ascii_lowercase(), byte.1);
    unescape(a).map(fold).eq(unescape(b).map(fold))
}

/// The octets that a part of a URI stands for: `%HH` is one. RFC 3261 §19.1.4.
pub fn unescaped(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    unescape(text).map(|(octet, _)| octet)
}

/// The octets that `text` stands for, each with whether it is a reserved one that was escaped:
/// such an escape is not the octet itself. RFC 3261 §19.1.4, RFC 2396 §2.4.2.
fn unescape(text: &[u8]) -> impl Iterator<Item = (u8, bool)> + '_ {
    let mut rest = text;
    core::iter::from_fn(move || match rest {
        [b'%', high, low, tail @ ..] => {
            let byte = hex::octet(*high, *low)?;
            rest = tail;
            Some((byte, b";/?:@&=+$,%".contains(&byte)))
        }
        [byte, tail @ ..] => {
            rest = tail;
            Some((*byte, false))
        }
        [] => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let uri = |text| Uri::parse(text).unwrap();
        let (one, other) = (uri(one.as_bytes()), uri(other.as_bytes()));
        assert_eq!(one.matches(&other), other.matches(&one), "both ways");
        one.matches(&other)
    }

    #[test]
    fn uris_are_the_same_where_the_rfc_says_so() {
        for (one, other) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("tel:+1-201-555-0123", "tel:+1(201)5550123"),
            ("tel:7042;phone-context=example.com", "tel:7042;Phone-Context=EXAMPLE.com"),
            ("urn:service:sos", "urn:service:sos"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn uris_differ_where_the_rfc_says_so() {
        for (one, other) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
            ("sip:biloxi.com", "sip:bob@biloxi.com"),
            ("sip:bob@biloxi.com", "sip:bob:secret@biloxi.com"),
            ("sip:bob:secret@biloxi.com", "sip:bob:SECRET@biloxi.com"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=ip"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;ttl=1"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;method=INVITE"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=biloxi.com"),
            // Of characters that are reserved an escape is another.
            ("sip:a%3Bb@biloxi.com", "sip:a;b@biloxi.com"),
            ("sip:bob@biloxi.com?a=1&a=1", "sip:bob@biloxi.com?a=1&a=2"),
            ("tel:+12015550123", "tel:12015550123;phone-context=+1"),
            ("tel:7042;phone-context=a.example", "tel:7042;phone-context=b.example"),
            ("tel:+12015550123", "tel:+12015550123;ext=1"),
            ("urn:service:sos", "urn:service:SOS"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
