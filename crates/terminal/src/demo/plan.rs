//! How the demonstration goes.

use std::path::PathBuf;
use std::time::Duration;

/// What the caller heard.
pub(super) const CALLER: &str = "caller.wav";
/// What the callee heard.
pub(super) const CALLEE: &str = "callee.wav";

/// What the caller and the callee say: seeds of babble that no echo of the other resembles.
pub(super) const SEEDS: (u64, u64) = (1, 2);

/// What the demonstration's call proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// Both sides sign with OpenPGP keys; the bodies are encrypted, the media is SRTP.
    #[cfg(feature = "pgp")]
    Pgp,
    /// The caller answers a Digest challenge; the media is RTP.
    Digest,
}

/// How the demonstration goes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is proved.
    pub flow: Flow,
    /// Where the files go.
    pub out: PathBuf,
    /// How long the terminals talk.
    pub talk: Duration,
}
