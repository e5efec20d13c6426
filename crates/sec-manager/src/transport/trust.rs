//! The decision.

use super::{identities, path, words};
use crate::Platform;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use ssa::{Answer, PeerVerdict, Transport, TransportSecurity};
use std::fmt;
use std::sync::Arc;
use webpki::EndEntityCert;

/// What was to be an authority's certificate is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACertificate;

impl fmt::Display for NotACertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not an X.509 certificate")
    }
}

impl std::error::Error for NotACertificate {}

/// Whom to trust over TLS, and what to present.
///
/// Without authorities it trusts nobody, and without chains it presents nothing.
pub struct TlsTrust {
    platform: Arc<dyn Platform>,
    anchors: Vec<TrustAnchor<'static>>,
    server: Option<Vec<Vec<u8>>>,
    clients: Vec<(String, Vec<Vec<u8>>)>,
}

impl TlsTrust {
    /// Trusts nobody yet. The platform's wall clock says whether a certificate is valid.
    pub const fn new(platform: Arc<dyn Platform>) -> Self {
        Self { platform, anchors: Vec::new(), server: None, clients: Vec::new() }
    }

    /// Trusts what this authority issues; its certificate is in DER.
    ///
    /// # Errors
    /// [`NotACertificate`]; nothing has changed then.
    pub fn trust(&mut self, authority: &[u8]) -> Result<(), NotACertificate> {
        let authority = CertificateDer::from(authority);
        let anchor = webpki::anchor_from_trusted_cert(&authority).map_err(|_| NotACertificate)?;
        self.anchors.push(anchor.to_owned());
        Ok(())
    }

    /// Presents this chain, in DER and the end entity first, to clients that connect to us.
    #[must_use]
    pub fn presenting(mut self, chain: Vec<Vec<u8>>) -> Self {
        self.server = Some(chain);
        self
    }

    /// Presents this chain as a client to the server of `name` and to no other, if it asks.
    ///
    /// The name is that which connections are opened for: a domain, or an address.
    #[must_use]
    pub fn presenting_to(mut self, name: &str, chain: Vec<Vec<u8>>) -> Self {
        self.clients.push((name.to_owned(), chain));
        self
    }

    fn judge(&self, name: Option<&str>, peer: &[Vec<u8>]) -> Result<(), String> {
        let (first, rest) = peer.split_first().ok_or("it presented no certificate")?;
        let first = CertificateDer::from(first.as_slice());
        let between: Vec<_> = rest.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
        let certificate =
            EndEntityCert::try_from(&first).map_err(|error| words::of_reading(&error))?;
        let now = UnixTime::since_unix_epoch(self.platform.unix_time());
        let purpose = if name.is_some() { path::SERVER } else { path::CLIENT };
        path::check(&certificate, &self.anchors, &between, now, purpose)
            .map_err(|error| words::of_path(&error, &certificate, purpose, self.anchors.len()))?;
        match name {
            Some(name) if !identities::is_for(&certificate, name) => {
                Err(words::of_name(&certificate, name))
            }
            // RFC 5922 §7.4: there is no name to compare a client's with.
            Some(_) | None => Ok(()),
        }
    }
}

impl TransportSecurity for TlsTrust {
    fn own_certificate(
        &self, _: Transport, server: bool, name: Option<&str>,
    ) -> Answer<Option<Vec<Vec<u8>>>> {
        if server {
            return Answer::Ready(self.server.clone());
        }
        let configured =
            |(of, _): &&(String, _)| name.is_some_and(|name| identities::same(of, name));
        Answer::Ready(self.clients.iter().find(configured).map(|(_, chain)| chain.clone()))
    }

    fn peer_certificate(
        &self, _: Transport, name: Option<&str>, peer: &[Vec<u8>],
    ) -> Answer<PeerVerdict> {
        Answer::Ready(match self.judge(name, peer) {
            Ok(()) => PeerVerdict::Accept,
            Err(why) => PeerVerdict::Refuse(why),
        })
    }
}

impl fmt::Debug for TlsTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTrust").field("authorities", &self.anchors.len()).finish_non_exhaustive()
    }
}
