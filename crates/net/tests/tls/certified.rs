//! Certificates made on the spot, and who decides on them.

use net::tokio::Tls;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sec_manager::transport::TlsTrust;
use sec_manager::{NoRandomness, Platform};
use ssa::conformance::Trusting;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An authority of a test's own.
pub(crate) struct Lab(CertifiedIssuer<'static, KeyPair>);

/// A chain of one certificate, and its key in DER.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Vec<u8>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::named("Lab")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names.
    pub(crate) fn issue(&self, names: &[&str]) -> Pair {
        self.issue_with(names, |_| ())
    }

    pub(crate) fn issue_with(
        &self, names: &[&str], change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "pbx.example.org");
        params.subject_alt_names =
            names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair { chain: vec![certificate.der().to_vec()], key: key.serialize_der() }
    }

    /// The security manager that trusts this authority.
    pub(crate) fn trust(&self) -> TlsTrust {
        let mut trust = TlsTrust::new(Arc::new(Clock));
        trust.trust(self.0.der()).unwrap();
        trust
    }
}

impl Pair {
    pub(crate) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.chain.iter().map(|one| CertificateDer::from(one.clone())).collect()
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).unwrap()
    }
}

/// It is 14 November 2023.
struct Clock;

impl Platform for Clock {
    fn now(&self) -> Instant {
        unreachable!("certificates are dated by the wall clock")
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }

    fn random(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        unreachable!("nothing here waits")
    }
}

/// TLS as server and client that takes anybody.
pub(crate) fn anybody() -> Tls {
    let pair = Lab::new().issue(&["anybody.test"]);
    Tls::new(Arc::new(Trusting(pair.chain))).with_key(&pair.key).unwrap()
}
