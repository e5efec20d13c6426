//! What the network layer asks of the security manager before it trusts a TLS connection.

use crate::{Answer, Transport};

/// Answer to [`TransportSecurity::peer_certificate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerVerdict {
    /// Application bytes may flow.
    Accept,
    /// Close the connection before any application byte, and tell the user why: words that follow
    /// the peer's address, such as `its certificate is for pbx.example.net, not for example.org`.
    Refuse(String),
}

/// The second trait of SSA, for the network layer.
///
/// The TLS library checks the handshake's signatures and keeps the chain; names (RFC 5922) and
/// trust are decided here. A method that is not implemented refuses.
pub trait TransportSecurity: Send + Sync {
    /// The certificate chain to present, in DER, end entity first; `None`: present none.
    ///
    /// As a client, asked before connecting to a name; as a server, between ClientHello (whose
    /// server name it is) and configuration. A client certificate goes only to a configured name.
    fn own_certificate(
        &self, _transport: Transport, _server: bool, _name: Option<&str>,
    ) -> Answer<Option<Vec<Vec<u8>>>> {
        Answer::Ready(None)
    }

    /// Judges the peer's chain, in DER, end entity first.
    ///
    /// Asked after the handshake and before any application byte. The name is the domain, or the
    /// address, that the connection was opened for; `None` for a client that connected to us.
    fn peer_certificate(
        &self, _transport: Transport, _name: Option<&str>, _peer: &[Vec<u8>],
    ) -> Answer<PeerVerdict> {
        Answer::Ready(PeerVerdict::Refuse("nobody is there to judge its certificate".to_owned()))
    }
}
