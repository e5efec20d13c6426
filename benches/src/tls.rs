//! TLS between a terminal and its peer: a certificate made on the spot, and nobody who refuses one.

use net::tokio::Tls;
use rcgen::{KeyPair, generate_simple_self_signed};
use ssa::{Answer, PeerVerdict, Transport, TransportSecurity};
use std::io;
use std::sync::Arc;

/// Presents its chain where it serves, and takes any peer.
struct Trusting(Vec<Vec<u8>>);

impl TransportSecurity for Trusting {
    fn own_certificate(
        &self, _: Transport, server: bool, _: Option<&str>,
    ) -> Answer<Option<Vec<Vec<u8>>>> {
        Answer::Ready(server.then(|| self.0.clone()))
    }

    fn peer_certificate(
        &self, _: Transport, _: Option<&str>, _: &[Vec<u8>],
    ) -> Answer<PeerVerdict> {
        Answer::Ready(PeerVerdict::Accept)
    }
}

/// Who is connected to.
pub(crate) fn server() -> io::Result<Tls> {
    let made = generate_simple_self_signed(["localhost".to_owned()]).map_err(io::Error::other)?;
    let key: KeyPair = made.signing_key;
    Tls::new(Arc::new(Trusting(vec![made.cert.der().to_vec()]))).with_key(&key.serialize_der())
}

/// Who connects.
pub(crate) fn client() -> Tls {
    Tls::new(Arc::new(Trusting(Vec::new())))
}
