//! Octets into keys: what a key does not need is ignored, what it cannot do without is asked for.
//!
//! A file of keys holds more than keys: GnuPG backs up its trust packets along, which are for its
//! own eyes (RFC 9580 §5.10), and anybody may append a certification to another's key. A packet
//! that cannot be read is left out; what remains must hold by itself ([`Certificate::evaluate`]).

use crate::certificate::Certificate;
use pgp::armor::Dearmor;
use pgp::composed::{Deserializable, SignedPublicKey, SignedSecretKey};
use pgp::errors::Result as PgpResult;
use pgp::packet::{Packet, PacketHeader, PacketParser};
use pgp::types::Tag;
use sma::{Error, KeyFault};
use std::io::Read as _;
use zeroize::Zeroizing;

/// Public keys and nothing else, all usable or none taken.
pub(crate) fn public(octets: &[u8]) -> Result<Vec<Certificate>, Error> {
    if is_named_secret(octets) {
        return Err(Error::Key(KeyFault::Secret));
    }
    let packets = packets(octets)?;
    if packets.iter().any(|packet| matches!(packet, Packet::SecretKey(_))) {
        return Err(Error::Key(KeyFault::Secret));
    }
    let certificates = keys::<SignedPublicKey>(packets)?.into_iter().map(Certificate::evaluate);
    certificates.map(|certificate| certificate.map_err(Error::Key)).collect()
}

/// Whether a file says of itself that it holds a private key, whoever can read that: the armor of
/// one (RFC 9580 §6.2), or the form in which GnuPG keeps its own (`private-keys-v1.d`).
fn is_named_secret(octets: &[u8]) -> bool {
    const NAMES: [&[u8]; 3] = [b"-----BEGIN PGP PRIVATE KEY BLOCK", b"Key: (", b"private-key("];
    let start = octets.get(..64).unwrap_or(octets);
    NAMES.iter().any(|name| start.windows(name.len()).any(|window| window == *name))
}

/// Private keys, as they are.
pub(crate) fn secret(octets: &[u8]) -> Result<Vec<SignedSecretKey>, Error> {
    keys(packets(octets)?)
}

fn keys<K: Deserializable>(packets: Vec<Packet>) -> Result<Vec<K>, Error> {
    let packets = packets.into_iter().map(Ok).peekable();
    let keys: PgpResult<Vec<K>> = K::from_packets(packets).collect();
    let keys = keys.map_err(|_| Error::Malformed)?;
    (!keys.is_empty()).then_some(keys).ok_or(Error::Malformed)
}

/// The packets that make up keys, those apart that are to be ignored.
fn packets(octets: &[u8]) -> Result<Vec<Packet>, Error> {
    let binary = dearmored(octets)?;
    let mut parser = PacketParser::new(binary.as_slice());
    let mut packets = Vec::new();
    while let Some(body) = parser.next_ref() {
        let mut body = body.map_err(|_| Error::Malformed)?;
        let header = body.packet_header();
        let mut octets = Zeroizing::new(Vec::new());
        body.read_to_end(&mut octets).map_err(|_| Error::Malformed)?;
        packets.extend(packet(header, &octets)?);
    }
    Ok(packets)
}

/// The binary form. Its first octet has the highest bit set, which no text has. RFC 9580 §4.2.
fn dearmored(octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if octets.first().is_some_and(|octet| octet & 0x80 != 0) {
        return Ok(Zeroizing::new(octets.to_vec()));
    }
    let mut binary = Zeroizing::new(Vec::with_capacity(octets.len()));
    Dearmor::new(octets).read_to_end(&mut binary).map_err(|_| Error::Malformed)?;
    Ok(binary)
}

/// One packet; `None`: it is to be ignored.
///
/// A primary key that cannot be read is an error, since what follows would be taken for the key
/// before it. So is a packet that is critical and unknown (RFC 9580 §4.3), and one of a message.
fn packet(header: PacketHeader, body: &[u8]) -> Result<Option<Packet>, Error> {
    let packet = Packet::from_reader(header, body).ok();
    match header.tag() {
        Tag::PublicKey | Tag::SecretKey => packet.map(Some).ok_or(Error::Malformed),
        Tag::PublicSubkey
        | Tag::SecretSubkey
        | Tag::UserId
        | Tag::UserAttribute
        | Tag::Signature => Ok(packet),
        Tag::Trust
        | Tag::Marker
        | Tag::Padding
        | Tag::UnassignedNonCritical(_)
        | Tag::Experimental(_) => Ok(None),
        _ => Err(Error::Malformed),
    }
}
