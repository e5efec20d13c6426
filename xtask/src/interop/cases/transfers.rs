//! Attended transfer (RFC 5589 §7) between terminals and baresip, all with accounts at Kamailio, by
//! lines on standard input.

use super::super::baresip::{Baresip, HERTZ};
use super::super::case::Case;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::room::Room;
use super::super::sound;
use super::super::terminal::{Setup, Terminal};
use super::super::waiting::talk;
use crate::command::Failure;
use std::path::{Path, PathBuf};

/// baresip knows no SHA-256.
const FLOOR: &str = "floor = \"MD5\"\n";
/// What Bob says.
const BOBS: u32 = 600;

pub(super) const CASES: &[Case] = &[
    of(
        "transfer-attended",
        "attended transfer: Bob takes Alice's place in her call with baresip",
        to_the_phone,
    ),
    of(
        "transfer-attended-phone",
        "attended transfer: baresip, which knows no Replaces, calls Bob in Alice's place",
        of_the_phone,
    ),
    of(
        "transfer-attended-replaces",
        "attended transfer: Bob's call replaces Alice's with Carol",
        replaced,
    ),
];

const fn of(
    name: &'static str, what: &'static str, steps: fn(&Room) -> Result<String, Failure>,
) -> Case {
    Case { name, peers: &["baresip", "kamailio", "openssl"], transport: "UDP", what, steps }
}

/// All who take part, registered.
struct Party {
    _pbx: Kamailio,
    registrar: String,
    alice: Terminal,
    bob: Terminal,
    phone: Baresip,
    /// Where Bob keeps what he hears.
    heard: PathBuf,
}

impl Party {
    fn new(room: &Room) -> Result<Self, Failure> {
        let pbx = Kamailio::start(room, Challenge::Md5, RIGHT)?;
        let registrar = pbx.registrar("udp");
        let of = |user| Ok::<_, Failure>(Setup::new(room, user)?.account(user, &registrar, FLOOR));
        let says = sound::tone(room, BOBS)?;
        let heard = room.folder.join("heard");
        let shown = heard.display().to_string();
        let options =
            ["--auto-answer", "--audio", &says, "--record-as", "heard", "--record", &shown];
        let bob = of("bob")?.registered(&options)?;
        let alice = of("alice")?.registered(&["--audio", "silence"])?;
        let phone = Baresip::registered(room, &pbx)?;
        Ok(Self { _pbx: pbx, registrar, alice, bob, phone, heard })
    }

    /// Alice calls one, holds it, calls the other, and steps out.
    fn transfers(&mut self, first: &str, second: &str) -> Result<(), Failure> {
        self.alice.tell(&format!("call {first}"))?;
        self.alice.event("established")?;
        talk(500);
        self.alice.does("hold 1")?;
        self.alice.tell(&format!("call {second}"))?;
        self.alice.event("established")?;
        talk(500);
        self.alice.tell("transfer 1 to 2")
    }

    /// Both who are left hear each other, and nobody is left with Alice.
    fn heard(mut self) -> Result<String, Failure> {
        self.alice.event("transferred")?;
        talk(2_000);
        self.bob.stop()?;
        self.phone.event("CALL_CLOSED")?;
        let theirs = self.phone.quits()?;
        let [bob, phone] = [longest(&recordings(&self.heard)?, HERTZ), longest(&theirs, BOBS)];
        let found =
            format!("Bob heard {HERTZ} Hz for {bob:.1} s, baresip {BOBS} Hz for {phone:.1} s");
        if bob >= 1.0 && phone >= 1.0 { Ok(found) } else { Err(found) }
    }
}

fn recordings(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.map_err(|why| format!("{}: {why}", folder.display()))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

/// Seconds of a tone in the recording that holds most of it.
fn longest(paths: &[PathBuf], hertz: u32) -> f64 {
    paths.iter().filter_map(|path| sound::heard(path, hertz).ok()).fold(0.0, f64::max)
}

/// Bob calls baresip, which knows no Replaces and answers a call of its own.
fn to_the_phone(room: &Room) -> Result<String, Failure> {
    let mut party = Party::new(room)?;
    party.transfers("sip:bob@pbx.example", "sip:phone@pbx.example")?;
    party.bob.event("transfer_asked")?;
    party.bob.does("follow")?;
    party.alice.event("transferred")?;
    talk(2_000);
    party.bob.tell("hang up")?;
    let over = party.bob.over()?;
    let over = if over.code == "peer_hung_up" { party.bob.over()? } else { over };
    let packets = over.was("hung_up", 2_000)?;
    let phone = longest(&party.phone.quits()?, BOBS);
    let found = format!("Bob: {packets}; baresip heard {BOBS} Hz for {phone:.1} s");
    if phone >= 1.0 { Ok(found) } else { Err(found) }
}

/// baresip 1.0 calls the whole of Refer-To, Replaces and all: Bob's call with Alice stays.
fn of_the_phone(room: &Room) -> Result<String, Failure> {
    let mut party = Party::new(room)?;
    party.transfers("sip:phone@pbx.example", "sip:bob@pbx.example")?;
    party.heard()
}

/// Carol's call with Alice is replaced by Bob's, through the proxy.
fn replaced(room: &Room) -> Result<String, Failure> {
    let mut party = Party::new(room)?;
    let setup = Setup::new(room, "carol")?.account("carol", &party.registrar, FLOOR);
    let folder = room.folder.join("carol-heard");
    let shown = folder.display().to_string();
    let mut carol =
        setup.registered(&["--auto-answer", "--record-as", "heard", "--record", &shown])?;
    party.transfers("sip:bob@pbx.example", "sip:carol@pbx.example")?;
    party.bob.event("transfer_asked")?;
    party.bob.does("follow")?;
    carol.event("incoming")?;
    let second = carol.event("incoming")?;
    if second.get("replaces").is_none() {
        return Err("Bob's call does not take the place of Alice's".to_owned());
    }
    for _ in 0..2 {
        party.alice.over()?;
    }
    if !party.alice.said("transferred") {
        return Err("Alice was not told that Bob was transferred".to_owned());
    }
    talk(2_000);
    party.bob.stop()?;
    carol.stop()?;
    let heard = longest(&recordings(&folder)?, BOBS);
    let found = format!("Alice's call replaced; Carol heard {BOBS} Hz for {heard:.1} s");
    if heard >= 1.0 { Ok(found) } else { Err(found) }
}
