//! Words that an interface has as `&'static str`: they cross as their place in a list.
//!
//! The lists only grow, at their ends. What is in none of them is not lost silently: a header field
//! whose value is asked for and did not cross ends the question, a name that is to be written too;
//! what is only read by people has a word in its place.

/// Header fields that a security manager reads or writes. RFC 3261 §20, RFC 8760, and those that
/// OpenPGP signatures cover.
pub(crate) const HEADERS: [&str; 22] = [
    "Authorization",
    "Proxy-Authorization",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Authentication-Info",
    "Proxy-Authentication-Info",
    "PGP-Signature",
    "Date",
    "Contact",
    "Content-Type",
    "Content-Disposition",
    "Content-Encoding",
    "Answer-Mode",
    "Event",
    "Join",
    "Priv-Answer-Mode",
    "RAck",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Require",
    "Target-Dialog",
];

/// Reason phrases of refusals; the first one stands for any other.
const REASONS: [&str; 9] = [
    "Refused",
    "Server Internal Error",
    "Forbidden",
    "Bad Request",
    "Loop Detected",
    "Undecipherable",
    "Not Acceptable Here",
    "Stale Date",
    "Unauthorized",
];

/// What is noted of a call; the first one stands for any other.
const NOTES: [&str; 3] = [
    "the security manager's process notes something that this program has no words for",
    "the Contact was rewritten on the way",
    "the peer has taken the key that you named as its next: pin it in the place of the earlier one, \
     which counts again after a restart (keys pin AOR FINGERPRINT --replace)",
];

/// Crypto-suites, RFC 4568 §6.2, RFC 7714 §14.2; the first one stands for any other.
const SUITES: [&str; 4] =
    ["unknown", "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"];

fn place(list: &[&str], word: &str) -> Option<u32> {
    let at = list.iter().position(|known| known.eq_ignore_ascii_case(word))?;
    u32::try_from(at).ok()
}

fn word(list: &[&'static str], place: u32) -> Option<&'static str> {
    list.get(usize::try_from(place).ok()?).copied()
}

pub(crate) fn header_place(name: &str) -> Option<u32> {
    place(&HEADERS, name)
}

pub(super) fn header(place: u32) -> Option<&'static str> {
    word(&HEADERS, place)
}

pub(super) fn reason_place(reason: &str) -> u32 {
    place(&REASONS, reason).unwrap_or_default()
}

pub(super) fn reason(place: u32) -> Option<&'static str> {
    word(&REASONS, place)
}

pub(super) fn note_place(note: &str) -> u32 {
    place(&NOTES, note).unwrap_or_default()
}

pub(super) fn note(place: u32) -> Option<&'static str> {
    word(&NOTES, place)
}

pub(super) fn suite_place(suite: &str) -> u32 {
    place(&SUITES, suite).unwrap_or_default()
}

pub(super) fn suite(place: u32) -> Option<&'static str> {
    word(&SUITES, place)
}
