//! The floor. Case G04.

use crate::strength::{hash_is_sound, key_is_known, key_is_strong};
use bytes::Bytes;
use pgp::composed::KeyType;
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{
    DsaPublicParams, EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams,
    ElgamalPublicParams, Mpi, PublicParams, RsaPublicParams,
};
use rand08::rngs::OsRng;

#[test]
fn g04_the_hashes_that_count_are_sha2_of_256_bits_or_more() {
    for id in 0..=u8::MAX {
        // SHA-256, SHA-384, SHA-512. RFC 9580 §9.5.
        assert_eq!(hash_is_sound(HashAlgorithm::from(id)), matches!(id, 8..=10), "{id}");
    }
}

/// A number of that many bits, the first and the last of them set. RFC 9580 §3.2.
fn number(bits: u16) -> Vec<u8> {
    let mut octets = vec![0; usize::from(bits).div_ceil(8)];
    octets[0] = 1 << ((bits - 1) % 8);
    *octets.last_mut().unwrap() |= 1;
    [&bits.to_be_bytes()[..], &octets].concat()
}

/// A modulus of that many bits, which is no key of anybody.
fn rsa(bits: u16) -> PublicParams {
    let octets = [number(bits), number(17)].concat();
    PublicParams::RSA(RsaPublicParams::try_from_reader(octets.as_slice()).unwrap())
}

fn made(kind: KeyType) -> PublicParams {
    kind.generate(OsRng).unwrap().0
}

#[test]
fn g04_an_rsa_key_has_2048_bits_or_more() {
    for (bits, strong) in [(1024, false), (2047, false), (2048, true), (2049, true), (4096, true)] {
        assert_eq!(key_is_strong(&rsa(bits)), strong, "{bits}");
        assert!(key_is_known(&rsa(bits)), "{bits}");
    }
}

#[test]
fn g04_the_curves_that_count_are_those_of_edwards_montgomery_and_nist() {
    for kind in [
        KeyType::Ed25519,
        KeyType::Ed448,
        KeyType::X25519,
        KeyType::X448,
        KeyType::Ed25519Legacy,
        KeyType::ECDSA(ECCCurve::P256),
        KeyType::ECDSA(ECCCurve::P384),
        KeyType::ECDSA(ECCCurve::P521),
        KeyType::ECDH(ECCCurve::Curve25519Legacy),
        KeyType::ECDH(ECCCurve::P256),
        KeyType::ECDH(ECCCurve::P384),
        KeyType::ECDH(ECCCurve::P521),
    ] {
        let params = made(kind.clone());
        assert!(key_is_strong(&params) && key_is_known(&params), "{kind:?}");
    }
    let (hash, alg_sym) = (HashAlgorithm::Sha256, SymmetricKeyAlgorithm::AES256);
    let (curve, opaque) = (ECCCurve::BrainpoolP256r1, Bytes::new());
    let p = Mpi::from_slice(&[4, 1]);
    for params in [
        made(KeyType::ECDSA(ECCCurve::Secp256k1)),
        PublicParams::ECDSA(EcdsaPublicParams::Unsupported {
            curve: curve.clone(),
            opaque: opaque.clone(),
        }),
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Unsupported { curve, opaque }),
        PublicParams::ECDH(EcdhPublicParams::Brainpool512 { p, hash, alg_sym }),
    ] {
        assert!(!key_is_strong(&params) && !key_is_known(&params), "{params:?}");
    }
}

#[test]
fn g04_dsa_and_elgamal_do_not_count() {
    // y = p - 1 is of order q = 2, whatever p is.
    let (p, two) = (number(2048), vec![0, 2, 2]);
    let mut y = p.clone();
    *y.last_mut().unwrap() -= 1;
    let octets = [p, two.clone(), two, y].concat();
    let dsa = PublicParams::DSA(DsaPublicParams::try_from_reader(octets.as_slice()).unwrap());
    assert!(!key_is_strong(&dsa) && key_is_known(&dsa));
    let elgamal = ElgamalPublicParams::try_from_reader(octets.as_slice(), true).unwrap();
    let elgamal = PublicParams::Elgamal(elgamal);
    let unknown = PublicParams::Unknown { data: Bytes::new() };
    for params in [elgamal, unknown] {
        assert!(!key_is_strong(&params) && !key_is_known(&params), "{params:?}");
    }
}
