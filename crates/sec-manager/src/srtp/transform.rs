//! Cipher and MAC over one packet: the suites side by side. RFC 3711 §4, RFC 7714 §8, §9.

use super::keys::{CounterMode, SessionKeys, Stream};
use super::packet::RTCP_HEADER;
use super::{Suite, WrongKeyLength};
use crate::secret::{KEYING, same, sheltered};
use aes::Aes128;
use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm};
use ctr::cipher::consts::{U12, U16};
use ctr::cipher::{InnerIvInit as _, KeyInit as _, StreamCipherCore as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use ssm::PacketError;
use zeroize::Zeroizing;

/// Which packet is protected: what the IV and the tag depend on beside its octets.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) ssrc: u32,
    /// The SRTP index (48 bits) or the SRTCP index (31 bits).
    pub(super) index: u64,
    pub(super) trailer: Trailer,
}

/// Four octets that the tag covers beside the packet.
#[derive(Clone, Copy)]
pub(super) enum Trailer {
    /// SRTP: the rollover counter, which does not travel.
    Rollover([u8; 4]),
    /// SRTCP: the E flag and the index, which do.
    Index([u8; 4]),
}

impl Frame {
    /// The SRTP packet with that index.
    pub(super) fn rtp(ssrc: u32, index: u64) -> Self {
        let [_, _, rollover @ .., _, _] = index.to_be_bytes();
        Self { ssrc, index, trailer: Trailer::Rollover(rollover) }
    }

    /// The encrypted SRTCP packet with that index.
    pub(super) fn rtcp(ssrc: u32, index: u32) -> Self {
        let word = (index | super::packet::ENCRYPTED).to_be_bytes();
        Self { ssrc, index: u64::from(index), trailer: Trailer::Index(word) }
    }

    /// SSRC and index, as both suites XOR them into the salt.
    fn position(self) -> [u8; 10] {
        let [a, b, c, d] = self.ssrc.to_be_bytes();
        let [_, _, e, f, g, h, i, j] = self.index.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j]
    }
}

/// Octets of stack that one packet may leave copies in: GCM works on a copy of its GHASH key, and AES
/// on one of its round keys four times as wide where the processor can encrypt four blocks at once.
const PACKET: usize = 16 * 1024;

/// The keyed suite of one stream.
pub(super) enum Transform {
    /// AES_CM_128_HMAC_SHA1_80.
    Counter { cipher: Aes128, mac: Hmac<Sha1>, salt: Zeroizing<[u8; 14]> },
    /// AEAD_AES_128_GCM.
    Galois { cipher: Aes128Gcm, salt: Zeroizing<[u8; 14]> },
    /// AEAD_AES_256_GCM.
    Galois256 { cipher: Aes256Gcm, salt: Zeroizing<[u8; 14]> },
}

impl Transform {
    /// Keys the suite for a stream. It stays in its box: every move would leave a copy behind.
    pub(super) fn new(
        suite: Suite, master: &[u8], stream: Stream,
    ) -> Result<Box<Self>, WrongKeyLength> {
        sheltered::<KEYING, _>(|| Self::keyed(suite, &SessionKeys::derive(suite, master, stream)?))
    }

    /// The suite with session keys at hand.
    pub(super) fn keyed(suite: Suite, keys: &SessionKeys) -> Result<Box<Self>, WrongKeyLength> {
        let salt = keys.salt.clone();
        let (short, _) = keys.cipher.split_first_chunk::<16>().ok_or(WrongKeyLength)?;
        Ok(Box::new(match suite {
            Suite::AesCm128HmacSha1_80 => Self::Counter {
                cipher: Aes128::new(short.into()),
                mac: Hmac::new_from_slice(keys.auth.as_slice()).map_err(|_| WrongKeyLength)?,
                salt,
            },
            Suite::AeadAes128Gcm => Self::Galois { cipher: Aes128Gcm::new(short.into()), salt },
            Suite::AeadAes256Gcm => {
                Self::Galois256 { cipher: Aes256Gcm::new((&*keys.cipher).into()), salt }
            }
        }))
    }

    /// Encrypts `body` and writes the tag over it, `header` and the trailer into `tag`.
    pub(super) fn seal(
        &self, frame: Frame, header: &[u8], body: &mut [u8], tag: &mut [u8],
    ) -> Result<(), PacketError> {
        sheltered::<PACKET, _>(|| self.encrypt(frame, header, body, tag))
    }

    /// Checks the tag and, where it verifies, decrypts `body`.
    pub(super) fn open(
        &self, frame: Frame, header: &[u8], body: &mut [u8], tag: &[u8],
    ) -> Result<(), PacketError> {
        sheltered::<PACKET, _>(|| self.decrypt(frame, header, body, tag))
    }

    fn encrypt(
        &self, frame: Frame, header: &[u8], body: &mut [u8], tag: &mut [u8],
    ) -> Result<(), PacketError> {
        match self {
            Self::Counter { cipher, mac, salt } => {
                apply_keystream(cipher, salt, frame, body);
                write(tag, &authenticate(mac, frame, header, body));
            }
            Self::Galois { cipher, salt } => wrap(cipher, salt, frame, (header, body), tag)?,
            Self::Galois256 { cipher, salt } => wrap(cipher, salt, frame, (header, body), tag)?,
        }
        Ok(())
    }

    fn decrypt(
        &self, frame: Frame, header: &[u8], body: &mut [u8], tag: &[u8],
    ) -> Result<(), PacketError> {
        match self {
            Self::Counter { cipher, mac, salt } => {
                let expected = authenticate(mac, frame, header, body);
                let expected = expected.get(..tag.len()).ok_or(PacketError::NotAuthentic)?;
                if !same(expected, tag) {
                    return Err(PacketError::NotAuthentic);
                }
                apply_keystream(cipher, salt, frame, body);
                Ok(())
            }
            Self::Galois { cipher, salt } => unwrap(cipher, salt, frame, (header, body), tag),
            Self::Galois256 { cipher, salt } => unwrap(cipher, salt, frame, (header, body), tag),
        }
    }
}

/// RFC 7714 §8, §9: GCM over header and body.
fn wrap<C: AeadInOut<NonceSize = U12, TagSize = U16>>(
    cipher: &C, salt: &[u8; 14], frame: Frame, (header, body): (&[u8], &mut [u8]), tag: &mut [u8],
) -> Result<(), PacketError> {
    let nonce = nonce(salt, frame).into();
    let data = Associated::new(frame, header)?;
    let full = cipher
        .encrypt_inout_detached(&nonce, data.octets(), body.into())
        .map_err(|_| PacketError::Malformed)?;
    write(tag, &full);
    Ok(())
}

/// The same, checked and taken off.
fn unwrap<C: AeadInOut<NonceSize = U12, TagSize = U16>>(
    cipher: &C, salt: &[u8; 14], frame: Frame, (header, body): (&[u8], &mut [u8]), tag: &[u8],
) -> Result<(), PacketError> {
    let nonce = nonce(salt, frame).into();
    let data = Associated::new(frame, header)?;
    let tag = tag.try_into().map_err(|_| PacketError::NotAuthentic)?;
    cipher
        .decrypt_inout_detached(&nonce, data.octets(), body.into(), tag)
        .map_err(|_| PacketError::NotAuthentic)
}

/// RFC 3711 §4.1.1: IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
fn apply_keystream(cipher: &Aes128, salt: &[u8; 14], frame: Frame, body: &mut [u8]) {
    let mut iv = [0; 16];
    iv.iter_mut().zip(salt).for_each(|(octet, salt)| *octet = *salt);
    iv.iter_mut().skip(4).zip(frame.position()).for_each(|(octet, place)| *octet ^= place);
    CounterMode::inner_iv_init(cipher, &iv.into()).apply_keystream_partial(body.into());
}

/// RFC 3711 §4.2: HMAC-SHA1 over the packet and its trailer.
fn authenticate(mac: &Hmac<Sha1>, frame: Frame, header: &[u8], body: &[u8]) -> [u8; 20] {
    let (Trailer::Rollover(trailer) | Trailer::Index(trailer)) = frame.trailer;
    let mac = mac.clone().chain_update(header).chain_update(body).chain_update(trailer);
    mac.finalize().into_bytes().into()
}

/// RFC 7714 §8.1, §9.1: two octets of zero, SSRC and index, XOR the salt of 12 octets.
fn nonce(salt: &[u8; 14], frame: Frame) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(salt).for_each(|(octet, salt)| *octet = *salt);
    nonce.iter_mut().skip(2).zip(frame.position()).for_each(|(octet, place)| *octet ^= place);
    nonce
}

fn write(tag: &mut [u8], full: &[u8]) {
    tag.iter_mut().zip(full).for_each(|(octet, full)| *octet = *full);
}

/// What GCM authenticates and does not encrypt. RFC 7714 §8.2, §9.2.
enum Associated<'a> {
    /// The RTP header.
    Rtp(&'a [u8]),
    /// The first RTCP header, and the word of E flag and index.
    Rtcp([u8; RTCP_HEADER + 4]),
}

impl<'a> Associated<'a> {
    fn new(frame: Frame, header: &'a [u8]) -> Result<Self, PacketError> {
        match frame.trailer {
            Trailer::Rollover(_) => Ok(Self::Rtp(header)),
            Trailer::Index([i, j, k, l]) => {
                let header: [u8; RTCP_HEADER] =
                    header.try_into().map_err(|_| PacketError::Malformed)?;
                let [a, b, c, d, e, f, g, h] = header;
                Ok(Self::Rtcp([a, b, c, d, e, f, g, h, i, j, k, l]))
            }
        }
    }

    const fn octets(&self) -> &[u8] {
        match self {
            Self::Rtp(header) => header,
            Self::Rtcp(octets) => octets,
        }
    }
}
