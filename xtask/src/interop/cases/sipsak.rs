//! sipsak: OPTIONS, and what is no SIP.

use super::super::case::Case;
use super::super::children::Child;
use super::super::room::Room;
use super::super::terminal::Setup;
use crate::command::Failure;
use std::path::Path;
use std::time::Duration;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "sipsak-options",
        peers: &["sipsak"],
        transport: "UDP",
        what: "OPTIONS is answered 200",
        steps: |room| {
            let setup = Setup::new(room, "bob")?;
            let bob = setup.listen(&[])?;
            let said = sipsak(room, "options", &["-vv", "-s", &setup.uri()])?;
            bob.stop()?;
            let found = said.lines().find(|line| line.starts_with("SIP/2.0 200"));
            found.map(|line| line.trim().to_owned()).ok_or_else(|| last(&said))
        },
    },
    Case {
        name: "sipsak-garbled",
        peers: &["sipsak"],
        transport: "UDP",
        what: "OPTIONS with more and more characters garbled at random; a good one after them",
        steps: garbled,
    },
];

fn garbled(room: &Room) -> Result<String, Failure> {
    let setup = Setup::new(room, "bob")?;
    let bob = setup.listen(&[])?;
    let uri = setup.uri();
    // How many were answered is sipsak's own affair: it ends at the first that is not.
    let _ = sipsak(room, "garbled", &["-R", "-t", "100", "-s", &uri]);
    let said = sipsak(room, "after", &["-vv", "-s", &uri])?;
    bob.stop()?;
    let good = said.contains("SIP/2.0 200");
    if good { Ok("200 to the good one".to_owned()) } else { Err(last(&said)) }
}

fn sipsak(room: &Room, name: &str, arguments: &[&str]) -> Result<String, Failure> {
    let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
    let mut child = Child::start(&room.folder, name, Path::new("sipsak"), &arguments)?;
    let status = child.end(Duration::from_secs(30))?;
    let said = child.out();
    if status.success() { Ok(said) } else { Err(format!("sipsak: {}", last(&said))) }
}

fn last(said: &str) -> String {
    said.lines().last().unwrap_or("sipsak said nothing").to_owned()
}
