//! Making one detached signature.

use crate::files::{Folder, read};
use crate::keys::{self, Which};
use crate::packet::{MAX_SIGNATURE, one_signature};
use crate::run::{Job, Program, Ran, common};
use crate::{fault, keys::Listed};
use sma::{Error, Fingerprint, KeyValidity, Notation, ToSign};
use std::ffi::OsString;

/// One binary signature packet, type 0x00, with SHA-256, the critical notation and the expiry.
///
/// # Errors
/// As [`sma::SecurityApplication::sign`].
pub(crate) async fn sign(program: &Program, question: &ToSign) -> Result<Vec<u8>, Error> {
    let key = keys::find(program, Which::Secret, &question.signer).await?;
    usable(&key)?;
    let notation = notation(&question.notation)?;
    let folder = Folder::new()?;
    let data = folder.write("data", &question.data)?;
    let mut arguments = common();
    let fixed =
        ["--pinentry-mode", "error", "-u", question.signer.as_str(), "--digest-algo", "SHA256"];
    arguments.extend(fixed.map(OsString::from));
    arguments.extend(["--no-armor", "--sig-notation", &notation].map(OsString::from));
    let lifetime = format!("seconds={}", question.expires_in.as_secs());
    arguments.extend(["--default-sig-expire", &lifetime, "--detach-sign"].map(OsString::from));
    arguments.push(data.into());
    let ran = program.run(Job { arguments, input: b"", room: 0 }).await?;
    if !ran.success {
        return Err(fault::of("sign", &ran, Error::Failed));
    }
    if !made(&ran, &key) {
        fault::say("sign", &ran.said);
        return Err(Error::Protocol);
    }
    let signature = read(&folder.at("data.sig"), MAX_SIGNATURE)?;
    one_signature(&signature).map_err(|_| Error::Protocol)?;
    Ok(signature)
}

/// A key of which everybody knows that it does not count is not signed with.
fn usable(key: &Listed) -> Result<(), Error> {
    let signs = |valid: KeyValidity| valid == KeyValidity::Valid;
    let some = key.components().any(|it| it.signs && it.strong && signs(it.validity));
    (signs(key.primary.validity) && key.primary.strong && some).then_some(()).ok_or(Error::Unusable)
}

/// The notation as an argument, critical: `!NAME=VALUE`, in which GnuPG expands `%`.
fn notation(notation: &Notation) -> Result<String, Error> {
    let value = std::str::from_utf8(&notation.value).map_err(|_| Error::Malformed)?;
    let plain =
        is_name(&notation.name) && value.len() <= 256 && !value.chars().any(char::is_control);
    plain
        .then(|| format!("!{}={}", notation.name, value.replace('%', "%%")))
        .ok_or(Error::Malformed)
}

/// Whether this can be the name of a notation: `name@domain`. RFC 9580 §5.2.3.24.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@');
    text.len() <= 256
        && text.split('@').filter(|part| !part.is_empty()).count() == 2
        && text.bytes().all(plain)
}

/// Whether the status lines say that just this was made, by the key that was asked for.
fn made(ran: &Ran, key: &Listed) -> bool {
    let created = ran.status.only("SIG_CREATED").unwrap_or_default();
    let fields: Vec<&str> = created.split(' ').collect();
    // Type, public-key algorithm, hash, class, time, fingerprint.
    let ["D", _, "8", "00", _, fingerprint] = fields.as_slice() else {
        return false;
    };
    let fingerprint = Fingerprint::parse(fingerprint);
    fingerprint.is_some_and(|it| key.component(&it).is_some_and(|it| it.strong))
        && !ran.status.has_any(&["FAILURE", "ERROR", "INV_SGNR"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notation_is_one_argument_that_expands_to_itself() {
        let of = |name: &str, value: &[u8]| {
            notation(&Notation { name: name.into(), value: value.into(), critical: true })
        };
        assert_eq!(of("a@b.c", b"50 %k=x").unwrap(), "!a@b.c=50 %%k=x");
        for name in ["", "a", "a@", "@b", "a@b=c", "a b@c", "-a\n@b", "a@b@c"] {
            assert_eq!(of(name, b"x"), Err(Error::Malformed), "{name:?}");
        }
        for value in [&b"a\nb"[..], b"\0", b"\xff", &[b'x'; 257]] {
            assert_eq!(of("a@b", value), Err(Error::Malformed), "{value:?}");
        }
    }
}
