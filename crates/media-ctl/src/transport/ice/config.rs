//! Who is asked where we may be reached.

use std::fmt;
use std::net::SocketAddr;

/// Who is asked where we may be reached; without any, what is told is our own address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceServers {
    /// A server that tells what it sees of us, over UDP. RFC 8489.
    pub stun: Option<SocketAddr>,
    /// A server that takes what is for us, over UDP. It is also asked what it sees, where there is no
    /// other that tells. RFC 8656.
    pub turn: Option<TurnServer>,
}

/// A server that relays.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnServer {
    /// Where it is.
    pub at: SocketAddr,
    /// Our name there.
    pub username: String,
    /// The password that proves it. It is not wiped from memory: the library keeps copies.
    pub password: String,
}

impl fmt::Debug for TurnServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TurnServer({} at {}, [redacted])", self.username, self.at)
    }
}
