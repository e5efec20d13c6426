//! The keys of our addresses, as the security application has them, and what is told of keys whose
//! time is over.

use crate::agent::{Needed, check_own_key, ending, identities, own_key};
use crate::assembly::{SystemClock, WallClock as _};
use crate::error::Result;
use sma::SecurityApplication;

/// Finds the key of each of our addresses, where it has one, and tells of those of them and of the
/// pinned ones that end.
///
/// # Errors
/// The application does not answer, lacks a key that is named, or has several for one address.
pub(super) async fn find(
    application: &dyn SecurityApplication, security: &mut sst::Configuration,
) -> Result<()> {
    let now = SystemClock.unix_time().as_secs();
    let keys = identities(application).await?;
    for identity in &mut security.identities {
        match &identity.fingerprint {
            Some(fingerprint) => check_own_key(&keys, fingerprint)?,
            None => {
                let key = own_key(&keys, &identity.aor, now)?;
                identity.fingerprint = key.map(|key| key.fingerprint.to_string());
            }
        }
    }
    let own = security.identities.iter();
    let own = own.filter_map(|it| Some(Needed::Own(&it.aor, it.fingerprint.as_deref()?)));
    let pinned = security.pins.iter().map(|it| Needed::Pinned(&it.aor, &it.fingerprint));
    let needed: Vec<Needed<'_>> = own.chain(pinned).collect();
    for line in ending(&keys, &needed, now) {
        tracing::warn!("{line}");
    }
    Ok(())
}
