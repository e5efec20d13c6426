//! `a=fingerprint`: which certificate a peer will show. RFC 8122 §5.

use crate::secret::same;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::fmt;

/// Fingerprints that are read of a line.
const MOST: usize = 8;

/// The hash functions that are believed, the weakest first: MD5, SHA-1 and SHA-224 are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    /// RFC 4572 §5 has names in any case.
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(name))
    }

    fn of(self, certificate: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(certificate).to_vec(),
            Self::Sha384 => Sha384::digest(certificate).to_vec(),
            Self::Sha512 => Sha512::digest(certificate).to_vec(),
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// The fingerprint of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    hash: Hash,
    octets: Vec<u8>,
}

impl Fingerprint {
    /// That of a certificate of ours, in DER.
    pub(super) fn of(certificate: &[u8]) -> Self {
        Self { hash: Hash::Sha256, octets: Hash::Sha256.of(certificate) }
    }

    /// Reads an attribute's value; `None` for a hash that is not believed, and for what is none.
    fn parse(value: &str) -> Option<Self> {
        let (name, digits) = value.trim().split_once(' ')?;
        let hash = Hash::parse(name)?;
        let octet = |pair: &str| match pair.as_bytes() {
            [high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                u8::from_str_radix(pair, 16).ok()
            }
            _ => None,
        };
        let octets: Vec<u8> = digits.trim().split(':').map(octet).collect::<Option<_>>()?;
        (octets.len() == hash.length()).then_some(Self { hash, octets })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.name())?;
        for (place, octet) in self.octets.iter().enumerate() {
            let before = if place == 0 { ' ' } else { ':' };
            write!(f, "{before}{octet:02X}")?;
        }
        Ok(())
    }
}

/// What a peer says of its certificate: at least one that is believed, in no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprints(Vec<Fingerprint>);

impl Fingerprints {
    /// Reads the values of a line; `None` where none is left that can be believed.
    pub(super) fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut read: Vec<_> = values.take(MOST).filter_map(Fingerprint::parse).collect();
        read.sort();
        read.dedup();
        (!read.is_empty()).then_some(Self(read))
    }

    /// Whether they name a certificate, in DER: one of those with the strongest hash must.
    pub(super) fn name(&self, certificate: &[u8]) -> bool {
        let Some(strongest) = self.0.iter().map(|print| print.hash).max() else { return false };
        let shown = strongest.of(certificate);
        let mut usable = self.0.iter().filter(|print| print.hash == strongest);
        usable.any(|print| same(&print.octets, &shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[String]) -> Option<Fingerprints> {
        Fingerprints::parse(values.iter().map(String::as_str))
    }

    fn said(hash: Hash, certificate: &[u8]) -> String {
        Fingerprint { hash, octets: hash.of(certificate) }.to_string()
    }

    #[test]
    fn a_fingerprint_names_its_certificate_alone() {
        for hash in Hash::ALL {
            let text = said(hash, b"certificate");
            for spelled in [text.clone(), text.to_lowercase(), text.to_uppercase()] {
                let read = read(&[spelled]).unwrap();
                assert!(read.name(b"certificate") && !read.name(b"certificatf"), "{text}");
            }
        }
    }

    /// M07: MD5 and SHA-1 can be forged.
    #[test]
    fn m07_weak_hashes_and_what_is_no_fingerprint_are_not_believed() {
        let good = said(Hash::Sha256, b"certificate");
        let sha1 = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";
        for bad in [
            sha1.to_owned(),
            "md5 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B".to_owned(),
            good.replace("sha-256", "sha-512"),
            good.replace(':', ""),
            good[..good.len() - 3].to_owned(),
            good.replace("sha-256 ", "sha-256 +"),
            format!("{good}:00"),
            String::new(),
            "sha-256".to_owned(),
        ] {
            assert_eq!(read(std::slice::from_ref(&bad)), None, "{bad}");
        }
        assert!(read(&[sha1.to_owned(), good]).unwrap().name(b"certificate"));
    }

    /// RFC 8122 §5: of several the most preferred hash counts, and there may be several of that.
    #[test]
    fn the_strongest_hash_counts() {
        let (ours, other) = (b"certificate".as_slice(), b"another".as_slice());
        let both = [said(Hash::Sha256, ours), said(Hash::Sha512, other)];
        let read = |values: &[String]| read(values).unwrap();
        assert!(!read(&both).name(ours) && read(&both).name(other));
        let two = [said(Hash::Sha256, ours), said(Hash::Sha256, other)];
        assert!(read(&two).name(ours) && read(&two).name(other));
        let reversed = [two[1].clone(), two[0].clone(), two[0].clone()];
        assert_eq!(read(&two), read(&reversed), "their order says nothing");
    }
}
