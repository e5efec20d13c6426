//! The kit: everything that the contract promises, asked.

use super::failure::{Failure, octets};
use super::toy::sha256;
use crate::{
    Error, Fingerprint, Key, KeyAdministration, KeyValidity, MAX_OCTETS, Notation, Report,
    SecurityApplication, ToSign, ToVerify,
};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// Asks `application` everything that the contract promises; what comes back does not hold.
///
/// The promises stand, word for word, in `docs/interfaces/sma.md`.
///
/// With `administration` the kit makes a key and moves it first, so the application may start
/// empty; without, the application must hold a private key already. The kit never removes a key.
pub async fn run(
    application: &dyn SecurityApplication, administration: Option<&dyn KeyAdministration>,
) -> Vec<Failure> {
    play(application, administration).await.failures
}

/// Asks everything, and says also what was asked.
pub(super) async fn play<'a>(
    application: &'a dyn SecurityApplication, administration: Option<&dyn KeyAdministration>,
) -> Kit<'a> {
    let mut kit = Kit { application, asked: BTreeSet::new(), failures: Vec::new() };
    if let Some(administration) = administration {
        kit.administration(administration).await;
    }
    if let Some(own) = kit.identities().await {
        kit.signature(&own).await;
        kit.refused_signatures(&own).await;
        kit.encryption(&own).await;
        kit.refused_ciphertexts(&own).await;
    }
    kit.strangers().await;
    kit
}

const DATA: &[u8] = b"the octets that were signed";
const NOTATION: &str = "kit@conformance.invalid";
const LIFETIME: Duration = Duration::from_secs(300);

/// The kit at work.
pub(super) struct Kit<'a> {
    application: &'a dyn SecurityApplication,
    /// The promises that were asked about.
    pub(super) asked: BTreeSet<&'static str>,
    pub(super) failures: Vec<Failure>,
}

impl Kit<'_> {
    fn check(&mut self, promise: &'static str, holds: bool, answered: &dyn fmt::Debug) {
        self.asked.insert(promise);
        if !holds {
            self.failures.push(Failure::new(promise, answered));
        }
    }

    /// The value of an answer that has to be one.
    fn expect<T>(&mut self, promise: &'static str, answer: Result<T, Error>) -> Option<T> {
        let error: &dyn fmt::Debug = match &answer {
            Ok(_) => &"",
            Err(error) => error,
        };
        self.check(promise, answer.is_ok(), error);
        answer.ok()
    }

    async fn administration(&mut self, administration: &dyn KeyAdministration) {
        let user_id = "sip:kit@conformance.invalid".to_owned();
        let made = administration.generate(user_id.clone()).await;
        let Some(made) = self.expect("generate makes a key", made) else {
            return;
        };
        let named = made.user_ids == [user_id] && made.secret;
        self.check("the key made has the user id and a private part", named, &made);
        let text = administration.export(made.fingerprint.clone()).await;
        if let Some(text) = self.expect("export gives the key made", text) {
            let again = administration.import(text.into_bytes()).await;
            let same = matches!(&again, Ok(keys)
                if keys.iter().map(|key| &key.fingerprint).eq([&made.fingerprint]));
            self.check("import reads what export wrote", same, &again);
        }
        let nonsense = administration.import(b"this is no key".to_vec()).await;
        let refused = nonsense == Err(Error::Malformed);
        self.check("import refuses what is no key", refused, &nonsense);
        let large = administration.import(vec![b'x'; MAX_OCTETS + 1]).await;
        let refused = large == Err(Error::TooLarge);
        self.check("import refuses more than MAX_OCTETS", refused, &large);
        let stranger = administration.export(stranger()).await;
        let refused = stranger == Err(Error::NoSuchKey);
        self.check("export of an unknown key is NoSuchKey", refused, &stranger);
    }

    async fn identities(&mut self) -> Option<Fingerprint> {
        let answer = self.application.identities().await;
        let keys = self.expect("identities answers", answer)?;
        let secret = |key: &Key| key.secret;
        self.check(
            "the application's own keys come first",
            keys.is_sorted_by_key(|key| !secret(key)),
            &keys,
        );
        let own = keys.iter().find(|key| secret(key));
        self.check("there is a private key", own.is_some(), &keys);
        own.map(|key| key.fingerprint.clone())
    }

    async fn signature(&mut self, own: &Fingerprint) {
        let promise = "sign answers";
        let signature = self.application.sign(to_sign(own, DATA)).await;
        let Some(signature) = self.expect(promise, signature) else {
            return;
        };
        self.check(
            "a signature is one packet of tag 2, at most 2 048 bytes",
            signature.first().is_some_and(|octet| tag(*octet) == 2) && signature.len() <= 2048,
            &octets(&signature),
        );
        let report = self.verify(own, DATA, signature.clone()).await;
        if let Some(report) = self.expect("verify reports", report) {
            self.good_report(own, &report);
        }
        let report = self.verify(own, b"other octets", signature.clone()).await;
        let echoed = sha256(b"other octets");
        let bad = matches!(&report, Ok(r) if !r.good && r.data_sha256 == echoed);
        self.check("changed data is reported as bad", bad, &report);
        let unknown = ToVerify { known_notations: Vec::new(), ..to_verify(own, DATA, signature) };
        let report = self.application.verify(unknown).await;
        let bad = matches!(&report, Ok(report) if !report.good);
        self.check("an unknown critical notation is bad", bad, &report);
    }

    fn good_report(&mut self, own: &Fingerprint, report: &Report) {
        self.check("a signature just made is good", report.good, &report.good);
        let echoed = report.data_sha256 == sha256(DATA) && report.primary == *own;
        let echo = (octets(&report.data_sha256), &report.primary);
        self.check("the report echoes the data and the key", echoed, &echo);
        let lifetime = report.expires.map(|end| end.checked_sub(report.created));
        let expires = lifetime == Some(Some(LIFETIME.as_secs()));
        let times = (report.created, report.expires);
        self.check("the report tells when it expires", expires, &times);
        let notation = report.notations == [notation()];
        self.check("the report tells the notation, critical", notation, &report.notations);
        let sound = report.signatures == 1
            && report.class == 0
            && matches!(report.hash.0, 8..=10)
            && report.key == KeyValidity::Valid
            && report.strong;
        let facts = (report.signatures, report.class, report.hash, report.key, report.strong);
        self.check("one binary signature, of the floor's strength", sound, &facts);
    }

    async fn refused_signatures(&mut self, own: &Fingerprint) {
        for nonsense in [&b""[..], b"nonsense", &[0xC2, 200], &[0xFF; 64]] {
            let answer = self.verify(own, DATA, nonsense.to_vec()).await;
            let refused = answer == Err(Error::Malformed);
            self.check("what is no signature is Malformed", refused, &answer);
        }
        let signature = self.application.sign(to_sign(own, DATA)).await;
        let Some(signature) = self.expect("sign answers again", signature) else {
            return;
        };
        let mut changed = signature.clone();
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        let answer = self.verify(own, DATA, changed).await;
        let refused = !matches!(&answer, Ok(report) if report.good);
        self.check("a changed signature is not good", refused, &answer);
        let twice = [signature.clone(), signature].concat();
        let answer = self.verify(own, DATA, twice).await;
        let refused = match &answer {
            Ok(report) => !report.good || report.signatures == 2,
            Err(error) => *error == Error::Malformed,
        };
        self.check("two packets are not told as one", refused, &answer);
        let large = vec![0; MAX_OCTETS + 1];
        let answer = self.application.sign(to_sign(own, &large)).await;
        let refused = answer == Err(Error::TooLarge);
        let told = answer.as_deref().map(octets);
        self.check("sign refuses more than MAX_OCTETS", refused, &told);
        let answer = self.verify(own, &large, vec![0xC2, 1, 0]).await;
        let refused = answer == Err(Error::TooLarge);
        self.check("verify refuses more than MAX_OCTETS", refused, &answer);
    }

    async fn encryption(&mut self, own: &Fingerprint) {
        let answer = self.encrypt(own, DATA).await;
        let Some(message) = self.expect("encrypt answers", answer) else {
            return;
        };
        let plain = message.windows(DATA.len()).any(|window| window == DATA);
        self.check("the ciphertext does not show the plaintext", !plain, &octets(&message));
        let answer = self.application.decrypt(own.clone(), message.clone()).await;
        let same = matches!(&answer, Ok(plain) if plain.octets.expose() == DATA && plain.integrity);
        self.check("decrypt gives back what was encrypted", same, &answer);
        for at in [message.len() / 2, message.len() - 1] {
            let mut changed = message.clone();
            if let Some(octet) = changed.get_mut(at) {
                *octet ^= 0x20;
            }
            let answer = self.application.decrypt(own.clone(), changed).await;
            self.check("a changed ciphertext is refused", answer.is_err(), &answer);
        }
        let answer = self.encrypt(own, &[]).await;
        if let Some(empty) = self.expect("encrypt takes nothing at all", answer) {
            let answer = self.application.decrypt(own.clone(), empty).await;
            let same = matches!(&answer, Ok(plain) if plain.octets.expose().is_empty());
            self.check("and decrypt gives nothing back", same, &answer);
        }
    }

    async fn refused_ciphertexts(&mut self, own: &Fingerprint) {
        for nonsense in [&b""[..], b"nonsense", &[0xD2, 255, 255], &[0; 64]] {
            let answer = self.application.decrypt(own.clone(), nonsense.to_vec()).await;
            let refused = answer == Err(Error::Malformed);
            self.check("what is no ciphertext is Malformed", refused, &answer);
        }
        let large = vec![0; MAX_OCTETS + 1];
        let answer = self.encrypt(own, &large).await;
        let refused = answer == Err(Error::TooLarge);
        let told = answer.as_deref().map(octets);
        self.check("encrypt refuses more than MAX_OCTETS", refused, &told);
        let answer = self.application.decrypt(own.clone(), large).await;
        let refused = answer == Err(Error::TooLarge);
        self.check("decrypt refuses more than MAX_OCTETS", refused, &answer);
        let answer = self.application.encrypt(Vec::new(), DATA.to_vec().into()).await;
        let told = answer.as_deref().map(octets);
        self.check("encrypting to nobody is refused", answer.is_err(), &told);
    }

    /// A fingerprint that nobody has: every question about it is `NoSuchKey`.
    async fn strangers(&mut self) {
        let answer = self.application.sign(to_sign(&stranger(), DATA)).await;
        let told = answer.as_deref().map(octets);
        self.check("sign with an unknown key is NoSuchKey", answer == Err(Error::NoSuchKey), &told);
        let answer = self.verify(&stranger(), DATA, vec![0xC2, 1, 0]).await;
        let refused = answer == Err(Error::NoSuchKey);
        self.check("verify of an unknown key is NoSuchKey", refused, &answer);
        let answer = self.encrypt(&stranger(), DATA).await;
        let told = answer.as_deref().map(octets);
        self.check(
            "encrypt to an unknown key is NoSuchKey",
            answer == Err(Error::NoSuchKey),
            &told,
        );
        let answer = self.application.decrypt(stranger(), DATA.to_vec()).await;
        let refused = answer == Err(Error::NoSuchKey);
        self.check("decrypt for an unknown key is NoSuchKey", refused, &answer);
    }

    async fn verify(
        &self, signer: &Fingerprint, data: &[u8], signature: Vec<u8>,
    ) -> Result<Report, Error> {
        let question = to_verify(signer, data, signature);
        self.application.verify(question).await
    }

    async fn encrypt(&self, recipient: &Fingerprint, octets: &[u8]) -> Result<Vec<u8>, Error> {
        let recipients = vec![recipient.clone()];
        self.application.encrypt(recipients, octets.to_vec().into()).await
    }
}

/// The packet tag in a first octet of either format. RFC 9580 §4.2.
fn tag(octet: u8) -> u8 {
    match octet >> 6 {
        0b11 => octet & 0x3F,
        0b10 => (octet >> 2) & 0x0F,
        _ => 0,
    }
}

fn notation() -> Notation {
    Notation { name: NOTATION.to_owned(), value: b"kit".to_vec(), critical: true }
}

fn to_sign(signer: &Fingerprint, data: &[u8]) -> ToSign {
    ToSign {
        signer: signer.clone(),
        data: data.to_vec(),
        notation: notation(),
        expires_in: LIFETIME,
    }
}

fn to_verify(signer: &Fingerprint, data: &[u8], signature: Vec<u8>) -> ToVerify {
    ToVerify {
        signer: signer.clone(),
        data: data.to_vec(),
        signature,
        known_notations: vec![NOTATION.to_owned()],
    }
}

fn stranger() -> Fingerprint {
    Fingerprint("5".repeat(40))
}
