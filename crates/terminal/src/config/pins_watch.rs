//! Notices that the pins were changed on the disk: by another command, or by hand.

use super::pins::Pins;
use crate::error::Result;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Looks at a file of pins, again and again.
#[derive(Debug)]
pub struct PinsWatch {
    path: PathBuf,
    /// The file when it was read last.
    seen: Option<Stamp>,
    /// What was told last.
    known: Pins,
}

/// What tells one state of a file from another. Whatever is done to it gives it another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    Absent,
    Present { inode: u64, length: u64, changed: (i64, i64) },
}

impl Stamp {
    fn of(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(file) => Self::Present {
                inode: file.ino(),
                length: file.len(),
                changed: (file.ctime(), file.ctime_nsec()),
            },
            Err(_) => Self::Absent,
        }
    }
}

impl PinsWatch {
    /// Watches the file at `path`, of which `known` was read.
    pub const fn new(path: PathBuf, known: Pins) -> Self {
        Self { path, seen: None, known }
    }

    /// The pins, if they are others than when this was asked last.
    ///
    /// # Errors
    /// As [`Pins::load`], once for each state of the file.
    pub fn changed(&mut self) -> Result<Option<&Pins>> {
        // Before it is read: what is changed meanwhile is seen the next time.
        let stamp = Stamp::of(&self.path);
        if self.seen.replace(stamp) == Some(stamp) {
            return Ok(None);
        }
        let pins = Pins::load(&self.path)?;
        if pins == self.known {
            return Ok(None);
        }
        self.known = pins;
        Ok(Some(&self.known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_change_is_told_once_and_an_unreadable_file_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.toml");
        let mut watch = PinsWatch::new(path.clone(), Pins::default());
        assert_eq!(watch.changed().unwrap(), None, "there is no file, as before");
        let mut pins = Pins::default();
        pins.pin("sip:bob@example.org".parse().unwrap(), &"a".repeat(40)).unwrap();
        pins.save(&path).unwrap();
        assert_eq!(watch.changed().unwrap(), Some(&pins));
        assert_eq!(watch.changed().unwrap(), None);
        pins.save(&path).unwrap();
        assert_eq!(watch.changed().unwrap(), None, "another file with the same pins");

        let open_to = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        open_to(0o644);
        assert!(watch.changed().unwrap_err().line().contains("chmod 600"));
        assert_eq!(watch.changed().unwrap(), None, "it was told");
        open_to(0o600);
        assert_eq!(watch.changed().unwrap(), None, "the pins were never others");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(watch.changed().unwrap(), Some(&Pins::default()));
    }

    #[test]
    fn what_was_changed_before_the_first_look_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.toml");
        let mut read = Pins::default();
        read.pin("sip:bob@example.org".parse().unwrap(), &"a".repeat(40)).unwrap();
        Pins::default().save(&path).unwrap();
        let mut watch = PinsWatch::new(path, read);
        assert_eq!(watch.changed().unwrap(), Some(&Pins::default()));
    }
}
