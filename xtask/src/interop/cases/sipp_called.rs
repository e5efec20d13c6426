//! A terminal calls SIPp.

use super::super::case::Case;
use super::super::room::Room;
use super::super::sipp::{LOSSY, Sipp};
use super::super::terminal::{Setup, Terminal};
use crate::command::Failure;

pub(super) const CASES: &[Case] = &[
    of(
        "sipp-refreshes",
        "UDP",
        "a call of ours is refreshed at half of its session interval",
        refreshes,
    ),
    of("sipp-called", "UDP", "we call, and hang up", |room| called(room, &[], "")),
    of("sipp-called-tcp", "TCP", "we call, and hang up", |room| {
        called(room, &["-t", "t1"], ";transport=tcp")
    }),
    of(
        "sipp-challenges",
        "UDP",
        "we answer a Digest challenge (MD5, as the account allows)",
        challenged,
    ),
    of(
        "sipp-cancel-before-100",
        "UDP",
        "hung up before any answer: CANCEL waits for the 100",
        |room| cancelled(room, "callee-cancel-before-100", "calling"),
    ),
    of("sipp-cancel-ringing", "UDP", "hung up while it rings: CANCEL, 487", |room| {
        cancelled(room, "callee-cancel-ringing", "ringing")
    }),
    of("sipp-cancel-crossing", "UDP", "a 200 that crosses our CANCEL: ACK, BYE", |room| {
        cancelled(room, "callee-cancel-crossing", "ringing")
    }),
    of(
        "sipp-forked",
        "UDP",
        "two 200s of a fork: one call stays, the other gets ACK and BYE",
        |room| {
            let sipp = Sipp::waits(room, "callee-forked", &[])?;
            let over = talks(room, &sipp.uri())?.over()?;
            sipp.ends()?;
            over.was("hung_up", 1_000)
        },
    ),
    of(
        "sipp-holds-us",
        "UDP",
        "held by re-INVITE, resumed by one without SDP, hung up by the peer",
        |room| {
            let sipp = Sipp::waits(room, "callee-hold", &[])?;
            let mut alice = Setup::new(room, "alice")?.call(&sipp.uri(), &[])?;
            sipp.ends()?;
            alice.event("peer_held")?;
            alice.event("peer_resumed")?;
            alice.over()?.was("peer_hung_up", 1_000)
        },
    ),
    of("sipp-called-lossy", "UDP", "8 calls of ours, every fifth message lost", lossy),
    of(
        "sipp-prack-called",
        "UDP",
        "a 180 that is sent reliably is acknowledged by PRACK",
        |room| {
            let sipp = Sipp::waits(room, "callee-prack", &[])?;
            let over = talks(room, &sipp.uri())?.over()?;
            sipp.ends()?;
            over.was("hung_up", 1_500)
        },
    ),
    of(
        "sipp-late-offer-called",
        "UDP",
        "an INVITE without SDP: SIPp offers in the 200, we answer in the ACK",
        |room| {
            let sipp = Sipp::waits(room, "callee-late-offer", &[])?;
            let options = ["--late-offer", "--seconds", "1.5"];
            let over = Setup::new(room, "alice")?.call(&sipp.uri(), &options)?.over()?;
            sipp.ends()?;
            over.was("hung_up", 1_500)
        },
    ),
    of("sipp-moved", "UDP", "a 302 is followed to whom it wants most", moved),
];

const fn of(
    name: &'static str, transport: &'static str, what: &'static str,
    steps: fn(&Room) -> Result<String, Failure>,
) -> Case {
    Case { name, peers: &["sipp"], transport, what, steps }
}

/// A call of a second and a half.
fn talks(room: &Room, uri: &str) -> Result<Terminal, Failure> {
    Setup::new(room, "alice")?.call(uri, &["--seconds", "1.5"])
}

fn called(room: &Room, more: &[&str], parameter: &str) -> Result<String, Failure> {
    let sipp = Sipp::waits(room, "callee", more)?;
    let over = talks(room, &format!("{}{parameter}", sipp.uri()))?.over()?;
    sipp.ends()?;
    over.was("hung_up", 1_500)
}

fn challenged(room: &Room) -> Result<String, Failure> {
    let sipp = Sipp::waits(room, "callee-digest", &[])?;
    let place = format!("udp:{}:{}", room.ip, sipp.port());
    let alice = Setup::new(room, "alice")?.account("alice", &place, "floor = \"MD5\"\n");
    let over = alice.call("sip:sipp@pbx.example", &["--seconds", "1.5"])?.over()?;
    sipp.ends()?;
    let packets = over.was("hung_up", 1_500)?;
    Ok(format!("nonce, opaque, nc and response verified; {packets}"))
}

fn cancelled(room: &Room, scenario: &str, when: &str) -> Result<String, Failure> {
    let sipp = Sipp::waits(room, scenario, &[])?;
    let mut alice = Setup::new(room, "alice")?.call(&sipp.uri(), &[])?;
    alice.event(when)?;
    sipp.has_received("INVITE")?;
    alice.tell("hang up")?;
    sipp.ends()?;
    alice.over()?.was("hung_up", 0)?;
    Ok("every message as in the scenario".to_owned())
}

fn refreshes(room: &Room) -> Result<String, Failure> {
    let sipp = Sipp::waits(room, "callee-session-timer", &[])?;
    let mut alice = Setup::new(room, "alice")?.call(&sipp.uri(), &["--seconds", "47"])?;
    let over = alice.over()?;
    sipp.ends()?;
    let packets = over.was("hung_up", 45_000)?;
    Ok(format!("Session-Expires 90, refreshed within 47 s; {packets}"))
}

fn lossy(room: &Room) -> Result<String, Failure> {
    let sipp = Sipp::waits(room, "callee-lossy", &[&["-m", "8"], LOSSY].concat())?;
    let mut alice = Setup::new(room, "alice")?.listen(&[])?;
    for _ in 0..8 {
        alice.tell(&format!("call {}", sipp.uri()))?;
    }
    for _ in 0..8 {
        alice.event("established")?;
    }
    for number in 1..=8 {
        alice.tell(&format!("hang up {number}"))?;
    }
    let counts = sipp.ends()?;
    Ok(format!("{} calls whole, {} messages sent again", counts.calls, counts.again()))
}

fn moved(room: &Room) -> Result<String, Failure> {
    let carol = Setup::new(room, "carol")?;
    let mut other = carol.listen(&["--auto-answer"])?;
    let sipp = Sipp::waits(room, "callee-moved", &["-key", "moved_to", &carol.uri()])?;
    let options = ["--follow", "--seconds", "1.5"];
    let mut alice = Setup::new(room, "alice")?.call(&sipp.uri(), &options)?;
    sipp.ends()?;
    alice.event("redirected")?;
    alice.event("established")?;
    let packets = other.over()?.was("peer_hung_up", 1_500)?;
    Ok(format!("whom it wants most was called: {packets}"))
}
