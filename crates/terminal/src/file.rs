//! Files that are written as a whole or not at all.

use crate::error::{Error, Result};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Writes a new file beside `path` with at most these permissions, and renames it over `path` when
/// it is on the disk.
pub(crate) fn replace(path: &Path, mode: u32, octets: &[u8]) -> io::Result<()> {
    let mut file = beside(path, mode)?;
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
        beside(path, 0o600).map(drop)
    };
    tried.map_err(|error| Error::write(path, error))
}

/// A file in the folder of `path` that is removed unless it is given a name.
fn beside(path: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let permissions = std::fs::Permissions::from_mode(mode);
    Builder::new().permissions(permissions).tempfile_in(folder.unwrap_or_else(|| Path::new(".")))
}
