//! SDES keys in an SDP body. RFC 4568.
//!
//! ```text
//!   a=crypto:1 AEAD_AES_128_GCM inline:{slot}        what the media controller writes and reads
//!        fill │            ▲ empty
//!             ▼            │
//!   a=crypto:1 AEAD_AES_128_GCM inline:MTIzNDU2Nzg…  what travels, encrypted itself or over TLS
//! ```
//!
//! Only the `a=crypto` lines of a body are touched. Those that cannot be used are left out: an
//! unknown suite, an MKI, a session parameter that is not marked as optional, a line whose
//! profile is not SRTP (RFC 8643). A lifetime is the duty of the sender whose key it is.

use super::rows::{Walk, rows};
use crate::secret::same;
use crate::srtp::Suite;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};
use ssm::{Line, SLOT};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// Keys that are kept of one body: two suites for each line.
const MOST_KEYS: usize = 16;

/// RFC 4568 writes the padding; not every implementation does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The master key and salt of a suite: never printed, wiped on drop. Boxed, so that a key is
/// never moved.
pub(crate) struct MasterKey {
    suite: Suite,
    octets: Box<Zeroizing<[u8; ROOM]>>,
}

/// Room for the longest key, and for one quantum of base64 beyond it.
const ROOM: usize = Suite::LONGEST_KEY + 3;

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl MasterKey {
    /// A key that `source` fills.
    pub(crate) fn made<E>(
        suite: Suite, source: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut octets = Box::new(Zeroizing::new([0; ROOM]));
        source(octets.as_mut_slice())?;
        Ok(Self { suite, octets })
    }

    fn decode(suite: Suite, text: &str) -> Option<Self> {
        let mut octets = Box::new(Zeroizing::new([0; ROOM]));
        let length = BASE64.decode_slice(text, octets.as_mut_slice()).ok()?;
        (length == suite.key_length()).then_some(Self { suite, octets })
    }

    /// Master key, then master salt.
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.suite.key_length()).unwrap_or_default()
    }

    /// The suite that it is for.
    pub(crate) const fn suite(&self) -> Suite {
        self.suite
    }

    /// Another key of the suite, that `source` fills.
    pub(super) fn replaced<E>(
        &self, source: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let length = self.suite.key_length();
        Self::made(self.suite, |octets| octets.get_mut(..length).map_or(Ok(()), source))
    }

    /// The same key once more.
    pub(super) fn again(&self) -> Self {
        let mut octets = Box::new(Zeroizing::new([0; ROOM]));
        octets.copy_from_slice(self.octets.as_slice());
        Self { suite: self.suite, octets }
    }

    /// By what it is known again, and not told.
    pub(super) fn print(&self) -> [u8; 32] {
        Sha256::digest(self.octets()).into()
    }

    /// Whether both are the same key, found out in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        same(self.octets(), other.octets())
    }
}

/// A tag and its suite: an `a=crypto` attribute without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) tag: u32,
    pub(crate) suite: Suite,
}

impl Choice {
    /// The attribute's value with a slot in it.
    pub(crate) fn slotted(self) -> String {
        format!("{} {} inline:{SLOT}", self.tag, self.suite.name())
    }

    /// Reads what [`Choice::slotted`] writes.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (choice, parameters) = split(value)?;
        (parameters.strip_prefix("inline:") == Some(SLOT)).then_some(choice)
    }
}

/// A key of a media line.
#[derive(Debug)]
pub(crate) struct LineKey {
    pub(crate) line: Line,
    pub(crate) choice: Choice,
    pub(crate) key: MasterKey,
}

/// A slot stands where no key can go, or no key could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfilled;

/// Puts a key of `make` into each slot.
///
/// # Errors
/// [`Unfilled`]: then nothing may leave.
pub(crate) fn fill(
    body: &[u8], mut make: impl FnMut(Line, Suite) -> Result<MasterKey, Unfilled>,
) -> Result<(Zeroizing<Vec<u8>>, Vec<LineKey>), Unfilled> {
    // Sized at once, so that no copy of the keys stays behind in memory that was outgrown.
    let mut filled = Zeroizing::new(Vec::with_capacity(body.len() + MOST_KEYS * 64));
    let mut keys = Vec::new();
    let mut walk = Walk::default();
    for row in rows(body) {
        let crypto = walk.value(row, CRYPTO).filter(|text| text.contains(SLOT));
        let Some(text) = crypto else {
            filled.extend_from_slice(row);
            continue;
        };
        let choice = Choice::parse(text).ok_or(Unfilled)?;
        let line = walk.secure().filter(|_| keys.len() < MOST_KEYS).ok_or(Unfilled)?;
        let key = make(line, choice.suite)?;
        write(&mut filled, choice, &Zeroizing::new(BASE64.encode(key.octets())));
        keys.push(LineKey { line, choice, key });
    }
    Ok((filled, keys))
}

/// Takes the keys out, puts the slots back and wipes what came in.
pub(crate) fn empty(mut body: Vec<u8>) -> (Vec<u8>, Vec<LineKey>) {
    let mut emptied = Vec::with_capacity(body.len());
    let mut keys: Vec<LineKey> = Vec::new();
    let mut walk = Walk::default();
    for row in rows(&body) {
        if !row.starts_with(CRYPTO) {
            walk.value(row, CRYPTO);
            emptied.extend_from_slice(row);
            continue;
        }
        let read = walk.value(row, CRYPTO).and_then(parse).zip(walk.secure());
        let Some(((choice, key), line)) = read else { continue };
        let twice = keys.iter().any(|own| own.line == line && own.choice.tag == choice.tag);
        if !twice && keys.len() < MOST_KEYS {
            write(&mut emptied, choice, SLOT);
            keys.push(LineKey { line, choice, key });
        }
    }
    body.zeroize();
    (emptied, keys)
}

const CRYPTO: &[u8] = b"a=crypto:";

fn write(body: &mut Vec<u8>, choice: Choice, key: &str) {
    body.extend_from_slice(CRYPTO);
    let (tag, suite) = (choice.tag.to_string(), choice.suite.name());
    for part in [tag.as_str(), " ", suite, " inline:", key, "\r\n"] {
        body.extend_from_slice(part.as_bytes());
    }
}

/// Tag and suite, and the rest of the value. RFC 4568 §9.1.
fn split(value: &str) -> Option<(Choice, &str)> {
    let (tag, rest) = value.split_once(' ')?;
    let digits = tag.len() <= 9 && tag.bytes().all(|octet| octet.is_ascii_digit());
    // RFC 4568 §4.1: no leading zeros.
    if !digits || tag.len() > 1 && tag.starts_with('0') {
        return None;
    }
    let (suite, parameters) = rest.split_once(' ')?;
    let choice = Choice { tag: tag.parse().ok()?, suite: Suite::parse(suite)? };
    Some((choice, parameters))
}

/// An attribute's value with its key.
fn parse(value: &str) -> Option<(Choice, MasterKey)> {
    let (choice, parameters) = split(value)?;
    let mut parameters = parameters.split(' ');
    let mut inline = parameters.next()?.strip_prefix("inline:")?.split('|');
    let key = MasterKey::decode(choice.suite, inline.next()?)?;
    let lifetime = inline.next().is_none_or(is_lifetime);
    // What follows is an MKI. RFC 4568 §6.1. Optional parameters begin with `-`. §6.3.7.
    let usable = lifetime && inline.next().is_none() && parameters.all(|p| p.starts_with('-'));
    usable.then_some((choice, key))
}

/// `2^n` or decimal, at most 2^48 packets. RFC 4568 §6.1, §9.2.
fn is_lifetime(text: &str) -> bool {
    match text.strip_prefix("2^") {
        Some(power) => power.parse().is_ok_and(|power: u8| (1..=48).contains(&power)),
        None => text.parse().is_ok_and(|packets: u64| (1..=1 << 48).contains(&packets)),
    }
}

#[cfg(test)]
mod tests;
