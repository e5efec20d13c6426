//! The passphrase of our own keys: asked for when the security application is started, chosen when
//! a key is made. Only that application keeps it.

use super::args::NewPassphrase;
use super::person::{NoSecret, Person};
use crate::agent::{Ask, Passphrase};
use crate::config::Config;
use crate::error::{Error, Result};
use net::{BoxFuture, Runtime};
use sst::Password;
use std::sync::Arc;
use std::time::Duration;

/// How long a person may take to type one.
const WITHIN: Duration = Duration::from_secs(60);

/// Asks the person at the terminal.
pub(super) fn ask(person: &Person, runtime: &Arc<dyn Runtime>) -> Ask {
    let (person, runtime) = (person.clone(), Arc::clone(runtime));
    Arc::new(move |what| -> BoxFuture<Result<Password>> {
        let (person, runtime) = (person.clone(), Arc::clone(&runtime));
        Box::pin(async move {
            let typed = person.secret(what, WITHIN, &*runtime).await;
            typed.map_err(|why| Error::Locked { reason: format!("needs a passphrase: {why}") })
        })
    })
}

/// What protects a key that is made: what the command line or the configuration says, or what the
/// person types twice.
///
/// # Errors
/// Command line and configuration differ, the two lines differ, or nobody can be asked.
pub(super) async fn choose(
    wanted: NewPassphrase, config: &Config, person: Option<&Person>, runtime: &dyn Runtime,
) -> Result<Passphrase> {
    let configured = config.agent.as_ref().and_then(|agent| agent.passphrase_file.as_ref());
    match (wanted, configured, person) {
        (NewPassphrase { no_passphrase: true, .. }, Some(_), _) => Err(Error::Usage(
            "--no-passphrase, but the configuration names a passphrase-file under [agent]; take one \
             of them away"
                .to_owned(),
        )),
        (NewPassphrase { no_passphrase: true, .. }, None, _) => Ok(Passphrase::None),
        (NewPassphrase { passphrase_file: Some(file), .. }, ..) => Ok(Passphrase::File(file)),
        (_, Some(file), _) => Ok(Passphrase::File(config.at(file))),
        (.., Some(person)) => typed_twice(person, runtime).await,
        (.., None) => Err(Error::Usage(
            "nobody can be asked for a passphrase here; say --passphrase-file FILE, or \
             --no-passphrase to store the private key unencrypted"
                .to_owned(),
        )),
    }
}

async fn typed_twice(person: &Person, runtime: &dyn Runtime) -> Result<Passphrase> {
    let first = person.secret("new passphrase (empty: none)", WITHIN, runtime).await;
    let again = match first {
        Err(why @ (NoSecret::Unanswered { .. } | NoSecret::Nobody(_))) => {
            return Err(Error::invalid(why));
        }
        Ok(_) | Err(NoSecret::Empty(_)) => {
            person.secret("same passphrase again", WITHIN, runtime).await
        }
    };
    match (first, again) {
        (Ok(first), Ok(again)) if first.expose() == again.expose() => Ok(Passphrase::Typed(first)),
        (Err(NoSecret::Empty(_)), Err(NoSecret::Empty(_))) => Ok(Passphrase::None),
        (_, Err(why @ (NoSecret::Unanswered { .. } | NoSecret::Nobody(_)))) => {
            Err(Error::invalid(why))
        }
        _ => Err(Error::invalid("the two passphrases differ; no key was made")),
    }
}
