//! The signed Authorization that a request carries.

use super::Credentials;
use crate::manager::owed::authorizations;
use ssa::Request;

/// The signed Authorization of a request that answers one of `nonces`.
pub(crate) fn signed_with<'a>(
    request: &Request<'a>, nonces: &[Vec<u8>],
) -> Option<Credentials<'a>> {
    let parsed = |value| Credentials::parse(value).ok().flatten();
    let mut signed = authorizations(request).filter_map(parsed);
    signed.find(|credentials| nonces.iter().any(|nonce| **nonce == *credentials.nonce))
}
