//! Canonical addresses of record: two spellings of one address give the same octets.
//!
//! Scheme and host in lower case, `%`-escapes of RFC 3261's `unreserved` decoded and all others in
//! upper-case hex, and default port, password, parameters and headers dropped. RFC 3261 §19.1,
//! RFC 3966 §5.1, RFC 5952.

use crate::class::{UNRESERVED, is};
use crate::{Host, Scheme, Uri, hex};
use core::fmt::{self, Write};
use core::net::IpAddr;

/// The octets are no `sip:`, `sips:` or global `tel:` address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAor;

impl fmt::Display for NotAnAor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address of record")
    }
}

impl core::error::Error for NotAnAor {}

/// Shows the canonical form of a URI (an addr-spec, without display name and angle brackets) to
/// `put`, piece by piece. The pieces are ASCII.
///
/// # Errors
/// [`NotAnAor`] for another scheme, a local `tel:` number, a user part that should have been
/// escaped, a host that could be another's spelling, or what cannot be read; `put` has been shown
/// nothing then.
pub fn canonical(uri: &[u8], mut put: impl FnMut(&[u8])) -> Result<(), NotAnAor> {
    let uri = Uri::parse(uri).map_err(|_| NotAnAor)?;
    match uri.scheme() {
        Scheme::Sip => sip(&uri, b"sip:", 5060, &mut put),
        Scheme::Sips => sip(&uri, b"sips:", 5061, &mut put),
        Scheme::Tel => tel(&uri, &mut put),
        Scheme::Other(_) => Err(NotAnAor),
    }
}

#[inline]
fn sip(
    uri: &Uri<'_>, scheme: &[u8], default_port: u16, put: &mut impl FnMut(&[u8]),
) -> Result<(), NotAnAor> {
    let host = uri.host().filter(has_one_spelling).ok_or(NotAnAor)?;
    if uri.has_odd_user() {
        return Err(NotAnAor);
    }
    put(scheme);
    if let Some(user) = uri.user() {
        put_user(user, put);
        put(b"@");
    }
    match host.as_bytes() {
        [b'[', ..] => put_ipv6(&host, put),
        name => put_lower_case(name, put),
    }
    if let Some(port) = uri.port().filter(|port| *port != default_port) {
        put_text(format_args!(":{port}"), put);
    }
    Ok(())
}

/// Whether nothing else is the same host: an IPv4 address whose numbers have leading zeros is read
/// as octal by some, and a name that ends in a number, such as `3402000000` or `0x7f.1`, as an
/// address. RFC 6943 §3.1.1.
#[inline]
fn has_one_spelling(host: &Host<'_>) -> bool {
    let name = host.as_bytes();
    let last = name.rsplit(|octet| *octet == b'.').next().unwrap_or_default();
    let is_number = match last {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
    };
    !is_number || host.ip().is_some()
}

#[inline]
fn put_user(user: &[u8], put: &mut impl FnMut(&[u8])) {
    let mut rest = user;
    while !rest.is_empty() {
        let plain = rest.iter().position(|octet| *octet == b'%').unwrap_or(rest.len());
        let (part, behind) = rest.split_at_checked(plain).unwrap_or((rest, b""));
        put(part);
        rest = put_escape(behind, put);
    }
}

/// Puts the escape that `octets` begin with; yields what follows it.
fn put_escape<'a>(octets: &'a [u8], put: &mut impl FnMut(&[u8])) -> &'a [u8] {
    let [b'%', high, low, rest @ ..] = octets else { return b"" };
    match hex::octet(*high, *low) {
        Some(octet) if is(octet, UNRESERVED) => put(&[octet]),
        _ => put(&[b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]),
    }
    rest
}

#[inline]
fn put_lower_case(name: &[u8], put: &mut impl FnMut(&[u8])) {
    let mut buffer = [0; 64];
    for chunk in name.chunks(buffer.len()) {
        let (lower, _) = buffer.split_at_mut_checked(chunk.len()).unwrap_or_default();
        lower.copy_from_slice(chunk);
        lower.make_ascii_lowercase();
        put(lower);
    }
}

/// `Display` writes RFC 5952, v4-mapped addresses in their mixed form (§5).
#[cold]
fn put_ipv6(host: &Host<'_>, put: &mut impl FnMut(&[u8])) {
    if let Some(IpAddr::V6(address)) = host.ip() {
        put_text(format_args!("[{address}]"), put);
    }
}

fn put_text(text: fmt::Arguments<'_>, put: &mut impl FnMut(&[u8])) {
    struct Put<'p, P>(&'p mut P);
    impl<P: FnMut(&[u8])> Write for Put<'_, P> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            (self.0)(text.as_bytes());
            Ok(())
        }
    }
    // `put` cannot fail.
    let _ = Put(put).write_fmt(text);
}

/// A global number without its visual separators. RFC 3966 §5.1.4.
fn tel(uri: &Uri<'_>, put: &mut impl FnMut(&[u8])) -> Result<(), NotAnAor> {
    let digits = uri.user().and_then(|number| number.strip_prefix(b"+")).ok_or(NotAnAor)?;
    put(b"tel:+");
    digits.split(|octet| !octet.is_ascii_digit()).for_each(put);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(uri: &str) -> Option<String> {
        let mut octets = Vec::new();
        let outcome = canonical(uri.as_bytes(), |part| octets.extend_from_slice(part));
        assert!(outcome.is_ok() || octets.is_empty(), "{uri}");
        outcome.ok().map(|()| String::from_utf8(octets).unwrap())
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
            ("sip:w@1AF019b2ba08", "sip:w@1af019b2ba08"),
            ("sip:w@PBX_dev:5060", "sip:w@pbx_dev"),
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
            "sip:bob@3402000000",
            "sip:bob@0x7f000001",
            "sip:bob@0x7f.0X1",
            "sip:*21#@example.org",
            "tel:911",
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn canonical_is_a_fixed_point_and_never_panics(uri in "(sips?:|tel:\\+)?[ -~]{0,24}") {
            if let Some(canonical) = text(&uri) {
                prop_assert_eq!(text(&canonical), Some(canonical.clone()));
            }
        }
    }
}
