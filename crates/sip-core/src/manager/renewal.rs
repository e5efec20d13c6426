//! Why a registration is made again before its time.

use std::fmt;

/// Why a registration is made again before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Its connection was closed.
    ConnectionClosed,
    /// The registrar answers nothing over its connection any more. RFC 5626 §4.4.1.
    NoPong,
    /// Packets to the registrar leave from another address of ours.
    AddressChanged,
}

impl fmt::Display for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectionClosed => "its connection to the registrar was closed",
            Self::NoPong => "nobody answers over its connection to the registrar",
            Self::AddressChanged => "the address of this host has changed",
        })
    }
}
