//! Calls with baresip over TLS, whose media are keyed by SDES.

use super::super::baresip::{Baresip, HERTZ};
use super::super::case::Case;
use super::super::certificates::Authority;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::room::Room;
use super::super::sound;
use super::super::terminal::Setup;
use super::super::waiting::talk;
use super::baresip::{OURS, both_ways, sealed};
use crate::command::Failure;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "baresip-sdes-calls",
        peers: &["baresip", "openssl"],
        transport: "TLS",
        what: "it calls us, keyed by SDES, in Opus, holds us and goes on; a tone each way",
        steps: calls,
    },
    Case {
        name: "baresip-sdes-kamailio",
        peers: &["baresip", "kamailio", "openssl"],
        transport: "TLS",
        what: "calls in both directions through Kamailio, keyed by SDES; a tone each way",
        steps: proxied,
    },
];

const TABLE: &str = "[policy]\nmedia-sdes = true\n";

fn calls(room: &Room) -> Result<String, Failure> {
    let [certificate, key] = Authority::new(room)?.certifies("bob", "IP:127.0.0.1")?;
    let setup = Setup::new(room, "bob")?.with(&format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n[media]\ncodecs = [\"opus\"]\n{TABLE}",
        certificate.display(),
        key.display(),
    ));
    let (says, folder) = (sound::tone(room, OURS)?, room.folder.join("heard"));
    let at = format!("{}:{}", room.ip, room.port()?);
    let (bind, heard) = (format!("tls:{at}"), folder.display().to_string());
    let mut options = vec!["--bind", &bind, "--auto-answer", "--audio", &says];
    options.extend(["--record-as", "heard", "--record", &heard]);
    let mut bob = setup.listen(&options)?;
    let mut phone = Baresip::keyed(room, "opus/48000/2", "srtp-mand")?;
    phone.does(&format!("dial sip:bob@{at};transport=tls"))?;
    phone.event("CALL_ESTABLISHED")?;
    let suite = sealed(&mut bob, "established")?;
    talk(1_000);
    phone.does("hold")?;
    bob.event("peer_held")?;
    talk(500);
    phone.does("resume")?;
    bob.event("peer_resumed")?;
    talk(1_500);
    phone.does("hangup")?;
    bob.over()?.was("peer_hung_up", 2_000)?;
    let we = sound::hears(&sound::only(&folder)?, HERTZ, 1.5)?;
    // It writes down what it hears before it holds, and no more.
    let its = phone.quits()?;
    let it = sound::hears(its.last().ok_or("baresip recorded nothing")?, OURS, 0.5)?;
    Ok(format!("{suite}; we heard {we}, it heard {it}"))
}

fn proxied(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Md5, RIGHT)?;
    let account = "floor = \"MD5\"\ntls-name = \"pbx.example\"\nmedia-sdes = true\n";
    let setup = Setup::new(room, "bob")?.with(&format!("[tls]\nca = [\"../ca.pem\"]\n{TABLE}"));
    let setup = setup.account("bob", &pbx.registrar("tls"), account);
    let phone = || Baresip::registered_by_sdes(room, &pbx);
    both_ways(room, &setup, phone, |bob| sealed(bob, "established"))
}
