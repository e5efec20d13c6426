//! Access tokens for registrars and proxies, as a client. RFC 8898.
//!
//! Whoever has the token is the user, wherever it is shown: it leaves only over TLS to a name that was
//! proved (§2.1.2), for the realm of the account, and where the challenge names an authorization server
//! that the account trusts (§2.1.1). How the token is got is the application's affair; it is asked for
//! one when one is wanted. An account of this scheme answers no other.

mod challenge;
mod client;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use token::{TokenAnswer, TokenWanted};

/// The scheme's word.
pub const SCHEME: &str = "Bearer";

/// The scheme as a value: given to the manager's builder, it is linked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bearer;
