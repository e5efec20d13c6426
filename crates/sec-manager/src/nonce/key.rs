//! Who issues nonces: the master secret, the keys of its epochs and the earliest issue time.

use super::BUCKET;
use super::last::Last;
use super::seal::{self, Binding, Head, Nonce, Opened, Origin, Stale};
use crate::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroize;

/// Seconds for which a key issues.
const EPOCH: u32 = 3600;
/// How far in the future an issue time may lie: clocks of one process do not differ by more.
const AHEAD: u32 = 5;

/// Seals nonces, and opens its own.
///
/// The key of an epoch is derived from the master once and kept as keyed HMAC state; the current
/// and the previous epoch are accepted.
pub struct Issuer {
    master: Secret<32>,
    inst: u16,
    boot: u16,
    start: u32,
    floor: AtomicU32,
    /// The keys of an even and an odd epoch.
    keys: Mutex<[Option<Arc<EpochKey>>; 2]>,
    last: Mutex<Last>,
}

struct EpochKey {
    epoch: u32,
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer(inst {}, boot {})", self.inst, self.boot)
    }
}

impl Issuer {
    /// An issuer of 32 fresh random bytes; `master` is wiped.
    ///
    /// `inst` tells instances behind one address apart, `boot` is random, `start` is the Unix time
    /// at which the issuer was made: no nonce is older.
    pub fn new(master: &mut [u8; 32], inst: u16, boot: u16, start: u32) -> Self {
        Self {
            master: Secret::take(master),
            inst,
            boot,
            start,
            floor: AtomicU32::new(0),
            keys: Mutex::new([None, None]),
            last: Mutex::new(Last::default()),
        }
    }

    /// Seals a nonce at `now`, Unix seconds. Identical questions within a bucket of 32 s get
    /// identical answers.
    pub fn seal(&self, now: u32, origin: &Origin<'_>, binding: &Binding<'_>) -> Nonce {
        let issue = (now - now % BUCKET).max(self.start).max(self.floor.load(Ordering::Relaxed));
        let epoch = issue / EPOCH;
        let key = self.key(epoch);
        let head = Head {
            epoch: epoch.to_be_bytes()[3],
            inst: self.inst,
            boot: self.boot,
            issue,
            salt: seal::salt(&key.mac, origin),
        };
        seal::finish(&key.mac, &head.octets(), binding)
    }

    /// Opens `text` at `now`; `lifetime` is in seconds.
    ///
    /// # Errors
    /// [`Stale`] says why a fresh challenge is owed. Nothing secret depends on which.
    pub fn open(
        &self, now: u32, lifetime: u32, text: &[u8], binding: &Binding<'_>,
    ) -> Result<Opened, Stale> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().opened(text, binding);
        let opened = match known {
            Some(opened) => opened,
            None => {
                let opened = self.verify(now, text, binding)?;
                last().keep(text, binding, opened);
                opened
            }
        };
        self.check_age(now, lifetime, &opened).map(|()| opened)
    }

    /// Verifies the tag of a nonce, under the key of its epoch.
    fn verify(&self, now: u32, text: &[u8], binding: &Binding<'_>) -> Result<Opened, Stale> {
        let (head, tag) = seal::split(text)?;
        let fields = Head::parse(&head)?;
        if fields.inst != self.inst || fields.boot != self.boot {
            return Err(Stale::OtherIssuer);
        }
        let epoch = fields.issue / EPOCH;
        if epoch.to_be_bytes()[3] != fields.epoch || !has_key(epoch, now) {
            return Err(Stale::Expired);
        }
        seal::check(&self.key(epoch).mac, &head, &tag, binding)?;
        Ok(Opened::new(fields.issue, &tag))
    }

    /// Whether a nonce that was opened may be used at `now`; `lifetime` is in seconds.
    ///
    /// # Errors
    /// [`Stale`]: its time is over, or has not come.
    pub fn check_age(&self, now: u32, lifetime: u32, nonce: &Opened) -> Result<(), Stale> {
        let issue = nonce.issue();
        if !has_key(issue / EPOCH, now) {
            return Err(Stale::Expired);
        }
        if issue > now.saturating_add(AHEAD) {
            return Err(Stale::FromTheFuture);
        }
        if now.saturating_sub(issue) > lifetime.saturating_add(BUCKET) {
            return Err(Stale::Expired);
        }
        if issue < self.floor.load(Ordering::Relaxed) {
            return Err(Stale::BelowFloor);
        }
        Ok(())
    }

    /// Raises the floor: nonces issued before `issue` are stale from now on.
    pub fn raise_floor(&self, issue: u32) {
        self.floor.fetch_max(issue, Ordering::Relaxed);
    }

    /// Keyed HMAC state of `epoch`, from the cache.
    fn key(&self, epoch: u32) -> Arc<EpochKey> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let [even, odd] = &mut *keys;
        let slot = if epoch.is_multiple_of(2) { even } else { odd };
        match slot {
            Some(kept) if kept.epoch == epoch => Arc::clone(kept),
            _ => {
                let made = Arc::new(EpochKey { epoch, mac: self.derive(epoch) });
                *slot = Some(Arc::clone(&made));
                made
            }
        }
    }

    /// `K = HMAC-SHA256(master, "countersign nonce key v1" ‖ u32 epoch ‖ u16 inst ‖ 0x01)`.
    fn derive(&self, epoch: u32) -> Hmac<Sha256> {
        let mut mac = keyed(&self.master);
        mac.update(b"countersign nonce key v1");
        mac.update(&epoch.to_be_bytes());
        mac.update(&self.inst.to_be_bytes());
        mac.update(&[1]);
        let mut key: [u8; 32] = mac.finalize().into_bytes().into();
        let key = Secret::take(&mut key);
        keyed(&key)
    }
}

/// Whether nonces of an epoch are accepted: of the current one, and of the one before.
const fn has_key(epoch: u32, now: u32) -> bool {
    let current = now / EPOCH;
    epoch == current || epoch + 1 == current
}

/// HMAC state under `key`, which RFC 2104 §2 pads with zeros to a block.
fn keyed(key: &Secret<32>) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block.iter_mut().zip(key.expose()).for_each(|(b, k)| *b = *k);
    let mac = Hmac::new(&block.into());
    block.zeroize();
    mac
}
