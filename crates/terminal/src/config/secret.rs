//! Secrets in files of their own. Case O02.

use super::private;
use crate::error::{Error, Result};
use sst::Password;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest secret, in bytes.
const LONGEST: usize = 1_024;

/// Reads the first line of a file that only its owner may read.
///
/// # Errors
/// The file cannot be read, is open to others, or holds no or too long a secret.
pub fn read_secret(path: &Path) -> Result<Password> {
    let mut file = File::open(path).map_err(|e| Error::read(path, e))?;
    private::check(&file, path)?;
    let mut octets = Vec::with_capacity(LONGEST + 1);
    (&mut file)
        .take(LONGEST as u64 + 1)
        .read_to_end(&mut octets)
        .map_err(|e| Error::read(path, e))?;
    let length = octets.iter().position(|b| matches!(b, b'\r' | b'\n'));
    if let Some(length) = length {
        octets.truncate(length);
    }
    // Wiped from here on, whatever becomes of it.
    let secret = Password::new(octets);
    if !(1..=LONGEST).contains(&secret.expose().len()) {
        let path = path.display();
        return Err(Error::invalid(format!(
            "{path}: the first line must hold the secret, at most {LONGEST} bytes"
        )));
    }
    Ok(secret)
}
