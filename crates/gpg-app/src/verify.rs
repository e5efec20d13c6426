//! The facts about a signature. It is good only where every condition holds.

use crate::fault;
use crate::files::Folder;
use crate::keys::{self, Listed};
use crate::packet::one_signature;
use crate::run::{Job, Program, Ran, common};
use crate::sign::is_name;
use crate::status::{Status, unescaped};
use sha2::{Digest as _, Sha256};
use sma::{Error, Fingerprint, HashId, KeyValidity, Notation, Report, ToVerify};
use std::ffi::OsString;
use std::path::Path;

/// The largest key that is exported, in bytes.
const MAX_KEY: usize = 256 * 1024;

/// Of these lines a signature that holds has one: of a key that is valid, expired or revoked.
const HOLDS: [&str; 3] = ["GOODSIG", "EXPKEYSIG", "REVKEYSIG"];

/// A signature that holds has none of these lines.
const NEVER: &[&str] =
    &["BADSIG", "ERRSIG", "EXPSIG", "NODATA", "FAILURE", "NO_PUBKEY", "ERROR", "UNEXPECTED"];

/// Asks GnuPG, over a keyring that holds the signer's key alone.
///
/// # Errors
/// As [`sma::SecurityApplication::verify`].
pub(crate) async fn verify(program: &Program, question: &ToVerify) -> Result<Report, Error> {
    let folder = Folder::new()?;
    let keyring = folder.write("keyring", &export(program, &question.signer).await?)?;
    let key = keys::in_keyring(program, &keyring, &question.signer).await?;
    one_signature(&question.signature)?;
    let signature = folder.write("signature", &question.signature)?;
    let data = folder.write("data", &question.data)?;
    let arguments = arguments(&keyring, &question.known_notations, &signature, &data);
    let ran = program.run(Job { arguments, input: b"", room: 0 }).await?;
    // Nothing that could be checked: what it was given is no signature.
    if ran.status.has_any(&["NODATA"]) || !ran.status.has_any(&["NEWSIG"]) {
        return Err(fault::of("verify", &ran, Error::Malformed));
    }
    let report = report(&ran, &key, question)?;
    if !report.good {
        fault::say("verify", &ran.said);
    }
    Ok(report)
}

fn arguments(keyring: &Path, known: &[String], signature: &Path, data: &Path) -> Vec<OsString> {
    let mut arguments = common();
    arguments.extend(["--no-default-keyring", "--keyring"].map(OsString::from));
    arguments.push(keyring.into());
    let fixed = ["--trust-model", "always", "--no-auto-key-retrieve", "--disable-dirmngr"];
    arguments.extend(fixed.map(OsString::from));
    arguments.extend(["--weak-digest", "SHA1", "--weak-digest", "RIPEMD160"].map(OsString::from));
    for name in known.iter().filter(|name| is_name(name)) {
        arguments.extend(["--known-notation", name].map(OsString::from));
    }
    arguments.push("--verify".into());
    arguments.extend([signature, data].map(OsString::from));
    arguments
}

/// The public key with this fingerprint, binary.
///
/// # Errors
/// [`Error::NoSuchKey`], and what [`fault::of`] finds.
async fn export(program: &Program, fingerprint: &Fingerprint) -> Result<Vec<u8>, Error> {
    let mut arguments = common();
    let fixed = ["--export-options", "export-minimal", "--export", fingerprint.as_str()];
    arguments.extend(fixed.map(OsString::from));
    let ran = program.run(Job { arguments, input: b"", room: MAX_KEY }).await;
    let ran =
        ran.map_err(|error| if error == Error::TooLarge { Error::Unusable } else { error })?;
    match (ran.success, ran.out.is_empty()) {
        (true, true) => Err(Error::NoSuchKey),
        (true, false) => Ok(ran.out.to_vec()),
        (false, _) => Err(fault::of("export", &ran, Error::Failed)),
    }
}

/// What the line VALIDSIG tells.
struct Valid {
    issuer: Fingerprint,
    primary: Fingerprint,
    created: u64,
    expires: Option<u64>,
    hash: u8,
    class: u8,
}

impl Valid {
    /// Fingerprint, date, time, expiry, version, reserved, algorithm, hash, class, primary.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(' ').collect();
        let [issuer, _, created, expires, _, _, _, hash, class, primary] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            issuer: Fingerprint::parse(issuer)?,
            primary: Fingerprint::parse(primary)?,
            created: created.parse().ok()?,
            expires: Some(expires.parse().ok()?).filter(|expires| *expires != 0),
            hash: hash.parse().ok()?,
            class: u8::from_str_radix(class, 16).ok()?,
        })
    }
}

fn report(ran: &Ran, key: &Listed, question: &ToVerify) -> Result<Report, Error> {
    let status = &ran.status;
    let valid = status.only("VALIDSIG").and_then(Valid::parse);
    let good = ran.success && valid.as_ref().is_some_and(|it| holds(status, it, &question.signer));
    let issuer = valid.as_ref().and_then(|it| key.component(&it.issuer));
    Ok(Report {
        good,
        data_sha256: Sha256::digest(&question.data).into(),
        signatures: u32::try_from(status.all("NEWSIG").count()).unwrap_or(u32::MAX),
        primary: valid.as_ref().map_or_else(|| question.signer.clone(), |it| it.primary.clone()),
        hash: HashId(valid.as_ref().map_or(0, |it| it.hash)),
        class: valid.as_ref().map_or(u8::MAX, |it| it.class),
        created: valid.as_ref().map_or(0, |it| it.created),
        expires: valid.as_ref().and_then(|it| it.expires),
        key: validity(status, key, issuer),
        strong: key.primary.strong && issuer.is_some_and(|it| it.strong),
        notations: notations(status)?,
    })
}

/// Every condition but those that are the manager's own: the time, what the notation says, and
/// whether the key is valid.
fn holds(status: &Status, valid: &Valid, signer: &Fingerprint) -> bool {
    let by_issuer = |line: &str| {
        let id = line.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        id.len() >= 16 && valid.issuer.as_str().ends_with(&id)
    };
    let found: Vec<&str> = HOLDS.iter().flat_map(|keyword| status.all(keyword)).collect();
    status.only("NEWSIG").is_some()
        && matches!(found.as_slice(), [line] if by_issuer(line))
        && !status.has_any(NEVER)
        && matches!(valid.hash, 8..=10)
        && valid.class == 0
        && valid.primary == *signer
}

/// What is the matter with the signing key, by the status lines and by its own listing.
fn validity(status: &Status, key: &Listed, issuer: Option<&keys::Component>) -> KeyValidity {
    let found = [Some(key.primary.validity), issuer.map(|it| it.validity)];
    let is = |validity| found.contains(&Some(validity));
    if status.has_any(&["REVKEYSIG"]) || is(KeyValidity::Revoked) {
        KeyValidity::Revoked
    } else if status.has_any(&["EXPKEYSIG"]) || is(KeyValidity::Expired) {
        KeyValidity::Expired
    } else if issuer.is_none_or(|it| !it.signs) || is(KeyValidity::NotForSigning) {
        KeyValidity::NotForSigning
    } else {
        KeyValidity::Valid
    }
}

/// The notations: for each a NAME, where GnuPG tells it FLAGS, and its DATA in one line or several.
///
/// # Errors
/// [`Error::Protocol`] where they come in another order.
fn notations(status: &Status) -> Result<Vec<Notation>, Error> {
    let mut notations: Vec<Notation> = Vec::new();
    for (keyword, rest) in status.lines() {
        match (keyword, notations.last_mut()) {
            ("NOTATION_NAME", _) => {
                let name = String::from_utf8(unescaped(rest)?).map_err(|_| Error::Protocol)?;
                notations.push(Notation { name, value: Vec::new(), critical: false });
            }
            ("NOTATION_FLAGS", Some(last)) if last.value.is_empty() => {
                last.critical = rest.starts_with("1 ");
            }
            ("NOTATION_DATA", Some(last)) => last.value.extend(unescaped(rest)?),
            ("NOTATION_FLAGS" | "NOTATION_DATA", _) => return Err(Error::Protocol),
            _ => {}
        }
    }
    Ok(notations)
}
