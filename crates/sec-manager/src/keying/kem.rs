//! A key agreement of its own for each media line: `a=cs1-kem`.
//!
//! ```text
//!   offerer                                         answerer
//!   a fresh pair   ── a=cs1-kem:1 key ──────────▶   a secret for that key
//!   the secret     ◀── a=cs1-kem:1 ciphertext ──    and its ciphertext
//!        └───────────── HKDF over it and both SDES keys ─────────────┘
//! ```
//!
//! Keys that travel under a long-lived key can be read for ever by whoever gets that key later. What
//! is agreed on here cannot: the private half is gone once the answer was read. X-Wing is ML-KEM-768
//! with X25519 (draft-connolly-cfrg-xwing-kem-06): whoever records a call has to break both.
//!
//! It travels inside an encrypted and signed body alone; the two signatures say whose it is.

use super::names::Names;
use super::rows::{MOST_LINES, Walk, rows};
use super::sdes::{MasterKey, Unfilled};
use crate::secret::sheltered;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use ssm::{Attribute, Line, SLOT};
use std::collections::BTreeMap;
use std::fmt;
use x_wing::{
    Ciphertext, DECAPSULATION_KEY_SIZE, Decapsulate as _, DecapsulationKey, Decapsulator as _,
    ENCAPSULATION_KEY_SIZE, ENCAPSULATION_RANDOMNESS_SIZE, EncapsulationKey, KeyExport as _,
};
use zeroize::Zeroizing;

/// The attribute's name.
const NAME: &str = "cs1-kem";
const ROW: &[u8] = b"a=cs1-kem:";
/// The only version, and what stands between it and what is exchanged.
const VERSION: &str = "1 ";

/// Octets of stack that a computation may leave copies in: ML-KEM works on matrices.
const DEPTH: usize = 128 * 1024;

/// The attribute of a line, with a slot.
pub(super) fn attribute() -> Attribute {
    Attribute { name: NAME.to_owned(), value: format!("{VERSION}{SLOT}") }
}

/// Whether a peer's octets are a key that a secret can be made for.
pub(super) fn is_key(public: &[u8]) -> bool {
    EncapsulationKey::try_from(public).is_ok()
}

/// A fresh pair, until the answer is read. Never printed; wiped on drop.
pub(super) struct Pair {
    seed: Box<Zeroizing<[u8; DECAPSULATION_KEY_SIZE]>>,
    public: Vec<u8>,
}

impl Pair {
    /// A pair whose private half `source` fills.
    pub(super) fn made<E>(source: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut seed = Box::new(Zeroizing::new([0; DECAPSULATION_KEY_SIZE]));
        source(seed.as_mut_slice())?;
        let public = sheltered::<DEPTH, _>(|| {
            DecapsulationKey::from(**seed).encapsulation_key().to_bytes().to_vec()
        });
        Ok(Self { seed, public })
    }

    /// The half that the peer is sent.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// What the answer's ciphertext holds. A wrong ciphertext of the right length holds another
    /// secret: no packet opens then.
    pub(super) fn open(&self, ciphertext: Vec<u8>) -> Result<Agreement, Malformed> {
        let read = Ciphertext::try_from(ciphertext.as_slice()).map_err(|_| Malformed)?;
        let mut shared = Box::new(Zeroizing::new([0; 32]));
        sheltered::<DEPTH, _>(|| {
            let secret = Zeroizing::new(DecapsulationKey::from(**self.seed).decapsulate(&read).0);
            shared.copy_from_slice(secret.as_slice());
        });
        Ok(Agreement { shared, public: self.public.clone(), ciphertext })
    }
}

/// What the peer sent is no key, or no ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What two sides have agreed on for a line. Never printed; wiped on drop.
pub(super) struct Agreement {
    shared: Box<Zeroizing<[u8; 32]>>,
    public: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl Agreement {
    /// A fresh secret for the offerer's key, from `random`.
    pub(super) fn with(
        public: Vec<u8>, random: &[u8; ENCAPSULATION_RANDOMNESS_SIZE],
    ) -> Result<Self, Malformed> {
        let key = EncapsulationKey::try_from(public.as_slice()).map_err(|_| Malformed)?;
        let mut shared = Box::new(Zeroizing::new([0; 32]));
        let ciphertext = sheltered::<DEPTH, _>(|| {
            let (ciphertext, secret) = key.encapsulate_deterministic(random.into());
            shared.copy_from_slice(Zeroizing::new(secret.0).as_slice());
            ciphertext.to_vec()
        });
        Ok(Self { shared, public, ciphertext })
    }

    /// What the offerer is sent.
    pub(super) fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// The keys in place of those that travelled: the offerer's, then the answerer's.
    pub(super) fn keys(
        &self, names: &Names, line: Line, offerer: &MasterKey, answerer: &MasterKey,
    ) -> Result<[MasterKey; 2], Malformed> {
        let place = line.0.to_string();
        let salt = Sha256::digest(prefixed(&[
            b"countersign cs1-kem 1",
            &names.call_id,
            &names.from_tag,
            &names.to_tag,
            place.as_bytes(),
            &self.public,
            &self.ciphertext,
        ]));
        let secret =
            Zeroizing::new([self.shared.as_slice(), offerer.octets(), answerer.octets()].concat());
        sheltered::<DEPTH, _>(|| {
            let extracted = Hkdf::<Sha256>::new(Some(&salt), &secret);
            let derived = |whose: &str, travelled: &MasterKey| {
                let info = prefixed(&[whose.as_bytes(), travelled.suite().name().as_bytes()]);
                // A master key is far below 255 hashes: this cannot fail.
                travelled.replaced(|octets| extracted.expand(&info, octets).map_err(|_| Malformed))
            };
            Ok([derived("offerer", offerer)?, derived("answerer", answerer)?])
        })
    }
}

/// The length of each item in four octets, and the item.
fn prefixed(items: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    for item in items {
        all.extend_from_slice(&u32::try_from(item.len()).unwrap_or(u32::MAX).to_be_bytes());
        all.extend_from_slice(item);
    }
    all
}

/// What a body of the peer has for its lines; a line that has two, or what cannot be read, has what is
/// malformed.
pub(super) type Shares = BTreeMap<Line, Result<Vec<u8>, Malformed>>;

/// Puts what `make` gives for a line into its slot, a key or a ciphertext.
///
/// # Errors
/// [`Unfilled`]: then nothing may leave.
pub(super) fn fill(
    body: &[u8], mut make: impl FnMut(Line) -> Result<Vec<u8>, Unfilled>,
) -> Result<Zeroizing<Vec<u8>>, Unfilled> {
    let room = body.len() + usize::from(MOST_LINES) * 4 * ENCAPSULATION_KEY_SIZE / 3;
    // Sized at once, so that no copy of the keys stays behind in memory that was outgrown.
    let mut filled = Zeroizing::new(Vec::with_capacity(room));
    let mut walk = Walk::default();
    let mut last = None;
    for row in rows(body) {
        let Some(value) = walk.value(row, ROW) else {
            filled.extend_from_slice(row);
            continue;
        };
        let line = walk.secure().filter(|line| Some(*line) > last).ok_or(Unfilled)?;
        if value.strip_prefix(VERSION) != Some(SLOT) {
            return Err(Unfilled);
        }
        write(&mut filled, &STANDARD.encode(make(line)?));
        last = Some(line);
    }
    Ok(filled)
}

/// Takes out what the peer's lines have, and puts slots back; where the body did not travel encrypted,
/// the rows are dropped.
pub(super) fn empty(body: Vec<u8>, encrypted: bool) -> (Vec<u8>, Shares) {
    if !rows(&body).any(|row| row.starts_with(ROW)) {
        return (body, Shares::new());
    }
    let mut emptied = Vec::with_capacity(body.len());
    let (mut shares, mut walk) = (Shares::new(), Walk::default());
    for row in rows(&body) {
        if !row.starts_with(ROW) {
            walk.value(row, ROW);
            emptied.extend_from_slice(row);
            continue;
        }
        let value = walk.value(row, ROW);
        let Some(line) = walk.secure().filter(|_| encrypted) else { continue };
        let share = value.and_then(|value| STANDARD.decode(value.strip_prefix(VERSION)?).ok());
        let twice = shares.contains_key(&line);
        if !twice {
            write(&mut emptied, SLOT);
        }
        shares.insert(line, share.filter(|_| !twice).ok_or(Malformed));
    }
    (emptied, shares)
}

fn write(body: &mut Vec<u8>, text: &str) {
    for part in [ROW, VERSION.as_bytes(), text.as_bytes(), b"\r\n"] {
        body.extend_from_slice(part);
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair([redacted])")
    }
}

impl fmt::Debug for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agreement([redacted])")
    }
}

#[cfg(test)]
mod tests;
