//! The built program over TLS and WebSockets: whom it believes, and what it says of whom it does not.
#![cfg(feature = "digest")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use tempfile::TempDir;

/// An authority with what it has issued, in a folder that the configurations stand in, too.
struct Lab {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Lab {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let lab = Self { folder: tempfile::tempdir().unwrap(), authority };
        std::fs::write(lab.at("ca.pem"), lab.authority.pem()).unwrap();
        lab
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `name.pem` and `name.key`, a certificate for this name.
    fn issue(&self, name: &str) {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.at(&format!("{name}.pem")), certificate.pem()).unwrap();
        let path = self.at(&format!("{name}.key"));
        std::fs::write(&path, key.serialize_pem()).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// A configuration file with these lines below `[tls]`, and these binds.
    fn config(&self, binds: &str, tls: &str) -> PathBuf {
        let path = self.at(&format!("{}.toml", tls.len()));
        let text = format!("bind = [{binds}]\n[identity]\naor = \"sip:a@localhost\"\n{tls}\n");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Somebody who listens on TLS with the certificate of this name, and the port.
    fn listen(&self, name: &str) -> Listening {
        let tls = format!("[tls]\ncertificate = \"{name}.pem\"\nkey = \"{name}.key\"");
        self.listen_at("tls:127.0.0.1:0", &tls)
    }

    /// Somebody who listens there, and the port.
    fn listen_at(&self, bind: &str, tls: &str) -> Listening {
        let config = self.config(&format!("\"{bind}\""), tls);
        let mut command = countersign(&config, &["listen", "--auto-answer"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (mut out, mut line) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        out.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Listening { child, port, _out: out }
    }

    /// Calls `localhost` at this port.
    fn call(&self, tls: &str, uri: &str) -> Output {
        let config = self.config("\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"", tls);
        let mut command = countersign(&config, &["call", uri, "--seconds", "1"]);
        command.output().unwrap()
    }

    /// Calls there, trusting the authority, and hangs up.
    fn gets_through(&self, uri: &str) {
        let out = self.call(TRUSTING, uri);
        assert!(out.status.success(), "{uri}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(String::from_utf8_lossy(&out.stdout).contains("over: hung up here"));
    }
}

fn countersign(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("--config").arg(config).args(arguments).env("HOME", config.parent().unwrap());
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Somebody who listens.
struct Listening {
    child: Child,
    port: u16,
    /// Open, so that it can say what it has to.
    _out: BufReader<ChildStdout>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may be gone already.
        _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        _ = self.child.wait();
    }
}

const TRUSTING: &str = "[tls]\nca = [\"ca.pem\"]";

#[test]
fn a_call_over_tls_goes_to_whoever_has_the_name() {
    let lab = Lab::new();
    lab.issue("localhost");
    let bob = lab.listen("localhost");
    for uri in [
        format!("sips:a@localhost:{}", bob.port),
        format!("sip:a@localhost:{};transport=tls", bob.port),
    ] {
        lab.gets_through(&uri);
    }
}

#[cfg(feature = "ws")]
#[test]
fn a_call_over_a_websocket_is_taken_and_ended() {
    let lab = Lab::new();
    lab.issue("localhost");
    let presenting = "[tls]\ncertificate = \"localhost.pem\"\nkey = \"localhost.key\"";
    for (bind, presented, scheme, host) in [
        ("ws:127.0.0.1:0", "", "sip", "127.0.0.1"),
        ("wss:127.0.0.1:0", presenting, "sips", "localhost"),
    ] {
        let bob = lab.listen_at(bind, presented);
        let uri = format!("{scheme}:a@{host}:{};transport=ws", bob.port);
        lab.gets_through(&uri);
    }
}

#[cfg(feature = "ws")]
#[test]
fn x09_the_pages_that_the_configuration_lists_may_connect() {
    use std::io::{Read as _, Write as _};
    let lab = Lab::new();
    let bob = lab.listen_at("ws:127.0.0.1:0", "[ws]\norigins = [\"https://phone.example.org\"]");
    let answer = |origin: &str| {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", bob.port)).unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: sip\r\n{origin}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        String::from_utf8_lossy(&status).into_owned()
    };
    assert_eq!(answer("Origin: https://evil.example\r\n"), "HTTP/1.1 403");
    assert_eq!(answer("Origin: https://phone.example.org\r\n"), "HTTP/1.1 101");
    assert_eq!(answer(""), "HTTP/1.1 101");
}

#[cfg(feature = "ws")]
#[test]
fn x01_a_secure_websocket_is_to_whoever_has_the_name() {
    let lab = Lab::new();
    lab.issue("pbx.example");
    let presenting = "[tls]\ncertificate = \"pbx.example.pem\"\nkey = \"pbx.example.key\"";
    let bob = lab.listen_at("wss:127.0.0.1:0", presenting);
    let out = lab.call(TRUSTING, &format!("sips:a@localhost:{};transport=ws", bob.port));
    assert_eq!(out.status.code(), Some(1));
    let told = String::from_utf8_lossy(&out.stderr);
    let why = "its certificate is for pbx.example, not for localhost";
    let at = format!("cannot connect to WSS 127.0.0.1:{}: {why}", bob.port);
    assert!(told.contains(&at), "{told}");
}

#[test]
fn x01_who_has_another_name_or_another_authority_is_not_called() {
    let lab = Lab::new();
    lab.issue("pbx.example");
    let bob = lab.listen("pbx.example");
    let (uri, at) =
        (format!("sips:a@localhost:{}", bob.port), format!("TLS 127.0.0.1:{}", bob.port));
    for (tls, why) in [
        (TRUSTING, "its certificate is for pbx.example, not for localhost"),
        ("", "its certificate"),
    ] {
        let out = lab.call(tls, &uri);
        assert_eq!(out.status.code(), Some(1));
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(told.contains(&format!("cannot connect to {at}: {why}")), "{told}");
    }
}

/// Promise 20: nothing else proves anything here. Bob answers without `rspauth` and signs nothing.
#[test]
fn a_call_is_accepted_for_the_tls_name_of_the_peers_domain_alone() {
    let lab = Lab::new();
    lab.issue("localhost");
    let own = "[tls]\ncertificate = \"localhost.pem\"\nkey = \"localhost.key\"\n[own]\nhosts = [\"bob.example\"]";
    let bob = lab.listen_at("tls:127.0.0.1:0", own);
    let contact = |aor: &str| {
        let at = format!("at = \"tls:localhost:{}\"\nrequire = [\"tls-name\"]", bob.port);
        format!("{TRUSTING}\n[[contact]]\naor = \"{aor}\"\n{at}")
    };
    let told = |out: &Output| {
        let text = |octets| String::from_utf8_lossy(octets).into_owned();
        text(&out.stdout) + &text(&out.stderr)
    };
    let out = lab.call(&contact("sip:a@localhost"), "sip:a@localhost");
    assert!(out.status.success(), "{}", told(&out));
    assert!(told(&out).contains("over: hung up here"), "{}", told(&out));
    let vouches = "The server of localhost has proved by its TLS certificate that it is that";
    assert!(told(&out).contains(vouches), "{}", told(&out));
    // The same server and certificate, and nothing of it says that it is bob.example's.
    let out = lab.call(&contact("sip:a@bob.example"), "sip:a@bob.example");
    assert_eq!(out.status.code(), Some(1), "{}", told(&out));
    let why = "no TLS connection to the peer's domain brought the answer";
    assert!(told(&out).contains(why), "{}", told(&out));
}

#[test]
fn what_tls_says_in_the_configuration_is_held_to_what_can_be() {
    let lab = Lab::new();
    lab.issue("localhost");
    let whole = "[tls]\ncertificate = \"localhost.pem\"\nkey = \"localhost.key\"";
    let told = |tls: &str| {
        let out = lab.call(tls, "sip:x@127.0.0.1:9");
        assert_eq!(out.status.code(), Some(1), "{tls}");
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    for (tls, why) in [
        ("[tls]\nkey = \"localhost.key\"", "[tls] names a key without its certificate"),
        ("[tls]\ncertificate = \"localhost.pem\"", "[tls] names a certificate without its key"),
        ("[tls]\nca = [\"none.pem\"]", "none.pem"),
        ("[tls]\nca = [\"localhost.key\"]", "there is no certificate in it"),
        (&whole.replace("localhost.key", "ca.pem"), "ca.pem"),
    ] {
        let told = told(tls);
        assert!(told.contains(why), "{tls}: {told}");
    }
    // Case O02.
    std::fs::set_permissions(lab.at("localhost.key"), Permissions::from_mode(0o640)).unwrap();
    assert!(told(whole).contains("localhost.key"), "{}", told(whole));
    assert!(told(whole).contains("600") || told(whole).contains("chmod"), "{}", told(whole));
}
