//! Chromium: a page with JsSIP in it, whose microphone is a WAV file.

use super::children::Child;
use super::npm;
use super::room::{Room, data};
use super::sound;
use super::waiting::until;
use crate::command::{Failure, output};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What its microphone hears.
pub(super) const HERTZ: u32 = 1_000;
/// How far what is heard may be off: the width of a bin of the page's analysis.
const OFF: u64 = 12;
/// How long it may take to start, on a machine that builds beside.
const START: Duration = Duration::from_secs(60);
/// How often the page says what it hears.
const A_SECOND: f64 = 10.0;

/// A page that a server has, and nobody has opened yet.
pub(super) struct Page<'a> {
    room: &'a Room,
    server: Child,
    origin: String,
}

impl<'a> Page<'a> {
    /// Starts its server.
    ///
    /// # Errors
    /// It does not listen.
    pub(super) fn new(room: &'a Room) -> Result<Self, Failure> {
        let port = room.port()?;
        let said = format!("-m http.server --bind {} {port}", room.ip);
        let arguments: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
        let mut server = Child::start(&room.folder, "pages", Path::new("python3"), &arguments)?;
        server.connects((room.ip, port))?;
        Ok(Self { room, server, origin: format!("http://localhost:{port}") })
    }

    /// What the browser says of where the page is from. RFC 6454.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Opens the page, whose phone is this: its `socket`, its `uri`, with a `password` where it
    /// registers, whom it `calls`, the `key` that it presses and the `seconds` after which it hangs
    /// up. Of certificates, it trusts this one.
    ///
    /// # Errors
    /// There is no JsSIP, or the browser does not run.
    pub(super) fn opens(self, phone: &Value, certificate: &Path) -> Result<Browser, Failure> {
        let room = self.room;
        let fill = [
            ("@PHONE@", phone),
            ("@MAINS@", &json!(npm::mains())),
            ("@FILES@", &json!(npm::files(room)?)),
        ];
        // A script ends where this stands in it.
        let quoted = |value: &Value| value.to_string().replace("</", "<\\/");
        let page = fill
            .iter()
            .fold(data("page.html")?, |page, (name, value)| page.replace(name, &quoted(value)));
        room.write("page.html", &page)?;
        let (profile, says) = (room.folder.join("profile"), sound::tone(room, HERTZ)?);
        // As root, which a container's only user often is, it runs without a sandbox or not at all.
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            // Containers often have little of it.
            "--disable-dev-shm-usage".to_owned(),
            format!("--user-data-dir={}", profile.display()),
            "--use-fake-device-for-media-stream".to_owned(),
            "--use-fake-ui-for-media-stream".to_owned(),
            format!("--use-file-for-fake-audio-capture={says}"),
            "--autoplay-policy=no-user-gesture-required".to_owned(),
            format!("--ignore-certificate-errors-spki-list={}", key_of(certificate)?),
            "--enable-logging=stderr".to_owned(),
            format!("{}/page.html", self.origin),
        ];
        let child = Child::start(&room.folder, "chromium", Path::new("chromium"), &arguments)?;
        Ok(Browser { child, _server: self.server })
    }
}

/// What a certificate's public key hashes to, as the browser is told of it.
fn key_of(certificate: &Path) -> Result<String, Failure> {
    let steps = "openssl x509 -noout -pubkey -in \"$0\" | openssl pkey -pubin -outform der \
                 | openssl dgst -sha256 -binary | openssl base64";
    let said = output(Command::new("sh").args(["-c", steps]).arg(certificate))?;
    Ok(said.trim().to_owned())
}

/// A browser that has opened the page.
pub(super) struct Browser {
    child: Child,
    _server: Child,
}

impl Browser {
    /// Waits until the page has said this.
    ///
    /// # Errors
    /// It has not; then what it said last.
    pub(super) fn event(&self, kind: &str) -> Result<Value, Failure> {
        let missing = || format!("the page did not say `{kind}`{}", self.last());
        until(START, missing, || {
            self.said().into_iter().find(|event| event.get("event").is_some_and(|it| it == kind))
        })
    }

    /// How long it has heard this.
    ///
    /// # Errors
    /// It has for less than so many seconds.
    pub(super) fn hears(&self, hertz: u32, seconds: f64) -> Result<String, Failure> {
        let is_it = |event: &Value| {
            let heard = event.get("hertz").and_then(Value::as_u64);
            heard.is_some_and(|it| it.abs_diff(u64::from(hertz)) <= OFF)
        };
        let found = self.said().iter().filter(|event| is_it(event)).count() as f64 / A_SECOND;
        if found < seconds {
            return Err(format!("the page heard {hertz} Hz for {found:.1} s{}", self.last()));
        }
        Ok(format!("{hertz} Hz for {found:.1} s"))
    }

    fn last(&self) -> String {
        self.said().last().map_or_else(String::new, |event| format!("; its last word: {event}"))
    }

    /// All that the page has said: what it prints stands in the browser's log.
    fn said(&self) -> Vec<Value> {
        self.child.err().lines().filter_map(said).collect()
    }
}

fn said(line: &str) -> Option<Value> {
    let (_, said) = line.split_once("\"SAYS ")?;
    let (said, _) = said.rsplit_once("\", source: ")?;
    serde_json::from_str(said).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_prints_is_found_in_the_log() {
        let line = "[1:2:1130/212118.1:INFO:CONSOLE:9] \"SAYS {\"event\":\"hears\",\"hertz\":603}\", \
                    source: http://localhost:1/page.html (9)";
        assert_eq!(said(line), Some(json!({ "event": "hears", "hertz": 603 })));
        assert_eq!(said("[1:2:1130/212118.1:INFO:CONSOLE:9] \"other\", source: x (9)"), None);
    }
}
