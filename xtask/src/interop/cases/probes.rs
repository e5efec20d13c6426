//! What `countersign auth probe` finds at the servers of others.

use super::super::case::Case;
use super::super::children::Child;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::room::Room;
use super::super::terminal::private;
use crate::command::Failure;
use serde_json::Value;
use std::time::Duration;

pub(super) const CASES: &[Case] = &[Case {
    name: "kamailio-digest-probe",
    peers: &["kamailio", "openssl"],
    transport: "UDP",
    what: "`auth probe` of its registrar (SHA-256, nc counted): what it does is known, check by check",
    steps: kamailio,
}];

/// The checks that Kamailio fails, as it is configured here.
const OTHERWISE: &[&str] = &["stale", "other-uri", "unknown-algorithm"];

fn kamailio(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Sha256, RIGHT)?;
    let password = room.write("alice-secret", "alice-secret\n")?;
    private(&password)?;
    let said = format!(
        "--json auth probe {} --user alice --aor sip:alice@pbx.example --password-file {}",
        pbx.registrar("udp"),
        password.display()
    );
    let arguments: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
    let mut probe = Child::start(&room.folder, "probe", &room.program("countersign"), &arguments)?;
    probe.end(Duration::from_secs(120))?;
    let text = probe.out();
    let rows: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let failed = of(&rows, "fail");
    let names: Vec<&str> = failed.iter().map(|(name, _)| *name).collect();
    let passed = of(&rows, "pass").len();
    if names != OTHERWISE || passed == 0 {
        let last = probe.err().lines().last().unwrap_or_default().to_owned();
        return Err(format!("{passed} pass and {names:?} fail, not {OTHERWISE:?}: {last}"));
    }
    let otherwise = failed.iter().map(|(name, came)| format!("{name} ({came})"));
    Ok(format!("{passed} pass; otherwise: {}", otherwise.collect::<Vec<_>>().join(", ")))
}

/// The checks with this verdict, and what came.
fn of<'a>(rows: &'a [Value], verdict: &str) -> Vec<(&'a str, &'a str)> {
    let text = |row: &'a Value, name: &str| row.get(name).and_then(Value::as_str);
    let rows = rows.iter().filter(|row| text(row, "verdict") == Some(verdict));
    rows.filter_map(|row| Some((text(row, "check")?, text(row, "came")?))).collect()
}
