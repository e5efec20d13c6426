//! What a 2xx shows of who sent it.

use super::answer::{AkaAnswer, of_challenge};
use super::challenge::read;
use crate::digest::{Credentials, SCHEME, response_proof};
use crate::params::plain;
use crate::scheme::given::{Proved, Shown};
use sip_syntax::auth::{Separator, of_scheme, values};
use ssa::Response;
use sst::{Algorithm, Proof};

impl AkaAnswer {
    /// What a response says of RES, which the server knows as XRES. RFC 3310 §3.5.
    pub(crate) fn shown(&self, proved: &Proved, response: &Response<'_>) -> Shown {
        let Some(rspauth) = proved.info(response, "rspauth") else { return Shown::Nothing };
        let said = || {
            let list = of_scheme(&proved.value, SCHEME)?;
            let [uri, cnonce, count] =
                values(list, Separator::Comma, &["uri", "cnonce", "nc"]).ok()?;
            let (challenge, _) = read(&self.list)?;
            let credentials = Credentials {
                uri: uri?,
                cnonce: cnonce.unwrap_or_default(),
                count: count.unwrap_or_default(),
                ..of_challenge(&challenge)
            };
            Some(response_proof(&credentials, &self.ha1, response.body))
        };
        let right = !self.resynchronizes() && said().is_some_and(|proof| proof.is(&plain(rspauth)));
        match right {
            true => Shown::Proof(Proof::Digest {
                user: proved.given.user.as_str().into(),
                realm: String::from_utf8_lossy(&proved.given.realm).into(),
                algorithm: Algorithm::Md5,
            }),
            false => Shown::Wrong,
        }
    }
}
