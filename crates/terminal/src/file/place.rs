//! Where something that is asked for at a path goes.

use rustix::io::Errno;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Symbolic links that are followed one after another at most, as in Linux.
const LINKS: usize = 40;

/// Where something that is asked for at a path goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Standard output.
    Output,
    /// A regular file, or nothing yet, with no symbolic link on the way: replaced as a whole.
    File(PathBuf),
    /// A pipe or a character device, or what a process has open: written to as it is.
    Stream(PathBuf),
}

impl Place {
    /// The place that `path` names.
    ///
    /// # Errors
    /// A folder, a socket or a disk is there, its folder is not, or the links go in a circle.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Output);
        }
        match fs::metadata(path).map(|found| found.file_type()) {
            Ok(kind) if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(kind) if kind.is_fifo() || kind.is_char_device() => {
                Ok(Self::Stream(path.to_owned()))
            }
            Ok(kind) if !kind.is_file() => {
                Err(io::Error::other("a socket or a disk is there, and nothing is written to it"))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(_) | Err(_) => followed(path),
        }
    }

    /// The place, where it is a regular file's.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn regular(self) -> io::Result<PathBuf> {
        match self {
            Self::File(place) => Ok(place),
            Self::Output | Self::Stream(_) => {
                Err(io::Error::other("it must be a regular file, and is a pipe or a device"))
            }
        }
    }
}

/// The folder of what `path` names, behind all links.
///
/// # Errors
/// As [`Place::of`], or it is no regular file.
pub(crate) fn folder(path: &Path) -> io::Result<PathBuf> {
    Ok(above(&Place::of(path)?.regular()?).to_owned())
}

/// Where the links end that begin at `path`: the last may name what is not there yet.
fn followed(path: &Path) -> io::Result<Place> {
    let mut place = path.to_owned();
    for _ in 0..LINKS {
        let name = place.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        place = fs::canonicalize(above(&place))?.join(name);
        // What a process has open goes on to be written by whoever else has it open.
        if place.starts_with("/proc") {
            return Ok(Place::Stream(path.to_owned()));
        }
        match fs::read_link(&place) {
            Ok(named) => place = above(&place).join(named),
            Err(_) => return Ok(Place::File(place)),
        }
    }
    Err(Errno::LOOP.into())
}

fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
