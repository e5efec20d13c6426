//! `WWW-Authenticate: Bearer …` and `Proxy-Authenticate`, as a client reads them. RFC 8898 §4.

use sip_syntax::Text;
use sip_syntax::auth::{Malformed, Separator, values};

/// The parameters that are read.
const NAMES: [&str; 2] = ["realm", "authz_server"];

/// What a challenge says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Challenge<'a> {
    /// Whose protection domain it is.
    pub(super) realm: Text<'a>,
    /// Whose token is wanted, an `https` URI. A server that takes tokens must name it (RFC 8898 §2.2): without
    /// it nothing says whose token is to leave.
    pub(super) server: Text<'a>,
}

impl<'a> Challenge<'a> {
    /// Reads the parameters after the word `Bearer`.
    ///
    /// # Errors
    /// [`Malformed`]: such a challenge is ignored.
    pub(super) fn parse(list: &'a [u8]) -> Result<Self, Malformed> {
        let [realm, server] = values(list, Separator::Comma, &NAMES)?;
        Ok(Self { realm: realm.ok_or(Malformed)?, server: server.ok_or(Malformed)? })
    }
}
