//! The socket's file: for its owner alone, and nobody else's.

use crate::error::{Error, Result, plain};
use rustix::fs::Mode;
use rustix::process::umask;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// A socket that is listened at; its file is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    file: (u64, u64),
}

impl Socket {
    /// Listens at `path`, with mode 0600. A socket at which nobody listens any more is replaced.
    ///
    /// # Errors
    /// Something is there that is no socket, or somebody listens there, or what the system says.
    pub(super) fn bind(path: &Path) -> Result<Self> {
        remove_stale(path)?;
        // The file is there with its mode, and never with another.
        let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let bound = UnixListener::bind(path);
        umask(before);
        let listener = bound.map_err(|error| refused(path, &error))?;
        let metadata = fs::symlink_metadata(path).map_err(|error| refused(path, &error))?;
        Ok(Self { listener, path: path.to_owned(), file: (metadata.dev(), metadata.ino()) })
    }

    /// The next connection. Cancel-safe.
    pub(super) async fn accept(&self) -> io::Result<tokio::net::UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let is_ours = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino()) == self.file;
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| is_ours(&metadata)) {
            // Whoever comes next finds that nobody listens there.
            _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a socket that refuses connections; what else is there stays.
fn remove_stale(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(in_the_way(path, "something is there that is no socket"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| refused(path, &error))
        }
        Ok(_) => Err(in_the_way(path, "somebody listens there already")),
        Err(error) => Err(refused(path, &error)),
    }
}

fn in_the_way(path: &Path, why: &str) -> Error {
    Error::invalid(format!("--audio unix:{}: {why}; name another path", path.display()))
}

fn refused(path: &Path, error: &io::Error) -> Error {
    let why = match error.kind() {
        ErrorKind::NotFound => "there is no such folder".to_owned(),
        // The system's limit: `sun_path`, with the octet that ends it.
        ErrorKind::InvalidInput => {
            "the path is too long for a socket; name a shorter one".to_owned()
        }
        _ => plain(error),
    };
    Error::invalid(format!("--audio unix:{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn bind(path: &Path) -> Result<Socket> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        Socket::bind(path)
    }

    #[test]
    fn the_file_is_for_its_owner_alone_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let socket = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        // The program's own mask is as it was.
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        assert_ne!(fs::metadata(&other).unwrap().permissions().mode() & 0o100, 0);
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn only_a_socket_that_nobody_listens_at_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        // Dropping this leaves the file.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let socket = bind(&path).unwrap();
        let twice = bind(&path).unwrap_err().line();
        assert!(twice.contains("somebody listens there already"), "{twice}");
        drop(socket);
        fs::write(&path, "a letter").unwrap();
        let letter = bind(&path).unwrap_err().line();
        assert!(letter.contains("no socket"), "{letter}");
        assert_eq!(fs::read(&path).unwrap(), b"a letter");
        let long = bind(&folder.path().join("x".repeat(200))).unwrap_err().line();
        assert!(long.contains("too long"), "{long}");
        let nowhere = bind(&folder.path().join("none/agent.sock")).unwrap_err().line();
        assert!(nowhere.contains("no such folder"), "{nowhere}");
    }

    #[test]
    fn anothers_socket_at_its_place_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let first = bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _second = bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
    }
}
