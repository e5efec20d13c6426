//! A terminal of ours: `countersign call` or `listen`, told what to do by lines on standard input
//! and heard by the objects that it prints.

use super::children::Child;
use super::programs::BY_OPENSSL;
use super::room::Room;
use super::waiting::{PATIENCE, now, until};
use crate::command::Failure;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ChildStdin;
use std::time::Duration;

/// Whose passwords there are, each in `USER-secret` beside a configuration.
const USERS: &[&str] = &["alice", "bob", "carol", "mallory"];

/// What a terminal is, before it runs.
pub(super) struct Setup<'a> {
    room: &'a Room,
    name: &'a str,
    port: u16,
    program: &'static str,
    /// Who it is.
    aor: String,
    config: String,
}

impl<'a> Setup<'a> {
    /// A terminal that is reached at a free port by UDP and TCP, as `sip:NAME@ADDRESS:PORT`.
    ///
    /// # Errors
    /// No port is free.
    pub(super) fn new(room: &'a Room, name: &'a str) -> Result<Self, Failure> {
        let port = room.port()?;
        let at = format!("{}:{port}", room.ip);
        let (program, aor) = ("countersign", format!("sip:{name}@{at}"));
        Ok(Self { room, name, port, program, aor, config: String::new() })
    }

    /// As the program whose DTLS handshakes OpenSSL makes.
    pub(super) fn by_openssl(self) -> Self {
        Self { program: BY_OPENSSL, ..self }
    }

    /// With tables of its own configuration.
    pub(super) fn with(mut self, tables: &str) -> Self {
        self.config.push_str(tables);
        self
    }

    /// As a user of `pbx.example`, with an account there whose password is `USER-secret`.
    pub(super) fn account(mut self, user: &str, registrar: &str, more: &str) -> Self {
        self.aor = format!("sip:{user}@pbx.example");
        // What is written to a string is written.
        let _ = writeln!(
            self.config,
            "[[account]]\naor = \"sip:{user}@pbx.example\"\nregistrar = \"{registrar}\"\n\
             password-file = \"{user}-secret\"\n{more}"
        );
        self
    }

    /// Where it is reached directly, without who it is.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.room.ip, self.port)
    }

    /// Where it is reached directly.
    pub(super) fn uri(&self) -> String {
        format!("sip:{}@{}:{}", self.name, self.room.ip, self.port)
    }

    /// Answers, or waits for `answer`.
    ///
    /// # Errors
    /// It does not listen.
    pub(super) fn listen(&self, options: &[&str]) -> Result<Terminal, Failure> {
        let mut terminal = self.run("listen", options)?;
        terminal.event("listening")?;
        Ok(terminal)
    }

    /// Listens, and is registered.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn registered(&self, options: &[&str]) -> Result<Terminal, Failure> {
        let mut terminal = self.listen(options)?;
        terminal.event("registered")?;
        Ok(terminal)
    }

    /// Places a call.
    ///
    /// # Errors
    /// It cannot be run.
    pub(super) fn call(&self, uri: &str, options: &[&str]) -> Result<Terminal, Failure> {
        self.run("call", &[&[uri], options].concat())
    }

    /// Runs a command of the program with this configuration.
    ///
    /// # Errors
    /// The configuration cannot be written, or the program not run.
    pub(super) fn run(&self, command: &str, options: &[&str]) -> Result<Terminal, Failure> {
        let (room, name) = (self.room, self.name);
        let (at, aor) = (self.address(), &self.aor);
        let listens = format!("bind = [\"udp:{at}\", \"tcp:{at}\"]\n[identity]\naor = \"{aor}\"\n");
        let config = room.write(&format!("{name}/config.toml"), &(listens + &self.config))?;
        for user in USERS {
            let secret = format!("{user}-secret");
            private(&room.write(&format!("{name}/{secret}"), &format!("{secret}\n"))?)?;
        }
        let mut arguments = vec!["--config".to_owned(), config.display().to_string()];
        arguments.extend(["--json".to_owned(), command.to_owned()]);
        arguments.extend(options.iter().map(|it| (*it).to_owned()));
        let mut child = Child::start(&room.folder, name, &room.program(self.program), &arguments)?;
        let lines = child.stdin();
        Ok(Terminal { name: name.to_owned(), child, lines, read: 0 })
    }
}

/// Makes a file its owner's alone.
///
/// # Errors
/// The system does not let us.
pub(super) fn private(path: &Path) -> Result<(), Failure> {
    let set = fs::set_permissions(path, Permissions::from_mode(0o600));
    set.map_err(|why| format!("{}: {why}", path.display()))
}

/// A terminal that runs.
pub(super) struct Terminal {
    name: String,
    child: Child,
    lines: Option<ChildStdin>,
    /// How many of its objects were looked at.
    read: usize,
}

impl Terminal {
    /// Its process, by its number in the system.
    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// The next object of a kind, those before it passed over.
    ///
    /// # Errors
    /// There is none in time, or the program ends without.
    pub(super) fn event(&mut self, kind: &str) -> Result<Value, Failure> {
        self.event_within(kind, PATIENCE)
    }

    /// The same, with as much patience.
    ///
    /// # Errors
    /// The same.
    pub(super) fn event_within(
        &mut self, kind: &str, patience: Duration,
    ) -> Result<Value, Failure> {
        let name = self.name.clone();
        let missing = || format!("{name} did not say `{kind}`");
        let found = until(patience, missing, || {
            let ended = self.child.ended();
            match (self.next(kind), ended) {
                (Some(event), _) => Some(Ok(event)),
                (None, Some(status)) => Some(Err(status)),
                (None, None) => None,
            }
        })?;
        found.map_err(|status| {
            let said = self.child.err().lines().last().unwrap_or_default().to_owned();
            format!("{name} ended ({status}) without `{kind}`: {said}")
        })
    }

    fn next(&mut self, kind: &str) -> Option<Value> {
        let text = self.child.out();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut events = whole.lines().enumerate().skip(self.read);
        let found = events.find_map(|(n, line)| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event.get("event")?.as_str()? == kind).then_some((n, event))
        });
        found.map(|(n, event)| {
            self.read = n + 1;
            event
        })
    }

    /// Whether it has said anything of a kind so far.
    pub(super) fn said(&self, kind: &str) -> bool {
        self.child.out().contains(&format!("\"event\":\"{kind}\""))
    }

    /// Gives it a command.
    ///
    /// # Errors
    /// It does not read any more.
    pub(super) fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let lines = self.lines.as_mut().ok_or("no standard input")?;
        let written = writeln!(lines, "{line}").and_then(|()| lines.flush());
        written.map_err(|why| format!("{} does not read `{line}`: {why}", self.name))
    }

    /// Gives it a command, and waits until it is done.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn does(&mut self, line: &str) -> Result<(), Failure> {
        self.tell(line)?;
        let command = line.split(' ').next().unwrap_or_default();
        let end = now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(now());
            let done = self.event_within("done", left);
            let done = done.map_err(|why| format!("`{line}`: {why}{}", self.refusal()))?;
            let named = done.get("command").and_then(Value::as_str).unwrap_or_default();
            if named.starts_with(command) {
                return Ok(());
            }
        }
    }

    /// Why the last command was not done, if it says so.
    fn refusal(&self) -> String {
        let text = self.child.out();
        let failed = text.lines().rev().find(|line| line.contains("\"event\":\"failed\""));
        failed.map_or_else(String::new, |line| format!(": {line}"))
    }

    /// How a call ended: `CODE`, and packets sent and received.
    ///
    /// # Errors
    /// It goes on.
    pub(super) fn over(&mut self) -> Result<Over, Failure> {
        let event = self.event_within("over", Duration::from_secs(60))?;
        let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(Over {
            code: text("code").to_owned(),
            outcome: text("outcome").to_owned(),
            status: number("status"),
            sent: number("packets_sent"),
            received: number("packets_received"),
        })
    }

    /// Ends it as Ctrl-C does: calls are hung up, accounts unregistered.
    ///
    /// # Errors
    /// It does not end, or ends with a failure.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        self.child.interrupt();
        let status = self.child.end(PATIENCE)?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.name)) }
    }

    /// Waits for the end of a program that ends by itself, and what it said on standard error.
    ///
    /// # Errors
    /// It goes on.
    pub(super) fn ends(mut self) -> Result<(bool, String), Failure> {
        let status = self.child.end(Duration::from_secs(40))?;
        Ok((status.success(), self.child.err().trim().to_owned()))
    }
}

/// How a call ended.
pub(super) struct Over {
    pub(super) code: String,
    pub(super) outcome: String,
    pub(super) status: u64,
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl Over {
    /// Whether it ended so, and audio went both ways: at least as many packets as 50 a second make
    /// in half of `milliseconds`.
    ///
    /// # Errors
    /// What it was instead.
    pub(super) fn was(&self, code: &str, milliseconds: u64) -> Result<String, Failure> {
        let least = milliseconds / 40;
        let packets = format!("{} packets sent, {} received", self.sent, self.received);
        if self.code != code {
            return Err(format!("the call ended `{}` ({}), not `{code}`", self.code, self.outcome));
        }
        if self.sent < least || self.received < least {
            return Err(format!("{packets}: expected {least} each at least"));
        }
        Ok(packets)
    }
}
