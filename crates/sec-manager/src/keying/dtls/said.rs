//! What a description says of a line's handshake: `a=setup`, `a=fingerprint`, `a=tls-id`.

use super::fingerprint::{Fingerprint, Fingerprints};
use ssm::{Attribute, LineSecurity, Refused};

const SETUP: &str = "setup";
const FINGERPRINT: &str = "fingerprint";
const TLS_ID: &str = "tls-id";

/// Who begins the handshake. RFC 4145 §4, RFC 5763 §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// The sender of this: it is the client.
    Active,
    /// The other.
    Passive,
    /// Whoever the answer says.
    ActPass,
}

impl Setup {
    const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
        }
    }

    /// `None` for `holdconn`, which wants no handshake, and for what is none of them.
    fn parse(value: &str) -> Option<Self> {
        let all = [Self::Active, Self::Passive, Self::ActPass];
        all.into_iter().find(|setup| setup.name() == value.trim())
    }
}

/// What a peer says of a line's handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) setup: Setup,
    pub(super) fingerprints: Fingerprints,
    pub(super) tls_id: Option<String>,
}

impl Said {
    /// Reads what a line says.
    ///
    /// `unsaid` is the role where it names none: as offerer active, as answerer passive. RFC 4145 §4.1.
    ///
    /// # Errors
    /// [`Refused::Attributes`]: it names no certificate by a hash that is believed, or no such role.
    pub(super) fn read(line: &LineSecurity, unsaid: Setup) -> Result<Self, Refused> {
        let values = |name| {
            let named = line.attributes.iter().filter(move |attribute| attribute.name == name);
            named.map(|attribute| attribute.value.as_str())
        };
        let fingerprints = Fingerprints::parse(values(FINGERPRINT)).ok_or(Refused::Attributes)?;
        let setup = match values(SETUP).next() {
            Some(value) => Setup::parse(value).ok_or(Refused::Attributes)?,
            None => unsaid,
        };
        let tls_id = values(TLS_ID).next().filter(|id| is_tls_id(id)).map(str::to_owned);
        Ok(Self { setup, fingerprints, tls_id })
    }
}

/// What this side says.
pub(super) fn attributes(
    setup: Setup, fingerprint: &Fingerprint, tls_id: Option<&str>,
) -> Vec<Attribute> {
    let attribute = |name: &str, value: String| Attribute { name: name.to_owned(), value };
    let mut all = vec![
        attribute(SETUP, setup.name().to_owned()),
        attribute(FINGERPRINT, fingerprint.to_string()),
    ];
    all.extend(tls_id.map(|id| attribute(TLS_ID, id.to_owned())));
    all
}

/// RFC 8842 §4.
fn is_tls_id(value: &str) -> bool {
    let is_char = |octet: u8| octet.is_ascii_alphanumeric() || b"+/-_".contains(&octet);
    (20..=255).contains(&value.len()) && value.bytes().all(is_char)
}
