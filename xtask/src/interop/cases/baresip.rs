//! Calls with baresip, directly and through Kamailio.

use super::super::baresip::{Baresip, HERTZ};
use super::super::case::Case;
use super::super::coturn::Coturn;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::room::Room;
use super::super::sound;
use super::super::terminal::{Setup, Terminal};
use super::super::waiting::talk;
use crate::command::Failure;
use serde_json::Value;
use std::path::{Path, PathBuf};

const ALONE: &[&str] = &["baresip"];
const HELPED: &[&str] = &["baresip", "turnserver"];
const CERTIFIED: &[&str] = &["baresip", "turnserver", "openssl"];
const PROXIED: &[&str] = &["baresip", "kamailio", "openssl"];
/// What it prints once ICE has found a way.
const CHECKED: &str = "connectivity check is complete";
/// What our side says.
pub(super) const OURS: u32 = 600;

pub(super) const CASES: &[Case] = &[
    of("baresip-called", ALONE, "UDP", "we call it; a tone each way", |room| called(room, "udp")),
    of("baresip-called-tcp", ALONE, "TCP", "we call it; a tone each way", |room| {
        called(room, "tcp")
    }),
    of("baresip-calls", ALONE, "UDP", "it calls us; a tone each way", |room| calls(room, "udp")),
    of("baresip-calls-tcp", ALONE, "TCP", "it calls us; a tone each way", |room| {
        calls(room, "tcp")
    }),
    of("baresip-g722", ALONE, "UDP", "a call in G.722 each way; a tone each way", |room| {
        speaks(room, "g722", "g722/16000/1")
    }),
    of("baresip-opus", ALONE, "UDP", "a call in Opus each way; a tone each way", |room| {
        speaks(room, "opus", "opus/48000/2")
    }),
    of("baresip-ice-called", HELPED, "UDP", "ICE, a relay of coturn's; a tone each way", |room| {
        let server = Coturn::start(room)?;
        helped(room, &server, &server.table())
    }),
    of("baresip-ice-calls", HELPED, "UDP", "it calls us by ICE: the same", |room| {
        let server = Coturn::start(room)?;
        let setup = Setup::new(room, "bob")?.with(&server.table());
        let phone = Baresip::by_ice(room, &server.address())?;
        dials_until(room, &setup, phone, (&setup.uri(), CHECKED))
    }),
    of("baresip-ice-tcp", HELPED, "UDP", "ICE, a relay of coturn's that we reach by TCP", |room| {
        let server = Coturn::start(room)?;
        let heard = helped(room, &server, &server.table_by_tcp())?;
        server.has_served("TCP").map(|()| heard)
    }),
    of("baresip-ice-tls", CERTIFIED, "UDP", "the same by TLS", |room| {
        let server = Coturn::certified(room, &format!("IP:{}", room.ip))?;
        let heard = helped(room, &server, &server.table_by_tls())?;
        server.has_served("TLS/TCP").map(|()| heard)
    }),
    of(
        "baresip-ice-tls-other",
        CERTIFIED,
        "UDP",
        "the same, and its certificate is for another name: no relay, and that is told",
        |room| {
            let server = Coturn::certified(room, "DNS:other.example")?;
            let phone = Baresip::by_ice(room, &server.address())?;
            let setup = Setup::new(room, "alice")?.with(&server.table_by_tls());
            let mut alice = setup.call(&phone.uri(), &["--seconds", "2"])?;
            let packets = alice.over()?.was("hung_up", 2_000)?;
            let (_, said) = alice.ends()?;
            let why = format!("its certificate is for other.example, not for {}", room.ip);
            match (said.contains(&why), server.knows_somebody()) {
                (true, false) => Ok(format!("{packets}; {why}")),
                (false, _) => Err(said),
                (true, true) => Err("it was sent our name all the same".to_owned()),
            }
        },
    ),
    of("baresip-holds", ALONE, "UDP", "it holds us and goes on", holds),
    of("baresip-held", ALONE, "UDP", "we hold it and go on", held),
    of("baresip-cancels", ALONE, "UDP", "it hangs up while we ring", |room| {
        let setup = Setup::new(room, "bob")?;
        let mut bob = setup.listen(&[])?;
        let mut phone = Baresip::alone(room, "udp", true)?;
        phone.does(&format!("dial {}", setup.uri()))?;
        bob.event("incoming")?;
        phone.event("CALL_RINGING")?;
        phone.does("hangup")?;
        let over = bob.over()?;
        if over.code == "cancelled" { Ok(over.outcome) } else { Err(over.outcome) }
    }),
    of("baresip-transfers", ALONE, "UDP", "it transfers us to somebody else", transfers),
    of("baresip-transferred", ALONE, "UDP", "we transfer it to somebody else", transferred),
    of(
        "baresip-kamailio",
        PROXIED,
        "UDP",
        "calls in both directions through Kamailio (MD5)",
        proxied,
    ),
];

/// We call it with a relay that this table has us reach: both tones, and that the relay was there.
fn helped(room: &Room, server: &Coturn, table: &str) -> Result<String, Failure> {
    let phone = Baresip::by_ice(room, &server.address())?;
    let heard = call(room, &phone.uri(), table)?;
    phone.has_printed(CHECKED)?;
    server.has_logged("ALLOCATE processed, success")?;
    both(&heard, &phone.quits()?)
}

const fn of(
    name: &'static str, peers: &'static [&'static str], transport: &'static str,
    what: &'static str, steps: fn(&Room) -> Result<String, Failure>,
) -> Case {
    Case { name, peers, transport, what, steps }
}

/// Both tones, each heard by the other side.
pub(super) fn both(ours: &Path, theirs: &[PathBuf]) -> Result<String, Failure> {
    let we = sound::hears(ours, HERTZ, 1.0)?;
    let last = theirs.last().ok_or("baresip recorded nothing")?;
    let it = sound::hears(last, OURS, 1.0)?;
    Ok(format!("we heard {we}, it heard {it}"))
}

fn called(room: &Room, transport: &str) -> Result<String, Failure> {
    let phone = Baresip::alone(room, transport, true)?;
    let uri = format!("{};transport={transport}", phone.uri());
    let heard = call(room, &uri, "")?;
    both(&heard, &phone.quits()?)
}

/// We call it with these tables in our configuration, and say a tone: where what we heard is.
fn call(room: &Room, uri: &str, tables: &str) -> Result<PathBuf, Failure> {
    let setup = Setup::new(room, "alice")?.with(tables);
    recorded(room, &setup, uri, |alice| media(alice, "established")).map(|(heard, _)| heard)
}

/// We call it, and it calls us, in a codec that neither side has an alternative to.
fn speaks(room: &Room, ours: &str, its: &str) -> Result<String, Failure> {
    let tables = format!("[media]\ncodecs = [\"{ours}\"]\n");
    let phone = Baresip::speaking(room, its)?;
    let record = call(room, &phone.uri(), &tables)?;
    let we = sound::hears(&record, HERTZ, 1.0)?;
    let setup = Setup::new(room, "bob")?.with(&tables);
    let ours = dials(room, &setup, phone, &setup.uri())?;
    Ok(format!("we called and heard {we}; it called: {ours}"))
}

fn calls(room: &Room, transport: &str) -> Result<String, Failure> {
    let setup = Setup::new(room, "bob")?;
    let phone = Baresip::alone(room, transport, true)?;
    dials(room, &setup, phone, &format!("{};transport={transport}", setup.uri()))
}

/// It calls us at this URI, and each says a tone: what each heard.
pub(super) fn dials(
    room: &Room, setup: &Setup<'_>, phone: Baresip, uri: &str,
) -> Result<String, Failure> {
    dials_until(room, setup, phone, (uri, ""))
}

/// The same, and it has printed something meanwhile.
fn dials_until(
    room: &Room, setup: &Setup<'_>, mut phone: Baresip, (uri, printed): (&str, &str),
) -> Result<String, Failure> {
    let says = sound::tone(room, OURS)?;
    let folder = room.folder.join("heard");
    let heard = folder.display().to_string();
    let options = ["--auto-answer", "--audio", &says, "--record-as", "heard", "--record", &heard];
    let mut bob = setup.listen(&options)?;
    phone.does(&format!("dial {uri}"))?;
    phone.event("CALL_ESTABLISHED")?;
    talk(2_000);
    phone.has_printed(printed)?;
    phone.does("hangup")?;
    bob.over()?.was("peer_hung_up", 2_000)?;
    both(&sound::only(&folder)?, &phone.quits()?)
}

fn holds(room: &Room) -> Result<String, Failure> {
    let mut phone = Baresip::alone(room, "udp", true)?;
    let mut alice = Setup::new(room, "alice")?.call(&phone.uri(), &[])?;
    alice.event("established")?;
    phone.event("CALL_ESTABLISHED")?;
    talk(700);
    phone.does("hold")?;
    alice.event("peer_held")?;
    talk(700);
    phone.does("resume")?;
    alice.event("peer_resumed")?;
    talk(700);
    phone.does("hangup")?;
    alice.over()?.was("peer_hung_up", 1_000)
}

fn held(room: &Room) -> Result<String, Failure> {
    let phone = Baresip::alone(room, "udp", true)?;
    let record = room.folder.join("heard.wav");
    let options = ["--record-as", "heard", "--record", &record.display().to_string()];
    let mut alice = Setup::new(room, "alice")?.call(&phone.uri(), &options)?;
    alice.event("established")?;
    talk(700);
    alice.does("hold")?;
    talk(700);
    alice.does("resume")?;
    talk(1_000);
    alice.tell("hang up")?;
    let packets = alice.over()?.was("hung_up", 1_000)?;
    Ok(format!("{packets}, {}", sound::hears(&record, HERTZ, 1.0)?))
}

fn transfers(room: &Room) -> Result<String, Failure> {
    let carol = Setup::new(room, "carol")?;
    let mut other = carol.listen(&["--auto-answer"])?;
    let mut phone = Baresip::alone(room, "udp", true)?;
    let mut alice = Setup::new(room, "alice")?.call(&phone.uri(), &[])?;
    alice.event("established")?;
    phone.event("CALL_ESTABLISHED")?;
    talk(500);
    phone.does(&format!("transfer {}", carol.uri()))?;
    alice.event("transfer_asked")?;
    alice.does("follow")?;
    other.event("established")?;
    phone.event("CALL_CLOSED")?;
    talk(1_000);
    alice.tell("hang up")?;
    let packets = other.over()?.was("peer_hung_up", 1_000)?;
    Ok(format!("whom it named was called: {packets}"))
}

fn transferred(room: &Room) -> Result<String, Failure> {
    let carol = Setup::new(room, "carol")?;
    let folder = room.folder.join("heard");
    let heard = folder.display().to_string();
    let mut other = carol.listen(&["--auto-answer", "--record-as", "heard", "--record", &heard])?;
    let mut phone = Baresip::alone(room, "udp", true)?;
    let mut alice = Setup::new(room, "alice")?.call(&phone.uri(), &[])?;
    alice.event("established")?;
    talk(500);
    alice.tell(&format!("transfer {}", carol.uri()))?;
    other.event("established")?;
    alice.event("transferred")?;
    talk(1_500);
    phone.does("hangup")?;
    let packets = other.over()?.was("peer_hung_up", 1_000)?;
    Ok(format!("{packets}, {}", sound::hears(&sound::only(&folder)?, HERTZ, 1.0)?))
}

fn proxied(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Md5, RIGHT)?;
    let setup = Setup::new(room, "bob")?.account("bob", &pbx.registrar("udp"), "floor = \"MD5\"\n");
    both_ways(room, &setup, || Baresip::registered(room, &pbx), |bob| media(bob, "established"))
}

/// What a terminal says of the media of its call, once it does.
type Told = fn(&mut Terminal) -> Result<String, Failure>;

/// It calls us through the PBX that both have accounts at, and we call it: how its call ended, what both
/// heard in ours, and what `told` says of the media of each.
pub(super) fn both_ways(
    room: &Room, setup: &Setup<'_>, phone: impl FnOnce() -> Result<Baresip, Failure>, told: Told,
) -> Result<String, Failure> {
    let says = sound::tone(room, OURS)?;
    let mut bob = setup.registered(&["--auto-answer", "--audio", &says])?;
    let mut phone = phone()?;
    phone.does("dial sip:bob@pbx.example")?;
    phone.event("CALL_ESTABLISHED")?;
    let its = told(&mut bob)?;
    talk(1_500);
    phone.does("hangup")?;
    let came = bob.over()?.was("peer_hung_up", 1_500)?;
    bob.stop()?;
    let (heard, ours) = recorded(room, setup, "sip:phone@pbx.example", told)?;
    let tones = both(&heard, &phone.quits()?)?;
    Ok(format!("its call: {came}, {its}; ours: {ours}; {tones}"))
}

/// We call, and say a tone: where what we heard is, and what `told` says of the media.
pub(super) fn recorded(
    room: &Room, setup: &Setup<'_>, uri: &str, told: Told,
) -> Result<(PathBuf, String), Failure> {
    let says = sound::tone(room, OURS)?;
    let record = room.folder.join("heard.wav");
    let heard = record.display().to_string();
    let options = ["--seconds", "2", "--audio", &says, "--record-as", "heard", "--record", &heard];
    let mut call = setup.call(uri, &options)?;
    let media = told(&mut call)?;
    call.over()?.was("hung_up", 2_000)?;
    Ok((record, media))
}

/// What the media of a call are, as the terminal's next event of this kind has it.
pub(super) fn media(terminal: &mut Terminal, event: &str) -> Result<String, Failure> {
    let told = terminal.event(event)?;
    let media = told.pointer("/assurance/media/0").and_then(Value::as_str);
    media.map(str::to_owned).ok_or_else(|| format!("it names no media: {told}"))
}

/// The same of media that must be sealed.
pub(super) fn sealed(terminal: &mut Terminal, event: &str) -> Result<String, Failure> {
    let media = media(terminal, event)?;
    if media.starts_with("SRTP ") { Ok(media) } else { Err(format!("the media are `{media}`")) }
}
