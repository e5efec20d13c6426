//! `listen` publishes the presence of an account that says so, and takes it back. RFC 3903.
#![cfg(feature = "watch")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap().split_once(": ").unwrap().1
}

fn answer(socket: &UdpSocket, to: SocketAddr, request: &str) {
    let mut response = "SIP/2.0 200 OK\r\nSIP-ETag: e1\r\n".to_owned();
    for name in ["Via", "From", "To", "Call-ID", "CSeq", "Expires"] {
        let tag = if name == "To" { ";tag=t" } else { "" };
        response += &format!("{name}: {}{tag}\r\n", field(request, name));
    }
    if request.starts_with("REGISTER ") {
        response += &format!("Contact: {}\r\n", field(request, "Contact"));
    }
    response += "Content-Length: 0\r\n\r\n";
    socket.send_to(response.as_bytes(), to).unwrap();
}

/// Answers until all that stands is taken back; the methods that it was asked for, with their Expires.
fn serve(socket: &UdpSocket, terminal: Pid) -> Vec<String> {
    let mut buffer = [0; 8_192];
    let mut asked = Vec::new();
    while let Ok((length, source)) = socket.recv_from(&mut buffer) {
        let request = String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap();
        let method = request.split(' ').next().unwrap();
        if !["REGISTER", "PUBLISH"].contains(&method) {
            continue;
        }
        answer(socket, source, &request);
        asked.push(format!("{method} {}", field(&request, "Expires")));
        let is_done = |what: &str| asked.iter().any(|it| it == what);
        if is_done("REGISTER 0") && (is_done("PUBLISH 0") || !is_done("PUBLISH 3600")) {
            return asked;
        }
    }
    // It may have ended already.
    _ = kill_process(terminal, Signal::KILL);
    asked
}

#[test]
fn an_account_is_published_while_it_is_listened_for_where_it_says_so() {
    for (key, published) in [("publish = true\n", true), ("", false)] {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        let registrar = socket.local_addr().unwrap();
        let account = format!(
            "[[account]]\naor = \"sip:alice@127.0.0.1\"\nregistrar = \"udp:{registrar}\"\n{key}"
        );
        std::fs::write(&config, account).unwrap();
        let mut terminal = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["listen", "--auto-answer", "--json", "--bind", "udp:127.0.0.1:0", "--config"])
            .arg(&config)
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path().join("xdg"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&terminal);
        let server = thread::spawn(move || serve(&socket, pid));
        // What is published is asked for before the registration is told.
        let last = if published { "published" } else { "registered" };
        let mut said = String::new();
        for line in BufReader::new(terminal.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line.contains(&format!("\"event\":\"{last}\"")) {
                kill_process(pid, Signal::INT).unwrap();
            }
            said += &(line + "\n");
        }
        terminal.wait().unwrap();
        let asked = server.join().unwrap();
        let object = "\"event\":\"published\",\"aor\":\"sip:alice@127.0.0.1\",\"expires\":3600}";
        assert_eq!(said.contains(object), published, "{said}");
        assert_eq!(asked.first().map(String::as_str), Some("REGISTER 3600"));
        for what in ["PUBLISH 3600", "PUBLISH 0"] {
            let times = asked.iter().filter(|it| *it == what).count();
            assert_eq!(times, usize::from(published), "{what}: {asked:?}");
        }
    }
}
