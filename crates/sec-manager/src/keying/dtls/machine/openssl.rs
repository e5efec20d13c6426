//! By OpenSSL, which knows RSA. It sends a flight again after one second, doubled each time, by the
//! system's clock, whatever time it is told.

use super::seam::{Broken, MTU, Machine, Output};
use crate::keying::dtls::certificate::Certificate;
use crate::srtp::Suite;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use openssl::srtp::SrtpProfileId;
use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslSessionCacheMode, SslStream,
    SslVerifyMode, SslVersion,
};
use openssl::x509::{X509, X509Ref};
use ssm::Refused;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How often it is asked whether a flight is to be sent again: it does not say when.
const AGAIN: Duration = Duration::from_millis(100);
/// Forward secret and authenticated, for certificates of either kind. RFC 9325 §4.2.
const CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";
const GROUPS: &str = "X25519:P-256:P-384";
/// No SHA-1. RFC 9155 §2.
const SIGNATURES: &str = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:\
    RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
/// What a certificate's key is worth at least, in bits: RSA of 2048 has as many. RFC 9325 §4.5.
const STRENGTH: u32 = 112;
/// What media may be sealed by, the best first. RFC 5764 §4.1.2, RFC 7714 §14.2.
const PROFILES: &str = "SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
/// RFC 5764 §4.2.
const LABEL: &str = "EXTRACTOR-dtls_srtp";
const COOKIE: usize = 16;

pub(super) struct OpenSsl {
    stream: SslStream<Datagrams>,
    now: Instant,
    /// What is to be judged, or taken, before anything leaves that follows from it.
    first: VecDeque<Output>,
    is_shown: bool,
    is_over: bool,
}

/// The datagram that came in, until it is read, and those that leave.
#[derive(Default)]
struct Datagrams {
    arrived: Option<Vec<u8>>,
    leaving: VecDeque<Vec<u8>>,
}

impl Read for Datagrams {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let datagram = self.arrived.take().ok_or(io::ErrorKind::WouldBlock)?;
        datagram.as_slice().read(room)
    }
}

impl Write for Datagrams {
    fn write(&mut self, datagram: &[u8]) -> io::Result<usize> {
        self.leaving.push_back(datagram.to_vec());
        Ok(datagram.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OpenSsl {
    pub(super) fn new(
        certificate: &Certificate, active: bool, now: Instant,
    ) -> Result<Self, Refused> {
        let stream = stream(certificate, active).map_err(|_| Refused::Handshake)?;
        Ok(Self { stream, now, first: VecDeque::new(), is_shown: false, is_over: false })
    }

    fn step(&mut self) -> Result<(), Broken> {
        if self.is_over {
            // A peer that has not heard the end asks again, and is answered by this. What else is
            // said, nobody needs.
            while self.stream.ssl_read(&mut [0; 64]).is_ok() {}
            return Ok(());
        }
        match self.stream.do_handshake() {
            Ok(()) => {
                self.is_over = true;
                self.show();
                let end = self.end().unwrap_or_else(Output::Broken);
                self.first.push_back(end);
                Ok(())
            }
            Err(error) if error.code() == ErrorCode::WANT_READ => {
                self.show();
                Ok(())
            }
            Err(_) => Err(self.broken()),
        }
    }

    /// The peer's certificate, as soon as it is there.
    fn show(&mut self) {
        if let (false, Some(certificate)) = (self.is_shown, self.stream.ssl().peer_certificate()) {
            self.is_shown = true;
            let shown = shown(&certificate).unwrap_or(Output::Broken(Refused::NothingInCommon));
            self.first.push_back(shown);
        }
    }

    fn end(&self) -> Result<Output, Refused> {
        let ssl = self.stream.ssl();
        // Without it, who is in two handshakes can have both agree on one secret. RFC 7627 §1.
        if ssl.extms_support() != Some(true) {
            return Err(Refused::NothingInCommon);
        }
        let profile = ssl.selected_srtp_profile().and_then(|profile| suite(profile.id()));
        let suite = profile.ok_or(Refused::NothingInCommon)?;
        let (key, salt) = suite.lengths();
        let mut keys = Zeroizing::new(vec![0; 2 * (key + salt)]);
        ssl.export_keying_material(&mut keys, LABEL, None).map_err(|_| Refused::Handshake)?;
        Ok(Output::Keys(suite, keys))
    }

    /// Leaves what it tells the peer, which says why.
    fn broken(&mut self) -> Broken {
        let leaving = &mut self.stream.get_mut().leaving;
        leaving.drain(..leaving.len().saturating_sub(1));
        let why = leaving.back().and_then(|last| records(last).find_map(alert));
        Broken { why: why.unwrap_or(Refused::Handshake), by_anybody: false }
    }
}

impl Machine for OpenSsl {
    fn on_timeout(&mut self, now: Instant) -> Result<(), Broken> {
        self.now = now;
        self.step()
    }

    fn on_datagram(&mut self, octets: &[u8]) -> Result<(), Broken> {
        // OpenSSL would believe them. RFC 6347 §4.1.2.7.
        let (alerts, others): (Vec<_>, Vec<_>) =
            records(octets).partition(|it| alert(it).is_some());
        // That no octet is there would be the end, to it.
        self.stream.get_mut().arrived = Some(others.concat()).filter(|it| !it.is_empty());
        self.step()?;
        match alerts.first().and_then(|first| alert(first)) {
            Some(why) if !self.is_over => Err(Broken { why, by_anybody: true }),
            _ => Ok(()),
        }
    }

    fn poll(&mut self) -> Output {
        if let Some(output) = self.first.pop_front() {
            return output;
        }
        match self.stream.get_mut().leaving.pop_front() {
            Some(datagram) => Output::Datagram(datagram),
            None => Output::Wait((!self.is_over).then(|| self.now + AGAIN)),
        }
    }
}

/// DTLS 1.2 with certificates on both sides, and ClientHellos answered once their source is shown. What
/// a certificate is worth, its fingerprint says, and not who signed it or until when.
fn stream(certificate: &Certificate, active: bool) -> Result<SslStream<Datagrams>, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::dtls())?;
    context.set_min_proto_version(Some(SslVersion::DTLS1_2))?;
    context.set_max_proto_version(Some(SslVersion::DTLS1_2))?;
    context.set_cipher_list(CIPHERS)?;
    context.set_groups_list(GROUPS)?;
    context.set_sigalgs_list(SIGNATURES)?;
    context.set_tlsext_use_srtp(PROFILES)?;
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_options(
        SslOptions::COOKIE_EXCHANGE
            | SslOptions::NO_QUERY_MTU
            | SslOptions::NO_RENEGOTIATION
            | SslOptions::NO_TICKET,
    );
    let both = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
    context.set_verify_callback(both, |_, _| true);
    context.set_certificate(&*X509::from_der(certificate.der())?)?;
    context.set_private_key(&*PKey::private_key_from_der(certificate.key())?)?;
    let mut cookie = [0; COOKIE];
    rand_bytes(&mut cookie)?;
    context.set_cookie_generate_cb(move |_, room| {
        room.iter_mut().zip(cookie).for_each(|(octet, of_cookie)| *octet = of_cookie);
        Ok(COOKIE)
    });
    context.set_cookie_verify_cb(move |_, shown| shown == cookie);
    let mut ssl = Ssl::new(&context.build())?;
    ssl.set_mtu(u32::from(MTU))?;
    if active {
        ssl.set_connect_state();
    } else {
        ssl.set_accept_state();
    }
    SslStream::new(ssl, Datagrams::default())
}

/// A certificate, where its key is worth something.
fn shown(certificate: &X509Ref) -> Option<Output> {
    let strength = certificate.public_key().ok()?.security_bits();
    (strength >= STRENGTH).then_some(Output::Certificate(certificate.to_der().ok()?))
}

/// `SRTP_AES128_CM_HMAC_SHA1_32` is not offered, and not taken.
fn suite(profile: SrtpProfileId) -> Option<Suite> {
    match profile {
        SrtpProfileId::SRTP_AES128_CM_SHA1_80 => Some(Suite::AesCm128HmacSha1_80),
        SrtpProfileId::SRTP_AEAD_AES_128_GCM => Some(Suite::AeadAes128Gcm),
        SrtpProfileId::SRTP_AEAD_AES_256_GCM => Some(Suite::AeadAes256Gcm),
        _ => None,
    }
}

/// The whole records of a datagram: each is 13 octets, the last two of which say how many follow.
/// RFC 6347 §4.1.
fn records(mut datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let &[high, low] = datagram.get(11..13)?.first_chunk()?;
        let length = 13 + usize::from(u16::from_be_bytes([high, low]));
        let (record, rest) = datagram.split_at_checked(length)?;
        datagram = rest;
        Some(record)
    })
}

/// What a record wants that is an alert in plain text. RFC 5246 §7.2: 40 is `handshake_failure`, 43
/// `unsupported_certificate`, 70 `protocol_version`, 71 `insufficient_security`.
fn alert(record: &[u8]) -> Option<Refused> {
    match record {
        [21, _, _, 0, 0, _, _, _, _, _, _, _, _, _, 40 | 43 | 70 | 71, ..] => {
            Some(Refused::NothingInCommon)
        }
        [21, _, _, 0, 0, ..] => Some(Refused::Handshake),
        _ => None,
    }
}
