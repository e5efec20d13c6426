//! Whose key is whose. A key is pinned to a contact: every spelling of an address that reaches
//! the same person has the same pin. Cases G15, G16.

use crate::aor::{self, Aor};
use sma::Fingerprint;
use sst::Pin;
use std::collections::BTreeMap;

/// The pinned keys, by contact.
#[derive(Debug, Default)]
pub(crate) struct Pins(BTreeMap<Aor, Pinned>);

/// A contact's key, and the one that is to come after it.
#[derive(Debug)]
struct Pinned {
    key: Fingerprint,
    next: Option<Fingerprint>,
    /// The configured key, where the next one has taken its place.
    before: Option<Fingerprint>,
}

impl Pinned {
    const fn alone(key: Fingerprint) -> Self {
        Self { key, next: None, before: None }
    }

    /// Whether a key that is configured so has given way to its next one here.
    fn has_moved(&self, configured: &Self) -> bool {
        self.before.as_ref() == Some(&configured.key) && configured.next.as_ref() == Some(&self.key)
    }
}

impl Pins {
    /// Reads configured pins. What cannot be read as an AOR or a fingerprint is left out: less is
    /// trusted, not more.
    pub(crate) fn new(configured: &[Pin]) -> Self {
        let mut pins = Self::default();
        for pin in configured {
            let aor = aor::canonical(pin.aor.as_bytes()).ok();
            if let Some((aor, key)) = aor.zip(Fingerprint::parse(&pin.fingerprint)) {
                let next = pin.next.as_deref().and_then(Fingerprint::parse);
                pins.0
                    .entry(aor.as_contact())
                    .or_insert_with(|| Pinned { next, ..Pinned::alone(key) });
            }
        }
        pins
    }

    /// These pins in the place of the `earlier` ones. A key that has given way to its next one does not
    /// come back where the same two are configured again, as they are whenever another contact is pinned.
    pub(crate) fn after(mut self, mut earlier: Self) -> Self {
        for (contact, pinned) in &mut self.0 {
            let moved = earlier.0.remove(contact).filter(|earlier| earlier.has_moved(pinned));
            if let Some(moved) = moved {
                *pinned = moved;
            }
        }
        self
    }

    /// Pins a key. Of two to one contact the first holds: a pin is never replaced by itself.
    pub(crate) fn add(&mut self, aor: &Aor, key: &Fingerprint) {
        self.0.entry(aor.as_contact()).or_insert_with(|| Pinned::alone(key.clone()));
    }

    /// The key that the user has named as the next of a contact, where this one is pinned.
    pub(crate) fn next(&self, aor: &Aor, key: &Fingerprint) -> Option<&Fingerprint> {
        let pinned = self.0.get(&aor.as_contact()).filter(|pinned| pinned.key == *key);
        pinned?.next.as_ref()
    }

    /// This key of a contact has proved something. If it is the next one, it is the contact's key from
    /// now on, and alone, until other keys are configured or the manager is made anew: says whether it
    /// was.
    pub(crate) fn moved(&mut self, aor: &Aor, key: &Fingerprint) -> bool {
        let pinned = self.0.get_mut(&aor.as_contact());
        let Some(pinned) = pinned.filter(|pinned| pinned.next.as_ref() == Some(key)) else {
            return false;
        };
        let before = Some(pinned.key.clone());
        *pinned = Pinned { before, ..Pinned::alone(key.clone()) };
        true
    }

    /// The key that is pinned to an AOR, however it is spelled.
    pub(crate) fn of(&self, aor: &Aor) -> Option<&Fingerprint> {
        self.0.get(&aor.as_contact()).map(|pinned| &pinned.key)
    }

    /// The contacts that a key is pinned to.
    pub(crate) fn pinned_to(&self, key: &Fingerprint) -> Vec<String> {
        let pinned = self.0.iter().filter(|(_, pinned)| pinned.key == *key);
        pinned.map(|(contact, _)| contact.as_str().to_owned()).collect()
    }
}
