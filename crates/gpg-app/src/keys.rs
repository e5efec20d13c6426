//! Keys, as GnuPG lists them to programs (`--with-colons`, GnuPG's `doc/DETAILS`).

use crate::fault;
use crate::run::{Job, Program, common};
use sma::{AlgorithmId, Error, Fingerprint, Key, KeyFacts, KeyValidity};
use std::ffi::OsString;
use std::path::Path;

/// The longest listing, in bytes: some thousand keys.
const MAX_LISTING: usize = 4 * 1024 * 1024;

/// RSA of fewer bits is below the floor.
const RSA_BITS: u32 = 2048;

/// A primary key or a subkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    /// Its own fingerprint.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// What keeps it from being used at all.
    pub(crate) validity: KeyValidity,
    /// Whether its algorithm and size meet the floor.
    pub(crate) strong: bool,
    /// Whether it may sign.
    pub(crate) signs: bool,
    /// Whether it may be encrypted to.
    pub(crate) encrypts: bool,
    /// Its algorithm, where the listing names one.
    algorithm: Option<AlgorithmId>,
    /// Whether its private part can be used here.
    secret: bool,
    /// Whether its private part is on a token.
    hardware: bool,
    /// When it ends, Unix seconds, where it does.
    expires: Option<u64>,
}

/// A key with its subkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The primary key.
    pub(crate) primary: Component,
    /// The subkeys.
    subkeys: Vec<Component>,
    /// User ids that are valid and hold no control character.
    user_ids: Vec<String>,
}

impl Listed {
    /// The component with this fingerprint.
    pub(crate) fn component(&self, fingerprint: &Fingerprint) -> Option<&Component> {
        self.components().find(|it| it.fingerprint.as_ref() == Some(fingerprint))
    }

    /// The primary key and the subkeys.
    pub(crate) fn components(&self) -> impl Iterator<Item = &Component> {
        std::iter::once(&self.primary).chain(&self.subkeys)
    }

    /// The key in SMA's words.
    pub(crate) fn key(&self) -> Option<Key> {
        Some(Key {
            fingerprint: self.primary.fingerprint.clone()?,
            user_ids: self.user_ids.clone(),
            secret: self.components().any(|component| component.secret),
            facts: self.facts(),
            // GnuPG would check every signature of the keyring.
            certified_by: Vec::new(),
        })
    }

    /// GnuPG signs with, and encrypts to, the last subkey that it can use.
    fn facts(&self) -> KeyFacts {
        let usable = |it: &&Component| {
            let primary = self.primary.validity == KeyValidity::Valid;
            primary && it.validity == KeyValidity::Valid
        };
        let usable = || self.components().filter(usable);
        KeyFacts {
            signs: usable().filter(|it| it.signs).last().and_then(|it| it.algorithm),
            encrypts: usable().filter(|it| it.encrypts).last().and_then(|it| it.algorithm),
            hardware: self.components().any(|it| it.hardware),
            expires: self.end(|it| it.signs).into_iter().chain(self.end(|it| it.encrypts)).min(),
            revoked: self.primary.validity == KeyValidity::Revoked,
        }
    }

    /// When the last component ends that may do something; `None`: never, or none may.
    fn end(&self, may: fn(&Component) -> bool) -> Option<u64> {
        let dead = |it: &Component| {
            matches!(it.validity, KeyValidity::Revoked | KeyValidity::NotForSigning)
        };
        // A subkey ends with its primary key.
        let end = |it: &Component| match (it.expires, self.primary.expires) {
            (Some(own), Some(primary)) => Some(own.min(primary)),
            (own, primary) => own.or(primary),
        };
        let usable = self.components().filter(|it| may(it) && !dead(it));
        let ends: Option<Vec<u64>> = usable.map(end).collect();
        ends?.into_iter().max()
    }
}

/// Which keys to list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those whose private part is here.
    Secret,
    /// All.
    Public,
}

/// The listed keys of the user.
///
/// # Errors
/// What [`fault::of`] finds.
pub(crate) async fn list(program: &Program, which: Which) -> Result<Vec<Listed>, Error> {
    listing(program, which, &[], None).await
}

/// The user's key with this primary fingerprint.
///
/// # Errors
/// [`Error::NoSuchKey`], and what [`fault::of`] finds.
pub(crate) async fn find(
    program: &Program, which: Which, wanted: &Fingerprint,
) -> Result<Listed, Error> {
    only(listing(program, which, &[], Some(wanted)).await?, wanted)
}

/// The key with this primary fingerprint in a keyring of its own.
///
/// # Errors
/// As [`find`].
pub(crate) async fn in_keyring(
    program: &Program, keyring: &Path, wanted: &Fingerprint,
) -> Result<Listed, Error> {
    let place: [OsString; 3] =
        ["--no-default-keyring".into(), "--keyring".into(), keyring.as_os_str().to_owned()];
    let listed = listing(program, Which::Public, &place, None).await?;
    match listed.len() {
        1 => only(listed, wanted),
        _ => Err(Error::NoSuchKey),
    }
}

fn only(listed: Vec<Listed>, wanted: &Fingerprint) -> Result<Listed, Error> {
    let mut found =
        listed.into_iter().filter(|key| key.primary.fingerprint.as_ref() == Some(wanted));
    found.next().ok_or(Error::NoSuchKey)
}

async fn listing(
    program: &Program, which: Which, place: &[OsString], wanted: Option<&Fingerprint>,
) -> Result<Vec<Listed>, Error> {
    let mut arguments = common();
    arguments.extend(place.iter().cloned());
    let plain = ["--trust-model", "always", "--no-auto-check-trustdb", "--with-colons"];
    arguments.extend(plain.map(OsString::from));
    arguments.push(match which {
        Which::Secret => "--list-secret-keys".into(),
        Which::Public => "--list-keys".into(),
    });
    arguments.extend(wanted.map(|it| it.as_str().into()));
    let ran = program.run(Job { arguments, input: b"", room: MAX_LISTING }).await;
    let ran = ran.map_err(|error| if error == Error::TooLarge { Error::Failed } else { error })?;
    if !ran.success {
        return Err(fault::of("list keys", &ran, Error::Failed));
    }
    parse(&ran.out)
}

/// Reads a listing.
///
/// # Errors
/// [`Error::Protocol`].
fn parse(octets: &[u8]) -> Result<Vec<Listed>, Error> {
    let mut keys: Vec<Listed> = Vec::new();
    for line in String::from_utf8_lossy(octets).lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number).copied().unwrap_or_default();
        let kind = field(0);
        match (kind, keys.last_mut()) {
            ("pub" | "sec", _) => keys.push(Listed {
                primary: component(kind == "sec", &field),
                subkeys: Vec::new(),
                user_ids: Vec::new(),
            }),
            ("sub" | "ssb", Some(key)) => key.subkeys.push(component(kind == "ssb", &field)),
            ("fpr", Some(key)) => {
                let last = key.subkeys.last_mut().unwrap_or(&mut key.primary);
                last.fingerprint = Fingerprint::parse(field(9));
            }
            ("uid", Some(key)) if !matches!(field(1), "r" | "e" | "i") => {
                key.user_ids.extend(user_id(field(9)));
            }
            ("sub" | "ssb" | "fpr", None) => return Err(Error::Protocol),
            _ => {}
        }
    }
    Ok(keys)
}

fn component<'a>(secret: bool, field: &impl Fn(usize) -> &'a str) -> Component {
    let may = field(11);
    Component {
        fingerprint: None,
        validity: match field(1) {
            "r" => KeyValidity::Revoked,
            "e" => KeyValidity::Expired,
            "i" | "d" | "n" => KeyValidity::NotForSigning,
            _ if may.contains('D') => KeyValidity::NotForSigning,
            _ => KeyValidity::Valid,
        },
        strong: strong(field(3), field(2), field(16)),
        signs: may.contains('s'),
        encrypts: may.contains('e'),
        algorithm: field(3).parse().ok().map(AlgorithmId),
        // `+`: here; a serial number: on a token; `#`: elsewhere.
        secret: secret && field(14) != "#",
        hardware: secret && !matches!(field(14), "" | "+" | "#"),
        expires: field(6).parse().ok().filter(|end| *end != 0),
    }
}

/// The floor: Ed25519, Ed448, ECDSA and ECDH ≥ P-256, X25519, RSA ≥ 2048. RFC 9580 §9.1.
fn strong(algorithm: &str, bits: &str, curve: &str) -> bool {
    match algorithm {
        "1" | "2" | "3" => bits.parse().is_ok_and(|bits: u32| bits >= RSA_BITS),
        "18" => matches!(curve, "cv25519" | "nistp256" | "nistp384" | "nistp521"),
        "19" => matches!(curve, "nistp256" | "nistp384" | "nistp521"),
        "22" => matches!(curve, "ed25519" | "ed448"),
        _ => false,
    }
}

/// A user id without its escapes, `\x3a` and the like; `None` where it is no plain text.
fn user_id(field: &str) -> Option<String> {
    let mut pieces = field.split("\\x");
    let mut octets = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        octets.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        octets.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    let text = String::from_utf8(octets).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
tru::1:1796019164:0:3:1:5
sec:u:255:22:3A72BB36EEEA4DBD:1796019164:::u:::scESC:::+::ed25519:::0:
fpr:::::::::F0304E48723F6ACDADF3C5293A72BB36EEEA4DBD:
uid:u::::1796019164::FEAB::sip\\x3abob@callee.example::::::::::0:
uid:r::::1796019164::FEAB::sip\\x3aold@callee.example::::::::::0:
uid:u::::1796019164::FEAB::a\\x0ab::::::::::0:
ssb:e:1024:1:E1BED3CFFCD8738A:1796019164::::::e:::#:::
fpr:::::::::641CAAF0438ABADBFA66E23BE1BED3CFFCD8738A:
";

    #[test]
    fn a_listing_is_read() {
        let keys = parse(LISTING.as_bytes()).unwrap();
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        assert_eq!(key.user_ids, ["sip:bob@callee.example"]);
        let known = key.key().unwrap();
        assert_eq!(known.fingerprint.as_str(), "f0304e48723f6acdadf3c5293a72bb36eeea4dbd");
        assert!(known.secret && key.primary.strong && key.primary.signs && !key.primary.encrypts);
        let [subkey] = key.subkeys.as_slice() else { panic!("{key:?}") };
        assert_eq!(subkey.validity, KeyValidity::Expired);
        assert!(subkey.encrypts && !subkey.signs && !subkey.strong && !subkey.secret);
    }

    #[test]
    fn a_private_part_elsewhere_is_not_ours_and_one_on_a_token_is() {
        let token = "D2760001240103040006";
        for (place, ours, hardware) in
            [("#", false, false), ("+", true, false), (token, true, true)]
        {
            let listing = LISTING.replace("scESC:::+", &format!("scESC:::{place}"));
            let key = parse(listing.as_bytes()).unwrap()[0].key().unwrap();
            assert_eq!((key.secret, key.facts.hardware), (ours, hardware), "{place}");
            assert_eq!((key.facts.signs, key.facts.encrypts), (Some(AlgorithmId(22)), None));
        }
        // The subkey, had it not expired.
        let listing = LISTING.replace("ssb:e:", "ssb:u:");
        let facts = parse(listing.as_bytes()).unwrap()[0].key().unwrap().facts;
        assert_eq!(facts.encrypts, Some(AlgorithmId(1)));
    }

    #[test]
    fn a_key_ends_with_the_first_thing_that_it_does() {
        let of = |primary: &str, subkey: &str| {
            let listing =
                LISTING.replacen("1796019164:::u", &format!("1796019164:{primary}::u"), 1);
            let listing =
                listing.replacen("1796019164::::::e", &format!("1796019164:{subkey}:::::e"), 1);
            parse(listing.as_bytes()).unwrap()[0].key().unwrap().facts
        };
        for (primary, subkey, end) in [
            ("", "", None),
            ("1800000000", "", Some(1_800_000_000)),
            ("", "1700000000", Some(1_700_000_000)),
            ("1800000000", "1900000000", Some(1_800_000_000)),
            ("1800000000", "1700000000", Some(1_700_000_000)),
        ] {
            assert_eq!(of(primary, subkey).expires, end, "{primary} {subkey}");
        }
        assert!(!of("", "").revoked);
        let revoked = parse(LISTING.replace("sec:u:", "sec:r:").as_bytes()).unwrap();
        assert!(revoked[0].key().unwrap().facts.revoked);
    }

    #[test]
    fn the_floor_is_by_algorithm_size_and_curve() {
        for (algorithm, bits, curve) in [
            ("1", "2048", ""),
            ("22", "255", "ed25519"),
            ("19", "256", "nistp256"),
            ("18", "255", "cv25519"),
        ] {
            assert!(strong(algorithm, bits, curve), "{algorithm} {bits} {curve}");
        }
        for (algorithm, bits, curve) in [
            ("1", "2047", ""),
            ("17", "3072", ""),
            ("16", "4096", ""),
            ("19", "256", "brainpoolP256r1"),
            ("1", "", ""),
        ] {
            assert!(!strong(algorithm, bits, curve), "{algorithm} {bits} {curve}");
        }
    }
}
