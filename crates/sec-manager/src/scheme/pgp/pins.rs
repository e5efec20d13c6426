//! Whose key is whose. A key is pinned to a contact: every spelling of an address that reaches
//! the same person has the same pin. Cases G15, G16.

use crate::aor::{self, Aor};
use sma::Fingerprint;
use sst::Pin;
use std::collections::BTreeMap;

/// The pinned keys, by contact.
#[derive(Debug, Default)]
pub(crate) struct Pins(BTreeMap<Aor, Fingerprint>);

impl Pins {
    /// Reads configured pins. What cannot be read as an AOR or a fingerprint is left out: less is
    /// trusted, not more.
    pub(crate) fn new(configured: &[Pin]) -> Self {
        let mut pins = Self::default();
        for pin in configured {
            let aor = aor::canonical(pin.aor.as_bytes()).ok();
            if let Some((aor, key)) = aor.zip(Fingerprint::parse(&pin.fingerprint)) {
                pins.add(&aor, &key);
            }
        }
        pins
    }

    /// Pins a key. Of two to one contact the first holds: a pin is never replaced by itself.
    pub(crate) fn add(&mut self, aor: &Aor, key: &Fingerprint) {
        self.0.entry(aor.as_contact()).or_insert_with(|| key.clone());
    }

    /// The key that is pinned to an AOR, however it is spelled.
    pub(crate) fn of(&self, aor: &Aor) -> Option<&Fingerprint> {
        self.0.get(&aor.as_contact())
    }

    /// The contacts that a key is pinned to.
    pub(crate) fn pinned_to(&self, key: &Fingerprint) -> Vec<String> {
        let pinned = self.0.iter().filter(|(_, pinned)| *pinned == key);
        pinned.map(|(contact, _)| contact.as_str().to_owned()).collect()
    }
}
