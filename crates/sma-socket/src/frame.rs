//! What crosses the socket, and its codec: pure, so that it can be tested and fuzzed alone.

use crate::MAX_FRAME;
use crate::wire;
use bytes::Bytes;
use prost::Message as _;
use sma::{
    AlgorithmId, Decrypted, Error, Fingerprint, HashId, Key, KeyFacts, KeyFault, KeyValidity,
    Notation, Plaintext, Report, ToSign, ToVerify,
};
use std::time::Duration;
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

/// A request id: 128 random bits, which an answer repeats.
pub type RequestId = [u8; 16];

/// One frame.
#[derive(PartialEq, Eq)]
pub struct Frame {
    /// Which question this is, answers or cancels.
    pub id: RequestId,
    /// What it says.
    pub body: Body,
}

/// What a frame says.
#[derive(PartialEq, Eq)]
pub enum Body {
    /// Client to server.
    Question(Question),
    /// Client to server: nobody waits for the answer any more.
    Cancel,
    /// Server to client.
    Answer(Result<Answer, Error>),
}

/// A method of [`sma::SecurityApplication`] or [`sma::KeyAdministration`] and its arguments.
#[derive(PartialEq, Eq)]
pub enum Question {
    /// `identities`.
    Identities,
    /// `sign`.
    Sign(ToSign),
    /// `verify`.
    Verify(ToVerify),
    /// `encrypt`.
    Encrypt {
        /// To whom.
        recipients: Vec<Fingerprint>,
        /// The plaintext.
        octets: Plaintext,
    },
    /// `decrypt`.
    Decrypt {
        /// With whose private key.
        recipient: Fingerprint,
        /// The ciphertext.
        octets: Vec<u8>,
    },
    /// `generate`, for this user id.
    Generate(String),
    /// `import`.
    Import(Vec<u8>),
    /// `export`.
    Export(Fingerprint),
}

/// The value of an answer.
#[derive(PartialEq, Eq)]
pub enum Answer {
    /// To `identities`, `generate` (exactly one) and `import`.
    Keys(Vec<Key>),
    /// To `sign` and `encrypt`.
    Octets(Vec<u8>),
    /// To `verify`.
    Report(Report),
    /// To `decrypt`.
    Decrypted(Decrypted),
    /// To `export`.
    Text(String),
}

/// Why octets are no frame, or a frame does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum FrameError {
    /// More than [`MAX_FRAME`].
    #[error("frame larger than {MAX_FRAME} octets")]
    TooLarge,
    /// Not the protobuf message of a frame.
    #[error("not a frame")]
    Malformed,
}

/// Encodes `frame`, without its length. What is returned is wiped when it is dropped.
///
/// # Errors
/// [`FrameError::TooLarge`].
pub fn encode(frame: Frame) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let wire = wire::Frame { id: frame.id.to_vec(), body: Some(to_wire(frame.body)) };
    (wire.encoded_len() <= MAX_FRAME)
        .then(|| Zeroizing::new(wire.encode_to_vec()))
        .ok_or(FrameError::TooLarge)
}

/// Decodes one whole frame, without its length.
///
/// # Errors
/// [`FrameError`]; never a panic, and no memory beyond that of the octets.
pub fn decode(octets: &[u8]) -> Result<Frame, FrameError> {
    if octets.len() > MAX_FRAME {
        return Err(FrameError::TooLarge);
    }
    // One copy, wiped when the last part of it goes: from `Bytes` of its own the decoder takes
    // parts, and nothing that it puts aside is left behind.
    let octets = Bytes::from_owner(Zeroizing::new(octets.to_vec()));
    let wire = wire::Frame::decode(octets).map_err(|_| FrameError::Malformed)?;
    let id = wire.id.try_into().map_err(|_| FrameError::Malformed)?;
    let body = wire.body.and_then(from_wire).ok_or(FrameError::Malformed)?;
    Ok(Frame { id, body })
}

fn to_wire(body: Body) -> wire::Body {
    match body {
        Body::Question(question) => question_to_wire(question),
        Body::Cancel => wire::Body::Cancel(wire::Nothing {}),
        Body::Answer(Ok(answer)) => answer_to_wire(answer),
        Body::Answer(Err(error)) => wire::Body::Failure(error_to_wire(error)),
    }
}

fn question_to_wire(question: Question) -> wire::Body {
    match question {
        Question::Identities => wire::Body::Identities(wire::Nothing {}),
        Question::Sign(question) => wire::Body::Sign(wire::Sign {
            signer: question.signer.to_string(),
            data: question.data,
            notation: Some(notation_to_wire(question.notation)),
            expires_in: question.expires_in.as_secs(),
        }),
        Question::Verify(question) => wire::Body::Verify(wire::Verify {
            signer: question.signer.to_string(),
            data: question.data,
            signature: question.signature,
            known_notations: question.known_notations,
        }),
        Question::Encrypt { recipients, octets } => wire::Body::Encrypt(wire::Encrypt {
            recipients: recipients.iter().map(ToString::to_string).collect(),
            octets: Bytes::from_owner(octets),
        }),
        Question::Decrypt { recipient, octets } => {
            wire::Body::Decrypt(wire::Decrypt { recipient: recipient.to_string(), octets })
        }
        Question::Generate(user_id) => wire::Body::Generate(user_id),
        Question::Import(octets) => wire::Body::Import(octets),
        Question::Export(fingerprint) => wire::Body::Export(fingerprint.to_string()),
    }
}

fn answer_to_wire(answer: Answer) -> wire::Body {
    match answer {
        Answer::Keys(keys) => {
            wire::Body::Keys(wire::Keys { keys: keys.into_iter().map(key_to_wire).collect() })
        }
        Answer::Octets(octets) => wire::Body::Octets(octets),
        Answer::Report(report) => wire::Body::Report(report_to_wire(report)),
        Answer::Decrypted(plain) => wire::Body::Decrypted(wire::Decrypted {
            octets: Bytes::from_owner(plain.octets),
            integrity: plain.integrity,
        }),
        Answer::Text(text) => wire::Body::Text(text),
    }
}

fn from_wire(body: wire::Body) -> Option<Body> {
    Some(match body {
        wire::Body::Identities(_) => Body::Question(Question::Identities),
        wire::Body::Sign(question) => Body::Question(Question::Sign(ToSign {
            signer: Fingerprint::parse(&question.signer)?,
            data: question.data,
            notation: notation_from_wire(question.notation?),
            expires_in: Duration::from_secs(question.expires_in),
        })),
        wire::Body::Verify(question) => Body::Question(Question::Verify(ToVerify {
            signer: Fingerprint::parse(&question.signer)?,
            data: question.data,
            signature: question.signature,
            known_notations: question.known_notations,
        })),
        wire::Body::Encrypt(question) => Body::Question(Question::Encrypt {
            recipients: fingerprints(&question.recipients)?,
            octets: plaintext(&question.octets),
        }),
        wire::Body::Decrypt(question) => Body::Question(Question::Decrypt {
            recipient: Fingerprint::parse(&question.recipient)?,
            octets: question.octets,
        }),
        wire::Body::Generate(user_id) => Body::Question(Question::Generate(user_id)),
        wire::Body::Import(octets) => Body::Question(Question::Import(octets)),
        wire::Body::Export(text) => Body::Question(Question::Export(Fingerprint::parse(&text)?)),
        wire::Body::Cancel(_) => Body::Cancel,
        wire::Body::Keys(keys) => Body::Answer(Ok(Answer::Keys(keys_from_wire(keys)?))),
        wire::Body::Octets(octets) => Body::Answer(Ok(Answer::Octets(octets))),
        wire::Body::Report(report) => Body::Answer(Ok(Answer::Report(report_from_wire(report)?))),
        wire::Body::Decrypted(plain) => Body::Answer(Ok(Answer::Decrypted(Decrypted {
            octets: plaintext(&plain.octets),
            integrity: plain.integrity,
        }))),
        wire::Body::Text(text) => Body::Answer(Ok(Answer::Text(text))),
        wire::Body::Failure(code) => Body::Answer(Err(error_from_wire(code)?)),
    })
}

fn plaintext(part: &Bytes) -> Plaintext {
    Plaintext::from(part.to_vec())
}

fn fingerprints(texts: &[String]) -> Option<Vec<Fingerprint>> {
    texts.iter().map(|text| Fingerprint::parse(text)).collect()
}

fn notation_to_wire(notation: Notation) -> wire::Notation {
    wire::Notation { name: notation.name, value: notation.value, critical: notation.critical }
}

fn notation_from_wire(notation: wire::Notation) -> Notation {
    Notation { name: notation.name, value: notation.value, critical: notation.critical }
}

fn key_to_wire(key: Key) -> wire::Key {
    wire::Key {
        fingerprint: key.fingerprint.to_string(),
        user_ids: key.user_ids,
        secret: key.secret,
        signs: key.facts.signs.map(|algorithm| algorithm.0.into()),
        encrypts: key.facts.encrypts.map(|algorithm| algorithm.0.into()),
        hardware: key.facts.hardware,
        expires: key.facts.expires,
        revoked: key.facts.revoked,
        certified_by: key.certified_by.iter().map(ToString::to_string).collect(),
    }
}

/// `None` where what is there is no algorithm.
fn algorithm_from_wire(id: Option<u32>) -> Option<Option<AlgorithmId>> {
    id.map(|id| u8::try_from(id).ok().map(AlgorithmId)).map_or(Some(None), |id| id.map(Some))
}

fn keys_from_wire(keys: wire::Keys) -> Option<Vec<Key>> {
    let key = |key: wire::Key| {
        Some(Key {
            fingerprint: Fingerprint::parse(&key.fingerprint)?,
            user_ids: key.user_ids,
            secret: key.secret,
            facts: KeyFacts {
                signs: algorithm_from_wire(key.signs)?,
                encrypts: algorithm_from_wire(key.encrypts)?,
                hardware: key.hardware,
                expires: key.expires,
                revoked: key.revoked,
            },
            certified_by: fingerprints(&key.certified_by)?,
        })
    };
    keys.keys.into_iter().map(key).collect()
}

fn report_to_wire(report: Report) -> wire::Report {
    wire::Report {
        good: report.good,
        data_sha256: report.data_sha256.to_vec(),
        signatures: report.signatures,
        primary: report.primary.to_string(),
        hash: report.hash.0.into(),
        class: report.class.into(),
        created: report.created,
        expires: report.expires,
        key: match report.key {
            KeyValidity::Valid => 1,
            KeyValidity::Expired => 2,
            KeyValidity::Revoked => 3,
            KeyValidity::NotForSigning => 4,
        },
        strong: report.strong,
        notations: report.notations.into_iter().map(notation_to_wire).collect(),
    }
}

fn report_from_wire(report: wire::Report) -> Option<Report> {
    Some(Report {
        good: report.good,
        data_sha256: report.data_sha256.try_into().ok()?,
        signatures: report.signatures,
        primary: Fingerprint::parse(&report.primary)?,
        hash: HashId(report.hash.try_into().ok()?),
        class: report.class.try_into().ok()?,
        created: report.created,
        expires: report.expires,
        key: match report.key {
            1 => KeyValidity::Valid,
            2 => KeyValidity::Expired,
            3 => KeyValidity::Revoked,
            4 => KeyValidity::NotForSigning,
            _ => return None,
        },
        strong: report.strong,
        notations: report.notations.into_iter().map(notation_from_wire).collect(),
    })
}

/// An error is a code in the lowest octet; which hash or algorithm it is about, in the next one.
fn error_to_wire(error: Error) -> u32 {
    match error {
        Error::Unavailable => 1,
        Error::Deadline => 2,
        Error::Busy => 3,
        Error::NoSuchKey => 4,
        Error::Locked => 5,
        Error::Malformed => 6,
        Error::TooLarge => 7,
        Error::Unusable => 8,
        Error::Protocol => 9,
        Error::Key(KeyFault::Secret) => 11,
        Error::Key(KeyFault::NoUserId) => 12,
        Error::Key(KeyFault::Algorithm(id)) => 13 | u32::from(id) << 8,
        Error::Key(KeyFault::WeakHash(hash)) => 14 | u32::from(hash.0) << 8,
        Error::Key(KeyFault::Revoked) => 15,
        Error::Key(KeyFault::Unbound) => 16,
        Error::DiskFull => 17,
        Error::Storage => 18,
        // `Failed`, and what this version of the wire has no word for.
        _ => 10,
    }
}

fn error_from_wire(code: u32) -> Option<Error> {
    let about = u8::try_from(code >> 8).ok()?;
    Some(match code & 0xff {
        13 => Error::Key(KeyFault::Algorithm(about)),
        14 => Error::Key(KeyFault::WeakHash(HashId(about))),
        _ if about != 0 => return None,
        1 => Error::Unavailable,
        2 => Error::Deadline,
        3 => Error::Busy,
        4 => Error::NoSuchKey,
        5 => Error::Locked,
        6 => Error::Malformed,
        7 => Error::TooLarge,
        8 => Error::Unusable,
        9 => Error::Protocol,
        10 => Error::Failed,
        11 => Error::Key(KeyFault::Secret),
        12 => Error::Key(KeyFault::NoUserId),
        15 => Error::Key(KeyFault::Revoked),
        16 => Error::Key(KeyFault::Unbound),
        17 => Error::DiskFull,
        18 => Error::Storage,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
