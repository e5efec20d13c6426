//! What is written beside its place, until it is whole.

use super::place::Place;
use media_ctl::audio::Recording;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// What a terminal writes of itself, its peers and its calls is for its owner. Promise 18.
pub(super) const MODE: u32 = 0o600;

/// A file beside the place that it is for. Dropped before it is kept, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Draft {
    file: NamedTempFile,
    place: PathBuf,
}

impl Draft {
    /// For what `path` names, under a name that nobody else has.
    ///
    /// # Errors
    /// No regular file can be written there.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Self::at(Place::of(path)?.regular()?, &mut Builder::new())
    }

    /// For what `path` names, as `NAME.part`: what a killed process leaves is to be found. What an
    /// earlier one left goes.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(crate) fn part(path: &Path) -> io::Result<Self> {
        let place = Place::of(path)?.regular()?;
        let name = place.file_name().map(OsString::from).unwrap_or_default();
        let mut left = name.clone();
        left.push(".part");
        match fs::remove_file(place.with_file_name(left)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Self::at(place, Builder::new().prefix(&name).suffix(".part").rand_bytes(0))
    }

    fn at(place: PathBuf, names: &mut Builder<'_, '_>) -> io::Result<Self> {
        let folder = place.parent().unwrap_or_else(|| Path::new("/"));
        let file = names.permissions(Permissions::from_mode(MODE)).tempfile_in(folder);
        Ok(Self { file: file.map_err(of_the_system)?, place })
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Gives it its place, over a regular file that is there.
    ///
    /// # Errors
    /// Something else has taken the place meanwhile.
    pub(super) fn keep(self) -> io::Result<()> {
        Place::of(&self.place)?.regular()?;
        self.file.persist(&self.place).map(drop).map_err(|refused| refused.error)
    }

    /// Gives it its place, where nothing is there.
    ///
    /// # Errors
    /// Something is.
    pub(super) fn keep_new(self) -> io::Result<()> {
        self.file.persist_noclobber(&self.place).map(drop).map_err(|refused| refused.error)
    }
}

/// The error without the draft's name, which nobody has heard of.
fn of_the_system(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((words, _)) => io::Error::new(error.kind(), words),
        None => error,
    }
}

impl Write for Draft {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Seek for Draft {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.as_file_mut().seek(to)
    }
}

impl Recording for Draft {
    fn keep(self: Box<Self>) -> io::Result<()> {
        Self::keep(*self)
    }
}
