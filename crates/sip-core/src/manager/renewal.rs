//! Why a registration is made again before its time.

use std::fmt;

/// Why a registration is made again before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Its connection was closed.
    ConnectionClosed,
    /// The registrar answers nothing over its connection, or its flow, any more. RFC 5626 §4.4.
    NoPong,
    /// The registrar sees us at another address than before: the gateway on the way has another.
    /// RFC 5626 §4.4.2.
    MappingChanged,
    /// Packets to the registrar leave from another address of ours.
    AddressChanged,
}

impl fmt::Display for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectionClosed => "its connection to the registrar was closed",
            Self::NoPong => "nobody answers over its connection to the registrar",
            Self::MappingChanged => {
                "the gateway on the way to the registrar has changed our address"
            }
            Self::AddressChanged => "the address of this host has changed",
        })
    }
}
