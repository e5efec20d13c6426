//! Encrypting to others and decrypting for ourselves. No plaintext is ever in a file.

use crate::fault;
use crate::keys::{self, Listed, Which};
use crate::run::{Job, Program, common};
use crate::status::Status;
use sma::{Decrypted, Error, Fingerprint, KeyValidity, MAX_OCTETS, Plaintext};
use std::ffi::OsString;

/// AES-256 with integrity, no compression.
///
/// # Errors
/// As [`sma::SecurityApplication::encrypt`].
pub(crate) async fn encrypt(
    program: &Program, recipients: &[Fingerprint], octets: &Plaintext,
) -> Result<Vec<u8>, Error> {
    let mut arguments = common();
    let fixed =
        ["--trust-model", "always", "--no-auto-key-locate", "--disable-dirmngr", "--no-armor"];
    arguments.extend(fixed.map(OsString::from));
    arguments.extend(["--compress-algo", "none", "--cipher-algo", "AES256"].map(OsString::from));
    for recipient in recipients {
        can_be_encrypted_to(&keys::find(program, Which::Public, recipient).await?)?;
        arguments.extend(["-r", recipient.as_str()].map(OsString::from));
    }
    arguments.push("--encrypt".into());
    let ran = program.run(Job { arguments, input: octets.expose(), room: MAX_OCTETS }).await?;
    if !ran.success {
        return Err(fault::of("encrypt", &ran, Error::Failed));
    }
    // With a modification detection code of SHA-1, as SEIPD has it, and AES-256.
    let made = ran.status.only("BEGIN_ENCRYPTION") == Some("2 9")
        && ran.status.only("END_ENCRYPTION").is_some()
        && !ran.status.has_any(&["FAILURE", "ERROR", "INV_RECP"])
        && !ran.out.is_empty();
    if !made {
        fault::say("encrypt", &ran.said);
        return Err(Error::Protocol);
    }
    Ok(ran.out.to_vec())
}

/// GnuPG chooses among the subkeys that can be used, so all of these must meet the floor.
fn can_be_encrypted_to(key: &Listed) -> Result<(), Error> {
    let valid = key.primary.validity == KeyValidity::Valid;
    let usable = |it: &&keys::Component| it.encrypts && it.validity == KeyValidity::Valid;
    let some = key.components().any(|it| usable(&it));
    let strong = key.components().filter(usable).all(|it| it.strong);
    (valid && some && strong).then_some(()).ok_or(Error::Unusable)
}

/// Opens a message whose integrity is protected and which is for this recipient.
///
/// # Errors
/// As [`sma::SecurityApplication::decrypt`].
pub(crate) async fn decrypt(
    program: &Program, recipient: &Fingerprint, octets: &[u8],
) -> Result<Decrypted, Error> {
    let key = keys::find(program, Which::Secret, recipient).await?;
    if !key.key().is_some_and(|key| key.secret) {
        return Err(Error::NoSuchKey);
    }
    let mut arguments = common();
    let fixed =
        ["--pinentry-mode", "error", "--no-auto-key-retrieve", "--disable-dirmngr", "--decrypt"];
    arguments.extend(fixed.map(OsString::from));
    let mut ran = program.run(Job { arguments, input: octets, room: MAX_OCTETS }).await?;
    if !ran.success {
        return Err(fault::of("decrypt", &ran, Error::Malformed));
    }
    if !opened(&ran.status, recipient) {
        fault::say("decrypt", &ran.said);
        return Err(Error::Malformed);
    }
    Ok(Decrypted { octets: std::mem::take(&mut *ran.out).into(), integrity: true })
}

/// Whether the status lines say that one message was opened with the recipient's key, whole.
fn opened(status: &Status, recipient: &Fingerprint) -> bool {
    let for_recipient = |line: &str| {
        let primary = line.split(' ').nth(1).and_then(Fingerprint::parse);
        primary.as_ref() == Some(recipient)
    };
    // Modification detection, cipher, AEAD: one of the first and the last protects it.
    let info: Vec<&str> = status.only("DECRYPTION_INFO").unwrap_or_default().split(' ').collect();
    let whole = match info.as_slice() {
        ["2", _, ..] if status.only("GOODMDC").is_some() => true,
        [_, _, aead] => *aead != "0",
        _ => false,
    };
    whole
        && status.only("DECRYPTION_KEY").is_some_and(for_recipient)
        && ["BEGIN_DECRYPTION", "PLAINTEXT", "DECRYPTION_OKAY", "END_DECRYPTION"]
            .iter()
            .all(|keyword| status.only(keyword).is_some())
        && !status.has_any(&[
            "BADMDC",
            "DECRYPTION_FAILED",
            "NODATA",
            "FAILURE",
            "ERROR",
            "UNEXPECTED",
        ])
}
