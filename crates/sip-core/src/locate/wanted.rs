//! What is looked for, and what it is found to be.

use ssa::Transport;
use std::net::SocketAddr;
use std::sync::Arc;

/// A name whose servers are to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The domain. Over TLS whoever is found must have its certificate, and not that of a name that
    /// its records lead to. RFC 5922 §7.3.
    pub name: Arc<str>,
    /// The port that was said: its addresses are all that is asked for then. RFC 3263 §4.2.
    pub port: Option<u16>,
    /// The transport that was said.
    pub asked: Asked,
    /// Where the choice among records of one priority begins: of the [`Random`] port.
    ///
    /// [`Random`]: crate::manager::Random
    pub seed: u64,
}

/// What is asked for of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: the domain's records choose.
    Any,
    /// TLS, because the scheme is `sips:`; the records choose among what has it.
    Secure,
    /// This one.
    Only(Transport),
}

impl Asked {
    /// The transport, where no record may say another.
    pub(super) const fn transport(self) -> Option<Transport> {
        match self {
            Self::Any => None,
            Self::Secure => Some(Transport::Tls),
            Self::Only(transport) => Some(transport),
        }
    }
}

/// Where a name leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// The transport that was asked for or that the records have chosen; `None`: UDP, or TCP where a
    /// request is too large (RFC 3261 §18.1.1).
    pub transport: Option<Transport>,
    /// Where to try, in this order. Empty: nowhere, or not looked for yet.
    pub addresses: Vec<SocketAddr>,
}
