//! `auth ha1`: a file with what stands for a password in its realm. RFC 7616 §3.4.2.

use super::password::typed;
use crate::cli::args::AuthHa1;
use crate::cli::json::Object;
use crate::cli::output::Output;
use crate::config::{Ha1, read_secret};
use crate::error::{Error, Result};
use crate::file;
use sec_manager::digest::ha1;
use sst::{Algorithm, Password};

/// Writes the file, where nothing is yet.
pub(super) async fn run(arguments: AuthHa1, out: Output) -> Result<()> {
    let AuthHa1 { file: path, user, realm, algorithms, password_file } = arguments;
    let password = match &password_file {
        Some(file) => read_secret(file)?,
        None => typed_twice(&format!("password of {user} at {realm}")).await?,
    };
    let wanted: Vec<Algorithm> = match algorithms.is_empty() {
        true => Algorithm::ALL.to_vec(),
        false => algorithms.into_iter().map(Into::into).collect(),
    };
    let under = |it| (it, ha1(it, user.as_bytes(), realm.as_bytes(), password.expose()));
    let kept = Ha1 { digits: wanted.iter().map(|it| under(*it)).collect(), user, realm };
    file::create(&path, kept.to_toml().as_bytes()).map_err(|error| Error::write(&path, error))?;
    let names: Vec<&str> = wanted.iter().map(|algorithm| algorithm.name()).collect();
    let (user, realm) = (&*kept.user, &*kept.realm);
    let line = format!("wrote {}: {user} at {realm}, {}", path.display(), names.join(", "));
    out.say(&line, Object::Ha1Written { file: &path, user, realm, algorithms: &names })
}

/// A password that nothing checks: a slip in it would show only when it is wanted.
async fn typed_twice(what: &str) -> Result<Password> {
    let password = typed(what).await?;
    let again = typed(&format!("{what}, again")).await?;
    if password.expose() == again.expose() {
        return Ok(password);
    }
    Err(Error::invalid("the two passwords differ; no file was written"))
}
