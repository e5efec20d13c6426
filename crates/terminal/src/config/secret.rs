//! Secrets in files of their own. Case O02.

use super::private;
use crate::error::{Error, Result};
use sst::Password;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest secret, in bytes.
const LONGEST: usize = 1_024;

/// Longest access token, in bytes.
const LONGEST_TOKEN: usize = 8 * 1_024;

/// Longest file of a TLS key, in bytes: RSA of 16 384 bits has some 13 000 in PEM.
#[cfg(feature = "digest")]
const LONGEST_KEY: usize = 16 * 1_024;

/// Reads the first line of a file that only its owner may read.
///
/// # Errors
/// The file cannot be read, is open to others, or holds no or too long a secret.
pub fn read_secret(path: &Path) -> Result<Password> {
    first_line(path, LONGEST)
}

/// The same, of a file with an access token.
///
/// # Errors
/// As [`read_secret`].
pub fn read_token(path: &Path) -> Result<Password> {
    first_line(path, LONGEST_TOKEN)
}

fn first_line(path: &Path, longest: usize) -> Result<Password> {
    let mut octets = read_private(path, longest + 1)?;
    let length = octets.iter().position(|b| matches!(b, b'\r' | b'\n'));
    if let Some(length) = length {
        octets.truncate(length);
    }
    // Wiped from here on, whatever becomes of it.
    let secret = Password::new(octets);
    if !(1..=longest).contains(&secret.expose().len()) {
        let path = path.display();
        return Err(Error::invalid(format!(
            "{path}: the first line must hold the secret, at most {longest} bytes"
        )));
    }
    Ok(secret)
}

/// Reads a private key's file that only its owner may read. What is freed of it is wiped by the
/// program's allocator.
///
/// # Errors
/// The file cannot be read, is open to others, or is too long for a key.
#[cfg(feature = "digest")]
pub fn read_key(path: &Path) -> Result<Vec<u8>> {
    let octets = read_private(path, LONGEST_KEY + 1)?;
    if octets.len() > LONGEST_KEY {
        let path = path.display();
        return Err(Error::invalid(format!("{path}: no private key has over {LONGEST_KEY} bytes")));
    }
    Ok(octets)
}

/// The octets of a private file, so many at most.
pub(super) fn read_private(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut file = File::open(path).map_err(|e| Error::read(path, e))?;
    private::check(&file, path)?;
    let mut octets = Vec::with_capacity(most);
    (&mut file).take(most as u64).read_to_end(&mut octets).map_err(|e| Error::read(path, e))?;
    Ok(octets)
}
