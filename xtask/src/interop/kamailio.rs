//! Kamailio: registrar and proxy of the domain `pbx.example`, over UDP, TCP and TLS, and WebSockets
//! over either of the last.

use super::certificates::Authority;
use super::children::Child;
use super::room::{Room, data};
use super::waiting::{PATIENCE, until};
use crate::command::Failure;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;

/// How Kamailio challenges.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Challenge {
    Md5,
    Sha256,
    /// MD5 first, and SHA-256, which alone is accepted.
    WeakFirst,
    /// SHA-256, by a registrar that knows of flows (RFC 5626), and closes Bob's when somebody calls
    /// `break`.
    Outbound,
}

/// What a certificate names that is good for `pbx.example` (RFC 5922 §7.1).
pub(super) const RIGHT: &str = "URI:sip:pbx.example,DNS:other.example";

/// Whether it goes over TLS.
pub(super) fn is_secure(transport: &str) -> bool {
    matches!(transport, "tls" | "wss")
}

/// A Kamailio that runs.
pub(super) struct Kamailio {
    child: Child,
    ip: Ipv4Addr,
    port: u16,
    tls: u16,
}

impl Kamailio {
    /// Starts one that challenges so, and whose certificate has these names.
    ///
    /// # Errors
    /// It does not listen.
    pub(super) fn start(room: &Room, challenge: Challenge, names: &str) -> Result<Self, Failure> {
        let [certificate, key] = Authority::new(room)?.certifies("kamailio", names)?;
        let [port, tls] = [room.port()?, room.port()?];
        let algorithm = if challenge == Challenge::Md5 { "MD5" } else { "SHA-256" };
        let fill = [
            ("@ADDRESS@", room.ip.to_string()),
            ("@PORT@", port.to_string()),
            ("@TLS@", tls.to_string()),
            ("@ALGORITHM@", algorithm.to_owned()),
            ("@CERTIFICATE@", certificate.display().to_string()),
            ("@KEY@", key.display().to_string()),
        ];
        let template = data("kamailio.cfg")?;
        let text = fill.iter().fold(template, |text, (name, value)| text.replace(name, value));
        let path = room.write("kamailio.cfg", &text)?;
        // Debian leaves it out of the PATH of those who do not administrate.
        let program = Path::new("/usr/sbin/kamailio");
        let folder = room.folder.display();
        let said = format!("-DD -E -m 32 -M 4 -Y {folder} -f {}", path.display());
        let mut arguments: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
        let define = match challenge {
            Challenge::Md5 | Challenge::Sha256 => None,
            Challenge::WeakFirst => Some("WEAK_FIRST"),
            Challenge::Outbound => Some("OUTBOUND"),
        };
        if let Some(define) = define {
            arguments.extend(["-A".to_owned(), define.to_owned()]);
        }
        let mut child = Child::start(&room.folder, "kamailio", program, &arguments)?;
        child.connects((room.ip, tls))?;
        Ok(Self { child, ip: room.ip, port, tls })
    }

    /// Where it is, as a terminal's account names its registrar.
    pub(super) fn registrar(&self, transport: &str) -> String {
        let port = if is_secure(transport) { self.tls } else { self.port };
        format!("{transport}:{}:{port}", self.ip)
    }

    /// Where it is, as others name it.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }

    /// How often its log has a line with this.
    pub(super) fn logged(&self, text: &str) -> usize {
        self.child.err().lines().filter(|line| line.contains(text)).count()
    }

    /// How many requests of a method it got, what was sent again counted once.
    pub(super) fn got(&self, method: &str) -> usize {
        let wanted = format!("got {method} ");
        let text = self.child.err();
        let found = text.lines().filter_map(|line| line.split_once(&wanted)?.1.split(' ').next());
        found.collect::<BTreeSet<_>>().len()
    }

    /// Waits until its log has it.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn has_logged(&self, text: &str) -> Result<(), Failure> {
        let missing = || format!("Kamailio did not log `{text}`");
        until(PATIENCE, missing, || (self.logged(text) > 0).then_some(()))
    }
}
