//! Which of the security application's keys is ours.

use crate::config::SipAor;
use crate::error::{Error, Result};
use sma::{Fingerprint, Key, SecurityApplication};

/// The key with a private part whose user id is `aor`, or `None`.
///
/// # Errors
/// The application does not answer.
pub async fn own_key(application: &dyn SecurityApplication, aor: &str) -> Result<Option<Key>> {
    let keys = identities(application).await?;
    let aor: Option<SipAor> = aor.parse().ok();
    let ours = |key: &Key| {
        let named = |id: &String| aor.as_ref().is_some_and(|aor| aor.matches(id));
        key.secret && key.user_ids.iter().any(named)
    };
    Ok(keys.into_iter().find(ours))
}

/// Checks that the application has the private part of the key that the configuration names.
///
/// # Errors
/// It has not, or it does not answer.
pub async fn check_own_key(application: &dyn SecurityApplication, fingerprint: &str) -> Result<()> {
    let wanted = Fingerprint::parse(fingerprint);
    let keys = identities(application).await?;
    if keys.iter().any(|key| key.secret && Some(&key.fingerprint) == wanted.as_ref()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the security application has no key {fingerprint} of ours, which the configuration names \
         under [identity]; see `countersign keys list`"
    )))
}

async fn identities(application: &dyn SecurityApplication) -> Result<Vec<Key>> {
    application.identities().await.map_err(|error| Error::Agent {
        reason: format!("refuses: {error}"),
        advice: "see [agent] in the configuration, or run with -v",
    })
}
