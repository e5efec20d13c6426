//! Who a request is held against: one party is one place that receives what we send to it.

use sha2::{Digest as _, Sha256};
use sip_syntax::block;
use std::net::IpAddr;

/// Whom failed proofs are held against, and whose questions to the security application are
/// counted. Asked only under a nonce of ours, which shows that the source receives there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    /// An IPv4 address, or the /64 that is handed out for IPv6.
    Source(IpAddr),
    /// Whoever claims this user in this realm behind a proxy of ours, which all its users share.
    Claimed([u8; 16]),
}

impl Party {
    /// The party at an address.
    pub(crate) fn at(source: IpAddr) -> Self {
        Self::Source(block(source, 64))
    }

    /// The party that claims `user` in `realm` behind a proxy.
    pub(crate) fn claiming(user: &[u8], realm: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [user, realm] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut short = [0; 16];
        short.iter_mut().zip(hash.finalize()).for_each(|(octet, hashed)| *octet = hashed);
        Self::Claimed(short)
    }

    /// The IPv6 site that the party can take any number of addresses from, a /48. RFC 6177 §2.
    pub(crate) fn site(self) -> Option<IpAddr> {
        match self {
            Self::Source(source @ IpAddr::V6(_)) => Some(block(source, 48)),
            Self::Source(IpAddr::V4(_)) | Self::Claimed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Party {
        Party::at(text.parse().unwrap())
    }

    #[test]
    fn a_party_is_an_ipv4_address_or_a_64_of_ipv6() {
        assert_eq!(at("192.0.2.1"), at("::ffff:192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:0:0:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("2001:db8::1").site(), at("2001:db8:0:1::1").site());
        assert_ne!(at("2001:db8::1").site(), at("2001:db8:1::1").site());
        assert_eq!(at("192.0.2.1").site(), None);
    }

    #[test]
    fn user_and_realm_cannot_be_shifted_into_one_another() {
        assert_eq!(Party::claiming(b"al", b"x"), Party::claiming(b"al", b"x"));
        assert_ne!(Party::claiming(b"al", b"x"), Party::claiming(b"a", b"lx"));
    }
}
