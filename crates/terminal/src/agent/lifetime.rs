//! Keys whose time is over, or soon will be: what their user is told, and what is to be done.

use sip_core::Date;
use sma::{Fingerprint, Key};
use std::time::Duration;

/// How long before its end a key is told to end.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The last second that a date has four digits for the year of.
const LAST: u64 = 253_402_300_799;

/// A key that calls need, and whose it is.
#[derive(Clone, Copy, Debug)]
pub enum Needed<'a> {
    /// One of our own addresses has it.
    Own(&'a str, &'a str),
    /// It is pinned to this address.
    Pinned(&'a str, &'a str),
}

/// Whether a key is not to be used any more at `now`, in Unix seconds.
pub(super) fn is_over(key: &Key, now: u64) -> bool {
    key.facts.revoked || key.facts.expires.is_some_and(|end| end <= now)
}

/// One line for each of the `needed` keys that was revoked, has expired, or does within thirty days
/// of `now`, in Unix seconds.
pub fn ending(keys: &[Key], needed: &[Needed<'_>], now: u64) -> Vec<String> {
    let told = |needed: &Needed<'_>| {
        let (Needed::Own(_, wanted) | Needed::Pinned(_, wanted)) = *needed;
        let wanted = Fingerprint::parse(wanted)?;
        let key = keys.iter().find(|key| key.fingerprint == wanted)?;
        Some(line(needed, key, &state(key, now)?))
    };
    needed.iter().filter_map(told).collect()
}

fn line(needed: &Needed<'_>, key: &Key, state: &str) -> String {
    let key = key.fingerprint.as_str();
    match needed {
        Needed::Own(aor, _) => format!(
            "the key {key} of {aor} {state}: make a new one, which the old one certifies while it can \
             (countersign [--config CONFIG] keys generate --new), and give it to who calls you"
        ),
        Needed::Pinned(aor, _) => format!(
            "the key {key}, pinned to {aor}, {state}: ask for the next one, and pin that (countersign \
             [--config CONFIG] keys import FILE --pin {aor} --replace)"
        ),
    }
}

/// What is to be told of a key; `None`: nothing.
pub fn state(key: &Key, now: u64) -> Option<String> {
    if key.facts.revoked {
        return Some("was revoked by its owner".to_owned());
    }
    match key.facts.expires? {
        end if end <= now => Some(format!("has expired on {}", date(end))),
        end if end - now <= SOON.as_secs() => Some(format!("expires on {}", date(end))),
        _ => None,
    }
}

/// The day of a time in Unix seconds, in UTC: `31 Jan 2027`.
fn date(at: u64) -> String {
    let date = Date::from_unix(Duration::from_secs(at.min(LAST))).to_string();
    // Behind the day of the week. RFC 3261 §20.17.
    date.get(5..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sma::KeyFacts;

    const NOW: u64 = 1_700_000_000;

    fn key(expires: Option<u64>, revoked: bool) -> Key {
        Key {
            fingerprint: Fingerprint::parse(&"a".repeat(40)).unwrap(),
            user_ids: Vec::new(),
            secret: true,
            facts: KeyFacts { expires, revoked, ..KeyFacts::default() },
            certified_by: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_told_of_thirty_days_before_its_end_and_from_then_on() {
        let days = |days: u64| days * 24 * 60 * 60;
        for (expires, revoked, told) in [
            (None, false, None),
            (Some(NOW + days(30) + 1), false, None),
            (Some(NOW + days(30)), false, Some("expires on 14 Dec 2023")),
            (Some(NOW + 1), false, Some("expires on 14 Nov 2023")),
            (Some(NOW), false, Some("has expired on 14 Nov 2023")),
            (Some(0), false, Some("has expired on 01 Jan 1970")),
            (None, true, Some("was revoked by its owner")),
            (Some(u64::MAX), false, None),
        ] {
            let key = key(expires, revoked);
            assert_eq!(state(&key, NOW).as_deref(), told, "{expires:?}");
            assert_eq!(is_over(&key, NOW), revoked || expires.is_some_and(|end| end <= NOW));
        }
    }

    #[test]
    fn each_side_is_told_what_to_do_and_only_of_keys_that_are_needed() {
        let (keys, fingerprint) = ([key(Some(NOW), false)], "a".repeat(40));
        let (own, peer) = ("sip:alice@example.org", "sip:bob@example.org");
        let told = |needed: &[Needed<'_>]| ending(&keys, needed, NOW);
        let both = told(&[Needed::Own(own, &fingerprint), Needed::Pinned(peer, &fingerprint)]);
        let [ours, theirs] = &both[..] else { panic!("{both:?}") };
        assert!(ours.contains("sip:alice@example.org has expired on 14 Nov 2023: make a new one"));
        assert!(ours.contains("keys generate --new"), "{ours}");
        assert!(theirs.contains("pinned to sip:bob@example.org, has expired"), "{theirs}");
        assert!(
            theirs.contains("keys import FILE --pin sip:bob@example.org --replace"),
            "{theirs}"
        );
        assert!(told(&[]).is_empty());
        assert!(told(&[Needed::Own(own, &"b".repeat(40))]).is_empty(), "not there");
    }
}
