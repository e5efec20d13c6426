//! Files for one run of GnuPG, in a folder that is ours alone and goes with the run.

use sma::Error;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of mode 0700 that is removed when it is dropped. Nothing secret is put there.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// Makes one.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Storage`].
    pub(crate) fn new() -> Result<Self, Error> {
        let mode = Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix("countersign-gpg-").permissions(mode).tempdir();
        folder.map(Self).map_err(|error| fault(&error))
    }

    /// Where a file of this name is.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a new file of mode 0600.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Storage`].
    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> Result<PathBuf, Error> {
        let path = self.at(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(octets)).map_err(|error| fault(&error))?;
        Ok(path)
    }
}

/// What a file holds, or a little more than `limit` bytes of it.
///
/// # Errors
/// [`Error::Failed`] where it is not there.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    let file = File::open(path).map_err(|_| Error::Failed)?;
    file.take(limit as u64 + 1).read_to_end(&mut octets).map_err(|_| Error::Failed)?;
    Ok(octets)
}

fn fault(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::DiskFull,
        _ => Error::Storage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_are_their_owners_and_go_with_the_folder() {
        let folder = Folder::new().unwrap();
        let path = folder.write("data", b"octets").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(read(&path, 3).unwrap(), b"octe");
        assert_eq!(folder.write("data", b"again"), Err(Error::Storage));
        drop(folder);
        assert!(!path.parent().unwrap().exists());
    }
}
