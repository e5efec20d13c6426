//! `cargo xtask interop`: terminals against SIP software that others wrote, as Debian ships it.
//!
//! Every case has ports of its own on loopback, so that cases run beside each other, and a folder of
//! its own, `target/interop/CASE/`, with the configurations and logs of all that took part.

mod baresip;
mod beside;
mod browser;
mod case;
mod cases;
mod certificates;
mod children;
mod coturn;
mod kamailio;
mod npm;
mod peers;
mod programs;
pub(crate) mod quality;
mod report;
mod room;
mod sipp;
pub(crate) mod soak;
mod sound;
mod terminal;
mod waiting;

use crate::command::Failure;
use beside::beside;
use case::{Case, Outcome};
use std::path::{Path, PathBuf};

/// Which cases, and where to write what came of them.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// Run the cases whose name contains this, for example `kamailio` or `sipp-cancel`; may be repeated
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Say what there is to run, and run nothing
    #[arg(long)]
    list: bool,
    /// Print one JSON object a case, and one for the peers' versions, instead of the table
    #[arg(long)]
    json: bool,
    /// Write the table, with versions and date, as Markdown
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Take `countersign`, `countersign-openssl` and `countersign-pgp` from this folder, and build nothing
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// How many cases run at once
    #[arg(long, value_name = "N", default_value_t = 6)]
    jobs: usize,
}

const HELP: &str = "\
Peers are Debian's packages: kamailio (with kamailio-tls-modules, kamailio-websocket-modules and
kamailio-outbound-modules), sip-tester (SIPp), baresip-core, coturn, chromium, sipsak, tshark and openssl. A
peer that is not installed fails its cases, and the line says what to install. Cases of DTLS-SRTP with RSA are
with `countersign-openssl`, the terminal as `--features dtls-openssl` has it built (libssl-dev). All of it is on 127.0.0.1, each
case at ports of its own, and nothing leaves this machine, but for JsSIP, which the first page in a browser has
fetched from registry.npmjs.org.

Each case keeps its configurations, scenario and logs in target/interop/CASE/ until it is run again.
What a case started ends with it, also where it fails or is interrupted.

Exit status: 0 if every case passed, 1 if one failed.

Examples:
  cargo xtask interop
  cargo xtask interop --only sipp-cancel --jobs 1
  cargo xtask interop --write docs/interop.md";

/// Builds the programs, runs the cases, and says what came of each.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let chosen = |case: &&Case| {
        arguments.only.is_empty() || arguments.only.iter().any(|part| case.name.contains(part))
    };
    let cases: Vec<&Case> = cases::ALL.iter().copied().flatten().filter(chosen).collect();
    if cases.is_empty() {
        return Err("no case is called so; --list shows all".to_owned());
    }
    if arguments.list {
        print!("{}", report::listed(&cases));
        return Ok(());
    }
    let programs = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => programs::build(&cases)?,
    };
    let outcomes = all(&cases, &programs, arguments.jobs);
    let versions = peers::versions();
    if arguments.json {
        print!("{}", report::json(&outcomes, &versions));
    } else {
        print!("{}", report::table(&outcomes));
    }
    if let Some(path) = &arguments.write {
        let page = report::page(&outcomes, &versions, &peers::today()?);
        std::fs::write(path, page).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    let failed = outcomes.iter().filter(|outcome| outcome.found.is_err()).count();
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {} cases failed", cases.len())) }
}

/// Runs cases, a few at once; outcomes are in the order of the cases.
fn all(cases: &[&'static Case], programs: &Path, jobs: usize) -> Vec<Outcome> {
    beside(cases.len(), jobs, |n| {
        let outcome = cases.get(n)?.run(n, programs);
        eprintln!("{}", report::line(&outcome));
        Some(outcome)
    })
}
