//! Canonical addresses of record, as CS1 signs them and the sealed nonce binds them.
//!
//! Two spellings of one address give the same octets: scheme and host in lower case, `%`-escapes
//! of RFC 3261's `unreserved` decoded and all others in upper-case hex, and default port,
//! password, parameters and headers dropped. RFC 3261 §19.1, RFC 3966 §5.1, RFC 5952.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A canonical address of record, for example `sip:alice@example.org`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aor(String);

/// The octets are no `sip:`, `sips:` or global `tel:` address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAor;

impl fmt::Display for NotAnAor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address of record")
    }
}

impl std::error::Error for NotAnAor {}

/// The canonical form of a URI (an addr-spec, without display name and angle brackets).
///
/// # Errors
/// [`NotAnAor`] for another scheme, a local `tel:` number, or what RFC 3261 §25.1 does not allow.
pub fn canonical(uri: &[u8]) -> Result<Aor, NotAnAor> {
    if !uri.iter().fold(true, |all, octet| all & octet.is_ascii_graphic()) {
        return Err(NotAnAor);
    }
    let (scheme, rest) = cut(uri, b':').ok_or(NotAnAor)?;
    let is = |word: &[u8]| scheme.eq_ignore_ascii_case(word);
    let octets = match scheme.len() {
        3 if is(b"sip") => sip(b"sip:", 5060, rest),
        4 if is(b"sips") => sip(b"sips:", 5061, rest),
        3 if is(b"tel") => tel(rest),
        _ => Err(NotAnAor),
    }?;
    String::from_utf8(octets).map(Aor).map_err(|_| NotAnAor)
}

impl Aor {
    /// The canonical octets, which are ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, without port; `None` for a `tel:` number. An IPv6 address has its brackets.
    pub fn domain(&self) -> Option<&str> {
        let (scheme, rest) = self.0.split_once(':')?;
        if scheme == "tel" {
            return None;
        }
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        let end = match host.find(']') {
            Some(bracket) => bracket + 1,
            None => host.find(':').unwrap_or(host.len()),
        };
        host.get(..end)
    }

    /// The address as contacts are looked up by: a `sips:` address and a host name with the root's
    /// dot at its end reach whoever the plain spelling reaches. RFC 3261 §19.1, RFC 1034 §3.1.
    pub(crate) fn as_contact(&self) -> Self {
        let Some(host) = self.domain() else { return self.clone() };
        let rest = self.0.split_once(':').map_or(self.as_str(), |(_, rest)| rest);
        let (user, hostport) = rest.split_at(rest.find('@').map_or(0, |at| at + 1));
        let port = hostport.get(host.len()..).unwrap_or_default();
        Self(format!("sip:{user}{}{port}", host.strip_suffix('.').unwrap_or(host)))
    }

    /// Whether `realm` is this address's domain or, below a named domain, one of its subdomains.
    pub fn has_realm(&self, realm: &str) -> bool {
        let Some(domain) = self.domain() else {
            return false;
        };
        let realm = realm.to_ascii_lowercase();
        if realm == domain {
            return true;
        }
        let named = !domain.starts_with('[') && domain.parse::<Ipv4Addr>().is_err();
        let below = realm.strip_suffix(domain).and_then(|r| r.strip_suffix('.'));
        named && below.is_some_and(|label| push_host(&mut Vec::new(), label.as_bytes()).is_ok())
    }
}

impl fmt::Display for Aor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Aor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands before the first `mark` and what after it.
fn cut(octets: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let (before, after) = octets.split_at_checked(octets.iter().position(|b| *b == mark)?)?;
    Some((before, after.get(1..)?))
}

/// `[userinfo "@"] hostport *(";" parameter) ["?" headers]`
fn sip(scheme: &[u8], default_port: u16, rest: &[u8]) -> Result<Vec<u8>, NotAnAor> {
    let mut out = Vec::with_capacity(scheme.len() + rest.len());
    out.extend_from_slice(scheme);
    // A user part may hold `;` and `?`, but only one `@` can stand in the whole URI.
    let tail = match cut(rest, b'@') {
        Some((userinfo, tail)) => {
            user(&mut out, userinfo)?;
            tail
        }
        None => rest,
    };
    let end = tail.iter().position(|b| matches!(b, b';' | b'?'));
    let (hostport, dropped) = tail.split_at_checked(end.unwrap_or(tail.len())).ok_or(NotAnAor)?;
    if dropped.contains(&b'@') {
        return Err(NotAnAor);
    }
    push_hostport(&mut out, hostport, default_port)?;
    Ok(out)
}

/// Appends the user and its `@`; the password is dropped.
fn user(out: &mut Vec<u8>, userinfo: &[u8]) -> Result<(), NotAnAor> {
    let start = out.len();
    let mut octets = userinfo.iter().copied().take_while(|b| *b != b':');
    while let Some(octet) = octets.next() {
        match octet {
            b'%' => push_escaped(out, hex(octets.next())? << 4 | hex(octets.next())?),
            b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/' => out.push(octet),
            _ if is_unreserved(octet) => out.push(octet),
            _ => return Err(NotAnAor),
        }
    }
    if out.len() == start {
        return Err(NotAnAor);
    }
    out.push(b'@');
    Ok(())
}

fn push_escaped(out: &mut Vec<u8>, octet: u8) {
    if is_unreserved(octet) {
        out.push(octet);
    } else {
        out.extend_from_slice(format!("%{octet:02X}").as_bytes());
    }
}

fn hex(digit: Option<u8>) -> Result<u8, NotAnAor> {
    let value = digit.and_then(|d| char::from(d).to_digit(16));
    value.and_then(|v| u8::try_from(v).ok()).ok_or(NotAnAor)
}

/// `unreserved` of RFC 3261 §25.1.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

fn push_hostport(out: &mut Vec<u8>, octets: &[u8], default_port: u16) -> Result<(), NotAnAor> {
    // The colons of an IPv6 address stand in its brackets.
    let after_host = match octets {
        [b'[', ..] => octets.iter().position(|b| *b == b']').map(|at| at + 1),
        _ => octets.iter().position(|b| *b == b':'),
    };
    let (host, port) =
        octets.split_at_checked(after_host.unwrap_or(octets.len())).ok_or(NotAnAor)?;
    push_host(out, host)?;
    if port.is_empty() {
        return Ok(());
    }
    let digits = port.strip_prefix(b":").ok_or(NotAnAor)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotAnAor);
    }
    let number: u16 = parsed(digits)?;
    if number != default_port {
        out.extend_from_slice(format!(":{number}").as_bytes());
    }
    Ok(())
}

fn parsed<T: std::str::FromStr>(octets: &[u8]) -> Result<T, NotAnAor> {
    std::str::from_utf8(octets).ok().and_then(|text| text.parse().ok()).ok_or(NotAnAor)
}

/// Appends a host name, an IPv4 address, or an IPv6 address in brackets, in canonical form.
fn push_host(out: &mut Vec<u8>, octets: &[u8]) -> Result<(), NotAnAor> {
    if let Some(rest) = octets.strip_prefix(b"[") {
        let address: Ipv6Addr = parsed(rest.strip_suffix(b"]").ok_or(NotAnAor)?)?;
        // `Display` writes RFC 5952, v4-mapped addresses in their mixed form (§5).
        out.extend_from_slice(format!("[{address}]").as_bytes());
        return Ok(());
    }
    let (mut previous, mut numeric) = (b'.', false);
    for octet in octets.strip_suffix(b".").unwrap_or(octets) {
        match (previous, octet) {
            (b'.', b'.') => return Err(NotAnAor),
            // What ends in a number can only be an IPv4 address, and has one spelling.
            (b'.', _) => numeric = octet.is_ascii_digit(),
            _ => {}
        }
        // RFC 1123 knows no underscore in a host name; many networks do.
        if !(octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_')) {
            return Err(NotAnAor);
        }
        previous = *octet;
    }
    if previous == b'.' || (numeric && parsed::<Ipv4Addr>(octets).is_err()) {
        return Err(NotAnAor);
    }
    out.extend(octets.iter().map(u8::to_ascii_lowercase));
    Ok(())
}

/// A global number without its visual separators. RFC 3966 §5.1.4.
fn tel(rest: &[u8]) -> Result<Vec<u8>, NotAnAor> {
    let number = cut(rest, b';').map_or(rest, |(number, _)| number);
    let digits = number.strip_prefix(b"+").ok_or(NotAnAor)?;
    let mut out = Vec::with_capacity("tel:+".len() + digits.len());
    out.extend_from_slice(b"tel:+");
    for octet in digits {
        match octet {
            b'0'..=b'9' => out.push(*octet),
            b'-' | b'.' | b'(' | b')' => {}
            _ => return Err(NotAnAor),
        }
    }
    if out.len() == "tel:+".len() {
        return Err(NotAnAor);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(uri: &str) -> Option<String> {
        canonical(uri.as_bytes()).ok().map(|aor| aor.to_string())
    }

    #[test]
    fn spellings_of_one_address_are_one() {
        for (uri, expected) in [
            ("sip:bob@example.org", "sip:bob@example.org"),
            ("SIP:bob@EXAMPLE.org:5060", "sip:bob@example.org"),
            ("sips:bob@example.org:5061", "sips:bob@example.org"),
            ("sips:bob@example.org:5060", "sips:bob@example.org:5060"),
            ("sip:bob@example.org:05070", "sip:bob@example.org:5070"),
            ("sip:%62o%42:secret@h.example;lr?a=b", "sip:boB@h.example"),
            ("sip:a%2fb%40c@h.example", "sip:a%2Fb%40c@h.example"),
            ("sip:a;b?c/d@h.example", "sip:a;b?c/d@h.example"),
            ("sip:%2d%7E%2b@h.example", "sip:-~%2B@h.example"),
            ("sip:Example.ORG", "sip:example.org"),
            ("sip:a@192.0.2.1:5060", "sip:a@192.0.2.1"),
            ("sip:a@[2001:DB8:0:0:0::1]:5070", "sip:a@[2001:db8::1]:5070"),
            ("sip:a@[::FFFF:c000:201]", "sip:a@[::ffff:192.0.2.1]"),
            ("tel:+1-(201).555-0123;isub=7", "tel:+12015550123"),
        ] {
            assert_eq!(text(uri).as_deref(), Some(expected), "{uri}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for uri in [
            "",
            "bob@example.org",
            "mailto:bob@example.org",
            "sip:",
            "sip:@example.org",
            "sip:bob@",
            "sip:bob@example.org:",
            "sip:bob@example.org:65536",
            "sip:bob@example.org:+5060",
            "sip:bob@example..org",
            "sip:bob@exa%6dple.org",
            "sip:bob@192.0.2.01",
            "sip:bob@1.2.3",
            "sip:bob@[::1",
            "sip:bob@[fe80::1%25eth0]",
            "sip:bob@[::1]x",
            "sip:a@b@example.org",
            "sip:bob@example.org;x=a@b",
            "sip:b%4@example.org",
            "sip:b%+4@example.org",
            "sip:b ob@example.org",
            "sip:b\u{f6}b@example.org",
            "sip:\"bob\"@example.org",
            "tel:5550123",
            "tel:+",
            "tel:+-",
            "tel:+1a",
        ] {
            assert_eq!(text(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_realm_is_the_domain_or_below_it() {
        let aor = canonical(b"sip:bob@example.org:5070").unwrap();
        assert_eq!(aor.domain(), Some("example.org"));
        assert!(aor.has_realm("example.org"));
        assert!(aor.has_realm("Bob.Example.ORG"));
        for realm in ["", "org", "badexample.org", ".example.org", "a b.example.org"] {
            assert!(!aor.has_realm(realm), "{realm}");
        }
        let address = canonical(b"sip:bob@192.0.2.1").unwrap();
        assert!(address.has_realm("192.0.2.1"));
        assert!(!address.has_realm("7.192.0.2.1"));
        let six = canonical(b"sip:bob@[::1]:5070").unwrap();
        assert_eq!(six.domain(), Some("[::1]"));
        assert_eq!(canonical(b"tel:+1").unwrap().domain(), None);
    }

    #[test]
    fn a_contact_is_found_by_what_reaches_it() {
        for (uri, contact) in [
            ("sip:bob@h.example", "sip:bob@h.example"),
            ("sips:bob@h.example", "sip:bob@h.example"),
            ("sip:bob@h.example.", "sip:bob@h.example"),
            ("sip:h.example.@h.example.:5070", "sip:h.example.@h.example:5070"),
            ("sips:bob@192.0.2.1", "sip:bob@192.0.2.1"),
            ("tel:+1", "tel:+1"),
        ] {
            let aor = canonical(uri.as_bytes()).unwrap();
            assert_eq!(aor.as_contact().as_str(), contact, "{uri}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn canonical_is_a_fixed_point_and_never_panics(uri in "(sips?:|tel:\\+)?[ -~]{0,24}") {
            if let Ok(aor) = canonical(uri.as_bytes()) {
                prop_assert_eq!(canonical(aor.as_str().as_bytes()), Ok(aor));
            }
        }
    }
}
