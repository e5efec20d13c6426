//! Who is asked where we may be reached.

use std::fmt;
use std::net::SocketAddr;

/// Who is asked where we may be reached; without any, what is told is our own address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceServers {
    /// A server that tells what it sees of us, over UDP. RFC 8489.
    pub stun: Option<SocketAddr>,
    /// A server that takes what is for us. One over UDP is also asked what it sees, where there is no
    /// other that tells. RFC 8656.
    pub turn: Option<TurnServer>,
}

/// A server that relays.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnServer {
    /// Where it is.
    pub at: SocketAddr,
    /// How it is reached. What it relays goes to peers, and comes from them, over UDP in any case.
    pub by: TurnTransport,
    /// Our name there.
    pub username: String,
    /// The password that proves it. It is not wiped from memory: the library keeps copies.
    pub password: String,
}

/// How a server that relays is reached. RFC 8656 §3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnTransport {
    /// By datagrams, from the port that media have.
    Udp,
    /// By a connection for each port of ours.
    Tcp,
    /// By such connections over TLS, with a server that has a certificate for this name, or for this
    /// address where it is one.
    Tls(String),
}

impl fmt::Debug for TurnServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, by, username, .. } = self;
        write!(f, "TurnServer({username} at {at} by {by:?}, [redacted])")
    }
}
