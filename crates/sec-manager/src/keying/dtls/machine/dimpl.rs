//! By `dimpl`: without a clock of its own, which the simulations need.

use super::seam::{Broken, LONGEST, MOST_OCTETS, MTU, Machine, Output, TIME};
use crate::keying::dtls::certificate::Certificate;
use crate::srtp::Suite;
use dimpl::{Config, Dtls, DtlsCertificate, Error, SecurityError, SrtpProfile};
use ssm::Refused;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// When a flight is sent again for the first time, doubled each time. RFC 6347 §4.2.4.1 allows less
/// than a second where time matters.
const FLIGHT: Duration = Duration::from_millis(200);
/// How often one is sent again: more often than there is time for.
const RETRIES: usize = 8;

pub(super) struct Dimpl {
    dtls: Dtls,
    /// What it writes to: a certificate is no longer than what came in.
    room: Vec<u8>,
}

impl Dimpl {
    pub(super) fn new(
        certificate: &Certificate, active: bool, now: Instant,
    ) -> Result<Self, Refused> {
        let config = config().map_err(|_| Refused::Handshake)?;
        let own = DtlsCertificate {
            certificate: certificate.der().to_vec(),
            private_key: certificate.key().to_vec(),
        };
        let mut dtls = Dtls::new_12(config, own, now);
        dtls.set_active(active);
        Ok(Self { dtls, room: vec![0; MOST_OCTETS] })
    }

    fn end(&mut self, profile: SrtpProfile, keys: Zeroizing<Vec<u8>>) -> Output {
        // What is said after the end is short, and a call is long.
        self.room.truncate(LONGEST);
        self.room.shrink_to_fit();
        suite(profile)
            .map_or(Output::Broken(Refused::NothingInCommon), |suite| Output::Keys(suite, keys))
    }
}

impl Machine for Dimpl {
    fn on_timeout(&mut self, now: Instant) -> Result<(), Broken> {
        self.dtls.handle_timeout(now).map_err(|error| broken(&error))
    }

    fn on_datagram(&mut self, octets: &[u8]) -> Result<(), Broken> {
        self.dtls.handle_packet(octets).map_err(|error| broken(&error))
    }

    fn poll(&mut self) -> Output {
        loop {
            return match self.dtls.poll_output(&mut self.room) {
                dimpl::Output::Packet(octets) => Output::Datagram(octets.to_vec()),
                dimpl::Output::PeerCert(certificate) => Output::Certificate(certificate.to_vec()),
                dimpl::Output::KeyingMaterial(material, profile) => {
                    let keys = Zeroizing::new(material.to_vec());
                    self.end(profile, keys)
                }
                dimpl::Output::Timeout(at) => Output::Wait(Some(at)),
                // Nothing that is sent is longer than the room.
                dimpl::Output::BufferTooSmall { .. } => Output::Broken(Refused::Handshake),
                // Nobody speaks here but the media, and it is the call that ends them.
                _ => continue,
            };
        }
    }
}

/// DTLS 1.2 with certificates on both sides, and ClientHellos answered once their source is shown.
fn config() -> Result<Arc<Config>, Error> {
    Config::builder()
        .mtu(usize::from(MTU))
        .flight_start_rto(FLIGHT)
        .flight_retries(RETRIES)
        .handshake_timeout(TIME)
        .require_client_certificate(true)
        .use_server_cookie(true)
        .build()
        .map(Arc::new)
}

/// RFC 5764 §4.1.2, RFC 7714 §14.2. `SRTP_AES128_CM_HMAC_SHA1_32` is not offered, and not taken.
const fn suite(profile: SrtpProfile) -> Option<Suite> {
    match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Some(Suite::AesCm128HmacSha1_80),
        SrtpProfile::AEAD_AES_128_GCM => Some(Suite::AeadAes128Gcm),
        SrtpProfile::AEAD_AES_256_GCM => Some(Suite::AeadAes256Gcm),
        _ => None,
    }
}

/// RFC 5246 §7.2: 40 is `handshake_failure`, 43 `unsupported_certificate`.
fn broken(error: &Error) -> Broken {
    let why = match error {
        Error::CertificateError(_)
        | Error::CryptoError(_)
        | Error::SecurityError(
            SecurityError::FatalAlert { description: 40 | 43 }
            | SecurityError::NoMutuallyAcceptableCipherSuite
            | SecurityError::ExtendedMasterSecretNotNegotiated
            | SecurityError::SignatureAlgorithmMismatch { .. },
        ) => Refused::NothingInCommon,
        _ => Refused::Handshake,
    };
    let by_anybody = matches!(
        error,
        Error::SecurityError(SecurityError::FatalAlert { .. }) | Error::ReceiveQueueFull
    );
    Broken { why, by_anybody }
}
