//! The scheme's header fields: RFC 2543 §15.1, with commas written and semicolons accepted.

use super::{MAX_SIGNATURE, SCHEME};
use crate::cs1::Parameters;
use crate::params::{Writer, plain};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sip_syntax::Text;
use sip_syntax::auth::{Malformed, Separator, of_scheme, values};
use sma::Fingerprint;
use std::borrow::Cow;

/// The canonical form and the version that are spoken here.
const C14N: &[u8] = b"cs1";
const VERSION: &[u8] = b"5.0";

/// A challenge that can be answered: of this version, algorithm and canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge<'a> {
    pub(crate) realm: Cow<'a, [u8]>,
    pub(crate) nonce: Cow<'a, [u8]>,
}

/// The value of a challenge.
pub(crate) fn challenge_value(realm: &str, nonce: &[u8]) -> Vec<u8> {
    let mut value = Writer::of_scheme(SCHEME, 160);
    value
        .quoted("realm", Text::plain(realm.as_bytes()))
        .quoted("version", Text::plain(VERSION))
        .token("algorithm", b"sha256")
        .quoted("c14n", Text::plain(C14N))
        .quoted("nonce", Text::plain(nonce));
    value.finish()
}

impl<'a> Challenge<'a> {
    /// Reads a field's value; `None` for another scheme, version, algorithm or canonical form.
    ///
    /// # Errors
    /// [`Malformed`]: such a challenge is ignored.
    pub(crate) fn parse(value: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let Some(list) = of_scheme(value, SCHEME) else { return Ok(None) };
        let raw = Raw::read(list)?;
        let spoken = raw.is_spoken() && raw.algorithm.is_some_and(|a| a.is_word("sha256"));
        if !spoken {
            return Ok(None);
        }
        let nonce = value_of(raw.nonce)?;
        if !is_nonce(&nonce) {
            return Err(Malformed);
        }
        Ok(Some(Self { realm: value_of(raw.realm)?, nonce }))
    }
}

/// What a peer may make us sign: its nonce is no text of its choice. G26.
fn is_nonce(nonce: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"_+/=-".contains(b);
    (16..=128).contains(&nonce.len()) && nonce.iter().all(allowed)
}

/// `Authorization: PGP …` or `PGP-Signature: PGP …`.
#[derive(Clone, Debug)]
pub(crate) struct Credentials<'a> {
    pub(crate) realm: Cow<'a, [u8]>,
    pub(crate) nonce: Cow<'a, [u8]>,
    pub(crate) uri: Cow<'a, [u8]>,
    pub(crate) contact: Cow<'a, [u8]>,
    pub(crate) signer: Fingerprint,
    /// One OpenPGP packet, not looked into yet.
    pub(crate) signature: Vec<u8>,
    /// What it is over.
    pub(crate) form: Form<'a>,
}

/// The canonical form of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// Ours ([`crate::cs1`]).
    Cs1,
    /// That of RFC 2543 (`rfc2543`), which hangs on where the field stands that has this value.
    Rfc2543 {
        /// The Authorization.
        field: &'a [u8],
    },
}

impl<'a> Credentials<'a> {
    /// Reads a field's value; `None` for another scheme.
    ///
    /// # Errors
    /// [`Malformed`], also for another canonical form or a signature over the limit.
    pub(crate) fn parse(value: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let Some(list) = of_scheme(value, SCHEME) else { return Ok(None) };
        let raw = Raw::read(list)?;
        if !raw.is_spoken() {
            return Err(Malformed);
        }
        let signer = value_of(raw.signer)?;
        let signer = std::str::from_utf8(&signer).map_err(|_| Malformed)?;
        let fingerprint = Fingerprint::parse(signer).ok_or(Malformed)?;
        // CS1 has the fingerprint in lower case; what is signed is what stands there.
        if fingerprint.as_str() != signer {
            return Err(Malformed);
        }
        let signature = value_of(raw.signature)?;
        if signature.len() > MAX_SIGNATURE * 4 / 3 + 4 {
            return Err(Malformed);
        }
        Ok(Some(Self {
            realm: value_of(raw.realm)?,
            nonce: value_of(raw.nonce)?,
            uri: value_of(raw.uri)?,
            contact: raw.contact.map_or(Cow::Borrowed(b""), plain),
            signer: fingerprint,
            signature: STANDARD.decode(signature).map_err(|_| Malformed)?,
            form: Form::Cs1,
        }))
    }

    /// The parameters that are signed.
    pub(crate) fn parameters(&self) -> Parameters<'_> {
        Parameters {
            realm: &self.realm,
            nonce: &self.nonce,
            uri: &self.uri,
            contact: &self.contact,
            signer: &self.signer,
        }
    }
}

/// What a signed message's field says, before there is a signature.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) realm: Vec<u8>,
    pub(crate) nonce: Vec<u8>,
    pub(crate) uri: Vec<u8>,
    pub(crate) contact: Vec<u8>,
    pub(crate) signer: Fingerprint,
}

impl Signed {
    /// The parameters that are signed.
    pub(crate) fn parameters(&self) -> Parameters<'_> {
        Parameters {
            realm: &self.realm,
            nonce: &self.nonce,
            uri: &self.uri,
            contact: &self.contact,
            signer: &self.signer,
        }
    }

    /// The field's value with its signature.
    pub(crate) fn value(&self, signature: &[u8]) -> Vec<u8> {
        let mut value = Writer::of_scheme(SCHEME, 320 + signature.len() * 4 / 3);
        value
            .quoted("realm", Text::plain(&self.realm))
            .quoted("version", Text::plain(VERSION))
            .quoted("nonce", Text::plain(&self.nonce))
            .quoted("c14n", Text::plain(C14N))
            .quoted("uri", Text::plain(&self.uri))
            .quoted("contact", Text::plain(&self.contact))
            .quoted("signer", Text::plain(self.signer.as_str().as_bytes()))
            .quoted("signature", Text::plain(STANDARD.encode(signature).as_bytes()));
        value.finish()
    }
}

/// The parameters that are read, in the order of [`Raw::read`].
const NAMES: [&str; 9] =
    ["realm", "version", "algorithm", "c14n", "nonce", "uri", "contact", "signer", "signature"];

struct Raw<'a> {
    realm: Option<Text<'a>>,
    version: Option<Text<'a>>,
    algorithm: Option<Text<'a>>,
    c14n: Option<Text<'a>>,
    nonce: Option<Text<'a>>,
    uri: Option<Text<'a>>,
    contact: Option<Text<'a>>,
    signer: Option<Text<'a>>,
    signature: Option<Text<'a>>,
}

impl<'a> Raw<'a> {
    fn read(list: &'a [u8]) -> Result<Self, Malformed> {
        let [realm, version, algorithm, c14n, nonce, uri, contact, signer, signature] =
            values(list, Separator::CommaOrSemicolon, &NAMES)?;
        Ok(Self { realm, version, algorithm, c14n, nonce, uri, contact, signer, signature })
    }

    /// Whether version and canonical form are those that are spoken here.
    fn is_spoken(&self) -> bool {
        self.version == Some(Text::plain(VERSION)) && self.c14n == Some(Text::plain(C14N))
    }
}

/// A value that must be there: what it stands for, and so what is signed.
fn value_of(value: Option<Text<'_>>) -> Result<Cow<'_, [u8]>, Malformed> {
    value.filter(|value| !value.is_empty()).map(plain).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P";

    fn signed() -> Signed {
        Signed {
            realm: b"bob.example.org".to_vec(),
            nonce: NONCE.into(),
            uri: b"sip:bob@example.org".to_vec(),
            contact: b"sip:alice@192.0.2.1:5060".to_vec(),
            signer: Fingerprint::parse(&"0".repeat(40)).unwrap(),
        }
    }

    #[test]
    fn a_challenge_reads_back() {
        let value = challenge_value("bob.example.org", NONCE.as_bytes());
        let read = Challenge::parse(&value).unwrap().unwrap();
        assert_eq!((&*read.realm, &*read.nonce), (&b"bob.example.org"[..], NONCE.as_bytes()));
    }

    #[test]
    fn a_challenge_in_rfc_2543_form_is_not_ours() {
        let old = b"PGP version=\"5.0\";realm=\"Your Startrek identity, please\";algorithm=md5;nonce=\"913082051\"";
        assert_eq!(Challenge::parse(old), Ok(None));
        assert_eq!(Challenge::parse(b"Digest realm=\"x\""), Ok(None));
    }

    #[test]
    fn a_challenge_of_another_version_form_or_algorithm_is_not_answered() {
        let ours = challenge_value("bob.example.org", NONCE.as_bytes());
        let ours = String::from_utf8(ours).unwrap();
        for (word, other) in [("5.0", "2.6"), ("cs1", "cs2"), ("sha256", "md5")] {
            let other = ours.replacen(word, other, 1);
            assert_eq!(Challenge::parse(other.as_bytes()), Ok(None), "{other}");
        }
    }

    #[test]
    fn g26_a_nonce_of_the_attackers_words_is_not_signed() {
        for nonce in ["short", "I owe Mallory a lot of money", &"A".repeat(129)] {
            let value = challenge_value("bob.example.org", nonce.as_bytes());
            assert_eq!(Challenge::parse(&value), Err(Malformed), "{nonce}");
        }
    }

    #[test]
    fn credentials_read_back_with_commas_and_semicolons() {
        let value = signed().value(b"signature");
        let with_semicolons: Vec<u8> =
            value.iter().map(|b| if *b == b',' { b';' } else { *b }).collect();
        for value in [value, with_semicolons] {
            let read = Credentials::parse(&value).unwrap().unwrap();
            assert_eq!(read.signature, b"signature");
            assert_eq!(&*read.uri, b"sip:bob@example.org");
            assert_eq!(read.signer, signed().signer);
        }
    }

    #[test]
    fn values_that_must_be_escaped_read_back() {
        let realm = r#"the "lab" of CORP\bob"#;
        let value = challenge_value(realm, NONCE.as_bytes());
        let read = Challenge::parse(&value).unwrap().unwrap();
        assert_eq!(&*read.realm, realm.as_bytes());

        let contact = br#"sip:"al\ice"@192.0.2.1"#.to_vec();
        let signed = Signed { realm: realm.into(), contact: contact.clone(), ..signed() };
        let value = signed.value(b"signature");
        let read = Credentials::parse(&value).unwrap().unwrap();
        assert_eq!((&*read.realm, &*read.contact), (realm.as_bytes(), &*contact));
        assert_eq!(read.parameters().realm, realm.as_bytes(), "what is signed");
        assert_eq!(read.parameters().contact, contact, "what is signed");
    }

    #[test]
    fn credentials_that_could_be_read_in_two_ways_are_malformed() {
        let good = String::from_utf8(signed().value(b"signature")).unwrap();
        for (from, to) in [
            ("c14n=\"cs1\"", "c14n=\"cs2\""),
            ("version=\"5.0\"", "version=\"2.6.2\""),
            ("signer=\"0000", "signer=\"00"),
            ("signer=\"0", "signer=\"A"),
            ("realm=", "nonce=\"x\", realm="),
            ("signature=\"", "signature=\"*"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert_eq!(Credentials::parse(bad.as_bytes()).err(), Some(Malformed), "{bad}");
        }
    }

    #[test]
    fn g07_a_signature_over_the_limit_is_refused() {
        for (octets, is_read) in [(MAX_SIGNATURE, true), (MAX_SIGNATURE + 3, false)] {
            let value = signed().value(&vec![0; octets]);
            assert_eq!(Credentials::parse(&value).is_ok(), is_read, "{octets}");
        }
    }
}
