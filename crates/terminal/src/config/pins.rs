//! `pins.toml`: whose key is whose. Written as a whole or not at all (case O05), and by one process
//! at a time.

use super::address::SipAor;
use super::parse::parse;
use super::private;
use crate::error::{Error, Result};
use crate::file;
use net::Runtime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

/// An AOR and the full primary fingerprint of its key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedKey {
    /// The AOR.
    pub aor: SipAor,
    /// The fingerprint: 40 or 64 hexadecimal digits, in lower case.
    #[serde(deserialize_with = "read_fingerprint")]
    pub fingerprint: String,
    /// That of the key which its owner is going to take, where it is known already.
    #[serde(default, deserialize_with = "read_next", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// All pins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// In the order in which they were made.
    #[serde(default, rename = "pin")]
    pub pins: Vec<PinnedKey>,
}

/// How long another process may take for its change, and how often that is tried.
const LOCKED_WITHIN: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(20);

const HEAD: &str =
    "# Whose OpenPGP key is whose. Written by `countersign keys pin` and `unpin`.\n\n";

impl Pins {
    /// Reads the pins; none where there is no file.
    ///
    /// # Errors
    /// The file cannot be read, or others may write it, or a key or value in it is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let mut file = match file::open_regular(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::read(path, error)),
        };
        private::check(&file, path)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|e| Error::read(path, e))?;
        let pins: Self = parse(path, &text)?;
        pins.check(path)?;
        Ok(pins)
    }

    /// Refuses two keys for one contact: which holds would depend on their order.
    fn check(&self, path: &Path) -> Result<()> {
        let mut known = BTreeMap::new();
        for pin in &self.pins {
            let earlier = known.insert(pin.aor.contact(), pin);
            if let Some(earlier) = earlier.filter(|it| it.fingerprint != pin.fingerprint) {
                let (path, one, other) = (path.display(), &earlier.aor, &pin.aor);
                return Err(Error::invalid(format!(
                    "{path}: {one} and {other} name one contact, and have different keys; find out \
                     whose they are, and take one out"
                )));
            }
        }
        Ok(())
    }

    /// Pins a key to `aor`. A pin is never replaced by itself: who wants another key takes the
    /// earlier one back first.
    ///
    /// # Errors
    /// It is not a full fingerprint, or another key is pinned to `aor`, however that is spelled.
    pub fn pin(&mut self, aor: SipAor, key: &str) -> Result<()> {
        let fingerprint = fingerprint(key)?;
        match self.pins.iter().find(|pin| pin.aor.names(aor.as_str())) {
            None => self.pins.push(PinnedKey { aor, fingerprint, next: None }),
            Some(present) if present.fingerprint == fingerprint => {}
            Some(present) => {
                return Err(Error::invalid(format!(
                    "{aor} is pinned to another key, {}; find out whose this one is, and then \
                     say --replace",
                    present.fingerprint
                )));
            }
        }
        Ok(())
    }

    /// Names the key that comes after the pinned one: it counts as well, until it has proved
    /// something.
    ///
    /// # Errors
    /// It is not a full fingerprint, or no key is pinned to `aor`, or this one is.
    pub fn pin_next(&mut self, aor: &SipAor, key: &str) -> Result<()> {
        let next = fingerprint(key)?;
        let mut pinned = self.pins.iter_mut().filter(|pin| pin.aor.names(aor.as_str())).peekable();
        if pinned.peek().is_none() {
            return Err(Error::invalid(format!(
                "{aor} has no pin yet: pin this key without --next"
            )));
        }
        for pin in pinned {
            if pin.fingerprint == next {
                return Err(Error::invalid(format!("{aor} is pinned to this key already")));
            }
            pin.next = Some(next.clone());
        }
        Ok(())
    }

    /// Takes the pin of `aor` out, however that is spelled, and says whether there was one.
    pub fn unpin(&mut self, aor: &SipAor) -> bool {
        let before = self.pins.len();
        self.pins.retain(|pin| !pin.aor.names(aor.as_str()));
        self.pins.len() != before
    }

    /// Changes the pins at `path`: no other process does between reading and writing them. `edit`
    /// may refuse; they are then as they were.
    ///
    /// # Errors
    /// As [`load`](Self::load), `edit` and [`save`](Self::save), or another process does not come
    /// to an end with its change.
    pub async fn change<T>(
        path: &Path, runtime: &dyn Runtime, edit: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let _locked = lock(path, runtime).await?;
        let mut pins = Self::load(path)?;
        let edited = edit(&mut pins)?;
        pins.save(path)?;
        Ok(edited)
    }

    /// Writes the pins, mode 0600, by a file beside that takes the place of the old one; a link to
    /// them stays.
    ///
    /// # Errors
    /// The file cannot be written; the old one is then untouched.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(Error::invalid)?;
        file::replace(path, format!("{HEAD}{text}").as_bytes()).map_err(|e| Error::write(path, e))
    }
}

/// Locks the folder of the file that `path` names, until the handle is dropped. The file itself
/// will not do: whoever writes puts another in its place.
async fn lock(path: &Path, runtime: &dyn Runtime) -> Result<File> {
    let folder =
        file::folder(path).and_then(File::open).map_err(|error| Error::write(path, error))?;
    let until = runtime.now() + LOCKED_WITHIN;
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(folder),
            Err(TryLockError::WouldBlock) if runtime.now() < until => {
                runtime.sleep_until(runtime.now() + AGAIN).await;
            }
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(Error::invalid(format!(
                    "{path}: another command does not end its change"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(Error::write(path, error)),
        }
    }
}

fn read_fingerprint<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    fingerprint(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn read_next<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<String>, D::Error> {
    read_fingerprint(from).map(Some)
}

/// `key` in lower case, if it is a full fingerprint. Case G16.
fn fingerprint(key: &str) -> Result<String> {
    let digits: String = key.split_whitespace().collect();
    let whole = matches!(digits.len(), 40 | 64) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if whole {
        return Ok(digits.to_ascii_lowercase());
    }
    Err(Error::invalid(format!("`{key}` is not a full fingerprint of 40 or 64 hexadecimal digits")))
}
