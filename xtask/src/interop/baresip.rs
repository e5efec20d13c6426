//! baresip: another phone, told what to do and heard over its control socket (a netstring of JSON
//! each way).

use super::children::Child;
use super::kamailio::Kamailio;
use super::room::{Room, data};
use super::waiting::{PATIENCE, until};
use crate::command::Failure;
use serde_json::{Value, json};
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the phone says.
pub(super) const HERTZ: u32 = 1_000;
/// Where Debian puts its modules, by machine.
const MODULES: &[&str] = &["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];

/// A baresip that runs, as the user `phone`.
pub(super) struct Baresip {
    // The socket is closed before the program is ended.
    control: TcpStream,
    child: Child,
    read: Vec<u8>,
    events: Vec<Value>,
    folder: PathBuf,
    ip: Ipv4Addr,
    port: u16,
}

impl Baresip {
    /// Starts one that is called directly.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn alone(room: &Room, transport: &str, answers: bool) -> Result<Self, Failure> {
        Self::start(room, transport, answers, "audio_codecs=pcmu;regint=0")
    }

    /// Starts one that is called directly, and speaks this codec and no other.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn speaking(room: &Room, codec: &str) -> Result<Self, Failure> {
        Self::start(room, "udp", true, &format!("audio_codecs={codec};regint=0"))
    }

    /// Starts one that answers in this codec, and says what it hears, when it hears it.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn echoing(room: &Room, codec: &str) -> Result<Self, Failure> {
        let account = format!("audio_codecs={codec};regint=0");
        Self::saying(room, "aubridge,sink", ("udp", true), &account)
    }

    /// Starts one that answers, and has its media keyed by DTLS-SRTP alone.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn by_dtls(room: &Room) -> Result<Self, Failure> {
        Self::start(room, "udp", true, "regint=0;mediaenc=dtls_srtp")
    }

    /// Starts one that answers, speaks this codec, and has its media keyed in this way alone: `dtls_srtp`,
    /// or `srtp-mand`, which is SDES.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn keyed(room: &Room, codec: &str, by: &str) -> Result<Self, Failure> {
        Self::start(room, "udp", true, &format!("audio_codecs={codec};regint=0;mediaenc={by}"))
    }

    /// Starts one that answers, and whose media find their way by ICE: this server says where it is
    /// seen.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn by_ice(room: &Room, server: &str) -> Result<Self, Failure> {
        let account =
            format!("audio_codecs=pcmu;regint=0;medianat=ice;stunserver=\"stun:{server}\"");
        Self::start(room, "udp", true, &account)
    }

    /// Starts one that answers, with an account at a PBX, and waits until it is registered.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn registered(room: &Room, pbx: &Kamailio) -> Result<Self, Failure> {
        Self::with_account(room, pbx, "udp", "")
    }

    /// The same, and its media are keyed by DTLS-SRTP alone.
    ///
    /// # Errors
    /// The same.
    pub(super) fn registered_by_dtls(room: &Room, pbx: &Kamailio) -> Result<Self, Failure> {
        Self::with_account(room, pbx, "udp", ";mediaenc=dtls_srtp")
    }

    /// The same by SDES, over TLS.
    ///
    /// # Errors
    /// The same.
    pub(super) fn registered_by_sdes(room: &Room, pbx: &Kamailio) -> Result<Self, Failure> {
        Self::with_account(room, pbx, "tls", ";mediaenc=srtp-mand")
    }

    fn with_account(
        room: &Room, pbx: &Kamailio, transport: &str, more: &str,
    ) -> Result<Self, Failure> {
        let at = pbx.registrar(transport).replacen(transport, "sip", 1);
        let account =
            format!("audio_codecs=pcmu{more};outbound=\"{at};transport={transport}\";regint=60");
        let phone = Self::start(room, transport, true, &account)?;
        pbx.has_logged("proved phone REGISTER")?;
        Ok(phone)
    }

    fn start(room: &Room, transport: &str, answers: bool, account: &str) -> Result<Self, Failure> {
        Self::saying(room, &format!("ausine,{HERTZ}"), (transport, answers), account)
    }

    fn saying(
        room: &Room, says: &str, (transport, answers): (&str, bool), account: &str,
    ) -> Result<Self, Failure> {
        let [port, control, media] = [room.port()?, room.port()?, room.port()?];
        let folder = room.folder.join("baresip");
        let modules = MODULES.iter().find(|path| Path::new(path).exists());
        let fill = [
            ("@ADDRESS@", room.ip.to_string()),
            ("@PORT@", port.to_string()),
            ("@CONTROL@", control.to_string()),
            ("@MEDIA@", format!("{media}-{}", media + 40)),
            ("@SOURCE@", says.to_owned()),
            ("@FOLDER@", folder.display().to_string()),
            ("@MODULES@", modules.copied().unwrap_or_default().to_owned()),
        ];
        let template = data("baresip.conf")?;
        let text = fill.iter().fold(template, |text, (name, value)| text.replace(name, value));
        room.write("baresip/config", &text)?;
        let mode = if answers { "auto" } else { "manual" };
        let domain = if account.contains("regint=0") {
            format!("{}:{port}", room.ip)
        } else {
            "pbx.example".to_owned()
        };
        let account = format!(
            "<sip:phone@{domain};transport={transport}>;auth_user=phone;auth_pass=phone-secret;\
             answermode={mode};{account}\n"
        );
        room.write("baresip/accounts", &account)?;
        let arguments = ["-f".to_owned(), folder.display().to_string(), "-s".to_owned()];
        let mut child = Child::start(&room.folder, "baresip", Path::new("baresip"), &arguments)?;
        let control = child.connects((room.ip, control))?;
        let set = control.set_read_timeout(Some(Duration::from_millis(20)));
        set.map_err(|why| format!("baresip's socket: {why}"))?;
        let (read, events) = (Vec::new(), Vec::new());
        Ok(Self { control, child, read, events, folder, ip: room.ip, port })
    }

    /// Where it is called directly.
    pub(super) fn uri(&self) -> String {
        format!("sip:phone@{}:{}", self.ip, self.port)
    }

    /// Has it do something, as `dial URI`.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn does(&mut self, line: &str) -> Result<String, Failure> {
        let (command, params) = line.split_once(' ').unwrap_or((line, ""));
        let text = json!({ "command": command, "params": params, "token": line }).to_string();
        let framed = format!("{}:{text},", text.len());
        let sent = self.control.write_all(framed.as_bytes());
        sent.map_err(|why| format!("baresip does not read `{line}`: {why}"))?;
        let answer = self.object(&format!("baresip did not answer `{line}`"), |object| {
            object.get("token").and_then(Value::as_str) == Some(line)
        })?;
        let text = answer.get("data").and_then(Value::as_str).unwrap_or_default().to_owned();
        if answer.get("ok") == Some(&Value::Bool(true)) {
            Ok(text)
        } else {
            Err(format!("baresip refused `{line}`: {text}"))
        }
    }

    /// Waits for an event of this type.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn event(&mut self, kind: &str) -> Result<Value, Failure> {
        self.object(&format!("baresip did not say {kind}"), |object| {
            object.get("type").and_then(Value::as_str) == Some(kind)
        })
    }

    /// Waits until it has printed this.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn has_printed(&self, text: &str) -> Result<(), Failure> {
        self.child.has_printed(text)
    }

    /// Takes the first object that is wanted, and leaves the others.
    fn object(&mut self, missing: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        until(
            PATIENCE,
            || missing.to_owned(),
            || {
                self.receive();
                let at = self.events.iter().position(&wanted)?;
                Some(self.events.remove(at))
            },
        )
    }

    fn receive(&mut self) {
        let mut octets = [0; 4096];
        match self.control.read(&mut octets) {
            Ok(length) => self.read.extend(octets.iter().take(length)),
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        while let Some((object, rest)) = netstring(&self.read) {
            self.events.extend(serde_json::from_str::<Value>(&object));
            self.read = rest;
        }
    }

    /// Ends it as its user does, and says where it left what it heard in its calls, in their order.
    ///
    /// # Errors
    /// It does not end.
    pub(super) fn quits(mut self) -> Result<Vec<PathBuf>, Failure> {
        self.child.interrupt();
        self.child.end(PATIENCE)?;
        let entries = fs::read_dir(&self.folder);
        let entries = entries.map_err(|why| format!("{}: {why}", self.folder.display()))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut heard: Vec<PathBuf> =
            paths.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).collect();
        heard.sort();
        Ok(heard)
    }
}

/// The first netstring, and what follows it.
fn netstring(octets: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = octets.iter().position(|octet| *octet == b':')?;
    let length: usize = std::str::from_utf8(octets.get(..colon)?).ok()?.parse().ok()?;
    let text = octets.get(colon + 1..colon + 1 + length)?;
    let rest = octets.get(colon + 2 + length..)?;
    Some((String::from_utf8_lossy(text).into_owned(), rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_netstring_is_read_once_it_is_whole() {
        assert_eq!(netstring(b"5:hello,2:x"), Some(("hello".to_owned(), b"2:x".to_vec())));
        assert_eq!(netstring(b"5:hell"), None);
        assert_eq!(netstring(b"5:hello"), None);
    }
}
