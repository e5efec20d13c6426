//! Writing what is known as a whole.

use super::apart::apart;
use super::draft::Draft;
use super::place::Place;
use crate::error::{Error, Result};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Writes `octets` to what `path` names: as a whole over a regular file, or as a stream.
///
/// # Errors
/// It cannot be written; a regular file is then as it was.
pub(crate) async fn write(path: &Path, octets: Vec<u8>) -> Result<()> {
    let path = path.to_owned();
    let what = path.display().to_string();
    apart(what, move || match Place::of(&path) {
        Ok(Place::Output) => stream(io::stdout().lock(), &octets).map_err(Error::Output),
        Ok(Place::Stream(to)) => append(&to, &octets).map_err(|error| Error::write(&path, error)),
        Ok(Place::File(_)) => replace(&path, &octets).map_err(|error| Error::write(&path, error)),
        Err(error) => Err(Error::write(&path, error)),
    })
    .await
}

/// Writes a regular file, over one that is there. When this returns, it is on the disk.
///
/// # Errors
/// It cannot be written, or no regular file is there; all is then as it was.
pub(crate) fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    whole(path, octets)?.keep()
}

/// Writes a regular file where nothing is yet.
///
/// # Errors
/// It cannot be written, or something is there; all is then as it was.
pub(crate) fn create(path: &Path, octets: &[u8]) -> io::Result<()> {
    whole(path, octets)?.keep_new()
}

/// Shows that `path` can be written, before there is anything to write. Leaves nothing.
///
/// # Errors
/// It cannot.
pub(crate) fn check(path: &Path) -> Result<()> {
    let tried = match Place::of(path) {
        Ok(Place::File(_)) => Draft::of(path).map(drop),
        // To open a pipe may mean to wait.
        Ok(Place::Output | Place::Stream(_)) => Ok(()),
        Err(error) => Err(error),
    };
    tried.map_err(|error| Error::write(path, error))
}

fn whole(path: &Path, octets: &[u8]) -> io::Result<Draft> {
    let mut draft = Draft::of(path)?;
    draft.write_all(octets)?;
    draft.sync()?;
    Ok(draft)
}

/// Where others write to it as well, nothing of theirs is written over.
fn append(path: &Path, octets: &[u8]) -> io::Result<()> {
    stream(OpenOptions::new().append(true).open(path)?, octets)
}

fn stream(mut to: impl Write, octets: &[u8]) -> io::Result<()> {
    to.write_all(octets).and_then(|()| to.flush())
}
