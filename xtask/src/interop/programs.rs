//! Our own programs: built before the cases that need them.

use super::case::Case;
use super::peers::LIBSSL;
use crate::command::{Failure, cargo, run, target};
use std::fs;
use std::path::{Path, PathBuf};

/// The terminal whose DTLS handshakes OpenSSL makes.
pub(super) const BY_OPENSSL: &str = "countersign-openssl";

/// Builds what these cases need, and says in which folder it is.
///
/// # Errors
/// It cannot be built.
pub(super) fn build(cases: &[&Case]) -> Result<PathBuf, Failure> {
    let folder = target().join("debug");
    if cases.iter().any(|case| case.peers.contains(&LIBSSL)) {
        by_openssl(&folder)?;
    }
    run(&mut cargo(&["build", "--package", "terminal", "--package", "pgp-agent"]))?;
    Ok(folder)
}

/// Built under the other's name, which is built after it. Without what it is built with, its cases fail
/// and the others do not.
fn by_openssl(folder: &Path) -> Result<(), Failure> {
    let copy = folder.join(BY_OPENSSL);
    if copy.exists() {
        fs::remove_file(&copy).map_err(|why| format!("{}: {why}", copy.display()))?;
    }
    let built = run(&mut cargo(&["build", "--package", "terminal", "--features", "dtls-openssl"]));
    if let Err(why) = built {
        eprintln!("no {BY_OPENSSL}: {why}; it takes libssl-dev and pkg-config");
        return Ok(());
    }
    let made = fs::copy(folder.join("countersign"), &copy);
    made.map(|_| ()).map_err(|why| format!("{}: {why}", copy.display()))
}
