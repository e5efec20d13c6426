//! The socket file: a folder that only we can enter, a file that only we left there.

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::net::UnixListener;

/// Why a socket cannot be bound.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// The folder is a link, a file, or not there.
    #[error("{}: not a folder", .0.display())]
    NotDirectory(PathBuf),
    /// The folder belongs to another user.
    #[error("{}: belongs to another user", .0.display())]
    ForeignDirectory(PathBuf),
    /// Others may enter the folder.
    #[error("{}: mode is {mode:04o}, must be 0700", .path.display())]
    OpenDirectory {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Something that is no socket of ours has the name.
    #[error("{}: is in the way and is no socket of ours", .0.display())]
    Occupied(PathBuf),
    /// An application listens there already.
    #[error("{}: another process listens there", .0.display())]
    InUse(PathBuf),
    /// The system refused.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Checks that `directory` is a folder, no link, ours, and closed to everybody else; whether we may
/// write there (0700) or only read (0500) is not asked.
///
/// # Errors
/// [`BindError::NotDirectory`], [`BindError::ForeignDirectory`], [`BindError::OpenDirectory`].
pub fn check_directory(directory: &Path) -> Result<(), BindError> {
    let metadata = fs::symlink_metadata(directory).ok().filter(Metadata::is_dir);
    let Some(metadata) = metadata else {
        return Err(BindError::NotDirectory(directory.to_owned()));
    };
    if metadata.uid() != geteuid().as_raw() {
        return Err(BindError::ForeignDirectory(directory.to_owned()));
    }
    match metadata.mode() & 0o7777 {
        0o700 | 0o500 => Ok(()),
        mode => Err(BindError::OpenDirectory { path: directory.to_owned(), mode }),
    }
}

/// The folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A bound socket; its file is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: UnixListener,
    path: PathBuf,
    file: (u64, u64),
}

impl Listener {
    /// Binds `path`, whose folder must pass [`check_directory`]. A socket that nobody listens at
    /// any more is replaced.
    ///
    /// # Errors
    /// [`BindError`]. Needs a tokio runtime.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let directory = folder(path);
        check_directory(directory)?;
        let io = |error| BindError::Io { path: path.to_owned(), error };
        // Two that start at once must not remove each other's socket.
        let lock = File::open(directory).map_err(io)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| io(error.into()))?;
        remove_stale(path)?;
        let socket = UnixListener::bind(path).map_err(io)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(io)?;
        let metadata = fs::symlink_metadata(path).map_err(io)?;
        Ok(Self { socket, path: path.to_owned(), file: (metadata.dev(), metadata.ino()) })
    }

    /// The socket's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ours = |metadata: &Metadata| (metadata.dev(), metadata.ino()) == self.file;
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| ours(&metadata)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a socket of ours that refuses connections; anything else in the way stays.
fn remove_stale(path: &Path) -> Result<(), BindError> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() || metadata.uid() != geteuid().as_raw() {
        return Err(BindError::Occupied(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| BindError::Io { path: path.to_owned(), error })
        }
        _ => Err(BindError::InUse(path.to_owned())),
    }
}
