//! The floor: which algorithms count. Case G04.

use pgp::crypto::hash::HashAlgorithm;
use pgp::ser::Serialize as _;
use pgp::types::{EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, PublicParams};

/// The fewest bits of an RSA modulus.
const RSA_BITS: u16 = 2048;

/// SHA-256, SHA-384 or SHA-512.
pub(crate) fn hash_is_sound(hash: HashAlgorithm) -> bool {
    matches!(hash, HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512)
}

/// Whether signatures of such a key can be verified at all, strong or not.
pub(crate) fn key_is_known(params: &PublicParams) -> bool {
    let ours = matches!(params, PublicParams::RSA(_) | PublicParams::DSA(_));
    ours || key_is_strong(params)
}

/// Ed25519, Ed448, X25519, X448, ECDSA and ECDH over a NIST curve of 256 bits or more, RSA of
/// 2048 bits or more.
pub(crate) fn key_is_strong(params: &PublicParams) -> bool {
    match params {
        PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::X25519(_)
        | PublicParams::X448(_)
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. }
            | EcdsaPublicParams::P384 { .. }
            | EcdsaPublicParams::P521 { .. },
        )
        | PublicParams::ECDH(
            EcdhPublicParams::Curve25519Legacy { .. }
            | EcdhPublicParams::P256 { .. }
            | EcdhPublicParams::P384 { .. }
            | EcdhPublicParams::P521 { .. },
        ) => true,
        PublicParams::RSA(rsa) => {
            let mut octets = Vec::new();
            // A multiprecision integer begins with its length in bits. RFC 9580 §3.2.
            let bits = rsa.to_writer(&mut octets).ok();
            let bits = bits.and_then(|()| octets.first_chunk());
            bits.is_some_and(|bits| u16::from_be_bytes(*bits) >= RSA_BITS)
        }
        _ => false,
    }
}
