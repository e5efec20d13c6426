//! Terminals with accounts at Kamailio.

use super::super::case::Case;
use super::super::kamailio::{Challenge, Kamailio, RIGHT, is_secure};
use super::super::room::Room;
use super::super::sound;
use super::super::terminal::{Setup, Terminal};
use super::super::waiting::talk;
use crate::command::Failure;
use serde_json::Value;

const BOB: &str = "sip:bob@pbx.example";
const MD5: &str = "floor = \"MD5\"\n";

pub(super) const CASES: &[Case] = &[
    of("kamailio-udp-md5", "UDP", "registered and called, MD5", |room| {
        called(room, "udp", Challenge::Md5, MD5, "MD5")
    }),
    of("kamailio-udp-sha256", "UDP", "registered and called, SHA-256", |room| {
        called(room, "udp", Challenge::Sha256, "", "SHA-256")
    }),
    of("kamailio-tcp-sha256", "TCP", "registered and called, SHA-256", |room| {
        called(room, "tcp", Challenge::Sha256, "", "SHA-256")
    }),
    of("kamailio-tls-sha256", "TLS", "registered and called, SHA-256", |room| {
        called(room, "tls", Challenge::Sha256, "", "SHA-256")
    }),
    of("kamailio-ws-sha256", "WS", "registered and called, SHA-256", |room| {
        called(room, "ws", Challenge::Sha256, "", "SHA-256")
    }),
    of("kamailio-wss-sha256", "WSS", "registered and called, SHA-256", |room| {
        called(room, "wss", Challenge::Sha256, "", "SHA-256")
    }),
    of(
        "kamailio-weak-first",
        "UDP",
        "of two challenges, MD5 the first, SHA-256 is answered",
        |room| called(room, "udp", Challenge::WeakFirst, MD5, "SHA-256"),
    ),
    of(
        "kamailio-below-floor",
        "UDP",
        "MD5 alone is offered to an account that asks for SHA-256",
        |room| {
            let pbx = Kamailio::start(room, Challenge::Md5, RIGHT)?;
            not_registered(room, &pbx, "alice", "", "below_floor", 1)
        },
    ),
    of("kamailio-wrong-password", "UDP", "a wrong password is tried once, and told", |room| {
        let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
        not_registered(room, &pbx, "mallory", "user = \"alice\"\n", "tried_already", 2)
    }),
    of(
        "kamailio-in-call",
        "UDP",
        "hold, resume, a text and keys in a call through the proxy",
        in_call,
    ),
    of("kamailio-cancel", "UDP", "hung up while it rings, through the proxy", |room| {
        let (_pbx, mut bob, mut alice) = rings(room)?;
        alice.tell("hang up")?;
        alice.over()?.was("hung_up", 0)?;
        let over = bob.over()?;
        if over.code == "cancelled" { Ok(over.outcome) } else { Err(over.outcome) }
    }),
    of("kamailio-reject", "UDP", "refused by 486, through the proxy", |room| {
        let (_pbx, mut bob, mut alice) = rings(room)?;
        bob.tell("reject 486")?;
        let over = alice.over()?;
        if over.status == 486 {
            Ok(over.outcome)
        } else {
            Err(format!("not 486: {}", over.outcome))
        }
    }),
    of(
        "kamailio-fork",
        "UDP",
        "two terminals of one account ring: one answers, the other stops",
        forks,
    ),
    of(
        "kamailio-outbound",
        "TCP",
        "called over the flow of RFC 5626, and over the one that replaces it once it breaks",
        outbound,
    ),
    of("kamailio-unregister", "UDP", "who has unregistered is not found", |room| {
        let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
        let [alice, bob] = pair(room, &pbx, "udp", "")?;
        bob.registered(&[])?.stop()?;
        let over = alice.call(BOB, &[])?.over()?;
        if over.status == 404 {
            Ok(over.outcome)
        } else {
            Err(format!("not 404: {}", over.outcome))
        }
    }),
];

const fn of(
    name: &'static str, transport: &'static str, what: &'static str,
    steps: fn(&Room) -> Result<String, Failure>,
) -> Case {
    Case { name, peers: &["kamailio", "openssl"], transport, what, steps }
}

/// Alice and Bob with their accounts.
fn pair<'a>(
    room: &'a Room, pbx: &Kamailio, transport: &str, more: &str,
) -> Result<[Setup<'a>; 2], Failure> {
    let registrar = pbx.registrar(transport);
    let tls = is_secure(transport);
    let name = if tls { "tls-name = \"pbx.example\"\n" } else { "" };
    let trust = if tls { "[tls]\nca = [\"../ca.pem\"]\n" } else { "" };
    let one = |user| {
        let setup = Setup::new(room, user)?.with(trust);
        Ok::<_, Failure>(setup.account(user, &registrar, &format!("{name}{more}")))
    };
    Ok([one("alice")?, one("bob")?])
}

fn called(
    room: &Room, transport: &str, challenge: Challenge, more: &str, algorithm: &str,
) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, challenge, RIGHT)?;
    let [alice, bob] = pair(room, &pbx, transport, more)?;
    let says = sound::tone(room, 600)?;
    let bob = bob.registered(&["--auto-answer", "--audio", &says])?;
    let record = room.folder.join("heard.wav");
    let options =
        ["--seconds", "2", "--record-as", "heard", "--record", &record.display().to_string()];
    let over = alice.call(BOB, &options)?.over()?;
    let packets = over.was("hung_up", 2_000)?;
    bob.stop()?;
    for proved in
        [format!("proved bob REGISTER {algorithm}"), format!("proved alice INVITE {algorithm}")]
    {
        pbx.has_logged(&proved)?;
    }
    pbx.has_logged(&format!("by {transport} from"))?;
    Ok(format!("{packets}, {}", sound::hears(&record, 600, 1.0)?))
}

fn not_registered(
    room: &Room, pbx: &Kamailio, user: &str, more: &str, code: &str, tries: usize,
) -> Result<String, Failure> {
    let setup = Setup::new(room, user)?.account(user, &pbx.registrar("udp"), more);
    let mut terminal = setup.run("register", &[])?;
    let event = terminal.event("not_registered")?;
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sent = pbx.got("REGISTER");
    if text("code") != code {
        return Err(format!("`{}` ({}), not `{code}`", text("code"), text("reason")));
    }
    if sent != tries {
        return Err(format!("{sent} requests were sent, not {tries}"));
    }
    Ok(format!("{sent} sent: {}", text("reason")))
}

fn in_call(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
    let [alice, bob] = pair(room, &pbx, "udp", "")?;
    let mut bob = bob.registered(&["--auto-answer"])?;
    let mut alice = alice.call(BOB, &[])?;
    alice.event("established")?;
    talk(500);
    alice.does("hold")?;
    bob.event("peer_held")?;
    talk(500);
    alice.does("resume")?;
    bob.event("peer_resumed")?;
    alice.does("message good evening")?;
    let text = bob.event("message")?;
    if text.get("text").and_then(Value::as_str) != Some("good evening") {
        return Err(format!("the text came as {text}"));
    }
    alice.does("dtmf 1#")?;
    for _ in 0..2 {
        bob.event("dtmf")?;
    }
    talk(500);
    bob.tell("hang up")?;
    alice.over()?.was("peer_hung_up", 800)
}

/// A call of Alice's that rings at Bob's.
fn rings(room: &Room) -> Result<(Kamailio, Terminal, Terminal), Failure> {
    let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
    let [alice, bob] = pair(room, &pbx, "udp", "")?;
    let mut bob = bob.registered(&[])?;
    let mut alice = alice.call(BOB, &[])?;
    bob.event("incoming")?;
    alice.event("ringing")?;
    Ok((pbx, bob, alice))
}

fn forks(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
    let registrar = pbx.registrar("udp");
    let of = |name, user| Ok::<_, Failure>(Setup::new(room, name)?.account(user, &registrar, ""));
    let mut desk = of("desk", "bob")?.registered(&[])?;
    let mut kitchen = of("kitchen", "bob")?.registered(&[])?;
    let mut alice = of("alice", "alice")?.call(BOB, &["--seconds", "1.5"])?;
    desk.event("incoming")?;
    kitchen.event("incoming")?;
    kitchen.tell("answer")?;
    let stopped = desk.over()?;
    if stopped.code != "answered_elsewhere" {
        return Err(format!("the other's call ended `{}`: {}", stopped.code, stopped.outcome));
    }
    let packets = alice.over()?.was("hung_up", 1_500)?;
    Ok(format!("the other: {}; {packets}", stopped.outcome))
}

fn outbound(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Outbound, RIGHT)?;
    let alice = Setup::new(room, "alice")?.account("alice", &pbx.registrar("tcp"), "");
    let bob = Setup::new(room, "bob")?.account("bob", &pbx.registrar("tcp"), "outbound = true\n");
    let mut bob = bob.listen(&["--auto-answer"])?;
    over_a_flow(&mut bob)?;
    let before = comes_back(&alice, &mut bob, &pbx)?;
    // A ping of the four seconds that the registrar asks for is answered meanwhile: a flow that was
    // good is made anew at once.
    talk(5_000);
    let over = alice.call("sip:break@pbx.example", &[])?.over()?;
    if over.status != 404 {
        return Err(format!("not 404: {}", over.outcome));
    }
    let renewing = bob.event("renewing")?;
    if renewing.get("code").and_then(Value::as_str) != Some("connection_closed") {
        return Err(format!("not made anew since it was closed: {renewing}"));
    }
    over_a_flow(&mut bob)?;
    let after = comes_back(&alice, &mut bob, &pbx)?;
    bob.stop()?;
    Ok(format!("{before}; over the new flow {after}"))
}

/// Waits until it is registered, by a registrar that has answered `Require: outbound`: else no
/// number of a flow is told.
fn over_a_flow(terminal: &mut Terminal) -> Result<(), Failure> {
    let event = terminal.event("registered")?;
    match event.get("reg_id").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        _ => Err(format!("not over its first flow: {event}")),
    }
}

/// A call comes over the connection that was made to the registrar's port.
fn comes_back(alice: &Setup<'_>, bob: &mut Terminal, pbx: &Kamailio) -> Result<String, Failure> {
    let packets = alice.call(BOB, &["--seconds", "1"])?.over()?.was("hung_up", 1_000)?;
    let incoming = bob.event("incoming")?;
    if incoming.get("source").and_then(Value::as_str) != Some(pbx.address().as_str()) {
        return Err(format!("the call came over a connection of its own: {incoming}"));
    }
    Ok(packets)
}
