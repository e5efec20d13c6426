//! What a line's guard is made of: all of it that crosses. Packets never do.

use ssm::{Call, Handshake, Line, MediaGuard, Refused};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the manager hands out of a line in place of a guard.
///
/// A handshake stays in the manager's process; what crosses of it is a number, `H`, and then step by
/// step what it sends and takes.
#[derive(Debug)]
pub enum GuardKeys<H = Box<dyn Handshake<LineKeys>>> {
    /// Media in the clear.
    Plain,
    /// SRTP under these keys.
    Srtp(LineKeys),
    /// These, of which the peer's is the one of before: what is opened by it goes on.
    Sealer(LineKeys),
    /// These, of which ours is the one of before: what is sealed by it goes on.
    Opener(LineKeys),
    /// A handshake on the media path, that ends in the keys.
    Handshake(H),
    /// The guard of before goes on.
    Kept,
}

/// The keys of one media line, for both directions. Wiped on drop.
pub struct LineKeys {
    /// The crypto-suite's name. RFC 4568 §6.2, RFC 7714 §14.2.
    pub suite: String,
    /// The master key that we seal under, then its salt.
    pub ours: Zeroizing<Vec<u8>>,
    /// The master key that we open under, then its salt.
    pub theirs: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for LineKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineKeys({}, [redacted])", self.suite)
    }
}

/// SSM's `guard`, but for the guard itself: on the manager's side of the socket.
pub trait MediaKeys: Send + Sync {
    /// What the guard of a line is made of, once for each agreement.
    ///
    /// # Errors
    /// Those of [`ssm::MediaSecurity::guard`].
    fn keys(&self, call: Call, line: Line) -> Result<GuardKeys, Refused>;
}

/// Makes the two halves of keys, on the media controller's side; `None` where it cannot.
pub type MakeGuard = Arc<dyn Fn(&LineKeys) -> Option<MediaGuard> + Send + Sync>;
