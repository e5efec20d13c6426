//! What the PGP scheme keeps of a call, in the call's record.

use crate::aor::Aor;
use sma::Fingerprint;

/// Our last signed request, and the peer's that verified.
#[derive(Default)]
pub(crate) struct Exchanges {
    pub(crate) sent: Option<Exchange>,
    pub(crate) received: Option<Exchange>,
}

impl Exchanges {
    /// The key that the call is with, or would be.
    pub(crate) fn peer(&self) -> Option<&Fingerprint> {
        self.received.as_ref().or(self.sent.as_ref()).map(|exchange| &exchange.peer)
    }
}

/// PGP challenges that are being answered.
#[derive(Clone)]
pub(crate) struct PgpPlan {
    /// Realm and nonce of each.
    pub(crate) challenges: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) exchange: Exchange,
}

/// One signed request and its answer, as both sides name it.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) from: Aor,
    pub(crate) to: Aor,
    pub(crate) from_tag: Vec<u8>,
    /// The nonces that the request answers.
    pub(crate) nonces: Vec<Vec<u8>>,
    /// Our key.
    pub(crate) own: Fingerprint,
    /// The peer's.
    pub(crate) peer: Fingerprint,
}
