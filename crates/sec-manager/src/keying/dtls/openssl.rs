//! Against another implementation: `openssl s_client` and `s_server` come to the same keys.

use super::certificate::Certificate;
use super::fingerprint::Fingerprints;
use super::handshake::{DtlsHandshake, Progress, Terms};
use crate::srtp::{SrtpOpener, SrtpSealer, Suite};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssm::{Handshake as _, MediaGuard, Opener as _};
use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a program with a certificate does, in a folder that is gone with it. Nobody types meanwhile.
const SCRIPT: &str = "folder=$(mktemp -d) && cd \"$folder\" && echo \"$CERTIFICATE\" > certificate.pem && \
    echo \"$KEY\" > key.pem && sleep $LIMIT | timeout $LIMIT openssl $ARGUMENTS; rm -r \"$folder\"";

/// What openssl says that is told this, under that certificate, for so many seconds at most.
fn openssl(certificate: &Certificate, seconds: &str, arguments: &str) -> String {
    let pem = |kind: &str, der: &[u8]| {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----", STANDARD.encode(der))
    };
    let own = certificate.with_key();
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).env("LIMIT", seconds).env("ARGUMENTS", arguments);
    command.env("CERTIFICATE", pem("CERTIFICATE", &own.certificate));
    command.env("KEY", pem("PRIVATE KEY", &own.private_key));
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}

/// Our certificate, and what is said of that of openssl.
fn terms(theirs: &Certificate, active: bool) -> Terms {
    let said = theirs.fingerprint().to_string();
    let fingerprints = Fingerprints::parse(std::iter::once(&*said)).unwrap();
    Terms { certificate: Arc::new(Certificate::made().unwrap()), fingerprints, active }
}

/// Drives a handshake over a socket, with whoever begins or is begun with.
fn drive(terms: Terms, socket: &UdpSocket, mut peer: Option<std::net::SocketAddr>) -> MediaGuard {
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut handshake = DtlsHandshake::new(terms, Arc::new(Progress::new(|| ())));
    #[expect(clippy::disallowed_methods, reason = "the other side is a program")]
    let now = Instant::now;
    let (mut guard, mut room) = (None, [0; 2048]);
    let until = now() + Duration::from_secs(8);
    while now() < until {
        match socket.recv_from(&mut room) {
            Ok((length, source)) => {
                peer = Some(source);
                handshake.on_datagram(now(), &room[..length]);
            }
            Err(_) if peer.is_some() => handshake.on_timeout(now()),
            Err(_) => {}
        }
        while let (Some(datagram), Some(peer)) = (handshake.poll_datagram(), peer) {
            socket.send_to(&datagram, peer).unwrap();
        }
        if let Some(outcome) = handshake.poll_outcome() {
            guard = Some(outcome.unwrap().guard().unwrap());
            // The last flight has left; what else comes is of the other side's end.
            break;
        }
    }
    guard.expect("openssl ends a handshake")
}

/// What it says to have exported. RFC 5764 §4.2.
fn exported(said: &str) -> Vec<u8> {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("Keying material: "));
    let line = line.expect("openssl says it (apt-get install openssl)").trim();
    let pair = |at: usize| u8::from_str_radix(line.get(at..at + 2).unwrap(), 16).unwrap();
    (0..line.len()).step_by(2).map(pair).collect()
}

/// Both directions of the guard, with halves that are keyed by what the other side exported.
fn is_theirs(mut guard: MediaGuard, suite: Suite, material: &[u8], active: bool) {
    let (key, salt) = suite.lengths();
    let master = |place: usize| {
        let salts = &material[2 * key..];
        [&material[place * key..][..key], &salts[place * salt..][..salt]].concat()
    };
    let [ours, theirs] = if active { [0, 1] } else { [1, 0] };
    let plain = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    let sealed = |sealer: &mut dyn ssm::Sealer| {
        let mut buffer = [plain.as_slice(), &[0; 20]].concat();
        let length = sealer.seal_rtp(&mut buffer, plain.len()).unwrap();
        buffer.truncate(length);
        buffer
    };
    let mut packet = sealed(&mut *guard.sealer);
    let opened = SrtpOpener::new(suite, &master(ours)).unwrap().open_rtp(&mut packet).unwrap();
    assert_eq!(packet[..opened], plain);
    let mut packet = sealed(&mut SrtpSealer::new(suite, &master(theirs)).unwrap());
    let opened = guard.opener.open_rtp(&mut packet).unwrap();
    assert_eq!(packet[..opened], plain);
}

const SUITES: [(Suite, &str); 3] = [
    (Suite::AeadAes256Gcm, "SRTP_AEAD_AES_256_GCM"),
    (Suite::AeadAes128Gcm, "SRTP_AEAD_AES_128_GCM"),
    (Suite::AesCm128HmacSha1_80, "SRTP_AES128_CM_SHA1_80"),
];

fn arguments(suite: Suite, profile: &str) -> String {
    let length = 2 * suite.key_length();
    format!(
        "-dtls1_2 -cert certificate.pem -key key.pem -use_srtp {profile} -keymatexport \
         EXTRACTOR-dtls_srtp -keymatexportlen {length}"
    )
}

#[test]
fn openssl_as_client_comes_to_the_same_keys() {
    for (suite, profile) in SUITES {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let asked = format!("s_client -connect {at} {}", arguments(suite, profile));
        let certificate = Certificate::made().unwrap();
        let terms = terms(&certificate, false);
        let client = std::thread::spawn(move || openssl(&certificate, "2", &asked));
        let guard = drive(terms, &socket, None);
        is_theirs(guard, suite, &exported(&client.join().unwrap()), false);
    }
}

#[test]
fn openssl_as_server_comes_to_the_same_keys() {
    for (suite, profile) in SUITES {
        let [here, there] = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        let at = there.local_addr().unwrap();
        drop(there);
        let asked = format!("s_server -accept {at} -verify 1 {}", arguments(suite, profile));
        let certificate = Certificate::made().unwrap();
        let terms = terms(&certificate, true);
        let server = std::thread::spawn(move || openssl(&certificate, "2", &asked));
        let guard = drive(terms, &here, Some(at));
        is_theirs(guard, suite, &exported(&server.join().unwrap()), true);
    }
}
