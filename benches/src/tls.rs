//! TLS between a terminal and its peer: a certificate made on the spot, and nobody who refuses one.

use net::tokio::Tls;
use rcgen::{KeyPair, generate_simple_self_signed};
use ssa::conformance::Trusting;
use std::io;
use std::sync::Arc;

/// Who is connected to.
pub(crate) fn server() -> io::Result<Tls> {
    let made = generate_simple_self_signed(["localhost".to_owned()]).map_err(io::Error::other)?;
    let key: KeyPair = made.signing_key;
    Tls::new(Arc::new(Trusting(vec![made.cert.der().to_vec()]))).with_key(&key.serialize_der())
}

/// Who connects.
pub(crate) fn client() -> Tls {
    Tls::new(Arc::new(Trusting::default()))
}
