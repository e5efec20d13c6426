//! Calls with a page in a browser: SIP over secure WebSockets, media by ICE under DTLS-SRTP.

use super::super::browser::{Browser, HERTZ, Page};
use super::super::case::Case;
use super::super::certificates::Authority;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::room::Room;
use super::super::sound;
use super::super::terminal::Setup;
use crate::command::Failure;
use serde_json::json;
use std::path::Path;

/// What our side says.
const OURS: u32 = 600;
/// What a browser needs, beside a WebSocket.
const MEDIA: &str = "[media]\nice = true\n[policy]\nmedia-dtls = true\n";
/// What the page presses.
const KEY: &str = "5";

pub(super) const CASES: &[Case] = &[
    Case {
        name: "browser-calls",
        peers: &["chromium", "python3", "curl", "openssl"],
        transport: "WSS",
        what: "a page in it (JsSIP) calls us: ICE, DTLS-SRTP, Opus; a tone each way, and a key",
        steps: calls,
    },
    Case {
        name: "browser-called",
        peers: &["chromium", "python3", "curl", "kamailio", "openssl"],
        transport: "WSS",
        what: "we call the page through Kamailio: ICE, DTLS-SRTP, G.711; a tone each way",
        steps: called,
    },
];

fn calls(room: &Room) -> Result<String, Failure> {
    let [certificate, key] = Authority::new(room)?.certifies("bob", "IP:127.0.0.1")?;
    let (page, at) = (Page::new(room)?, format!("{}:{}", room.ip, room.port()?));
    let setup = Setup::new(room, "bob")?.with(&format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n[ws]\norigins = [\"{}\"]\n{MEDIA}",
        certificate.display(),
        key.display(),
        page.origin(),
    ));
    let (says, folder) = (sound::tone(room, OURS)?, room.folder.join("heard"));
    let (bind, heard) = (format!("wss:{at}"), folder.display().to_string());
    let mut bob = setup.listen(&[
        "--bind",
        &bind,
        "--auto-answer",
        "--audio",
        &says,
        "--record-as",
        "heard",
        "--record",
        &heard,
    ])?;
    let phone = json!({
        "socket": format!("wss://{at}"), "uri": "sip:page@browser.example",
        "calls": setup.uri(), "key": KEY, "seconds": 4,
    });
    let browser = page.opens(&phone, &certificate)?;
    browser.event("confirmed")?;
    let pressed = bob.event("dtmf")?;
    if pressed.get("digit").is_none_or(|digit| digit != KEY) {
        return Err(format!("the key was told as {pressed}, not as {KEY}"));
    }
    bob.over()?.was("peer_hung_up", 4_000)?;
    both(&browser, &sound::only(&folder)?).map(|both| format!("{both}; the key {KEY}"))
}

fn called(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Md5, RIGHT)?;
    let phone = json!({
        "socket": pbx.registrar("wss").replacen(':', "://", 1),
        "uri": "sip:phone@pbx.example", "password": "phone-secret",
    });
    let browser = Page::new(room)?.opens(&phone, &room.folder.join("kamailio.pem"))?;
    browser.event("registered")?;
    let (says, record) = (sound::tone(room, OURS)?, room.folder.join("heard.wav"));
    let heard = record.display().to_string();
    let options = ["--seconds", "3", "--audio", &says, "--record-as", "heard", "--record", &heard];
    let account = "floor = \"MD5\"\n";
    let alice = Setup::new(room, "alice")?.account("alice", &pbx.registrar("udp"), account);
    let mut call = alice.with(MEDIA).call("sip:phone@pbx.example", &options)?;
    call.over()?.was("hung_up", 3_000)?;
    both(&browser, &record)
}

/// Both tones, each heard by the other side.
fn both(browser: &Browser, ours: &Path) -> Result<String, Failure> {
    let we = sound::hears(ours, HERTZ, 1.0)?;
    Ok(format!("we heard {we}, the page {}", browser.hears(OURS, 1.0)?))
}
