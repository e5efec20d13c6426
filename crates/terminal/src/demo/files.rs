//! What the demonstration writes.

use super::plan::{CALLEE, CALLER, Plan};
use super::report::Report;
use crate::capture::{self, Secrets, View};
use crate::error::{Error, Result};
use crate::file;
use crate::ladder::Ladder;
use crate::record::Recorder;
use std::fs;
use std::path::Path;

/// The ladder.
const FULL: &str = "ladder.svg";
/// The ladder, folded.
const SHORT: &str = "ladder-short.svg";

/// Makes the folder, and takes away the files that an earlier run left there; a link stays.
pub(super) fn prepare(out: &Path) -> Result<()> {
    fs::create_dir_all(out).map_err(|error| Error::write(out, error))?;
    let written = [CALLER, CALLEE, "call.pcapng", FULL, SHORT, "ladder.txt", "report.json"];
    for name in written {
        let path = out.join(name);
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
            fs::remove_file(&path).map_err(|error| Error::write(&path, error))?;
        }
    }
    Ok(())
}

/// Gives the recordings in `from` their place in `out`.
pub(super) fn keep(from: &Path, out: &Path) -> Result<()> {
    for name in [CALLER, CALLEE] {
        let path = out.join(name);
        fs::read(from.join(name))
            .and_then(|octets| file::replace(&path, &octets))
            .map_err(|error| Error::write(&path, error))?;
    }
    Ok(())
}

/// Writes capture, ladder and report.
pub(super) async fn write(plan: &Plan, recorder: &Recorder, report: &Report) -> Result<()> {
    let entries = recorder.entries();
    recorder.warn_of_gaps();
    let ladder = Ladder::of_two(&entries, "caller", "callee");
    let mut packets = Vec::new();
    let (view, secrets) = (View::Senders, Secrets::Overwritten);
    capture::write(&mut packets, &entries, view, secrets, recorder.unix_start())
        .map_err(|error| Error::write(&plan.out, error))?;
    let mut json = serde_json::to_vec_pretty(report).map_err(Error::invalid)?;
    json.push(b'\n');
    let title = format!("A call between two Countersign terminals: {}", report.flow_name());
    for (name, octets) in [
        ("call.pcapng", packets),
        (FULL, ladder.to_svg(&title).into_bytes()),
        (SHORT, ladder.to_short_svg(&title).into_bytes()),
        ("ladder.txt", ladder.to_text().into_bytes()),
        ("report.json", json),
    ] {
        file::write(&plan.out.join(name), octets).await?;
    }
    Ok(())
}
