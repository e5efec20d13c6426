//! What a SIM is to the manager.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use sst::Password;

/// What a network asks a SIM. RFC 3310 §3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AkaChallenge {
    /// RAND.
    pub rand: [u8; 16],
    /// AUTN: by it the network proves itself to the SIM.
    pub autn: [u8; 16],
}

/// What a SIM answers. 3GPP TS 33.102, section 6.3.3.
#[derive(Debug)]
pub enum SimAnswer {
    /// The network has proved itself: RES, 4 to 16 octets.
    Res(Password),
    /// The network has proved itself, and counts otherwise: AUTS, by which it counts anew.
    Resynchronize([u8; 14]),
    /// AUTN is none of the SIM's network.
    Refused,
    /// There is no answer.
    Unavailable,
}

/// A SIM (USIM, ISIM), or what stands for one. Dropping the future cancels the question.
#[async_trait]
pub trait Sim: Send + Sync {
    /// Answers one challenge; a person's PIN may be waited for, a minute at most.
    async fn authenticate(&self, challenge: AkaChallenge) -> SimAnswer;
}

impl AkaChallenge {
    /// The challenge in a nonce, before what else the server put into it; `None` where it is too short,
    /// or no base64.
    pub(super) fn of_nonce(nonce: &[u8]) -> Option<Self> {
        // The RFC's own examples have more padding than there is to fill.
        let end = nonce.iter().rposition(|octet| *octet != b'=').map_or(0, |last| last + 1);
        let octets = BASE64_STANDARD_NO_PAD.decode(nonce.get(..end)?).ok()?;
        let (rand, rest) = octets.split_first_chunk()?;
        Some(Self { rand: *rand, autn: *rest.first_chunk()? })
    }
}
