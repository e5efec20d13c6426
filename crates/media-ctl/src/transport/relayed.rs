//! What whoever drives a session has to know of a relay that is reached by a connection, and why there
//! is none.

use std::fmt;
use std::net::SocketAddr;

/// A connection that a channel's relay is reached by. RFC 8656 §3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayConnection {
    /// Which one it is: another one, to the same place too, has another number.
    pub number: u64,
    /// Where it goes.
    pub remote: SocketAddr,
    /// Whom the certificate of the server has to be for, a name or an address: it is TLS. `None`: it is
    /// TCP alone.
    pub tls: Option<String>,
}

/// Why a relay is not there, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayLoss {
    /// The server gives us no address.
    Refused,
    /// The server was not reached, or gave no address, within 3 s. So it is where the password is wrong,
    /// too: the library passes over a second 401.
    Late,
    /// The connection could not be made, or has ended.
    Disconnected,
    /// What the server sent is no message of STUN or TURN.
    Malformed,
    /// The server began a message, and did not end it within 10 s.
    Unfinished,
}

impl fmt::Display for RelayLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "it gives us no address",
            Self::Late => {
                "it gave us no address within 3 s: is it there, and are user and password right?"
            }
            Self::Disconnected => "there is no connection to it",
            Self::Malformed => "what it sent is neither STUN nor TURN",
            Self::Unfinished => "it began a message, and did not end it within 10 s",
        })
    }
}

impl std::error::Error for RelayLoss {}
