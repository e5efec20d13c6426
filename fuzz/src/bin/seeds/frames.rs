//! Frames between the security manager and the security application.

use crate::Seed;
use sma::{
    AlgorithmId, Decrypted, Error, Fingerprint, HashId, Key, KeyFacts, KeyValidity, Notation,
    Report, ToSign, ToVerify,
};
use sma_socket::frame::{Answer, Body, Frame, Question, encode};
use std::time::Duration;

/// One frame of each kind, whole, cut short and with an octet changed.
pub(crate) fn frames() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let Some(key) = Fingerprint::parse("d8692123c4065dea5e0f3ab5249b39d24f25e3b6") else {
        return seeds;
    };
    for (name, body) in questions(&key).into_iter().chain(answers(&key)) {
        let Ok(octets) = encode(Frame { id: [7; 16], body }) else {
            continue;
        };
        let mut changed = octets.to_vec();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x80;
        seeds.push((name.to_owned(), octets.to_vec()));
        seeds.push((format!("{name}-cut"), octets[..middle].to_vec()));
        seeds.push((format!("{name}-changed"), changed));
    }
    seeds
}

fn notation() -> Notation {
    let name = "cs1@countersign.invalid".to_owned();
    Notation { name, value: b"uac".to_vec(), critical: true }
}

fn questions(key: &Fingerprint) -> Vec<(&'static str, Body)> {
    let data = b"SIP-PGP-AUTH CS1\nrole:3:uac\n".to_vec();
    let question = |name, question| (name, Body::Question(question));
    vec![
        question("identities", Question::Identities),
        question(
            "sign",
            Question::Sign(ToSign {
                signer: key.clone(),
                data: data.clone(),
                notation: notation(),
                expires_in: Duration::from_secs(300),
            }),
        ),
        question(
            "verify",
            Question::Verify(ToVerify {
                signer: key.clone(),
                data,
                signature: vec![0x88; 161],
                known_notations: vec![notation().name],
            }),
        ),
        question(
            "encrypt",
            Question::Encrypt {
                recipients: vec![key.clone(); 2],
                octets: b"v=0\r\n".to_vec().into(),
            },
        ),
        question("decrypt", Question::Decrypt { recipient: key.clone(), octets: vec![1; 64] }),
        question("generate", Question::Generate("sip:alice@example.org".to_owned())),
        question("import", Question::Import(vec![0x98; 32])),
        question("export", Question::Export(key.clone())),
        ("cancel", Body::Cancel),
    ]
}

fn answers(key: &Fingerprint) -> Vec<(&'static str, Body)> {
    let answer = |name, answer| (name, Body::Answer(Ok(answer)));
    let user_ids = vec!["Alice <sip:alice@example.org>".to_owned()];
    let facts = KeyFacts {
        signs: Some(AlgorithmId(22)),
        encrypts: None,
        hardware: true,
        expires: Some(1_700_000_000),
        revoked: false,
    };
    let (fingerprint, certified_by) = (key.clone(), vec![key.clone()]);
    vec![
        answer(
            "keys",
            Answer::Keys(vec![Key { fingerprint, user_ids, secret: true, facts, certified_by }]),
        ),
        answer("octets", Answer::Octets(vec![0x55; 100])),
        answer("report", Answer::Report(report(key))),
        answer(
            "decrypted",
            Answer::Decrypted(Decrypted { octets: b"v=0\r\n".to_vec().into(), integrity: true }),
        ),
        answer("text", Answer::Text("-----BEGIN PGP PUBLIC KEY BLOCK-----".to_owned())),
        ("failure", Body::Answer(Err(Error::Busy))),
    ]
}

fn report(key: &Fingerprint) -> Report {
    Report {
        good: true,
        data_sha256: [9; 32],
        signatures: 1,
        primary: key.clone(),
        hash: HashId(8),
        class: 0,
        created: 1_700_000_000,
        expires: Some(1_700_000_300),
        key: KeyValidity::Valid,
        strong: true,
        notations: vec![notation()],
    }
}
