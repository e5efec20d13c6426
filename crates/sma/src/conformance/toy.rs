//! The toy encodings of [`Double`](super::Double): one OpenPGP packet each, RFC 9580 §4.2.
//!
//! They keep the shape of the real thing (a signature is exactly one packet of tag 2, a message
//! one packet of tag 18) and none of its secrecy: whoever reads the toy directory can forge both.

use crate::{Error, Notation};
use sha2::{Digest, Sha256};

/// Tag 2, a signature, in the current packet format. RFC 9580 §5.2.
pub(super) const SIGNATURE: u8 = 0xC2;
/// Tag 18, encrypted and integrity protected data. RFC 9580 §5.13.
pub(super) const ENCRYPTED: u8 = 0xD2;

/// SHA-256 over length-prefixed parts, so that no two lists of parts collide.
pub(super) fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256 of the bytes alone, as a report echoes it.
pub(super) fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// XORs `octets` with a key stream; a second time undoes it.
pub(super) fn mask(key: &[u8; 32], octets: &mut [u8]) {
    for (block, counter) in octets.chunks_mut(32).zip(0u64..) {
        let stream = hash(&[key, &counter.to_be_bytes()]);
        for (octet, pad) in block.iter_mut().zip(stream) {
            *octet ^= pad;
        }
    }
}

/// One packet around `body`, with a five-octet length. RFC 9580 §4.2.1.3.
pub(super) fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut packet = vec![tag, 0xFF];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(body);
    packet
}

/// The body of exactly one packet of `tag`; anything around it is refused.
pub(super) fn only_packet(tag: u8, octets: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader(octets);
    if reader.array::<2>()? != [tag, 0xFF] {
        return Err(Error::Malformed);
    }
    let body = reader.field()?;
    reader.end()?;
    Ok(body)
}

/// What a toy signature says, all of it under its `proof`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) signer: String,
    pub(super) created: u64,
    pub(super) lifetime: u64,
    pub(super) notation: Notation,
    pub(super) proof: [u8; 32],
}

impl Signature {
    /// What `secret` has to say to `data` under these facts.
    pub(super) fn prove(&self, secret: &[u8; 32], data: &[u8]) -> [u8; 32] {
        hash(&[b"signature", secret, &self.facts(), data])
    }

    fn facts(&self) -> Vec<u8> {
        let mut facts = Vec::new();
        put(&mut facts, self.signer.as_bytes());
        facts.extend_from_slice(&self.created.to_be_bytes());
        facts.extend_from_slice(&self.lifetime.to_be_bytes());
        facts.push(u8::from(self.notation.critical));
        put(&mut facts, self.notation.name.as_bytes());
        put(&mut facts, &self.notation.value);
        facts
    }

    pub(super) fn to_packet(&self) -> Vec<u8> {
        let mut body = self.facts();
        body.extend_from_slice(&self.proof);
        packet(SIGNATURE, &body)
    }

    pub(super) fn from_packet(octets: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(only_packet(SIGNATURE, octets)?);
        let signer = reader.text()?;
        let created = u64::from_be_bytes(reader.array()?);
        let lifetime = u64::from_be_bytes(reader.array()?);
        let critical = reader.array()? == [1];
        let notation = Notation { critical, name: reader.text()?, value: reader.field()?.to_vec() };
        let proof = reader.array()?;
        reader.end()?;
        Ok(Self { signer, created, lifetime, notation, proof })
    }
}

/// Appends `field` with its length.
pub(super) fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(field);
}

/// Reads what [`put`] wrote; never past the end.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn field(&mut self) -> Result<&'a [u8], Error> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let (field, rest) = self.0.split_at_checked(length).ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(field)
    }

    pub(super) fn text(&mut self) -> Result<String, Error> {
        String::from_utf8(self.field()?.to_vec()).map_err(|_| Error::Malformed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        self.is_empty().then_some(()).ok_or(Error::Malformed)
    }
}
