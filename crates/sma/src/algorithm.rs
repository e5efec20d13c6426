//! Public-key algorithms, and what kind of key one is.

use std::fmt;

/// A public-key algorithm by its OpenPGP id. RFC 9580 §9.1, RFC 9980.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AlgorithmId(pub u8);

impl AlgorithmId {
    /// Whether it holds against a quantum computer, as far as is known: ML-KEM, ML-DSA and
    /// SLH-DSA.
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.0, 30..=36)
    }
}

impl fmt::Display for AlgorithmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            1..=3 => "RSA",
            16 | 20 => "ElGamal",
            17 => "DSA",
            18 => "ECDH",
            19 => "ECDSA",
            22 => "EdDSA",
            25 => "X25519",
            26 => "X448",
            27 => "Ed25519",
            28 => "Ed448",
            30 => "ML-DSA-65+Ed25519",
            31 => "ML-DSA-87+Ed448",
            32..=34 => "SLH-DSA",
            35 => "ML-KEM-768+X25519",
            36 => "ML-KEM-1024+X448",
            id => return write!(f, "algorithm {id}"),
        })
    }
}

/// What kind of key one is: for its user to see. What a signature or a message is worth, a
/// [`Report`](crate::Report) says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// What it signs with; `None` where it cannot sign now.
    pub signs: Option<AlgorithmId>,
    /// What is encrypted to; `None` where nothing can be encrypted to it now.
    pub encrypts: Option<AlgorithmId>,
    /// Whether a private part of it is on a hardware token.
    pub hardware: bool,
    /// When it stops to sign or to be encrypted to, whichever comes first, in Unix seconds; `None`:
    /// never. RFC 9580 §5.2.3.13.
    pub expires: Option<u64>,
    /// Whether its owner has revoked it. RFC 9580 §5.2.1.11.
    pub revoked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_have_names_and_some_outlast_quantum_computers() {
        let of = |id| (AlgorithmId(id).to_string(), AlgorithmId(id).is_post_quantum());
        assert_eq!(of(22), ("EdDSA".into(), false));
        assert_eq!(of(29), ("algorithm 29".into(), false));
        assert_eq!(of(30), ("ML-DSA-65+Ed25519".into(), true));
        assert_eq!(of(35), ("ML-KEM-768+X25519".into(), true));
        assert_eq!(of(37), ("algorithm 37".into(), false));
    }
}
