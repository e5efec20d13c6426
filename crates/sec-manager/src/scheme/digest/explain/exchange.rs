//! What is to be explained.

use crate::digest::{Asked, Challenge, Credentials};

/// Credentials, and what they should have been made of.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// The challenge that they answer, where it is known.
    pub challenge: Option<Challenge<'a>>,
    /// The credentials.
    pub credentials: Credentials<'a>,
    /// The request's method and body.
    pub asked: Asked<'a>,
    /// The Request-URI, where it is known.
    pub request_uri: Option<&'a [u8]>,
    /// The user whose password it is: told apart from the credentials' own where that is a hash
    /// (RFC 7616 §3.4.4).
    pub user: Option<&'a [u8]>,
    /// The user's password.
    pub password: &'a [u8],
}
