//! Files that are written as a whole or not at all, and that nobody but their owner may read.

use crate::error::{Error, Result};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// What a terminal writes of itself, its peers and its calls is for its owner. Promise 18.
const MODE: u32 = 0o600;

/// Writes a new file beside `path`, and renames it over `path` when it is on the disk.
pub(crate) fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(octets)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Shows that `path` can be written, before there is anything to write. Leaves nothing.
///
/// # Errors
/// It is a folder, or its folder takes no file.
pub(crate) fn check(path: &Path) -> Result<()> {
    let tried = if path.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        beside(path).map(drop)
    };
    tried.map_err(|error| Error::write(path, error))
}

/// A file in the folder of `path` that is removed unless it is given a name.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let permissions = std::fs::Permissions::from_mode(MODE);
    Builder::new().permissions(permissions).tempfile_in(folder.unwrap_or_else(|| Path::new(".")))
}
