//! A password that a command asks for.

use crate::cli::person::Person;
use crate::config::read_secret;
use crate::error::{Error, Result};
use net::Runtime;
use net::tokio::TokioRuntime;
use sst::Password;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a person may take to type it.
const WITHIN: Duration = Duration::from_secs(60);

/// A password, named by `what`: of the file, or of whoever is at the terminal.
pub(super) async fn given(file: Option<&Path>, what: &str) -> Result<Password> {
    match file {
        Some(file) => read_secret(file),
        None => typed(what).await,
    }
}

/// A password, named by `what`, of whoever is at the terminal.
pub(super) async fn typed(what: &str) -> Result<Password> {
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let Some(person) = Person::at_terminal(&runtime) else {
        return Err(Error::Usage(
            "nobody can be asked for the password here; say --password-file FILE".to_owned(),
        ));
    };
    person.secret(what, WITHIN, &*runtime).await.map_err(Error::invalid)
}
