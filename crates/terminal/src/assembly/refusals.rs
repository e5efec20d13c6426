//! Who was refused, and why: told to whoever runs the terminal, and never more often than is read.
//!
//! A decorator over the application: prompts go through, and a refusal becomes an [`Event`]. One
//! for each source and reason is told in ten seconds, and then how many there were besides; of more
//! sources than there are places for, the number alone.

use super::events::Event;
use crate::record::redacted;
use async_trait::async_trait;
use net::Runtime;
use sst::{
    Assurance, Call, Denial, Denied, Mismatch, Password, TelephonyApplication, TrustAnswer,
    TrustQuestion,
};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, WeakSender};

/// For so long the same is counted and not told.
const WINDOW: Duration = Duration::from_secs(10);
/// Sources and reasons that are told apart within it.
const PLACES: usize = 64;
/// Characters of an address that somebody claims.
const LONGEST: usize = 128;

/// An application's prompts, and its ear for refusals.
pub(super) struct Refusals {
    inner: Arc<dyn TelephonyApplication>,
    runtime: Arc<dyn Runtime>,
    told: Arc<Told>,
}

/// What is told, and what was within the window.
struct Told {
    /// The terminal ends when nobody else sends events any more.
    events: WeakSender<Event>,
    counts: Mutex<BTreeMap<Place, u64>>,
}

/// Where a refusal is counted; `None`: with those that there is no place for.
type Place = Option<(Option<IpAddr>, &'static str)>;

impl Refusals {
    pub(super) fn new(
        inner: Arc<dyn TelephonyApplication>, runtime: Arc<dyn Runtime>, events: &Sender<Event>,
    ) -> Self {
        let told = Told { events: events.downgrade(), counts: Mutex::default() };
        Self { inner, runtime, told: Arc::new(told) }
    }

    fn tell(&self, denial: &Denial<'_>) {
        let claimed = redacted(denial.claimed);
        let (code, reason) = in_words(&denial.why, pasted(&claimed));
        let place = Some((denial.source.map(|source| source.ip().to_canonical()), code));
        let Some(opened) = self.told.count(place) else { return };
        if opened.is_some() {
            let from = shortened(&claimed);
            self.told.send(Event::Refused { from, source: denial.source, code, reason });
        }
        let (told, over) = (Arc::clone(&self.told), self.runtime.now() + WINDOW);
        let until = self.runtime.sleep_until(over);
        self.runtime.spawn(Box::pin(async move {
            until.await;
            told.close(opened);
        }));
    }
}

impl Told {
    /// Counts one refusal; the place, where this is its first.
    fn count(&self, place: Place) -> Option<Place> {
        let mut counts = self.lock();
        let full = counts.len() >= PLACES && !counts.contains_key(&place);
        let place = if full { None } else { place };
        let first = !counts.contains_key(&place);
        let times = counts.entry(place).or_insert_with(|| u64::from(full));
        if !first {
            *times = times.saturating_add(1);
        }
        first.then_some(place)
    }

    /// The window of a place is over: says how many there were besides the one that was told.
    fn close(&self, place: Place) {
        let times = self.lock().remove(&place).unwrap_or_default();
        if times > 0 {
            let (source, code) = place.unwrap_or((None, "several"));
            self.send(Event::RefusedMore { source, code, times });
        }
    }

    fn send(&self, event: Event) {
        if let Some(events) = self.events.upgrade() {
            // Who does not read them misses these first.
            drop(events.try_send(event));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TelephonyApplication for Refusals {
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password> {
        self.inner.credentials(realm, user).await
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        self.inner.token(server, realm, user).await
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        self.inner.trust(question).await
    }

    async fn unlock(&self, fingerprint: &str) -> Option<Password> {
        self.inner.unlock(fingerprint).await
    }

    fn assurance(&self, call: Call, assurance: &Assurance) {
        self.inner.assurance(call, assurance);
    }

    fn denied(&self, denial: Denial<'_>) {
        self.tell(&denial);
        self.inner.denied(denial);
    }

    fn mismatch(&self, call: Call, mismatch: Mismatch) {
        self.inner.mismatch(call, mismatch);
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST - 1) {
        Some((end, _)) if text.chars().nth(LONGEST).is_some() => {
            format!("{}…", text.get(..end).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

/// The address that somebody claims, as it stands in a command that is shown: not where a shell
/// could take a part of it for more than text.
fn pasted(claimed: &str) -> &str {
    let is_text = |octet: u8| octet.is_ascii_alphanumeric() || b"_.+-:@".contains(&octet);
    if claimed.len() <= LONGEST && claimed.bytes().all(is_text) { claimed } else { "AOR" }
}

/// A reason in one word that stays the same (`docs/json.md`), and in words for people; `aor` is
/// whose key it would be.
fn in_words(why: &Denied, aor: &str) -> (&'static str, String) {
    let (code, words) = match why {
        Denied::Malformed => ("malformed", "the proof or the message cannot be read"),
        Denied::NotForUs => ("not_for_us", "it is for an address that is not this terminal's own"),
        Denied::Proof => ("wrong_proof", "the password is wrong, or the signature does not hold"),
        Denied::UnknownKey(key) => return unknown_key(key, aor),
        Denied::Unpinned(key) => return unpinned(key, aor),
        Denied::OtherKey(pinned, shown) => return other_key(pinned, shown, aor),
        Denied::NextKey(pinned, shown) => return next_key(pinned, shown, aor),
        Denied::Expired(key) => return key_is_over(key, "key_expired", "has expired"),
        Denied::Revoked(key) => return key_is_over(key, "key_revoked", "was revoked by its owner"),
        Denied::Clock(ahead) => return clock(*ahead),
        Denied::Guessing => (
            "guessing",
            "too many wrong proofs came from there: nothing is looked at until a minute is over",
        ),
        Denied::NotConfigured => (
            "not_configured",
            "a proof is required, and nothing is configured here that could check it; see [agent]",
        ),
        Denied::NotCertified => (
            "not_certified",
            "it did not come over a TLS connection to the domain that it claims, and nothing else that it \
             could prove would do",
        ),
        Denied::Unavailable => (
            "application_unavailable",
            "the security application does not answer; look whether countersign-pgp runs",
        ),
        Denied::OfAnother => ("of_another", "it speaks for a call that somebody else has"),
        Denied::Busy => ("busy", "too much is being decided already; the caller may try again"),
        Denied::Body => {
            ("body", "what it carries cannot be decrypted: the caller may have an old key of ours")
        }
    };
    (code, words.to_owned())
}

fn unknown_key(key: &str, aor: &str) -> (&'static str, String) {
    let words = format!(
        "the caller names the key {key}, which is not imported here; if it is the caller's: \
         countersign [--config CONFIG] keys import FILE --pin {aor}"
    );
    ("unknown_key", words)
}

fn unpinned(key: &str, aor: &str) -> (&'static str, String) {
    let words = format!(
        "the key {key} signed, and is not pinned; once you have compared it with the caller: \
         countersign [--config CONFIG] keys pin {aor} {key}"
    );
    ("not_pinned", words)
}

fn other_key(pinned: &str, shown: &str, aor: &str) -> (&'static str, String) {
    let words = format!(
        "this address was claimed under another key than its pinned one: pinned is {pinned}, shown \
         was {shown}; only if the caller confirms the new one: countersign [--config CONFIG] keys pin {aor} {shown} \
         --replace"
    );
    ("other_key", words)
}

fn next_key(pinned: &str, shown: &str, aor: &str) -> (&'static str, String) {
    let words = format!(
        "the caller has a new key, {shown}, which the pinned one, {pinned}, has certified: unless the \
         pinned one may be in other hands, countersign [--config CONFIG] keys pin {aor} {shown} --replace"
    );
    ("next_key", words)
}

fn key_is_over(key: &str, code: &'static str, what: &str) -> (&'static str, String) {
    let words = format!(
        "the key {key} that signed {what}, so that another may have it by now; get the present one \
         from its owner, by a way that you trust: countersign [--config CONFIG] keys import FILE"
    );
    (code, words)
}

fn clock(ahead: i64) -> (&'static str, String) {
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    let words = format!(
        "the caller's clock is {} s {side} ours, 300 s are allowed; set the one that is wrong",
        ahead.unsigned_abs()
    );
    ("clock", words)
}

#[cfg(test)]
mod tests;
