//! Files: all are closed but those that serving needs. Linux's landlock(7).

use super::verdict::Lack;
use crate::listener;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use std::error::Error;
use std::path::Path;

/// The newest Landlock whose rights are named here; an older one knows fewer of them. The first
/// has all that files need; what later ones add is forbidden by the system calls, too.
const NEWEST: ABI = ABI::V6;

/// Closes all files to this thread and those that it starts, but for reading and writing in `keys`
/// and for the socket's coming and going.
pub(super) fn close(keys: &Path, socket: &Path) -> Result<(), Lack> {
    restrict(&[(keys, in_keys()), (listener::folder(socket), at_socket())])
}

/// Closes all files to this thread and those that it starts.
pub(super) fn close_all() -> Result<(), Lack> {
    restrict(&[])
}

fn restrict(open: &[(&Path, BitFlags<AccessFs>)]) -> Result<(), Lack> {
    match restricted(open).map_err(|error| Lack::Files(error.to_string()))? {
        RulesetStatus::NotEnforced => Err(Lack::Files("this kernel has no Landlock".to_owned())),
        RulesetStatus::PartiallyEnforced | RulesetStatus::FullyEnforced => Ok(()),
    }
}

fn restricted(open: &[(&Path, BitFlags<AccessFs>)]) -> Result<RulesetStatus, Box<dyn Error>> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for (folder, access) in open {
        ruleset = ruleset.add_rule(PathBeneath::new(PathFd::new(folder)?, *access))?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
}

/// Files are read, and written anew beside their place.
fn in_keys() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::RemoveFile
}

/// The folder is locked, one left behind is removed, ours is made and in the end removed.
fn at_socket() -> BitFlags<AccessFs> {
    AccessFs::ReadDir | AccessFs::MakeSock | AccessFs::RemoveFile
}
