//! A token, from when it is wanted until the call is over.

use super::SCHEME;
use ssa::Why;
use sst::{Password, TelephonyApplication};
use std::sync::Arc;

/// Octets of the longest token.
const LONGEST: usize = 8 * 1024;

/// A token that is wanted, of this authorization server.
pub(crate) struct TokenWanted {
    pub(crate) server: String,
}

/// A token that is shown, or was.
#[derive(Clone)]
pub(crate) struct TokenAnswer {
    /// Who gave it.
    server: String,
    token: Arc<Password>,
}

impl TokenWanted {
    /// The token, once the application has given it.
    ///
    /// # Errors
    /// There is none, or it is none: what is no token could end the header field and begin another.
    pub(crate) async fn asked(
        self, of: &dyn TelephonyApplication, user: &str, realm: &[u8],
    ) -> Result<TokenAnswer, Why> {
        let realm = String::from_utf8_lossy(realm);
        let token = of.token(&self.server, &realm, user).await.ok_or(Why::NoToken)?;
        let is_token = is_token(token.expose());
        let answer = TokenAnswer { server: self.server, token: Arc::new(token) };
        if is_token { Ok(answer) } else { Err(Why::NoToken) }
    }
}

impl TokenAnswer {
    /// Whether it is what is wanted: no server's token is for another's challenge.
    pub(crate) fn is_of(&self, wanted: &TokenWanted) -> bool {
        self.server == wanted.server
    }

    /// The value of an Authorization.
    pub(crate) fn value(&self) -> Vec<u8> {
        [SCHEME.as_bytes(), b" ", self.token.expose()].concat()
    }

    /// Octets of the field.
    pub(crate) fn room(&self) -> usize {
        "Proxy-Authorization: \r\n".len() + SCHEME.len() + 1 + self.token.expose().len()
    }
}

/// `b64token`. RFC 6750 §2.1.
fn is_token(octets: &[u8]) -> bool {
    let ends = octets.iter().rposition(|octet| *octet != b'=').map_or(0, |last| last + 1);
    let word = octets.get(..ends).unwrap_or_default();
    let is_part = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(octet);
    !word.is_empty() && octets.len() <= LONGEST && word.iter().all(is_part)
}
