//! What a SIM answered, as Digest credentials. RFC 3310 §3.3, §3.4.

use super::ALGORITHM;
use super::challenge::read;
use super::sim::{AkaChallenge, Sim, SimAnswer};
use crate::Platform;
use crate::digest::{Asked, Challenge, Credentials, HA1, Named, SCHEME, expected};
use crate::params::{Writer, plain};
use crate::secret::{KEYING, sheltered};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::Md5;
use sip_syntax::{Text, hex};
use ssa::{Request, Why};
use std::sync::Arc;

/// Octets of an Authorization beside the values that are copied into it.
const OVERHEAD: usize = 352;

/// A challenge that a SIM is to answer.
pub(crate) struct AkaWanted {
    /// The challenge's parameters, as they came after the word `Digest`.
    pub(super) list: Vec<u8>,
    pub(super) challenge: AkaChallenge,
    pub(super) sim: Arc<dyn Sim>,
}

/// A challenge that a SIM has answered.
#[derive(Clone)]
pub(crate) struct AkaAnswer {
    pub(super) list: Vec<u8>,
    /// Of RES as the password, or of none beside an AUTS.
    pub(super) ha1: Arc<HA1<Md5>>,
    auts: Option<[u8; 14]>,
    /// How often the nonce was used.
    count: u32,
}

impl AkaWanted {
    /// The SIM's answer.
    ///
    /// # Errors
    /// It gives none, or the network did not prove itself to it.
    pub(crate) async fn asked(self, user: &str, realm: &[u8]) -> Result<AkaAnswer, Why> {
        let (auts, res) = match self.sim.authenticate(self.challenge).await {
            SimAnswer::Res(res) if (4..=16).contains(&res.expose().len()) => (None, Some(res)),
            SimAnswer::Resynchronize(auts) => (Some(auts), None),
            SimAnswer::Refused => return Err(Why::ProofInvalid),
            SimAnswer::Res(_) | SimAnswer::Unavailable => return Err(Why::NoSim),
        };
        let password = res.as_ref().map_or(&[][..], |res| res.expose());
        let ha1 = sheltered::<KEYING, _>(|| Arc::new(HA1::new(user.as_bytes(), realm, password)));
        Ok(AkaAnswer { list: self.list, ha1, auts, count: 0 })
    }
}

impl AkaAnswer {
    /// Whether it has the network count anew.
    pub(super) const fn resynchronizes(&self) -> bool {
        self.auts.is_some()
    }

    /// The value of a request's Authorization. `None`: there are no random octets for a cnonce.
    pub(crate) fn value(
        &mut self, user: &str, platform: &dyn Platform, request: &Request<'_>,
    ) -> Option<Vec<u8>> {
        self.count += 1;
        let (challenge, _) = read(&self.list)?;
        let mut octets = [0; 16];
        platform.random(&mut octets).ok()?;
        let (cnonce, count) = (hex::digits(octets), hex::digits(self.count.to_be_bytes()));
        let mut credentials = Credentials {
            user: Text::plain(user.as_bytes()),
            uri: Text::plain(request.uri),
            cnonce: Text::plain(cnonce.as_flattened()),
            count: Text::plain(count.as_flattened()),
            ..of_challenge(&challenge)
        };
        let asked = Asked { method: request.method, body: request.body };
        let response = expected(&credentials, &self.ha1, &asked);
        credentials.response = Text::plain(response.as_bytes());
        Some(self.written(&credentials))
    }

    /// As they go on the wire, where the algorithm has its own name.
    fn written(&self, credentials: &Credentials<'_>) -> Vec<u8> {
        let mut value = Writer::of_scheme(SCHEME, self.room());
        value
            .quoted("username", credentials.user)
            .quoted("realm", credentials.realm)
            .quoted("nonce", credentials.nonce)
            .quoted("uri", credentials.uri)
            .quoted("response", credentials.response)
            .token("algorithm", ALGORITHM.as_bytes());
        if let Some(qop) = credentials.qop {
            value
                .token("qop", qop.name().as_bytes())
                .token("nc", &plain(credentials.count))
                .quoted("cnonce", credentials.cnonce);
        }
        if let Some(opaque) = credentials.opaque {
            value.quoted("opaque", opaque);
        }
        if let Some(auts) = self.auts {
            value.quoted("auts", Text::plain(BASE64_STANDARD.encode(auts).as_bytes()));
        }
        value.finish()
    }

    /// Octets of an Authorization beside the user's name and the request's URI, at most.
    pub(crate) const fn room(&self) -> usize {
        OVERHEAD + self.list.len()
    }
}

/// Credentials that answer a challenge, all of it copied that is.
pub(super) fn of_challenge<'a>(challenge: &Challenge<'a>) -> Credentials<'a> {
    Credentials {
        user: Text::default(),
        realm: challenge.realm,
        nonce: challenge.nonce,
        uri: Text::default(),
        response: Text::default(),
        algorithm: Named::DEFAULT,
        qop: challenge.choose_qop().ok().flatten(),
        cnonce: Text::default(),
        count: Text::default(),
        opaque: challenge.opaque,
        userhash: false,
    }
}
