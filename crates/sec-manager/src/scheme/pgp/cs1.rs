//! CS1: the octets that a signature of the PGP scheme covers.
//!
//! `SIP-PGP-AUTH CS1`, a line feed, then every field, in a fixed order, as
//! `name:decimal-octet-length:value` and a line feed; an empty field has length 0. The lengths
//! leave no two readings of one text, and the canonical forms let pass what elements on the way
//! may rewrite (case of a host, folding, compact forms, default port, display name) and nothing
//! else.
//!
//! What it is *not*: a decision. Whether nonce, date, realm and signer are the right ones is the
//! scheme's to judge.

use crate::aor::{self, Aor};
use sha2::{Digest, Sha256};
use sip_syntax::hex;
use sma::Fingerprint;
use ssa::{Headers, Request, Response};
use std::fmt;

/// What the signed octets begin with, so that nothing else can be taken for them.
const PREFIX: &[u8] = b"SIP-PGP-AUTH CS1\n";

/// The header fields that `ext` covers where they are present, in the order in which they are
/// signed: sorted by name.
pub const EXTENSIONS: [&str; 10] = [
    "Answer-Mode",
    "Event",
    "Join",
    "Priv-Answer-Mode",
    "RAck",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Require",
    "Target-Dialog",
];

/// Who signs: the client of the transaction or its server. Keeps a signature from being reflected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one that sends the request.
    Uac,
    /// The one that answers it with a 2xx.
    Uas,
}

impl Role {
    /// `uac` or `uas`: the field, and the value of the signature's notation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// The parameters of `Authorization: PGP` or `PGP-Signature: PGP` that are signed, unquoted.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// `realm`.
    pub realm: &'a [u8],
    /// `nonce`.
    pub nonce: &'a [u8],
    /// `uri`: always the canonical AOR of To, in a dialog too.
    pub uri: &'a [u8],
    /// `contact`: the addr-spec that the sender gave as Contact; empty where it gave none.
    pub contact: &'a [u8],
    /// `signer`.
    pub signer: &'a Fingerprint,
}

/// The fields of CS1, canonical. `uri` is not among them: it always equals `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    /// Who signs.
    pub role: Role,
    /// The method.
    pub method: &'a str,
    /// The realm, unquoted.
    pub realm: &'a [u8],
    /// The nonce, unquoted.
    pub nonce: &'a [u8],
    /// The AOR of From.
    pub from: Aor,
    /// The tag of From.
    pub from_tag: &'a [u8],
    /// The AOR of To; also the field `uri`.
    pub to: Aor,
    /// The tag of To; empty outside a dialog.
    pub to_tag: &'a [u8],
    /// Call-ID.
    pub call_id: &'a [u8],
    /// The number of CSeq.
    pub cseq: u32,
    /// Date.
    pub date: Vec<u8>,
    /// The parameter `contact`, unquoted.
    pub contact: &'a [u8],
    /// The body and what is said of it.
    pub content: Content,
    /// The header fields that change what a request means, or the request that a response answers.
    pub ext: Vec<u8>,
    /// The signer's primary fingerprint.
    pub signer: &'a Fingerprint,
}

/// The outer body and its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Content-Type: white space as in [`unfold`], type and subtype in lower case.
    pub media_type: Vec<u8>,
    /// Content-Disposition.
    pub disposition: Vec<u8>,
    /// Content-Encoding.
    pub encoding: Vec<u8>,
    /// SHA-256 of the body on the wire, also of none.
    pub sha256: [u8; 32],
}

/// Why a message has no CS1 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsignable {
    /// From or To has no canonical AOR.
    Address,
    /// The parameter `uri` is not the canonical AOR of To.
    Uri,
    /// There is no Date.
    NoDate,
    /// A field that may stand once stands twice.
    Repeated(&'static str),
    /// The response belongs to another request.
    OtherRequest,
}

impl fmt::Display for Unsignable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("From or To has no canonical AOR"),
            Self::Uri => f.write_str("uri is not the AOR of To"),
            Self::NoDate => f.write_str("no Date"),
            Self::Repeated(name) => write!(f, "{name} stands twice"),
            Self::OtherRequest => f.write_str("the response belongs to another request"),
        }
    }
}

impl std::error::Error for Unsignable {}

impl<'a> Fields<'a> {
    /// The fields of a request, `role=uac`.
    ///
    /// # Errors
    /// [`Unsignable`]: such a request is neither signed nor believed.
    pub fn of_request(
        request: &Request<'a>, parameters: &Parameters<'a>,
    ) -> Result<Self, Unsignable> {
        let from = aor::canonical(request.from.uri).map_err(|_| Unsignable::Address)?;
        let to = aor::canonical(request.to.uri).map_err(|_| Unsignable::Address)?;
        if parameters.uri != to.as_str().as_bytes() {
            return Err(Unsignable::Uri);
        }
        Ok(Self {
            role: Role::Uac,
            method: request.method,
            realm: parameters.realm,
            nonce: parameters.nonce,
            from,
            from_tag: request.from.tag.unwrap_or_default(),
            to,
            to_tag: request.to.tag.unwrap_or_default(),
            call_id: request.call_id,
            cseq: request.cseq,
            date: date(request.headers)?,
            contact: parameters.contact,
            content: Content::of(request.headers, request.body)?,
            ext: extensions(request.headers),
            signer: parameters.signer,
        })
    }

    /// The fields of the 2xx that answers the request with these fields, `role=uas`.
    ///
    /// # Errors
    /// [`Unsignable`], also where the response or its parameters name another request.
    pub fn of_response(
        &self, response: &Response<'a>, parameters: &Parameters<'a>,
    ) -> Result<Self, Unsignable> {
        let ours = response.method == self.method
            && response.call_id == self.call_id
            && response.cseq == self.cseq
            && response.from.tag.unwrap_or_default() == self.from_tag
            && parameters.realm == self.realm
            && parameters.nonce == self.nonce;
        if !ours {
            return Err(Unsignable::OtherRequest);
        }
        if parameters.uri != self.to.as_str().as_bytes() {
            return Err(Unsignable::Uri);
        }
        let request = Sha256::digest(self.octets());
        Ok(Self {
            role: Role::Uas,
            to_tag: response.to.tag.unwrap_or_default(),
            date: date(response.headers)?,
            contact: parameters.contact,
            content: Content::of(response.headers, response.body)?,
            ext: [b"Request-SHA256: ", hex::digits(request.into()).as_flattened(), b"\n"].concat(),
            signer: parameters.signer,
            ..self.clone()
        })
    }

    /// The octets that are signed.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(PREFIX);
        let cseq = self.cseq.to_string();
        let body = hex::digits(self.content.sha256);
        let fields: [(&str, &[u8]); 19] = [
            ("role", self.role.name().as_bytes()),
            ("method", self.method.as_bytes()),
            ("uri", self.to.as_str().as_bytes()),
            ("realm", self.realm),
            ("nonce", self.nonce),
            ("from", self.from.as_str().as_bytes()),
            ("from-tag", self.from_tag),
            ("to", self.to.as_str().as_bytes()),
            ("to-tag", self.to_tag),
            ("call-id", self.call_id),
            ("cseq", cseq.as_bytes()),
            ("date", &self.date),
            ("contact", self.contact),
            ("content-type", &self.content.media_type),
            ("content-disposition", &self.content.disposition),
            ("content-encoding", &self.content.encoding),
            ("body-sha256", body.as_flattened()),
            ("ext", &self.ext),
            ("signer", self.signer.as_str().as_bytes()),
        ];
        for (name, value) in fields {
            out.extend_from_slice(format!("{name}:{}:", value.len()).as_bytes());
            out.extend_from_slice(value);
            out.push(b'\n');
        }
        out
    }
}

impl Content {
    /// Reads the content fields of a message and hashes its body.
    ///
    /// # Errors
    /// [`Unsignable::Repeated`].
    pub fn of(headers: &dyn Headers, body: &[u8]) -> Result<Self, Unsignable> {
        let mut media_type = single(headers, "Content-Type")?.unwrap_or_default();
        for byte in media_type.iter_mut().take_while(|b| **b != b';') {
            byte.make_ascii_lowercase();
        }
        Ok(Self {
            media_type,
            disposition: single(headers, "Content-Disposition")?.unwrap_or_default(),
            encoding: single(headers, "Content-Encoding")?.unwrap_or_default(),
            sha256: Sha256::digest(body).into(),
        })
    }
}

/// A value on one line: each run of white space, line folding included, is one space, and there
/// is none at either end. Quoted strings are no exception.
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let words =
        value.split(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).filter(|word| !word.is_empty());
    let mut out = Vec::with_capacity(value.len());
    for word in words {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out
}

fn date(headers: &dyn Headers) -> Result<Vec<u8>, Unsignable> {
    single(headers, "Date")?.ok_or(Unsignable::NoDate)
}

fn single(headers: &dyn Headers, name: &'static str) -> Result<Option<Vec<u8>>, Unsignable> {
    if headers.value(name, 1).is_some() {
        return Err(Unsignable::Repeated(name));
    }
    Ok(headers.value(name, 0).map(unfold))
}

/// One line for each of [`EXTENSIONS`] that is present, its rows joined.
fn extensions(headers: &dyn Headers) -> Vec<u8> {
    let mut out = Vec::new();
    for name in EXTENSIONS {
        let mut rows = (0..).map_while(|nth| headers.value(name, nth));
        let Some(first) = rows.next() else {
            continue;
        };
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&unfold(first));
        for row in rows {
            out.extend_from_slice(b", ");
            out.extend_from_slice(&unfold(row));
        }
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests;
