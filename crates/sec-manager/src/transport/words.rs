//! Refusals in words, as they follow the peer's address.

use super::identities::domains;
use super::path::Purpose;
use webpki::{EndEntityCert, Error};

/// Names of a certificate that are told; more are counted.
const TOLD: usize = 4;

/// The certificate is not for the name that was asked for.
pub(super) fn of_name(certificate: &EndEntityCert<'_>, name: &str) -> String {
    match listed(certificate) {
        Some(names) => format!("its certificate is for {names}, not for {name}"),
        None => format!(
            "its certificate is for no domain, and should be for {name}: a common name alone does \
             not count, only a subjectAltName does"
        ),
    }
}

/// The certificate cannot be read.
pub(super) fn of_reading(error: &Error) -> String {
    match error {
        Error::UnsupportedCertVersion => {
            "its certificate is of X.509 version 1, and should be of version 3".to_owned()
        }
        _ => "its certificate cannot be read".to_owned(),
    }
}

/// The certificate leads to no authority that is trusted, or not now, or not for this.
pub(super) fn of_path(
    error: &Error, certificate: &EndEntityCert<'_>, purpose: Purpose, authorities: usize,
) -> String {
    let whose = listed(certificate).map(|names| format!(", for {names},")).unwrap_or_default();
    match error {
        Error::UnknownIssuer if authorities == 0 => {
            format!("its certificate{whose} is not trusted: no certificate authority is")
        }
        Error::UnknownIssuer => format!(
            "its certificate{whose} comes from none of the {authorities} certificate authorities that \
             are trusted, or the chain to it is incomplete"
        ),
        Error::CertExpired { time, not_after } => {
            let since = time.as_secs().saturating_sub(not_after.as_secs());
            format!("its certificate{whose} expired {} ago", span(since))
        }
        Error::CertNotValidYet { time, not_before } => {
            let until = not_before.as_secs().saturating_sub(time.as_secs());
            let span = span(until);
            format!("its certificate{whose} is valid only in {span}, if the clock here is right")
        }
        Error::RequiredEkuNotFoundContext(_) => format!(
            "its certificate{whose} is not one for {users}: its extended key usage names neither \
             {name} nor sipDomain",
            users = purpose.users,
            name = purpose.name
        ),
        Error::CaUsedAsEndEntity => format!(
            "its certificate{whose} is a certificate authority's, and should be one that such an \
             authority issued"
        ),
        Error::NameConstraintViolation => {
            format!("its certificate{whose} is for a name that its authority may not vouch for")
        }
        Error::InvalidSignatureForPublicKey => {
            format!("its certificate{whose} was not signed by the authority that it names")
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            format!("its certificate{whose} is signed in a way that is not accepted, such as SHA-1")
        }
        _ => format!("its certificate{whose} does not keep to RFC 5280"),
    }
}

/// The domains that a certificate is for, if it is for any.
fn listed(certificate: &EndEntityCert<'_>) -> Option<String> {
    let names = domains(certificate);
    let (told, rest) = names.split_at(names.len().min(TOLD));
    match (told.split_last()?, rest.len()) {
        ((last, []), 0) => Some((*last).to_owned()),
        ((last, others), 0) => Some(format!("{} and {last}", others.join(", "))),
        (_, more) => Some(format!("{} and {more} more", told.join(", "))),
    }
}

/// A time in the largest unit of which there are two.
fn span(seconds: u64) -> String {
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let fit = units.into_iter().find(|(unit, _)| seconds >= 2 * unit);
    match fit {
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} seconds"),
    }
}
