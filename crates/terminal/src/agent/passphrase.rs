//! Where the security application gets the passphrase of our own keys.

use crate::error::Result;
use net::BoxFuture;
use sst::Password;
use std::path::PathBuf;
use std::sync::Arc;

/// What opens our own keys, or protects one that is made.
#[derive(Debug)]
pub enum Passphrase {
    /// They stay locked: for what needs public keys only.
    Unneeded,
    /// They have none. Where they turn out to have one, it is asked for.
    None,
    /// The first line of this file.
    File(PathBuf),
    /// It was typed. It goes to the application, and is kept by that alone.
    Typed(Password),
}

/// Asks a person for what is named, for example `passphrase of the OpenPGP keys`; the error says
/// why there is none.
pub type Ask = Arc<dyn Fn(&'static str) -> BoxFuture<Result<Password>> + Send + Sync>;
