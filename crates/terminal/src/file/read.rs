//! Reading what may be no regular file.

#[cfg(feature = "pgp")]
use super::apart::apart;
#[cfg(feature = "pgp")]
use crate::error::{Error, Result};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io;
#[cfg(feature = "pgp")]
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The octets at `path`, at most `limit` of them; `-` is standard input.
///
/// # Errors
/// They cannot be read.
#[cfg(feature = "pgp")]
pub(crate) async fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let path = path.to_owned();
    let what = path.display().to_string();
    apart(what, move || {
        let source: io::Result<Box<dyn Read>> = match path == Path::new("-") {
            true => Ok(Box::new(io::stdin())),
            false => File::open(&path).map(|file| Box::new(file) as Box<dyn Read>),
        };
        let mut octets = Vec::new();
        let read = source.and_then(|source| source.take(limit).read_to_end(&mut octets));
        read.map(|_| octets).map_err(|error| Error::read(&path, error))
    })
    .await
}

/// Opens a file to be read that is looked at while others wait: it never waits itself.
///
/// # Errors
/// It cannot be opened, or is no regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // With this flag a pipe is open at once, whoever else has it open.
    let flag = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flag).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it must be a regular file, and is none")),
    }
}
