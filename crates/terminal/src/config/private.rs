//! Files that only their owner may read. Case O02.

use crate::error::{Error, Result};
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Refuses a file that others may read or write.
pub(super) fn check(file: &File, path: &Path) -> Result<()> {
    let metadata = file.metadata().map_err(|e| Error::read(path, e))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::NotPrivate { path: path.to_owned(), mode })
}
