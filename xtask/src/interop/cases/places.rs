//! Places that cannot be called: what is wrong is said, and at once.

use super::super::case::Case;
use super::super::kamailio::{Challenge, Kamailio};
use super::super::room::Room;
use super::super::terminal::Setup;
use super::super::waiting::now;
use crate::command::Failure;
use std::time::Duration;

/// How soon it is said.
const SOON: Duration = Duration::from_secs(1);

pub(super) const CASES: &[Case] = &[
    Case {
        name: "kamailio-tls-wrong-name",
        peers: &["kamailio", "openssl"],
        transport: "TLS",
        what: "a certificate for another name is refused, and both names are told",
        steps: wrong_name,
    },
    Case {
        name: "closed-port",
        peers: &[],
        transport: "UDP",
        what: "a call to a closed port fails within a second",
        steps: |room| closed(room, "udp"),
    },
    Case {
        name: "closed-port-tcp",
        peers: &[],
        transport: "TCP",
        what: "a call to a closed port fails within a second",
        steps: |room| closed(room, "tcp"),
    },
];

fn wrong_name(room: &Room) -> Result<String, Failure> {
    let names = "DNS:other.example,DNS:mail.other.example";
    let pbx = Kamailio::start(room, Challenge::Sha256, names)?;
    let setup = Setup::new(room, "alice")?.with("[tls]\nca = [\"../ca.pem\"]\n").account(
        "alice",
        &pbx.registrar("tls"),
        "tls-name = \"pbx.example\"\n",
    );
    let (good, said) = setup.call("sip:bob@pbx.example", &[])?.ends()?;
    let wanted = ["pbx.example", "other.example", "mail.other.example"];
    if good || !wanted.iter().all(|name| said.contains(name)) {
        return Err(format!("it was not refused with both names, but: {said}"));
    }
    if pbx.got("INVITE") > 0 {
        return Err("the INVITE was sent all the same".to_owned());
    }
    Ok(said)
}

fn closed(room: &Room, transport: &str) -> Result<String, Failure> {
    let uri = format!("sip:bob@{}:{};transport={transport}", room.ip, room.port()?);
    let setup = Setup::new(room, "alice")?;
    let from = now();
    let (good, said) = setup.call(&uri, &[])?.ends()?;
    let took = from.elapsed();
    if good || took >= SOON || !said.contains("refused") {
        return Err(format!("after {} ms: {said}", took.as_millis()));
    }
    Ok(format!("after {} ms: {said}", took.as_millis()))
}
