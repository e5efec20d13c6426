//! Vectors of the RFCs, then what an attacker sends.

use super::keys::{SessionKeys, Stream};
use super::sources::{Kind, MOST_SOURCES};
use super::transform::Transform;
use super::*;
use crate::search;
use proptest::prelude::*;
use ssm::{Opener as _, PacketError, Sealer as _};
use zeroize::Zeroizing;

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn master(suite: Suite) -> Vec<u8> {
    (0u8..).map(|octet| octet.wrapping_mul(37)).take(suite.key_length()).collect()
}

fn pair(suite: Suite) -> (SrtpSealer, SrtpOpener) {
    let master = master(suite);
    (SrtpSealer::new(suite, &master).unwrap(), SrtpOpener::new(suite, &master).unwrap())
}

/// An RTP packet of G.711, 160 octets of payload.
fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..160).map(|octet| octet ^ 0x55));
    packet
}

/// A receiver report.
fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0x81, 202, 0, 2, 0, 0, 0, 7, 1, 2, b'a', b'b']);
    packet
}

fn seal_rtp(sealer: &mut SrtpSealer, packet: &[u8]) -> Result<Vec<u8>, PacketError> {
    let mut buffer = [packet, &[0; 20]].concat();
    let length = sealer.seal_rtp(&mut buffer, packet.len())?;
    buffer.truncate(length);
    Ok(buffer)
}

fn seal_rtcp(sealer: &mut SrtpSealer, packet: &[u8]) -> Result<Vec<u8>, PacketError> {
    let mut buffer = [packet, &[0; 20]].concat();
    let length = sealer.seal_rtcp(&mut buffer, packet.len())?;
    buffer.truncate(length);
    Ok(buffer)
}

fn open_rtp(opener: &mut SrtpOpener, sealed: &[u8]) -> Result<Vec<u8>, PacketError> {
    let mut buffer = sealed.to_vec();
    let length = opener.open_rtp(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

fn open_rtcp(opener: &mut SrtpOpener, sealed: &[u8]) -> Result<Vec<u8>, PacketError> {
    let mut buffer = sealed.to_vec();
    let length = opener.open_rtcp(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// The session key and salt of RFC 7714 §16 and §17, which start after the key derivation.
fn rfc_7714(suite: Suite) -> Box<Transform> {
    let mut keys = SessionKeys {
        cipher: Zeroizing::new([0; 32]),
        auth: Zeroizing::new([0; 20]),
        salt: Zeroizing::new([0; 14]),
    };
    (0..).zip(keys.cipher.iter_mut()).for_each(|(place, octet)| *octet = place);
    keys.salt[..12].copy_from_slice(b"Quid pro quo");
    Transform::keyed(suite, &keys).unwrap()
}

/// RFC 7714 §16.2.1 and §16.2.2.
#[test]
fn rfc_7714_16_2_srtp() {
    let suite = Suite::AeadAes256Gcm;
    let (mut sealer, mut opener) = pair(suite);
    (sealer.rtp, opener.rtp) = (rfc_7714(suite), rfc_7714(suite));
    let plain = hex("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976\
         69736120696e207061727465732074726573");
    let sealed = hex("8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab1801238\
         9a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13");
    assert_eq!(seal_rtp(&mut sealer, &plain).unwrap(), sealed);
    assert_eq!(open_rtp(&mut opener, &sealed).unwrap(), plain);
}

/// RFC 7714 §17.2.
#[test]
fn rfc_7714_17_2_srtcp() {
    let suite = Suite::AeadAes256Gcm;
    let (mut sealer, mut opener) = pair(suite);
    (sealer.rtcp, opener.rtcp) = (rfc_7714(suite), rfc_7714(suite));
    sealer.sources.resume(Kind::Rtcp, 0x4d61_7273, 0x5d3);
    let plain = hex("81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
         deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
    let sealed = hex("81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50\
         a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6c\
         b26ac3be800005d4");
    assert_eq!(seal_rtcp(&mut sealer, &plain).unwrap(), sealed);
    assert_eq!(open_rtcp(&mut opener, &sealed).unwrap(), plain);
}

/// RFC 7714 §16.1.1 and §16.1.2.
#[test]
fn rfc_7714_16_1_srtp() {
    let (mut sealer, mut opener) = pair(Suite::AeadAes128Gcm);
    (sealer.rtp, opener.rtp) = (rfc_7714(Suite::AeadAes128Gcm), rfc_7714(Suite::AeadAes128Gcm));
    let plain = hex("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976\
         69736120696e207061727465732074726573");
    let sealed = hex("8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd5\
         0d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce");
    assert_eq!(seal_rtp(&mut sealer, &plain).unwrap(), sealed);
    assert_eq!(open_rtp(&mut opener, &sealed).unwrap(), plain);
}

/// RFC 7714 §17.1.
#[test]
fn rfc_7714_17_1_srtcp() {
    let (mut sealer, mut opener) = pair(Suite::AeadAes128Gcm);
    (sealer.rtcp, opener.rtcp) = (rfc_7714(Suite::AeadAes128Gcm), rfc_7714(Suite::AeadAes128Gcm));
    sealer.sources.resume(Kind::Rtcp, 0x4d61_7273, 0x5d3);
    let plain = hex("81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
         deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
    let sealed = hex("81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d\
         c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872\
         45d9eade800005d4");
    assert_eq!(seal_rtcp(&mut sealer, &plain).unwrap(), sealed);
    assert_eq!(open_rtcp(&mut opener, &sealed).unwrap(), plain);
}

/// The packets that libsrtp's own test (`srtp_driver`, `srtp_validate`) holds itself against.
#[test]
fn libsrtp_aes_cm_128_hmac_sha1_80() {
    let master = hex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6");
    let suite = Suite::AesCm128HmacSha1_80;
    let mut sealer = SrtpSealer::new(suite, &master).unwrap();
    let mut opener = SrtpOpener::new(suite, &master).unwrap();
    let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
    let sealed = hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402\
         b78d6acc99ea179b8dbb");
    assert_eq!(seal_rtp(&mut sealer, &plain).unwrap(), sealed);
    assert_eq!(open_rtp(&mut opener, &sealed).unwrap(), plain);
    sealer.sources.resume(Kind::Rtcp, 0xcafe_babe, 0);
    let plain = hex("81c8000bcafebabeabababababababababababababababab");
    let sealed = hex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001\
         993e08cd54d6c1230798");
    assert_eq!(seal_rtcp(&mut sealer, &plain).unwrap(), sealed);
    assert_eq!(open_rtcp(&mut opener, &sealed).unwrap(), plain);
}

#[test]
fn m01_replays_are_dropped() {
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = pair(suite);
        let sealed: Vec<_> =
            (100..300).map(|n| seal_rtp(&mut sealer, &rtp(1, n)).unwrap()).collect();
        assert_eq!(open_rtp(&mut opener, &sealed[199]).unwrap(), rtp(1, 299));
        assert_eq!(open_rtp(&mut opener, &sealed[199]), Err(PacketError::Replayed));
        assert_eq!(open_rtp(&mut opener, &sealed[72]).unwrap(), rtp(1, 172));
        assert_eq!(open_rtp(&mut opener, &sealed[71]), Err(PacketError::Replayed));
        assert_eq!(open_rtp(&mut opener, &sealed[72]), Err(PacketError::Replayed));
        let report = seal_rtcp(&mut sealer, &rtcp(1)).unwrap();
        assert_eq!(open_rtcp(&mut opener, &report).unwrap(), rtcp(1));
        assert_eq!(open_rtcp(&mut opener, &report), Err(PacketError::Replayed));
    }
}

#[test]
fn m02_forged_jump_does_not_move_the_rollover_counter() {
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = pair(suite);
        for sequence in [65_533, 65_534] {
            let sealed = seal_rtp(&mut sealer, &rtp(1, sequence)).unwrap();
            assert_eq!(open_rtp(&mut opener, &sealed).unwrap(), rtp(1, sequence));
        }
        for sequence in [0, 20_000, 30_000] {
            let forged = [rtp(1, sequence), vec![7; suite.tag_length()]].concat();
            assert_eq!(open_rtp(&mut opener, &forged), Err(PacketError::NotAuthentic));
        }
        for sequence in [65_535, 0, 1] {
            let sealed = seal_rtp(&mut sealer, &rtp(1, sequence)).unwrap();
            assert_eq!(open_rtp(&mut opener, &sealed).unwrap(), rtp(1, sequence));
        }
    }
}

#[test]
fn m04_plain_rtcp_is_dropped() {
    for suite in Suite::ALL {
        let (_, mut opener) = pair(suite);
        for extra in 0..40 {
            let plain = [rtcp(1), vec![0; extra]].concat();
            assert!(open_rtcp(&mut opener, &plain).is_err());
        }
        // Neither is a sealed one whose E flag was cleared.
        let (mut sealer, _) = pair(suite);
        let mut sealed = seal_rtcp(&mut sealer, &rtcp(1)).unwrap();
        let flag = sealed.len() - if suite == Suite::AesCm128HmacSha1_80 { 14 } else { 4 };
        assert_eq!(sealed[flag], 0x80);
        sealed[flag] = 0;
        assert_eq!(open_rtcp(&mut opener, &sealed), Err(PacketError::NotAuthentic));
    }
}

#[test]
fn m05_garbage_takes_no_place_and_the_call_lives() {
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = pair(suite);
        for ssrc in 0..200 {
            let forged = [rtp(ssrc, 7), vec![3; 16]].concat();
            assert_eq!(open_rtp(&mut opener, &forged), Err(PacketError::NotAuthentic));
        }
        let most = u32::try_from(MOST_SOURCES).unwrap();
        for ssrc in 0..most {
            let sealed = seal_rtp(&mut sealer, &rtp(ssrc, 7)).unwrap();
            assert_eq!(open_rtp(&mut opener, &sealed).unwrap(), rtp(ssrc, 7));
        }
        assert_eq!(seal_rtp(&mut sealer, &rtp(most, 7)), Err(PacketError::TooManySources));
        assert_eq!(seal_rtcp(&mut sealer, &rtcp(most)), Err(PacketError::TooManySources));
        let forged = [rtp(most, 7), vec![3; 16]].concat();
        assert_eq!(open_rtp(&mut opener, &forged), Err(PacketError::TooManySources));
    }
}

#[test]
fn m12_an_exhausted_key_protects_nothing() {
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = pair(suite);
        sealer.sources.resume(Kind::Rtcp, 1, (1 << 31) - 2);
        let last = seal_rtcp(&mut sealer, &rtcp(1)).unwrap();
        assert_eq!(seal_rtcp(&mut sealer, &rtcp(1)), Err(PacketError::KeyExhausted));
        assert_eq!(open_rtcp(&mut opener, &last).unwrap(), rtcp(1));
        sealer.sources.resume(Kind::Rtp, 1, (1 << 48) - 2);
        assert!(seal_rtp(&mut sealer, &rtp(1, 65_535)).is_ok());
        assert_eq!(seal_rtp(&mut sealer, &rtp(1, 0)), Err(PacketError::KeyExhausted));
        opener.sources.spend(1 << 48, 1 << 31);
        let sealed = seal_rtp(&mut pair(suite).0, &rtp(1, 3)).unwrap();
        assert_eq!(open_rtp(&mut opener, &sealed), Err(PacketError::KeyExhausted));
        let sealed = seal_rtcp(&mut pair(suite).0, &rtcp(1)).unwrap();
        assert_eq!(open_rtcp(&mut opener, &sealed), Err(PacketError::KeyExhausted));
    }
}

#[test]
fn a_sequence_number_is_sealed_once() {
    for suite in Suite::ALL {
        let (mut sealer, _) = pair(suite);
        assert!(seal_rtp(&mut sealer, &rtp(1, 5)).is_ok());
        assert_eq!(seal_rtp(&mut sealer, &rtp(1, 5)), Err(PacketError::Replayed));
    }
}

#[test]
fn sealing_needs_its_room() {
    for suite in Suite::ALL {
        let (mut sealer, _) = pair(suite);
        let room = sealer.overhead();
        let mut buffer = [rtp(1, 5), vec![0; room.rtp - 1]].concat();
        assert_eq!(sealer.seal_rtp(&mut buffer, 172), Err(PacketError::NoRoom));
        assert_eq!(sealer.seal_rtp(&mut buffer, 1000), Err(PacketError::NoRoom));
        let mut buffer = [rtcp(1), vec![0; room.rtcp - 1]].concat();
        assert_eq!(sealer.seal_rtcp(&mut buffer, 20), Err(PacketError::NoRoom));
        assert_eq!(buffer[..20], rtcp(1), "a packet that is refused is left as it was");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_changed_bit_is_refused(bit in 0usize..8 * 172, place in 0..3usize) {
        let suite = Suite::ALL[place];
        let (mut sealer, mut opener) = pair(suite);
        let mut sealed = seal_rtp(&mut sealer, &rtp(1, 5)).unwrap();
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open_rtp(&mut opener, &sealed).is_err());
        let mut sealed = seal_rtcp(&mut sealer, &rtcp(1)).unwrap();
        let bit = bit % (8 * sealed.len());
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open_rtcp(&mut opener, &sealed).is_err());
    }

    #[test]
    fn no_packet_panics(packet in proptest::collection::vec(any::<u8>(), 0..200), place in 0..3usize) {
        let (mut sealer, mut opener) = pair(Suite::ALL[place]);
        prop_assert!(open_rtp(&mut opener, &packet).is_err());
        prop_assert!(open_rtcp(&mut opener, &packet).is_err());
        if let Ok(sealed) = seal_rtp(&mut sealer, &packet) {
            prop_assert_eq!(open_rtp(&mut opener, &sealed), Ok(packet));
        }
    }
}

/// What a master key is and becomes, in two streams. No copy is left by this.
fn needles(suite: Suite, master: impl Iterator<Item = u8> + Clone) -> Vec<search::Needle> {
    let mut needles = vec![search::Needle::new("master key and salt", master.clone())];
    crate::secret::sheltered::<{ crate::secret::KEYING }, _>(|| {
        let master = Zeroizing::new(master.collect::<Vec<u8>>());
        for stream in [Stream::Rtp, Stream::Rtcp] {
            let keys = SessionKeys::derive(suite, &master, stream).unwrap();
            let (key, salt) = suite.lengths();
            // The first round of a key schedule is the key itself.
            needles.push(search::Needle::new("session key", keys.cipher.iter().take(key).copied()));
            needles.push(search::Needle::new("session salt", keys.salt.iter().take(salt).copied()));
            needles.push(search::Needle::new("HMAC key", keys.auth.iter().copied()));
        }
    });
    needles
}

/// Promise 16: an independent look at this process's own memory.
#[test]
fn o04_halves_that_are_dropped_leave_no_key_behind() {
    for (suite, seed) in Suite::ALL.into_iter().zip([11u8, 13, 17]) {
        // Made anew each time, so that no copy is the test's.
        let octet = move |n: u8| std::hint::black_box(n).wrapping_mul(59) ^ seed;
        let master = (1..).map(octet).take(suite.key_length());
        let needles = needles(suite, master.clone());
        let (mut sealer, mut opener) = {
            let master = Zeroizing::new(master.collect::<Vec<u8>>());
            let sealer = SrtpSealer::new(suite, &master).unwrap();
            (sealer, SrtpOpener::new(suite, &master).unwrap())
        };
        let keyed = search::search("self", &needles).unwrap();
        for what in ["session key", "session salt"] {
            assert!(keyed.values().any(|copy| copy.starts_with(what)), "{suite:?}: {keyed:?}");
        }
        for sequence in 0..50 {
            let sealed = seal_rtp(&mut sealer, &rtp(1, sequence)).unwrap();
            open_rtp(&mut opener, &sealed).unwrap();
            let sealed = seal_rtcp(&mut sealer, &rtcp(1)).unwrap();
            open_rtcp(&mut opener, &sealed).unwrap();
        }
        let used = search::search("self", &needles).unwrap();
        // Where a mapping ends may change meanwhile; where the copies are may not.
        assert!(used.keys().eq(keyed.keys()), "{suite:?}: packets leave copies behind: {used:#?}");
        drop((sealer, opener));
        let found = search::search("self", &needles).unwrap();
        assert!(found.is_empty(), "{suite:?}: {found:#?}");
    }
}
