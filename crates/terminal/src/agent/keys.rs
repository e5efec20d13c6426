//! Which of the security application's keys are ours.

use super::lifetime::is_over;
use crate::config::SipAor;
use crate::error::{Error, Result};
use sma::{Fingerprint, Key, SecurityApplication};

/// The key with a private part whose user id is `aor`, or `None`. Of several, one that can be used
/// `now`, in Unix seconds, and of those the one that the others have certified: the newest.
///
/// # Errors
/// Several can be used, and none comes after the others.
pub fn own_key<'a>(keys: &'a [Key], aor: &str, now: u64) -> Result<Option<&'a Key>> {
    let of: Vec<&Key> = keys.iter().filter(|key| is_of(key, aor)).collect();
    let usable: Vec<&Key> = of.iter().copied().filter(|key| !is_over(key, now)).collect();
    let is_last =
        |key: &&&Key| usable.iter().all(|other| !other.certified_by.contains(&key.fingerprint));
    let last: Vec<&&Key> = usable.iter().filter(is_last).collect();
    match last.as_slice() {
        [] => Ok(of.first().copied()),
        [one] => Ok(Some(**one)),
        several => {
            let all: Vec<&str> = several.iter().map(|key| key.fingerprint.as_str()).collect();
            Err(Error::invalid(format!(
                "{aor} has the keys {}: say which signs, by `fingerprint` under [identity] or in its \
                 [[account]]",
                all.join(" and ")
            )))
        }
    }
}

/// Whether it is a key of ours whose user id is `aor`.
fn is_of(key: &Key, aor: &str) -> bool {
    let aor: Option<SipAor> = aor.parse().ok();
    let named = |id: &String| aor.as_ref().is_some_and(|aor| aor.matches(id));
    key.secret && key.user_ids.iter().any(named)
}

/// Checks that the private part of the key that the configuration names is among them.
///
/// # Errors
/// It is not.
pub fn check_own_key(keys: &[Key], fingerprint: &str) -> Result<()> {
    let wanted = Fingerprint::parse(fingerprint);
    if keys.iter().any(|key| key.secret && Some(&key.fingerprint) == wanted.as_ref()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the security application has no key {fingerprint} of ours, which the configuration names \
         under [identity] or in an [[account]]; see `countersign keys list`"
    )))
}

/// All keys that the application has.
///
/// # Errors
/// It does not answer.
pub async fn identities(application: &dyn SecurityApplication) -> Result<Vec<Key>> {
    application.identities().await.map_err(|error| Error::Agent {
        reason: format!("refuses: {error}"),
        advice: "see [agent] in the configuration, or run with -v",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sma::KeyValidity;
    use sma::conformance::{Directory, Double};
    use std::sync::Arc;

    const AOR: &str = "sip:alice@example.org";

    /// The fingerprint of the key that is ours, or what is said of several.
    fn ours(keys: &Double) -> std::result::Result<Option<Fingerprint>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let keys = runtime.block_on(keys.identities()).unwrap();
        let found = own_key(&keys, "sip:alice@EXAMPLE.org:5060", 1_700_000_000);
        found.map(|key| key.map(|key| key.fingerprint.clone())).map_err(|error| error.line())
    }

    #[test]
    fn of_several_keys_for_an_address_the_last_one_that_can_be_used_is_ours() {
        let directory = Directory::new(1);
        let double = || Double::new(&directory, Arc::new(|| 0));
        let (keys, others) = (double(), double());
        let work = keys.add_key("sip:work@example.org");
        others.add_key(AOR);
        assert_eq!(ours(&keys), Ok(None));
        let a = keys.add_key(AOR);
        assert_eq!(ours(&keys), Ok(Some(a.clone())));
        let b = keys.add_key(AOR);
        let said = ours(&keys).unwrap_err();
        assert!(said.contains(a.as_str()) && said.contains(b.as_str()), "{said}");
        assert!(said.contains("`fingerprint`"), "{said}");
        directory.certify(&work, &a);
        assert!(ours(&keys).is_err(), "another address has no say");
        directory.certify(&a, &b);
        assert_eq!(ours(&keys), Ok(Some(b.clone())), "it comes after the other");
        directory.end(&b, KeyValidity::Revoked);
        assert_eq!(ours(&keys), Ok(Some(a.clone())));
        directory.end(&a, KeyValidity::Expired);
        assert_eq!(ours(&keys), Ok(Some(a)), "its user is told that it is over");
    }
}
