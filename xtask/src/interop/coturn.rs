//! coturn: says what it sees (STUN), and relays (TURN), for the user `alice`.

use super::children::Child;
use super::room::Room;
use crate::command::Failure;
use std::net::Ipv4Addr;
use std::path::Path;

/// A coturn that runs.
pub(super) struct Coturn {
    child: Child,
    ip: Ipv4Addr,
    port: u16,
}

impl Coturn {
    /// Starts one at loopback addresses.
    ///
    /// # Errors
    /// It does not listen.
    pub(super) fn start(room: &Room) -> Result<Self, Failure> {
        let [port, first] = [room.port()?, room.port()?];
        let (ip, last, folder) = (room.ip, first + 30, room.folder.display());
        let said = format!(
            "-n --listening-ip={ip} --relay-ip={ip} --listening-port={port} --min-port={first} \
             --max-port={last} --lt-cred-mech --realm=pbx.example --user=alice:alice-secret \
             --allow-loopback-peers --no-cli --no-tls --no-dtls --fingerprint --verbose \
             --log-file=stdout --simple-log --pidfile={folder}/coturn.pid --db={folder}/coturn.db"
        );
        let arguments: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
        let mut child = Child::start(&room.folder, "coturn", Path::new("turnserver"), &arguments)?;
        child.connects((ip, port))?;
        Ok(Self { child, ip, port })
    }

    /// Where it is.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }

    /// A terminal's table that has it asked and used.
    pub(super) fn table(&self) -> String {
        format!(
            "[media]\nice = true\nturn = {{ server = \"{}\", user = \"alice\", \
             password-file = \"alice-secret\" }}\n",
            self.address()
        )
    }

    /// Waits until its log has it.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn has_logged(&self, text: &str) -> Result<(), Failure> {
        self.child.has_printed(text)
    }
}
