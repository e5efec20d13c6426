//! What a line's guard is made of: all of it that crosses. Packets never do.

use ssm::{Call, Guard, Line, MediaGuard, Refused};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the manager hands out of a line in place of a guard.
#[derive(Debug)]
pub enum GuardKeys {
    /// Media in the clear.
    Plain,
    /// SRTP under these keys.
    Srtp(LineKeys),
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

/// The guard of what crossed.
///
/// # Errors
/// [`Refused::Attributes`]: the keys do not fit their suite.
pub(crate) fn guard(keys: GuardKeys, make: &MakeGuard) -> Result<Guard, Refused> {
    match keys {
        GuardKeys::Plain => ssm::MediaSecurity::guard(&ssm::Open, Call(0), Line(0)),
        GuardKeys::Srtp(keys) => make(&keys).map(Guard::Ready).ok_or(Refused::Attributes),
        GuardKeys::Kept => Ok(Guard::Kept),
    }
}
