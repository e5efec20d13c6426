//! tshark reads what a terminal captured.

use super::super::case::Case;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::room::Room;
use super::super::terminal::Setup;
use crate::command::{Failure, output};
use std::path::Path;
use std::process::Command;

pub(super) const CASES: &[Case] = &[Case {
    name: "tshark-capture",
    peers: &["tshark", "kamailio", "openssl"],
    transport: "UDP",
    what: "SIP, SDP and RTP of a captured call are read, none of it malformed",
    steps: captured,
}];

fn captured(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
    let registrar = pbx.registrar("udp");
    let of = |user| Ok::<_, Failure>(Setup::new(room, user)?.account(user, &registrar, ""));
    let _bob = of("bob")?.registered(&["--auto-answer"])?;
    let file = room.folder.join("call.pcapng");
    let options = ["--seconds", "1", "--capture", &file.display().to_string()];
    let alice = of("alice")?.call("sip:bob@pbx.example", &options)?;
    let (good, said) = alice.ends()?;
    if !good {
        return Err(said);
    }
    let count = |filter| frames(&file, filter);
    let bad = count("_ws.malformed || _ws.expert.severity == error")?;
    let [invites, answers] = [count("sip.Method == \"INVITE\"")?, count("sip.Status-Code == 200")?];
    let [sdp, rtp] = [count("sdp")?, count("rtp")?];
    let found = format!("{invites} INVITE, {answers} 200, {sdp} SDP, {rtp} RTP, {bad} malformed");
    let whole = bad == 0 && invites >= 2 && answers >= 2 && sdp >= 2 && rtp >= 50;
    if whole { Ok(found) } else { Err(found) }
}

fn frames(file: &Path, filter: &str) -> Result<usize, Failure> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-n").arg("-r").arg(file).args(["-Y", filter]);
    Ok(output(&mut tshark)?.lines().count())
}
