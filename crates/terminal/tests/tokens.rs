//! Access tokens (RFC 8898): the built program registers over TLS with one out of a file, and shows it
//! to nobody else.
#![cfg(feature = "digest")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const SERVER: &str = "https://as.example.org";
const TOKEN: &str = "canary-token.c0ffee_~+/==";

/// A registrar that takes tokens, with a certificate for `localhost`, and the caller's folder.
struct Lab {
    folder: TempDir,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
}

impl Lab {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let lab = Self { folder, listener, tls: Arc::new(tls) };
        lab.token(TOKEN, 0o600);
        lab
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn token(&self, text: &str, mode: u32) {
        std::fs::write(self.at("alice.token"), format!("{text}\n")).unwrap();
        std::fs::set_permissions(self.at("alice.token"), Permissions::from_mode(mode)).unwrap();
    }

    /// What becomes of `countersign register` with these lines in its account.
    fn register(&self, account: &str) -> Output {
        self.run(account, &["register"])
    }

    fn run(&self, account: &str, arguments: &[&str]) -> Output {
        let text = format!(
            "bind = [\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"]\n[identity]\n\
             aor = \"sip:alice@example.org\"\n[tls]\nca = [\"ca.pem\"]\n[[account]]\n\
             aor = \"sip:alice@example.org\"\n{account}\n"
        );
        std::fs::write(self.at("config.toml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--config").arg(self.at("config.toml")).args(arguments);
        command
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn account(&self) -> String {
        let port = self.listener.local_addr().unwrap().port();
        format!(
            "registrar = \"tls:localhost:{port}\"\nauthorization-servers = [\"{SERVER}\"]\n\
             token-file = \"alice.token\""
        )
    }

    /// Answers each request without a token by this challenge, a REGISTER with it by 200 and an INVITE by
    /// 486, until the connection ends or nothing comes any more; gives the Authorizations that came.
    fn serve(&self, challenge: &str) -> std::thread::JoinHandle<Vec<String>> {
        let (listener, tls) = (self.listener.try_clone().unwrap(), Arc::clone(&self.tls));
        let challenge = challenge.to_owned();
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut tls = ServerConnection::new(tls).unwrap();
            let mut stream = BufReader::new(Stream::new(&mut tls, &mut socket));
            let mut came = Vec::new();
            loop {
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    match stream.read_line(&mut line) {
                        Ok(1..) if line != "\r\n" => head.push(line),
                        Ok(1..) => break,
                        Ok(0) | Err(_) => return came,
                    }
                }
                let shown = head.iter().find_map(|line| line.strip_prefix("Authorization: "));
                came.extend(shown.map(|value| value.trim_end().to_owned()));
                if head.iter().any(|line| line.starts_with("ACK ")) {
                    continue;
                }
                let answer = answer(&head, shown.is_some(), &challenge);
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        })
    }
}

fn answer(head: &[String], is_authorized: bool, challenge: &str) -> String {
    let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:", "Expires:"];
    let copied = head.iter().filter(|line| copied.iter().any(|name| line.starts_with(name)));
    let copied: String = copied
        .map(|line| {
            line.replace("To: <sip:alice@example.org>", "To: <sip:alice@example.org>;tag=r")
        })
        .collect();
    let is_call = head.iter().any(|line| line.starts_with("INVITE "));
    let (status, more) = match is_authorized {
        true if is_call => ("486 Busy Here", String::new()),
        true => ("200 OK", String::new()),
        false => ("401 Unauthorized", format!("WWW-Authenticate: {challenge}\r\n")),
    };
    format!("SIP/2.0 {status}\r\n{copied}{more}Content-Length: 0\r\n\r\n")
}

fn usual() -> String {
    format!("Bearer realm=\"example.org\", authz_server=\"{SERVER}\", scope=\"sip\"")
}

fn said(output: &Output) -> String {
    let text = |octets| String::from_utf8_lossy(octets).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_token_out_of_a_file_registers_over_tls() {
    let lab = Lab::new();
    let registrar = lab.serve(&usual());
    let output = lab.register(&lab.account());
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("sip:alice@example.org is registered"), "{said}");
    let came = registrar.join().unwrap();
    assert!(!came.is_empty());
    assert!(came.iter().all(|value| *value == format!("Bearer {TOKEN}")), "{came:?}");
    assert!(!said.contains("c0ffee"), "{said}");
}

/// Each says what is wrong and where to look, and no token left.
#[test]
fn a_challenge_that_is_not_the_accounts_gets_no_token_and_the_user_a_line() {
    for (challenge, lines) in [
        (
            usual().replace(SERVER, "https://evil.example"),
            &["\"https://evil.example\"", "`authorization-servers`", "is none that the account"][..],
        ),
        (usual().replace("=\"example.org\"", "=\"example.net\""), &["\"example.net\"", "`realm`"]),
        ("Bearer realm=\"example.org\"".to_owned(), &["the challenge is malformed"]),
        (
            "Digest realm=\"example.org\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256".to_owned(),
            &["no credentials are configured"],
        ),
    ] {
        let lab = Lab::new();
        let registrar = lab.serve(&challenge);
        let output = lab.register(&lab.account());
        let said = said(&output);
        assert!(!output.status.success(), "{said}");
        for line in lines {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert_eq!(registrar.join().unwrap(), [""; 0], "{challenge}");
    }
}

#[test]
fn what_the_account_says_of_tokens_is_held_to_what_can_be() {
    let lab = Lab::new();
    let servers = format!("authorization-servers = [\"{SERVER}\"]");
    for (account, told) in [
        (
            format!("registrar = \"udp:127.0.0.1:9\"\n{servers}\ntoken-file = \"alice.token\""),
            "an access token is shown over TLS alone",
        ),
        (
            format!("registrar = \"localhost\"\n{servers}"),
            "an access token is shown over TLS alone",
        ),
        (
            "registrar = \"tls:localhost\"\ntoken-file = \"alice.token\"".to_owned(),
            "token-file needs authorization-servers",
        ),
        (
            format!("registrar = \"tls:localhost\"\n{servers}\npassword-file = \"alice.token\""),
            "in place of a password",
        ),
        (
            "registrar = \"tls:localhost\"\nauthorization-servers = [\"http://as\"]".to_owned(),
            "`http://as` is no https URI",
        ),
        (
            format!("registrar = \"tls:localhost\"\n{servers}\ntoken-file = \"none.token\""),
            "none.token",
        ),
    ] {
        let output = lab.register(&account);
        assert_eq!(output.status.code(), Some(1), "{account}");
        assert!(said(&output).contains(told), "{account}: {}", said(&output));
    }
}

#[test]
fn o02_a_token_file_open_to_others_is_refused() {
    let lab = Lab::new();
    lab.token(TOKEN, 0o640);
    let output = lab.register(&lab.account());
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("alice.token") && said.contains("mode 640"), "{said}");
    assert!(!said.contains("c0ffee"), "{said}");
}

/// Promise 16, of the one secret that leaves as it is.
#[test]
fn o01_a_token_is_in_nothing_that_is_shown_or_written() {
    let lab = Lab::new();
    for (capture, is_in_it) in [(&["--capture", "capture.pcapng"][..], false), (ORACLE, true)] {
        let registrar = lab.serve(&usual());
        let mut arguments = vec!["--json", "-vv", "call", "sip:bob@example.org"];
        arguments.extend(capture);
        let written = [format!("ladder-{is_in_it}"), format!("journal-{is_in_it}")];
        arguments.extend(["--ladder", &written[0], "--journal", &written[1]]);
        let output = lab.run(&lab.account(), &arguments);
        let said = said(&output);
        assert!(said.contains("486"), "{said}");
        assert_eq!(registrar.join().unwrap(), [format!("Bearer {TOKEN}")]);
        assert!(!said.contains("c0ffee"), "{said}");
        for file in [&*written[0], &written[1], capture[1]] {
            let octets = std::fs::read(lab.at(file)).unwrap();
            let found = octets.windows(6).any(|six| six == b"c0ffee");
            assert!(!octets.is_empty());
            // Without the oracle nothing would say that it could have been there.
            assert_eq!(found, is_in_it && file == capture[1], "{file}");
        }
    }
}

/// The capture that is asked to show what others hide.
const ORACLE: &[&str] = &["--capture", "oracle.pcapng", "--capture-secrets"];
