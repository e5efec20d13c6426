//! What is the matter with a certificate that is not taken.

use crate::HashId;
use std::fmt;

/// Why a public key cannot be used at all, and so is not imported.
///
/// Its `Display` says what was found, what was expected, and what to do. An application finds the
/// first that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFault {
    /// It is a secret key.
    Secret,
    /// It has no user id that was signed.
    NoUserId,
    /// Its primary key is of an algorithm that cannot be verified here, by its OpenPGP id.
    /// RFC 9580 §9.1.
    Algorithm(u8),
    /// Its self-signatures hold, over a hash that does not count.
    WeakHash(HashId),
    /// Its owner has revoked every user id.
    Revoked,
    /// No self-signature holds over a user id.
    Unbound,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::Secret => {
                "a secret key, expected a public one: keep this file to yourself, and export the \
                 public key alone"
            }
            Self::NoUserId => {
                "the key has no signed user id, expected one at least: key servers may leave it \
                 out, so ask its owner for the key"
            }
            Self::Algorithm(id) => {
                let found = algorithm(id);
                return write!(
                    f,
                    "the primary key is {found}, expected Ed25519, Ed448, ECDSA over P-256, P-384 \
                     or P-521, or RSA: its owner needs another key"
                );
            }
            Self::WeakHash(hash) => {
                let found = hash_name(hash);
                return write!(
                    f,
                    "the key is signed by itself over {found}, expected SHA-256, SHA-384 or \
                     SHA-512: its owner has to sign it anew"
                );
            }
            Self::Revoked => {
                "every user id of the key is revoked, expected one that is not: ask its owner for \
                 the present key"
            }
            Self::Unbound => {
                "no user id of the key is signed by it, expected one at least: the file was \
                 changed or cut, so get it anew"
            }
        };
        f.write_str(text)
    }
}

/// The name of a public-key algorithm that is not accepted. RFC 9580 §9.1.
const fn algorithm(id: u8) -> &'static str {
    match id {
        16 | 20 => "of ElGamal",
        17 => "of DSA",
        18 | 19 | 22 => "over another elliptic curve (Brainpool, for example)",
        _ => "of an algorithm that is not known here",
    }
}

/// The name of a hash that does not count. RFC 9580 §9.5.
const fn hash_name(hash: HashId) -> &'static str {
    match hash.0 {
        1 => "MD5",
        2 => "SHA-1",
        3 => "RIPEMD-160",
        11 => "SHA-224",
        12 | 14 => "SHA-3",
        _ => "a hash that is not known here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn each_says_what_was_found_what_was_expected_and_what_to_do() {
        let faults = [
            KeyFault::Secret,
            KeyFault::NoUserId,
            KeyFault::Algorithm(19),
            KeyFault::WeakHash(HashId(2)),
            KeyFault::Revoked,
            KeyFault::Unbound,
        ];
        let texts = faults.map(|fault| Error::Key(fault).to_string());
        for (number, text) in texts.iter().enumerate() {
            assert!(text.contains(", expected ") && text.contains(": "), "{text}");
            assert!(!texts[..number].contains(text), "{text}: twice");
        }
    }

    #[test]
    fn algorithms_and_hashes_are_named() {
        let text = |fault: KeyFault| fault.to_string();
        assert!(text(KeyFault::Algorithm(17)).starts_with("the primary key is of DSA, "));
        for (id, name) in [(1, "MD5"), (2, "SHA-1"), (3, "RIPEMD-160"), (11, "SHA-224")] {
            assert!(text(KeyFault::WeakHash(HashId(id))).contains(&format!("over {name}, ")));
        }
    }
}
