//! SIPp calls a terminal.

use super::super::case::Case;
use super::super::room::Room;
use super::super::sipp::{Counts, LOSSY, Sipp};
use super::super::terminal::{Setup, Terminal};
use super::super::waiting::talk;
use crate::command::Failure;
use serde_json::Value;

pub(super) const CASES: &[Case] = &[
    of("sipp-calls", "UDP", "100 calls, 20 a second", |room| hundred(room, &[])),
    of("sipp-calls-tcp", "TCP", "100 calls, 20 a second", |room| hundred(room, &["-t", "t1"])),
    of("sipp-calls-lossy", "UDP", "20 calls, every fifth message lost", |room| {
        let (counts, _) = answered(room, "caller", &[&["-m", "20", "-r", "5"], LOSSY].concat())?;
        Ok(format!("{} calls whole, {} messages sent again", counts.calls, counts.again()))
    }),
    of(
        "sipp-is-challenged",
        "UDP",
        "100 calls that we challenge by Digest (MD5, as our policy allows)",
        challenging,
    ),
    of(
        "sipp-update",
        "UDP",
        "UPDATE in a call: alone, and with offers that hold and resume",
        |room| held(room, "caller-update"),
    ),
    of("sipp-holds", "UDP", "held and resumed by re-INVITE", |room| held(room, "caller-hold")),
    of("sipp-late-offer", "UDP", "INVITE and re-INVITE without SDP: we offer in the 200", |room| {
        let (_, mut bob) = answered(room, "caller-late-offer", &["-d", "1000"])?;
        bob.over()?.was("peer_hung_up", 1_000)
    }),
    of(
        "sipp-session-timer",
        "UDP",
        "422 to a short session interval; one that is agreed on, refreshed by UPDATE",
        |room| {
            let (_, mut bob) = answered(room, "caller-session-timer", &[])?;
            bob.over()?.was("peer_hung_up", 800)
        },
    ),
    of("sipp-cancels-at-once", "UDP", "CANCEL right after the INVITE", |room| {
        cancelled(room, "caller-cancel-at-once", &["-pause_msg_ign"])
    }),
    of("sipp-cancels-ringing", "UDP", "CANCEL while it rings", |room| {
        cancelled(room, "caller-cancel-ringing", &[])
    }),
    of("sipp-cancels-late", "UDP", "CANCEL after our 200 changes nothing", |room| {
        let (_, mut bob) = answered(room, "caller-cancel-late", &[])?;
        bob.over()?.was("peer_hung_up", 300)
    }),
    of("sipp-refers", "UDP", "REFER in a call, followed: 202, NOTIFY up to 200 OK", refers),
    of("sipp-options", "UDP", "OPTIONS before a call and in one", |room| {
        answered(room, "caller-options", &[])?;
        Ok("200 with Allow, 200 in the call".to_owned())
    }),
    of("sipp-retransmits", "UDP", "an INVITE twice, an ACK that is late", |room| {
        let (_, mut bob) = answered(room, "caller-retransmits", &["-pause_msg_ign"])?;
        let packets = bob.over()?.was("peer_hung_up", 300)?;
        Ok(format!("one call; {packets}"))
    }),
    of(
        "sipp-prack",
        "UDP",
        "an INVITE that requires 100rel: the 180 is sent reliably",
        acknowledged,
    ),
];

const fn of(
    name: &'static str, transport: &'static str, what: &'static str,
    steps: fn(&Room) -> Result<String, Failure>,
) -> Case {
    Case { name, peers: &["sipp"], transport, what, steps }
}

/// Has SIPp call a terminal that answers, until the scenario is over.
fn answered(room: &Room, scenario: &str, more: &[&str]) -> Result<(Counts, Terminal), Failure> {
    let setup = Setup::new(room, "bob")?;
    let bob = setup.listen(&["--auto-answer"])?;
    let counts = calls(room, scenario, &setup, more)?.ends()?;
    Ok((counts, bob))
}

fn calls(room: &Room, scenario: &str, callee: &Setup<'_>, more: &[&str]) -> Result<Sipp, Failure> {
    Sipp::calls(room, scenario, &callee.address(), &[more, &["-s", "bob"]].concat())
}

fn hundred(room: &Room, more: &[&str]) -> Result<String, Failure> {
    let rate = ["-m", "100", "-r", "20", "-d", "200"];
    let (counts, bob) = answered(room, "caller", &[&rate, more].concat())?;
    bob.stop()?;
    Ok(format!("{} calls whole", counts.calls))
}

fn challenging(room: &Room) -> Result<String, Failure> {
    let policy = "[policy]\nrequire = \"digest\"\nalgorithms = [\"MD5\"]\n\
                  [[user]]\nname = \"carol\"\npassword-file = \"carol-secret\"\n";
    let setup = Setup::new(room, "bob")?.with(policy);
    let mut bob = setup.listen(&["--auto-answer"])?;
    let user = ["-m", "100", "-r", "20", "-au", "carol", "-ap", "carol-secret"];
    let counts = calls(room, "caller-digest", &setup, &user)?.ends()?;
    let event = bob.event("established")?;
    let proof = event.pointer("/assurance/proof").and_then(Value::as_str).unwrap_or_default();
    if proof != "digest" {
        return Err(format!("the first call's proof was `{proof}`, not `digest`"));
    }
    bob.stop()?;
    Ok(format!("{} calls whole, proved by Digest", counts.calls))
}

fn held(room: &Room, scenario: &str) -> Result<String, Failure> {
    let (_, mut bob) = answered(room, scenario, &[])?;
    bob.event("peer_held")?;
    bob.event("peer_resumed")?;
    let packets = bob.over()?.was("peer_hung_up", 500)?;
    Ok(format!("answered recvonly, then sendrecv; {packets}"))
}

fn cancelled(room: &Room, scenario: &str, more: &[&str]) -> Result<String, Failure> {
    let setup = Setup::new(room, "bob")?;
    let mut bob = setup.listen(&[])?;
    calls(room, scenario, &setup, more)?.ends()?;
    let over = bob.over()?;
    if over.code == "cancelled" {
        Ok(format!("200 and 487; the call was over: {}", over.outcome))
    } else {
        Err(format!("the call ended `{}` ({}), not `cancelled`", over.code, over.outcome))
    }
}

fn refers(room: &Room) -> Result<String, Failure> {
    let [bob, carol] = [Setup::new(room, "bob")?, Setup::new(room, "carol")?];
    let mut other = carol.listen(&["--auto-answer"])?;
    let mut called = bob.listen(&["--auto-answer"])?;
    let sipp = calls(room, "caller-refer", &bob, &["-key", "refer_to", &carol.uri()])?;
    called.event("transfer_asked")?;
    called.does("follow")?;
    sipp.ends()?;
    other.event("established")?;
    called.stop()?;
    let packets = other.over()?.was("peer_hung_up", 0)?;
    Ok(format!("whom it names was called: {packets}"))
}

fn acknowledged(room: &Room) -> Result<String, Failure> {
    let setup = Setup::new(room, "bob")?;
    let mut bob = setup.listen(&[])?;
    let sipp = calls(room, "caller-prack", &setup, &[])?;
    bob.event("incoming")?;
    talk(300);
    bob.tell("answer")?;
    sipp.ends()?;
    bob.over()?.was("peer_hung_up", 600)
}
