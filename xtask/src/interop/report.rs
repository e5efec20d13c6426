//! What came of the cases: as lines, as a table, as JSON, as a page.

use super::case::{Case, Outcome};
use serde_json::json;
use std::fmt::Write as _;

/// One line while the cases run.
pub(super) fn line(outcome: &Outcome) -> String {
    let (verdict, said) = told(outcome);
    format!("{verdict}  {:<32} {:>4.1} s  {said}", outcome.case.name, outcome.took.as_secs_f32())
}

/// What there is to run.
pub(super) fn listed(cases: &[&Case]) -> String {
    cases.iter().fold(String::new(), |mut text, case| {
        let _ = writeln!(text, "{:<32} {}", case.name, case.what);
        text
    })
}

/// All of it: peer, transport, case, pass or fail, evidence.
pub(super) fn table(outcomes: &[Outcome]) -> String {
    let rows: Vec<[&str; 5]> = outcomes.iter().map(cells).collect();
    let width = |n: usize| {
        let of = |row: &[&str; 5]| row.get(n).map_or(0, |cell| cell.chars().count());
        rows.iter().map(of).max().unwrap_or_default()
    };
    let [peer, transport, what, verdict] = [0, 1, 2, 3].map(width);
    rows.iter().fold(String::new(), |mut text, [a, b, c, d, e]| {
        let _ = writeln!(text, "{a:peer$}  {b:transport$}  {c:what$}  {d:verdict$}  {e}");
        text
    })
}

/// An object a case, and one for the peers.
pub(super) fn json(outcomes: &[Outcome], versions: &[(&str, Option<String>)]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let [peer, transport, what, verdict, said] = cells(outcome);
        let (name, seconds) = (outcome.case.name, outcome.took.as_secs_f64());
        let object = json!({
            "case": name, "peer": peer, "transport": transport, "what": what,
            "verdict": verdict, "evidence": said, "seconds": seconds,
        });
        let _ = writeln!(text, "{object}");
    }
    let peers: serde_json::Map<_, _> =
        versions.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect();
    let _ = writeln!(text, "{}", json!({ "peers": peers }));
    text
}

/// The page `docs/interop.md`.
pub(super) fn page(
    outcomes: &[Outcome], versions: &[(&str, Option<String>)], date: &str,
) -> String {
    let known = versions.iter().map(|(name, version)| {
        format!("{name} {}", version.as_deref().unwrap_or("(not installed)"))
    });
    let known: Vec<_> = known.collect();
    let mut text = format!(
        "# Interoperability\n\n\
         What terminals and SIP software of others do together, written by `cargo xtask interop \
         --write docs/interop.md` on {date}. The continuous integration runs it on every change. \
         Peers, as Debian ships them: {}.\n\n\
         What a case does is in `xtask/src/interop/cases`, SIPp's scenarios and Kamailio's \
         configuration are in `xtask/interop`. `cargo xtask interop --only PART` runs some; what \
         each sent, received and logged is left in `target/interop/CASE/`.\n\n\
         | peer | transport | case | | evidence |\n|---|---|---|---|---|\n",
        known.join(", "),
    );
    for outcome in outcomes {
        let [peer, transport, what, verdict, said] =
            cells(outcome).map(|cell| cell.replace('|', "\\|"));
        let name = outcome.case.name;
        let _ = writeln!(text, "| {peer} | {transport} | `{name}`: {what} | {verdict} | {said} |");
    }
    text
}

fn cells(outcome: &Outcome) -> [&str; 5] {
    let (verdict, said) = told(outcome);
    let peer = outcome.case.peers.first().copied().unwrap_or("none");
    [peer, outcome.case.transport, outcome.case.what, verdict, said]
}

fn told(outcome: &Outcome) -> (&'static str, &str) {
    match &outcome.found {
        Ok(evidence) => ("pass", evidence),
        Err(why) => ("fail", why),
    }
}
