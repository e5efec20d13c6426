//! What the demonstration writes.

use super::Plan;
use super::report::Report;
use crate::capture::{self, Secrets, View};
use crate::error::{Error, Result};
use crate::file;
use crate::ladder::Ladder;
use crate::record::Recorder;
use std::io;
use std::path::Path;

/// What the caller heard.
pub(super) const CALLER: &str = "caller.wav";
/// What the callee heard.
pub(super) const CALLEE: &str = "callee.wav";

/// The ladder.
const FULL: &str = "ladder.svg";
/// The ladder, folded.
const SHORT: &str = "ladder-short.svg";

/// Makes the folder, and takes away what an earlier run left there.
pub(super) fn prepare(out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).map_err(|error| Error::write(out, error))?;
    let written = [CALLER, CALLEE, "call.pcapng", FULL, SHORT, "ladder.txt", "report.json"];
    for name in written {
        let path = out.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::write(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Gives the recordings in `from` their place in `out`.
pub(super) fn keep(from: &Path, out: &Path) -> Result<()> {
    for name in [CALLER, CALLEE] {
        let path = out.join(name);
        std::fs::rename(from.join(name), &path).map_err(|error| Error::write(&path, error))?;
    }
    Ok(())
}

/// Writes capture, ladder and report.
pub(super) fn write(plan: &Plan, recorder: &Recorder, report: &Report) -> Result<()> {
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
        let path = plan.out.join(name);
        file::replace(&path, &octets).map_err(|error| Error::write(&path, error))?;
    }
    Ok(())
}
