//! coturn: says what it sees (STUN), and relays (TURN), for the user `alice`.

use super::certificates::Authority;
use super::children::Child;
use super::room::Room;
use super::waiting::{PATIENCE, until};
use crate::command::Failure;
use std::net::Ipv4Addr;
use std::path::Path;

/// A coturn that runs.
pub(super) struct Coturn {
    child: Child,
    ip: Ipv4Addr,
    port: u16,
    /// Where it takes TLS.
    tls_port: u16,
}

impl Coturn {
    /// Starts one at loopback addresses, for UDP and TCP.
    ///
    /// # Errors
    /// It does not listen.
    pub(super) fn start(room: &Room) -> Result<Self, Failure> {
        Self::with(room, "--no-tls")
    }

    /// Starts one that takes TLS, too, with a certificate for these names by an authority in `ca.pem`.
    ///
    /// # Errors
    /// The certificate cannot be made, or it does not listen.
    pub(super) fn certified(room: &Room, names: &str) -> Result<Self, Failure> {
        let [certificate, key] = Authority::new(room)?.certifies("coturn", names)?;
        Self::with(room, &format!("--cert={} --pkey={}", certificate.display(), key.display()))
    }

    fn with(room: &Room, more: &str) -> Result<Self, Failure> {
        let [port, tls_port, first] = [room.port()?, room.port()?, room.port()?];
        let (ip, last, folder) = (room.ip, first + 30, room.folder.display());
        let said = format!(
            "-n --listening-ip={ip} --relay-ip={ip} --listening-port={port} \
             --tls-listening-port={tls_port} --min-port={first} --max-port={last} --lt-cred-mech \
             --realm=pbx.example --user=alice:alice-secret --allow-loopback-peers --no-cli --no-dtls \
             --fingerprint --verbose --log-file=stdout --simple-log --pidfile={folder}/coturn.pid \
             --db={folder}/coturn.db {more}"
        );
        let arguments: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
        let mut child = Child::start(&room.folder, "coturn", Path::new("turnserver"), &arguments)?;
        child.connects((ip, if more == "--no-tls" { port } else { tls_port }))?;
        Ok(Self { child, ip, port, tls_port })
    }

    /// Where it is.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }

    /// A terminal's table that has it asked and used, over UDP.
    pub(super) fn table(&self) -> String {
        table(&self.address())
    }

    /// The same, over TCP.
    pub(super) fn table_by_tcp(&self) -> String {
        table(&format!("turn:{}?transport=tcp", self.address()))
    }

    /// The same, over TLS.
    pub(super) fn table_by_tls(&self) -> String {
        let trusts = "[tls]\nca = [\"../ca.pem\"]\n";
        table(&format!("turns:{}:{}", self.ip, self.tls_port)) + trusts
    }

    /// Waits until its log has it.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn has_logged(&self, text: &str) -> Result<(), Failure> {
        self.child.has_printed(text)
    }

    /// Waits until a session of `alice`, who proved to be so, has ended that came by this transport.
    ///
    /// # Errors
    /// None has.
    pub(super) fn has_served(&self, transport: &str) -> Result<(), Failure> {
        let reason = format!("reason: {transport} ");
        let served = |line: &str| line.contains("user <alice>") && line.contains(&reason);
        until(
            PATIENCE,
            || format!("coturn served alice by no {transport}"),
            || self.child.out().lines().any(served).then_some(()),
        )
    }

    /// Whether anybody has sent a user's name.
    pub(super) fn knows_somebody(&self) -> bool {
        self.child.out().contains("user <alice>")
    }
}

fn table(server: &str) -> String {
    format!(
        "[media]\nice = true\nturn = {{ server = \"{server}\", user = \"alice\", \
         password-file = \"alice-secret\" }}\n"
    )
}
