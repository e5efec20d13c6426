//! A file that grows for as long as the process runs.

use super::draft::MODE;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Opens a file to append to, or makes one that is its owner's alone (promise 18).
///
/// # Errors
/// What the system says.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}

/// The name of what was in a file's place so many files ago: `NAME.1`, `NAME.2` …
pub(crate) fn earlier(path: &Path, ago: usize) -> PathBuf {
    beside(path, &format!(".{ago}"))
}

/// Begins another file in the place of one that is full, which becomes `NAME.1` as `NAME.1` becomes
/// `NAME.2`; `keep` of them stay.
///
/// # Errors
/// What the system says. Where no file can be made, nothing is renamed.
pub(crate) fn begin_anew(path: &Path, keep: usize) -> io::Result<File> {
    let next = beside(path, ".next");
    let file = append(&next)?;
    for ago in (1..keep).rev() {
        match fs::rename(earlier(path, ago), earlier(path, ago + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    if keep > 0 {
        fs::rename(path, earlier(path, 1))?;
    }
    fs::rename(next, path)?;
    Ok(file)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}
