//! A registrar's password that a person types: once, for as long as it is accepted.

use super::*;
use std::net::{SocketAddr, UdpSocket};

const PASSWORD: &str = "hunter2";

/// A registrar that challenges each REGISTER without credentials, takes all credentials, and tells
/// of each that it takes.
fn registrar() -> (SocketAddr, mpsc::Receiver<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    // It ends with the process of the tests.
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok((length, source)) = socket.recv_from(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if !request.starts_with("REGISTER") {
                continue;
            }
            let proved = request.contains("\r\nAuthorization:");
            let names = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:", "Expires:"];
            let kept: String = request
                .split_inclusive("\r\n")
                .filter(|line| names.iter().any(|name| line.starts_with(name)))
                .collect();
            let (status, more) = match proved {
                true => ("200 OK", ""),
                false => (
                    "401 Unauthorized",
                    "WWW-Authenticate: Digest realm=\"example.org\", nonce=\"n\", qop=\"auth\", \
                     algorithm=SHA-256\r\n",
                ),
            };
            let answer = format!("SIP/2.0 {status}\r\n{kept}{more}Content-Length: 0\r\n\r\n");
            if proved && tell.send(()).is_err() {
                return;
            }
            socket.send_to(answer.as_bytes(), source).unwrap();
        }
    });
    (address, told)
}

/// A terminal with an account there, whose registration holds for two seconds.
fn account(registrar: SocketAddr) -> (TempDir, Side) {
    let folder = tempfile::tempdir().unwrap();
    let bind = free_loopback_pair().unwrap().map(|address| address.to_string());
    let side = Side { folder: folder.path().to_owned(), bind };
    let text = format!(
        "bind = [\"{}\", \"{}\"]\n[[account]]\naor = \"sip:alice@example.org\"\n\
         registrar = \"udp:{registrar}\"\nexpires = 2\n",
        side.bind[0], side.bind[1]
    );
    fs::write(folder.path().join("config.toml"), text).unwrap();
    (folder, side)
}

const ASKED: &str = "password of alice at example.org: ";

#[test]
fn a_typed_password_takes_the_registration_back_too() {
    let (address, taken) = registrar();
    let (_folder, side) = account(address);
    let (registering, mut person) = at_terminal(&side, &["register"]);
    person.answers(ASKED, &format!("{PASSWORD}\n"));
    registering.ends_well();
    assert_eq!(taken.try_iter().count(), 2, "one to register, one to take it back");
    assert_eq!(person.saw(ASKED), 1, "it is asked for once");
}

#[test]
fn a_typed_password_holds_for_each_renewal() {
    let (address, taken) = registrar();
    let (_folder, side) = account(address);
    let (listening, mut person) = at_terminal(&side, &["listen", "--auto-answer"]);
    person.answers(ASKED, &format!("{PASSWORD}\n"));
    for _ in 0..3 {
        taken.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    listening.interrupt();
    listening.ends_well();
    assert_eq!(person.saw(ASKED), 1, "it is asked for once");
}
