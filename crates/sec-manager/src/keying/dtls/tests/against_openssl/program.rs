//! The program at the other end, and our side over a socket.

use crate::keying::dtls::certificate::Certificate;
use crate::keying::dtls::fingerprint::{Fingerprint, Fingerprints};
use crate::keying::dtls::handshake::{DtlsHandshake, Progress, Terms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssm::{Handshake as _, MediaGuard, Refused};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

/// What a program does that has a certificate and is typed something after a second, in a folder that is
/// gone with it. It is gone after two.
const SCRIPT: &str = "folder=$(mktemp -d) && cd \"$folder\" && echo \"$SHOWN\" > shown.pem && \
    echo \"$SETTINGS\" > settings && (sleep 1; printf \"$TYPED\"; sleep 1) | \
    OPENSSL_CONF=settings timeout 2 openssl $ARGUMENTS 2>&1; rm -r \"$folder\"";

/// Settings for a program that does not know of RFC 7627.
const NOT_BOUND: &str = "openssl_conf = one\n[one]\nssl_conf = two\n[two]\nsystem_default = three\n\
    [three]\nOptions = -ExtendedMasterSecret\n";

#[expect(clippy::disallowed_methods, reason = "the other side is a program")]
fn now() -> Instant {
    Instant::now()
}

/// A certificate with its key, in PEM, and what is said of it.
pub(super) struct Shown {
    pem: String,
    fingerprint: Fingerprint,
}

impl Shown {
    /// For ECDSA, as ours are.
    pub(super) fn ecdsa() -> Self {
        let made = Certificate::made().unwrap();
        let pem = |kind: &str, der: &[u8]| {
            format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
        };
        Self {
            pem: pem("PRIVATE KEY", made.key()) + &pem("CERTIFICATE", made.der()),
            fingerprint: Fingerprint::of(made.der()),
        }
    }

    /// For RSA, of so many bits.
    pub(super) fn rsa(bits: u32) -> Self {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-nodes", "-subj", "/CN=media", "-keyout", "/dev/stdout"]);
        command.args(["-newkey", &format!("rsa:{bits}")]).stderr(Stdio::null());
        let made = command.output().expect("apt-get install openssl").stdout;
        let pem = String::from_utf8(made).unwrap();
        let (_, certificate) = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap();
        let lines = certificate.lines().take_while(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self { fingerprint: Fingerprint::of(&der), pem }
    }
}

/// What a program is told that is the other side.
pub(super) struct Other {
    is_server: bool,
    arguments: String,
    typed: &'static str,
    settings: &'static str,
}

impl Other {
    /// One that shows a certificate.
    pub(super) fn new(is_server: bool) -> Self {
        let arguments = String::from("-dtls1_2 -cert shown.pem -key shown.pem -verify 1");
        Self { is_server, arguments, typed: "", settings: "" }
    }

    /// With such options too.
    pub(super) fn with(mut self, options: &str) -> Self {
        self.arguments.extend([" ", options]);
        self
    }

    /// Without a certificate.
    pub(super) fn without_certificate(mut self) -> Self {
        let without = if self.is_server { "-nocert" } else { "" };
        self.arguments = format!("-dtls1_2 {without}");
        self
    }

    /// Without the extended master secret. RFC 7627.
    pub(super) fn not_bound(mut self) -> Self {
        self.settings = NOT_BOUND;
        self
    }

    /// Typed this after a second.
    pub(super) fn typed(mut self, typed: &'static str) -> Self {
        self.typed = typed;
        self
    }

    /// Runs it, with our side opposite.
    pub(super) fn meets(self, shown: &Shown) -> Side {
        let [here, there] = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        here.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let at = if self.is_server { &there } else { &here }.local_addr().unwrap();
        drop(there);
        let what = if self.is_server { "s_server -accept" } else { "s_client -connect" };
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).env("SHOWN", &shown.pem).env("TYPED", self.typed);
        command.env("SETTINGS", self.settings);
        command.env("ARGUMENTS", format!("{what} {at} {}", self.arguments));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut reads = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while self.is_server && !said.contains("ACCEPT") && reads.read_line(&mut said).unwrap() > 0
        {
        }
        let program = spawn(move || {
            reads.read_to_string(&mut said).unwrap();
            child.wait().unwrap();
            said
        });
        let line = shown.fingerprint.to_string();
        let fingerprints = Fingerprints::parse(std::iter::once(&*line)).unwrap();
        let certificate = Arc::new(Certificate::made().unwrap());
        let terms = Terms { certificate, fingerprints, active: self.is_server };
        let handshake = DtlsHandshake::new(terms, Arc::new(Progress::new(|| ())));
        Side { handshake, socket: here, peer: self.is_server.then_some(at), program }
    }
}

/// Our side of it.
pub(super) struct Side {
    handshake: DtlsHandshake,
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    program: JoinHandle<String>,
}

impl Side {
    /// Takes what comes, and returns what it sends.
    fn turn(&mut self) -> Vec<Vec<u8>> {
        let mut room = [0; 2048];
        match self.socket.recv_from(&mut room) {
            Ok((length, source)) => {
                self.peer = Some(source);
                self.handshake.on_datagram(now(), &room[..length]);
            }
            Err(_) if self.peer.is_some() => self.handshake.on_timeout(now()),
            Err(_) => {}
        }
        let sent: Vec<_> = std::iter::from_fn(|| self.handshake.poll_datagram()).collect();
        for datagram in &sent {
            self.socket.send_to(datagram, self.peer.unwrap()).unwrap();
        }
        sent
    }

    /// How it ends: where nothing more comes of it, as it does after its time.
    pub(super) fn outcome(&mut self) -> Result<MediaGuard, Refused> {
        while !self.program.is_finished() {
            self.turn();
            if let Some(outcome) = self.handshake.poll_outcome() {
                return outcome.map(|keys| keys.guard().unwrap());
            }
        }
        self.handshake.on_timeout(now() + Duration::from_secs(10));
        let outcome = self.handshake.poll_outcome().expect("it has begun");
        outcome.map(|keys| keys.guard().unwrap())
    }

    /// What it sends until the program ends, after it has ended itself, and whether it ends again.
    pub(super) fn afterwards(&mut self) -> (Vec<Vec<u8>>, bool) {
        let mut sent = Vec::new();
        while !self.program.is_finished() {
            sent.extend(self.turn());
        }
        (sent, self.handshake.poll_outcome().is_some())
    }

    /// What the program has said.
    pub(super) fn said(self) -> String {
        self.program.join().unwrap()
    }
}
