//! Which of the security application's keys is ours.

use crate::config::SipAor;
use crate::error::{Error, Result};
use sma::{Key, SecurityApplication};

/// The key with a private part whose user id is `aor`, or `None`.
///
/// # Errors
/// The application does not answer.
pub async fn own_key(application: &dyn SecurityApplication, aor: &str) -> Result<Option<Key>> {
    let keys = application.identities().await.map_err(|error| Error::Agent {
        reason: format!("refuses: {error}"),
        advice: "see [agent] in the configuration, or run with -v",
    })?;
    let aor: Option<SipAor> = aor.parse().ok();
    let ours = |key: &Key| {
        let named = |id: &String| aor.as_ref().is_some_and(|aor| aor.matches(id));
        key.secret && key.user_ids.iter().any(named)
    };
    Ok(keys.into_iter().find(ours))
}
