//! What the network layer asks of the security manager before it trusts a TLS connection.

use crate::{Answer, Transport};

/// An X.509 certificate chain in DER, end entity first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Certificate {
    /// The chain.
    pub chain: Vec<Vec<u8>>,
}

/// Answer to [`TransportSecurity::peer_certificate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerVerdict {
    /// Application bytes may flow.
    Accept,
    /// Close the connection before any application byte.
    Refuse,
}

/// The second trait of SSA, for the network layer.
///
/// The TLS library checks the handshake's signatures and keeps the chain; names (RFC 5922) and
/// trust are decided here.
pub trait TransportSecurity: Send + Sync {
    /// The certificate to present: as a client before connecting to `name`, as a server between
    /// ClientHello (whose server name is `name`) and configuration. `None`: present none. A client
    /// certificate goes only to a configured name.
    fn own_certificate(
        &self,
        transport: Transport,
        server: bool,
        name: Option<&str>,
    ) -> Answer<Option<Certificate>>;

    /// Judges the peer's chain after the handshake and before any application byte. `name` is the
    /// domain that the connection was opened for.
    fn peer_certificate(
        &self,
        transport: Transport,
        name: Option<&str>,
        peer: &Certificate,
    ) -> Answer<PeerVerdict>;
}
