//! The SIP domains that a certificate is for. RFC 5922 §7.1 and §7.2.

use rustls_pki_types::ServerName;
use std::net::IpAddr;
use webpki::EndEntityCert;

/// No DNS name is longer, in octets. RFC 1035 §2.3.4.
const LONGEST: usize = 253;

/// Whether the certificate is for `name`: a domain, or an address that it lists as such.
pub(super) fn is_for(certificate: &EndEntityCert<'_>, name: &str) -> bool {
    match address(name) {
        Some(address) => certificate
            .verify_is_valid_for_subject_name(&ServerName::IpAddress(address.into()))
            .is_ok(),
        None => domains(certificate).iter().any(|domain| same(domain, name)),
    }
}

/// The domains: those of `sip` URIs, and only where there is none, the DNS names.
///
/// The common name is none of them, though RFC 5922 §7.1 leaves that open: it is text, and what is
/// written there was checked by nobody (case X01).
pub(super) fn domains<'a>(certificate: &EndEntityCert<'a>) -> Vec<&'a str> {
    let of_uris: Vec<_> = certificate.valid_uri_names().filter_map(domain_of_uri).collect();
    if of_uris.is_empty() {
        return certificate.valid_dns_names().filter(|name| is_domain(name)).collect();
    }
    of_uris
}

/// The host of a `sip` URI without a user; one with a user names a person, and `sips` is another
/// scheme.
fn domain_of_uri(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sip") || rest.contains('@') {
        return None;
    }
    let host = rest.split([':', ';', '?']).next()?;
    is_domain(host).then_some(host)
}

/// Octets that may be shown as they are, and no more of them than a name has.
fn is_domain(name: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"-._*".contains(&octet);
    !name.is_empty() && name.len() <= LONGEST && name.bytes().all(fits)
}

/// Whether two names are one: as a whole and in any case, a root's dot apart; addresses by value.
///
/// A wildcard is an octet like others: RFC 5922 §7.2 forbids to match by it.
pub(super) fn same(one: &str, other: &str) -> bool {
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => bare(one).eq_ignore_ascii_case(bare(other)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// The address that a name is, an IPv6 address with or without its brackets.
fn address(name: &str) -> Option<IpAddr> {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(name).parse().ok()
}
