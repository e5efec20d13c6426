//! The octets of a nonce: head, tag, and what they are computed over.

use super::text::{Decimal, Source};
use crate::secret::same;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// Octets of head and of tag.
const PART: usize = 18;
/// Items that a nonce is bound to.
pub(super) const BOUND: usize = 9;
/// Characters on the wire.
const WIRE: usize = 48;

/// The request that a challenge answers, as far as only the salt depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The top Via's branch.
    pub branch: &'a [u8],
    /// Call-ID.
    pub call_id: &'a [u8],
    /// CSeq's number.
    pub cseq: u32,
    /// The packet's source.
    pub source: &'a Source,
}

/// What a nonce is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// `Digest` or `PGP`, as on the wire.
    pub scheme: &'a str,
    /// The realm that challenges.
    pub realm: &'a [u8],
    /// The method.
    pub method: &'a [u8],
    /// Call-ID; empty under `bind = "source"`.
    pub call_id: &'a [u8],
    /// The From tag; empty under `bind = "source"`.
    pub from_tag: &'a [u8],
    /// The canonical AOR of From.
    pub from: &'a [u8],
    /// The canonical AOR of To.
    pub to: &'a [u8],
    /// The packet's source, or [`Source::PROXY`].
    pub source: &'a Source,
    /// The algorithms offered, comma-joined in order; empty where there is one.
    pub algorithms: &'a [u8],
}

impl<'a> Binding<'a> {
    /// All of it, in order.
    pub(super) fn items(&self) -> [&'a [u8]; BOUND] {
        [
            self.scheme.as_bytes(),
            self.realm,
            self.method,
            self.call_id,
            self.from_tag,
            self.from,
            self.to,
            self.source.as_bytes(),
            self.algorithms,
        ]
    }
}

/// Why a nonce is not, or no longer, good. Each is answered with a fresh challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Not 48 characters of base64url, or of another version.
    Malformed,
    /// Of another instance, or from before a restart.
    OtherIssuer,
    /// The tag does not verify: changed, or for another request.
    Forged,
    /// Its lifetime is over.
    Expired,
    /// Issued later than now.
    FromTheFuture,
    /// Older than what the replay table can still tell apart.
    BelowFloor,
    /// Used before, or its nonce count is.
    Replayed,
}

/// A nonce as it goes on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; WIRE]);

impl Nonce {
    /// The 48 characters.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A nonce whose tag verified and whose lifetime is not over; only [`super::Issuer::open`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    issue: u32,
    key: [u8; 8],
}

impl Opened {
    pub(super) const fn new(issue: u32, tag: &[u8; PART]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *tag;
        Self { issue, key: [a, b, c, d, e, f, g, h] }
    }

    /// When it was issued, Unix seconds.
    pub const fn issue(&self) -> u32 {
        self.issue
    }

    /// What the replay table knows it by.
    pub const fn key(&self) -> [u8; 8] {
        self.key
    }
}

/// The first half of a nonce.
pub(super) struct Head {
    pub(super) epoch: u8,
    pub(super) inst: u16,
    pub(super) boot: u16,
    pub(super) issue: u32,
    pub(super) salt: [u8; 8],
}

impl Head {
    const VERSION: u8 = 1;

    pub(super) const fn octets(&self) -> [u8; PART] {
        let [i0, i1] = self.inst.to_be_bytes();
        let [b0, b1] = self.boot.to_be_bytes();
        let [t0, t1, t2, t3] = self.issue.to_be_bytes();
        let [a, b, c, d, e, f, g, h] = self.salt;
        [Self::VERSION, self.epoch, i0, i1, b0, b1, t0, t1, t2, t3, a, b, c, d, e, f, g, h]
    }

    pub(super) const fn parse(octets: &[u8; PART]) -> Result<Self, Stale> {
        let [version, epoch, i0, i1, b0, b1, t0, t1, t2, t3, salt @ ..] = *octets;
        if version != Self::VERSION {
            return Err(Stale::Malformed);
        }
        Ok(Self {
            epoch,
            inst: u16::from_be_bytes([i0, i1]),
            boot: u16::from_be_bytes([b0, b1]),
            issue: u32::from_be_bytes([t0, t1, t2, t3]),
            salt,
        })
    }
}

/// `HMAC(K, LP("salt", branch, Call-ID, CSeq, src))[:8]`.
pub(super) fn salt(key: &Hmac<Sha256>, origin: &Origin<'_>) -> [u8; 8] {
    let cseq = Decimal::new(origin.cseq);
    let source = origin.source.as_bytes();
    let items: [&[u8]; 5] = [b"salt", origin.branch, origin.call_id, cseq.as_bytes(), source];
    let [a, b, c, d, e, f, g, h, ..] = prefixed(key, &items);
    [a, b, c, d, e, f, g, h]
}

/// Head and its tag, in the characters of the wire.
pub(super) fn finish(key: &Hmac<Sha256>, head: &[u8; PART], binding: &Binding<'_>) -> Nonce {
    let mut octets = [0u8; 2 * PART];
    let (left, right) = octets.split_at_mut(PART);
    left.copy_from_slice(head);
    right.copy_from_slice(&tag(key, named(&items(head, binding))));
    let mut wire = [0; WIRE];
    // 36 octets are exactly 48 characters: the buffer cannot be too small.
    let written = URL_SAFE_NO_PAD.encode_slice(octets, &mut wire);
    debug_assert_eq!(written, Ok(WIRE));
    Nonce(wire)
}

/// The two halves of a nonce on the wire.
pub(super) fn split(text: &[u8]) -> Result<([u8; PART], [u8; PART]), Stale> {
    if text.len() != WIRE {
        return Err(Stale::Malformed);
    }
    let mut octets = [0u8; 2 * PART];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut octets) {
        Ok(length) if length == octets.len() => {}
        _ => return Err(Stale::Malformed),
    }
    let (head, tag) = octets.split_at(PART);
    match (head.try_into(), tag.try_into()) {
        (Ok(head), Ok(tag)) => Ok((head, tag)),
        _ => Err(Stale::Malformed),
    }
}

/// Compares the tag that is owed with the one that came, in constant time.
pub(super) fn check(
    key: &Hmac<Sha256>, head: &[u8; PART], came: &[u8; PART], binding: &Binding<'_>,
) -> Result<(), Stale> {
    if same(&tag(key, named(&items(head, binding))), came) { Ok(()) } else { Err(Stale::Forged) }
}

/// What a tag is over.
fn items<'a>(head: &'a [u8; PART], binding: &Binding<'a>) -> [&'a [u8]; 2 + BOUND] {
    let [scheme, realm, method, call_id, from_tag, from, to, source, algorithms] = binding.items();
    [b"nonce", head, scheme, realm, method, call_id, from_tag, from, to, source, algorithms]
}

/// The same without the algorithms where there is one alone, which is not named.
fn named<'a, 'b>(items: &'b [&'a [u8]; 2 + BOUND]) -> &'b [&'a [u8]] {
    match items {
        [named @ .., []] => named,
        all => all,
    }
}

fn tag(key: &Hmac<Sha256>, items: &[&[u8]]) -> [u8; PART] {
    let mac = prefixed(key, items);
    let mut tag = [0; PART];
    tag.iter_mut().zip(mac).for_each(|(t, m)| *t = m);
    tag
}

/// An item's length. Values are limited to 8 KiB by the parser, far below u32.
fn length(item: &[u8]) -> [u8; 4] {
    u32::try_from(item.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// The MAC over `LP(items)`: u32 length and bytes for each.
fn prefixed(key: &Hmac<Sha256>, items: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    for item in items {
        mac.update(&length(item));
        mac.update(item);
    }
    mac.finalize().into_bytes().into()
}
