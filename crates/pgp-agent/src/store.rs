//! The key folder: `FINGERPRINT.sec.asc` for our own keys, `FINGERPRINT.pub.asc` for others'.
//!
//! The folder is ours and 0700, the files of private keys 0600; nobody need be allowed to write where
//! keys are only read (0500, 0400; case O02). A file is written
//! beside its place and moved there, so that none is ever half written.

use crate::certificate::Certificate;
use crate::clock::now;
use crate::succession::{certifies, certify};
use crate::{generate, parse};
use pgp::composed::SignedSecretKey;
use pgp::types::Password;
use rustix::fs::OFlags;
use rustix::process::geteuid;
use sma::{Fingerprint, Key, MAX_OCTETS};
use sma_socket::BindError;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// The largest file: a key of [`MAX_OCTETS`], which armor makes a third larger.
const MAX_FILE: usize = 2 * MAX_OCTETS;

/// Why a key folder cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder is not ours, neither 0700 nor 0500, or none.
    #[error(transparent)]
    Folder(#[from] BindError),
    /// Others may read a private key.
    #[error("{}: mode is {mode:04o}, must be 0600", .path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A key's file is no plain file, or a private one is not ours.
    #[error("{}: not a plain file of ours", .0.display())]
    NotOurs(PathBuf),
    /// A file holds no usable key.
    #[error("{}: {error}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        error: sma::Error,
    },
    /// The passphrase does not open a private key.
    #[error("{}: wrong passphrase", .0.display())]
    WrongPassphrase(PathBuf),
    /// A private key needs a passphrase and none was given.
    #[error("{}: protected by a passphrase, and none was given", .0.display())]
    Protected(PathBuf),
    /// A private key is not encrypted, and that was not asked for.
    #[error("{}: not protected by a passphrase; --no-passphrase allows that", .0.display())]
    Unprotected(PathBuf),
    /// A user id that is empty, longer than 512 octets, or has control characters.
    #[error("not a user id: one line of 1 to 512 octets")]
    UserId,
    /// Key generation failed.
    #[error("no key could be made")]
    Generation,
    /// The system refused.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl StoreError {
    /// What of it is told to who asked for a change.
    pub(crate) fn told(&self) -> sma::Error {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match self {
            Self::Io { error, .. } => match error.kind() {
                StorageFull | QuotaExceeded | FileTooLarge => sma::Error::DiskFull,
                _ => sma::Error::Storage,
            },
            _ => sma::Error::Failed,
        }
    }
}

/// How private keys are protected on disk.
pub enum Protection {
    /// Encrypted under this passphrase.
    Passphrase(Zeroizing<String>),
    /// By the file's mode alone.
    ModeOnly,
    /// Private keys stay closed: for commands that need none.
    Closed,
}

/// One key of the folder.
pub(crate) struct Entry {
    pub(crate) certificate: Certificate,
    pub(crate) secret: Secret,
}

/// The private part of an [`Entry`].
pub(crate) enum Secret {
    /// Not here: another's key.
    Absent,
    /// Here, and not opened.
    Closed,
    /// Here, and open in memory.
    Open(Box<SignedSecretKey>),
}

impl Entry {
    /// The private part, where the key is valid now for this user id and open.
    fn predecessor(&self, user_id: &str) -> Option<&SignedSecretKey> {
        let Secret::Open(secret) = &self.secret else { return None };
        let named = self.certificate.user_ids().iter().any(|id| id == user_id);
        (named && self.certificate.is_valid(now())).then_some(secret)
    }

    fn is_own(&self) -> bool {
        !matches!(self.secret, Secret::Absent)
    }
}

/// A key folder, read.
pub struct Store {
    folder: PathBuf,
    protection: Protection,
    entries: BTreeMap<Fingerprint, Arc<Entry>>,
}

impl Store {
    /// Reads all keys of `folder` and opens the private ones.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is left out in silence.
    pub fn open(folder: &Path, protection: Protection) -> Result<Self, StoreError> {
        sma_socket::check_directory(folder)?;
        let mut store = Self { folder: folder.to_owned(), protection, entries: BTreeMap::new() };
        let io = |error| io_error(folder, error);
        for file in fs::read_dir(folder).map_err(io)? {
            let path = file.map_err(io)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            match name {
                Some(name) if name.ends_with(".sec.asc") => store.read_secret(&path)?,
                Some(name) if name.ends_with(".pub.asc") => store.read_public(&path)?,
                _ => {}
            }
        }
        Ok(store)
    }

    /// All keys, our own first.
    pub fn keys(&self) -> Vec<Key> {
        let own = self.entries.values().filter(|entry| entry.is_own());
        let others = self.entries.values().filter(|entry| !entry.is_own());
        own.chain(others).map(|entry| self.describe(entry)).collect()
    }

    /// A key, and which of the others have certified it.
    fn describe(&self, entry: &Entry) -> Key {
        let (certificate, now) = (&entry.certificate, now());
        let by = self.entries.values().filter(|it| certifies(&it.certificate, certificate, now));
        Key {
            fingerprint: certificate.fingerprint().clone(),
            user_ids: certificate.user_ids().to_vec(),
            secret: entry.is_own(),
            facts: certificate.facts(now),
            certified_by: by.map(|it| it.certificate.fingerprint().clone()).collect(),
        }
    }

    pub(crate) fn entry(&self, fingerprint: &Fingerprint) -> Option<&Arc<Entry>> {
        self.entries.get(fingerprint)
    }

    /// Makes a key for `user_id`, has the keys certify it that are open and valid for that already,
    /// and writes it.
    ///
    /// # Errors
    /// [`StoreError::Protected`] where no [`Protection`] was chosen, and what writing gives.
    pub fn generate(&mut self, user_id: &str) -> Result<Key, StoreError> {
        let passphrase = match &self.protection {
            Protection::Passphrase(passphrase) => Some(passphrase.as_str()),
            Protection::ModeOnly => None,
            Protection::Closed => return Err(StoreError::Protected(self.folder.clone())),
        };
        if !is_user_id(user_id) {
            return Err(StoreError::UserId);
        }
        let mut made = generate::key(user_id).map_err(|_| StoreError::Generation)?;
        let now = u32::try_from(now()).unwrap_or(u32::MAX);
        for by in self.entries.values().filter_map(|entry| entry.predecessor(user_id)) {
            certify(&mut made, by, now).map_err(|_| StoreError::Generation)?;
        }
        let certificate =
            Certificate::evaluate(made.to_public_key()).map_err(|_| StoreError::Generation)?;
        let armored = generate::armored(&made, passphrase).map_err(|_| StoreError::Generation)?;
        let name = format!("{}.sec.asc", certificate.fingerprint());
        self.write(&name, armored.as_bytes())?;
        let secret = Secret::Open(Box::new(made));
        Ok(self.entered(Entry { certificate, secret }))
    }

    /// Enters and writes another's public key. Our own keys, and keys known to be revoked, stay
    /// as they are: a copy without the revocation must not bring a key back.
    pub(crate) fn add(&mut self, certificate: Certificate) -> Result<Key, StoreError> {
        let known = self.entries.get(certificate.fingerprint());
        if let Some(known) = known
            && (known.is_own() || known.certificate.is_revoked())
        {
            return Ok(self.describe(known));
        }
        let name = format!("{}.pub.asc", certificate.fingerprint());
        if let Some(revoked) = self.revoked_meanwhile(&name) {
            return Ok(self.entered(Entry { certificate: revoked, secret: Secret::Absent }));
        }
        let armored = certificate.key().to_armored_bytes(Default::default());
        let armored = armored.map_err(|_| StoreError::Generation)?;
        self.write(&name, &armored)?;
        Ok(self.entered(Entry { certificate, secret: Secret::Absent }))
    }

    /// Enters a key, and says what it is.
    fn entered(&mut self, entry: Entry) -> Key {
        let entry = self.enter(entry);
        self.describe(&entry)
    }

    /// The key in this file, where another process has written there since that it is revoked.
    fn revoked_meanwhile(&self, name: &str) -> Option<Certificate> {
        let path = self.folder.join(name);
        let text = read(&path, &open_regular(&path).ok()?).ok()?;
        parse::public(&text).ok()?.into_iter().find(Certificate::is_revoked)
    }

    fn enter(&mut self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.entries.insert(entry.certificate.fingerprint().clone(), Arc::clone(&entry));
        entry
    }

    fn read_public(&mut self, path: &Path) -> Result<(), StoreError> {
        let text = read(path, &open_regular(path)?)?;
        for certificate in parse::public(&text).map_err(|e| key_error(path, e))? {
            // A private key's file tells more, whichever of the two is read first.
            if self.entry(certificate.fingerprint()).is_none() {
                self.enter(Entry { certificate, secret: Secret::Absent });
            }
        }
        Ok(())
    }

    fn read_secret(&mut self, path: &Path) -> Result<(), StoreError> {
        let text = read(path, &open_private(path)?)?;
        for key in parse::secret(&text).map_err(|e| key_error(path, e))? {
            let certificate = Certificate::evaluate(key.to_public_key());
            let certificate =
                certificate.map_err(|fault| key_error(path, sma::Error::Key(fault)))?;
            let secret = self.open_secret(path, key)?;
            self.enter(Entry { certificate, secret });
        }
        Ok(())
    }

    fn open_secret(&self, path: &Path, mut key: SignedSecretKey) -> Result<Secret, StoreError> {
        match (&self.protection, generate::is_locked(&key)) {
            (Protection::Closed, _) => return Ok(Secret::Closed),
            (Protection::ModeOnly, true) => return Err(StoreError::Protected(path.to_owned())),
            (Protection::ModeOnly, false) => {}
            (Protection::Passphrase(_), false) => {
                return Err(StoreError::Unprotected(path.to_owned()));
            }
            (Protection::Passphrase(passphrase), true) => {
                let password = Password::from(passphrase.as_str());
                generate::unlock(&mut key, &password)
                    .map_err(|_| StoreError::WrongPassphrase(path.to_owned()))?;
            }
        }
        Ok(Secret::Open(Box::new(key)))
    }

    fn write(&self, name: &str, octets: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        let io = |error| io_error(&path, error);
        // Mode 0600 from the first octet on.
        let draft = tempfile::NamedTempFile::new_in(&self.folder);
        // The draft's name says nothing to anybody.
        let mut file = draft.map_err(|error| io(error.kind().into()))?;
        file.write_all(octets).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        let folder = File::open(&self.folder).map_err(io)?;
        folder.sync_all().map_err(io)
    }
}

/// A user id is one line, not empty, of at most 512 octets.
pub(crate) fn is_user_id(text: &str) -> bool {
    (1..=512).contains(&text.len()) && !text.contains(char::is_control)
}

fn io_error(path: &Path, error: io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), error }
}

fn key_error(path: &Path, error: sma::Error) -> StoreError {
    StoreError::Key { path: path.to_owned(), error }
}

/// Opens a file that must be a plain one. A pipe is refused, and not waited for.
fn open_regular(path: &Path) -> Result<File, StoreError> {
    let io = |error| io_error(path, error);
    // With this flag a pipe is open at once, whoever else has it open.
    let flag = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flag).open(path).map_err(io)?;
    match file.metadata().map_err(io)?.is_file() {
        true => Ok(file),
        false => Err(StoreError::NotOurs(path.to_owned())),
    }
}

/// Opens a file that must be a plain one of ours with mode 0600, or 0400.
///
/// # Errors
/// [`StoreError::Readable`], [`StoreError::NotOurs`], [`StoreError::Io`].
pub fn open_private(path: &Path) -> Result<File, StoreError> {
    let io = |error| io_error(path, error);
    let link = fs::symlink_metadata(path).map_err(io)?;
    if !link.is_file() {
        return Err(StoreError::NotOurs(path.to_owned()));
    }
    let file = open_regular(path)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.uid() != geteuid().as_raw() || metadata.ino() != link.ino() {
        return Err(StoreError::NotOurs(path.to_owned()));
    }
    match metadata.mode() & 0o7777 {
        0o600 | 0o400 => Ok(file),
        mode => Err(StoreError::Readable { path: path.to_owned(), mode }),
    }
}

/// The whole file, at most [`MAX_FILE`]; wiped when it is dropped.
fn read(path: &Path, file: &File) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut octets = Zeroizing::new(Vec::with_capacity(8 * 1024));
    let limit = MAX_FILE as u64 + 1;
    let read = file.take(limit).read_to_end(&mut octets);
    read.map_err(|error| io_error(path, error))?;
    match octets.len() > MAX_FILE {
        true => Err(key_error(path, sma::Error::TooLarge)),
        false => Ok(octets),
    }
}
