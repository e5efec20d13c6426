//! Addresses of record in their canonical form, as CS1 signs them and the sealed nonce binds them.
//!
//! What the form is, and how an address is read, is [`sip_syntax::aor`]'s to say.

pub use sip_syntax::aor::NotAnAor;

use sip_syntax::Host;
use smallvec::SmallVec;
use std::fmt;

/// Octets of an address that are kept without an allocation: nearly every one has fewer.
const SHORT: usize = 56;

/// A canonical address of record, for example `sip:alice@example.org`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aor(SmallVec<[u8; SHORT]>);

/// The canonical form of a URI (an addr-spec, without display name and angle brackets).
///
/// # Errors
/// [`NotAnAor`] for another scheme, a local `tel:` number, or what RFC 3261 §25.1 does not allow.
pub fn canonical(uri: &[u8]) -> Result<Aor, NotAnAor> {
    let mut octets = SmallVec::new();
    sip_syntax::aor::canonical(uri, |part| octets.extend_from_slice(part))?;
    if octets.is_ascii() { Ok(Aor(octets)) } else { Err(NotAnAor) }
}

impl Aor {
    /// The canonical octets, which are ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The canonical octets as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The user part with its `@`, or nothing, and the host; `None` for a `tel:` number. In the
    /// canonical form no other `@` stands, and nothing but a port behind the host.
    fn parts(&self) -> Option<(&str, &str)> {
        let (scheme, rest) = self.as_str().split_once(':')?;
        let (user, host) = rest.split_at_checked(rest.find('@').map_or(0, |at| at + 1))?;
        let end = match host.strip_prefix('[') {
            Some(reference) => reference.find(']')? + 2,
            None => host.find(':').unwrap_or(host.len()),
        };
        host.get(..end).filter(|_| scheme != "tel").map(|host| (user, host))
    }

    /// Whether the user part is this name, letter for letter.
    pub fn is_user(&self, name: &str) -> bool {
        self.parts().is_some_and(|(user, _)| user.strip_suffix('@') == Some(name))
    }

    /// The host, without port; `None` for a `tel:` number. An IPv6 address has its brackets.
    pub fn domain(&self) -> Option<&str> {
        self.parts().map(|(_, host)| host)
    }

    /// The address as contacts and pins are looked up by. Nobody is another person by being called
    /// with `sips:`, at another port, in capitals, or with the root's dot behind the host name:
    /// whoever claims such an address claims to be who the plain spelling names.
    /// RFC 3261 §19.1, RFC 1034 §3.1.
    #[must_use]
    pub fn as_contact(&self) -> Self {
        let Some((user, host)) = self.parts() else { return self.clone() };
        let mut contact = SmallVec::new();
        for part in ["sip:", user, host.strip_suffix('.').unwrap_or(host)] {
            contact.extend_from_slice(part.as_bytes());
        }
        contact.make_ascii_lowercase();
        Self(contact)
    }

    /// Whether `realm` is this address's domain or, below a named domain, one of its subdomains.
    pub fn has_realm(&self, realm: &str) -> bool {
        let Some(domain) = self.domain() else { return false };
        let realm = realm.to_ascii_lowercase();
        if realm == domain {
            return true;
        }
        let below = realm.strip_suffix(domain).is_some_and(|labels| labels.ends_with('.'));
        below
            && Host::parse(domain.as_bytes()).is_ok_and(|host| host.ip().is_none())
            && Host::parse(realm.as_bytes()).is_ok()
    }
}

impl fmt::Display for Aor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Aor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_the_domain_or_below_it() {
        let aor = canonical(b"sip:bob@example.org:5070").unwrap();
        assert_eq!(aor.domain(), Some("example.org"));
        assert!(aor.has_realm("example.org"));
        assert!(aor.has_realm("Bob.Example.ORG"));
        assert!(aor.has_realm("5.example.org"));
        for realm in ["", "org", "badexample.org", ".example.org", "a b.example.org"] {
            assert!(!aor.has_realm(realm), "{realm}");
        }
        let address = canonical(b"sip:bob@192.0.2.1").unwrap();
        assert!(address.has_realm("192.0.2.1"));
        assert!(!address.has_realm("7.192.0.2.1") && !address.has_realm("bob.192.0.2.1"));
        let six = canonical(b"sip:bob@[::1]:5070").unwrap();
        assert_eq!(six.domain(), Some("[::1]"));
        assert!(six.has_realm("[::1]") && !six.has_realm("bob.[::1]"));
        assert_eq!(canonical(b"tel:+1").unwrap().domain(), None);
    }

    #[test]
    fn a_contact_is_found_by_what_reaches_it() {
        for (uri, contact) in [
            ("sip:bob@h.example", "sip:bob@h.example"),
            ("sips:bob@h.example", "sip:bob@h.example"),
            ("sip:bob@h.example.", "sip:bob@h.example"),
            ("sip:h.example.@h.example.:5070", "sip:h.example.@h.example"),
            ("SIPS:%42ob@H.example:05071;lr", "sip:bob@h.example"),
            ("sip:bob@[2001:DB8::1]:5070", "sip:bob@[2001:db8::1]"),
            ("sips:bob@192.0.2.1", "sip:bob@192.0.2.1"),
            ("tel:+1", "tel:+1"),
        ] {
            let aor = canonical(uri.as_bytes()).unwrap();
            assert_eq!(aor.as_contact().as_str(), contact, "{uri}");
        }
    }
}
