//! What a session records, and what it writes of it: journal, ladder, capture.

use super::args::{Global, Records};
use crate::assembly::{SystemClock, WallClock as _};
use crate::capture::{self, View};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::file;
#[cfg(feature = "digest")]
use crate::journal::{Journal, Place};
use crate::ladder::Ladder;
use crate::record::{Follower, Limits, Recorder};
use net::Runtime;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Who records this session: for what is written when it is over, for the log, or for the journal,
/// which needs nothing to be kept.
///
/// # Errors
/// The journal cannot be written.
pub(super) fn recorder(
    global: &Global, config: &Config, records: &Records, name: &str, runtime: &Arc<dyn Runtime>,
) -> Result<Option<Arc<Recorder>>> {
    let (runtime, unix_now) = (Arc::clone(runtime), SystemClock.unix_time());
    let journal = journal(config, records, name, unix_now)?;
    let is_kept = records.ladder.is_some() || records.capture.is_some() || global.tells_signals();
    let limits = if is_kept { Limits::default() } else { Limits::NOTHING };
    let is_wanted = is_kept || journal.is_some();
    Ok(is_wanted.then(|| Recorder::followed(runtime, unix_now, limits, journal)))
}

#[cfg(feature = "digest")]
fn journal(
    config: &Config, records: &Records, name: &str, unix_now: Duration,
) -> Result<Option<Box<dyn Follower>>> {
    let told = config.journal.file.as_ref().map(|file| config.at(file));
    let Some(file) = records.journal.clone().or(told) else { return Ok(None) };
    let octets = u64::from(config.journal.mib) << 20;
    let place = Place { file, octets, keep: config.journal.keep.into() };
    Ok(Some(Box::new(Journal::open(place, name, unix_now)?)))
}

/// There is nothing to write down where nobody decides.
#[cfg(not(feature = "digest"))]
fn journal(
    config: &Config, _: &Records, _: &str, _: Duration,
) -> Result<Option<Box<dyn Follower>>> {
    match config.journal.file {
        None => Ok(None),
        Some(_) => Err(Error::invalid(
            "this build has no security manager, whose decisions [journal] would hold; those of the \
             flavours digest, pgp and full have one",
        )),
    }
}

/// Writes a ladder, as a picture where the file's name ends so, else as text.
///
/// # Errors
/// The file cannot be written.
pub(super) async fn write_ladder(path: &Path, ladder: &Ladder, title: &str) -> Result<()> {
    let is_picture = path.extension().is_some_and(|extension| extension == "svg");
    let text = if is_picture { ladder.to_svg(title) } else { ladder.to_text() };
    file::write(path, text.into_bytes()).await
}

/// Writes what was asked for, of what is kept.
///
/// # Errors
/// A file cannot be written.
pub(super) async fn write_records(
    recorder: &Recorder, name: &str, records: &Records,
) -> Result<()> {
    if records.ladder.is_none() && records.capture.is_none() {
        return Ok(());
    }
    let entries = recorder.entries();
    recorder.warn_of_gaps();
    if let Some(path) = &records.ladder {
        write_ladder(path, &Ladder::of_one(&entries, name), &format!("A call of {name}")).await?;
    }
    if let Some(path) = &records.capture {
        let mut packets = Vec::new();
        let secrets = records.secrets();
        capture::write(&mut packets, &entries, View::Terminal, secrets, recorder.unix_start())
            .map_err(|error| Error::write(path, error))?;
        file::write(path, packets).await?;
    }
    Ok(())
}
