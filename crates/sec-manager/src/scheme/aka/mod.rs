//! Digest by AKA, as a client: a mobile network asks, and a SIM answers. RFC 3310, AKAv1-MD5.
//!
//! ```text
//!   401  nonce = base64(RAND, AUTN, …) ──▶ Sim::authenticate ──▶ RES   the Digest password, once
//!                                                            ──▶ AUTS  the network counts anew, and asks again
//!                                                            ──▶ Refused: it is not the SIM's network
//! ```
//!
//! There is no SIM here: whoever has one implements [`Sim`]. That CK and IK protect the hop
//! (3GPP TS 33.203) is not done. An account of this scheme answers no other.

mod answer;
mod challenge;
mod client;
mod shown;
mod sim;
#[cfg(test)]
mod tests;

pub use sim::{AkaChallenge, Sim, SimAnswer};

pub(crate) use answer::{AkaAnswer, AkaWanted};
pub(crate) use client::BySim;

use std::fmt;
use std::sync::Arc;

/// What tries are counted by: on the wire it is Digest.
pub(crate) const SCHEME: &str = "AKA";

/// The algorithm on the wire.
const ALGORITHM: &str = "AKAv1-MD5";

/// The scheme as a value: given to the manager's builder, it is linked.
#[derive(Clone)]
pub struct Aka {
    sim: Arc<dyn Sim>,
}

impl Aka {
    /// Answers by this SIM.
    pub fn new(sim: Arc<dyn Sim>) -> Self {
        Self { sim }
    }
}

impl fmt::Debug for Aka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aka")
    }
}
