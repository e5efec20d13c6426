//! The kit and the doubles judged by each other.

use super::*;
use crate::{
    Decrypted, Error, Fingerprint, Key, KeyFacts, Notation, Plaintext, Report, SecurityApplication,
    ToSign, ToVerify,
};
use async_trait::async_trait;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn now<F: Future>(future: F) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn double() -> (Double, Fingerprint) {
    let double = Double::new(&Directory::new(1), Arc::new(|| 1_700_000_000));
    let key = double.add_key("sip:alice@example.org");
    (double, key)
}

fn to_sign(signer: &Fingerprint) -> ToSign {
    ToSign {
        signer: signer.clone(),
        data: b"data".to_vec(),
        notation: Notation { name: "n@example.org".into(), value: b"v".to_vec(), critical: true },
        expires_in: Duration::from_secs(300),
    }
}

fn to_verify(signer: &Fingerprint, signature: Vec<u8>) -> ToVerify {
    ToVerify {
        signer: signer.clone(),
        data: b"data".to_vec(),
        signature,
        known_notations: vec!["n@example.org".into()],
    }
}

#[test]
fn the_double_keeps_the_contract() {
    let double = Double::new(&Directory::default(), Arc::new(|| 1_700_000_000));
    assert_eq!(now(run(&double, Some(&double))), []);
    assert_eq!(now(run(&double, None)), []);
}

#[test]
fn the_kit_finds_what_is_broken() {
    let (honest, _) = double();
    let liar = Lying::about_data(honest);
    let failures = now(run(&liar, None));
    assert!(failures.iter().any(|f| f.promise == "changed data is reported as bad"));
    assert!(failures.iter().any(|f| f.promise == "the report echoes the data and the key"));
    assert!(!now(run(&crate::Deny, None)).is_empty());
    assert!(!now(run(&crate::Open, None)).is_empty());
}

/// Says yes to whatever it is asked, and gives back all that it was given.
struct Yes(Fingerprint);

#[async_trait]
impl SecurityApplication for Yes {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        let user_ids = vec!["sip:yes\n".repeat(1_000)];
        let facts = KeyFacts::default();
        let key = |secret| Key {
            fingerprint: self.0.clone(),
            user_ids: user_ids.clone(),
            secret,
            facts,
            certified_by: Vec::new(),
        };
        Ok(vec![key(false), key(true)])
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        Ok(question.data)
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        let (honest, key) = double();
        let signature = honest.sign(to_sign(&key)).await?;
        let report = honest.verify(to_verify(&key, signature)).await?;
        let long = Notation { name: "n".to_owned(), value: question.data, critical: true };
        Ok(Report { notations: vec![long], ..report })
    }

    async fn encrypt(&self, _: Vec<Fingerprint>, octets: Plaintext) -> Result<Vec<u8>, Error> {
        Ok(octets.expose().to_vec())
    }

    async fn decrypt(&self, _: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        Ok(Decrypted { octets: octets.into(), integrity: true })
    }
}

#[test]
fn a_failure_is_one_line_that_can_be_read() {
    let failures = now(run(&Yes(double().1), None));
    assert!(failures.len() > 10, "{failures:?}");
    for failure in &failures {
        let line = failure.to_string();
        assert!(line.chars().count() <= 240 && !line.contains('\n'), "{line}");
        assert_eq!(format!("{failure:?}"), line);
    }
    let large = failures.iter().find(|f| f.promise == "encrypt refuses more than MAX_OCTETS");
    let line = large.unwrap().to_string();
    assert!(line.ends_with(" MAX_OCTETS: Ok(65537 bytes 00 00 00 00 00 00 00 00 …)"), "{line}");
}

#[test]
fn the_document_of_the_interface_names_all_that_the_kit_asks() {
    let document = include_str!("../../../../docs/interfaces/sma.md");
    let (double, _) = double();
    let asked = now(kit::play(&double, Some(&double))).asked;
    assert!(asked.len() > 30, "{asked:?}");
    let missing: Vec<_> = asked.iter().filter(|promise| !document.contains(**promise)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn doubles_of_one_directory_verify_each_other() {
    let directory = Directory::new(7);
    let alice = Double::new(&directory, Arc::new(|| 1_700_000_000));
    let bob = Double::new(&directory, Arc::new(|| 1_700_000_001));
    let key = alice.add_key("sip:alice@example.org");
    let signature = now(alice.sign(to_sign(&key))).unwrap();
    assert_eq!(now(alice.sign(to_sign(&key))).unwrap(), signature);
    let report = now(bob.verify(to_verify(&key, signature))).unwrap();
    assert!(report.good);
    assert_eq!(report.created, 1_700_000_000);
    assert_eq!(report.expires, Some(1_700_000_300));
    assert_eq!(now(bob.sign(to_sign(&key))), Err(Error::NoSuchKey));
    let message = now(bob.encrypt(vec![key.clone()], b"text".to_vec().into())).unwrap();
    assert_eq!(now(alice.decrypt(key.clone(), message.clone())).unwrap().octets.expose(), b"text");
    assert_eq!(now(bob.decrypt(key, message)), Err(Error::NoSuchKey));
}

#[test]
fn another_directory_has_other_keys_for_the_same_user_id() {
    let (_, alice) = double();
    let mallory = Double::new(&Directory::new(2), Arc::new(|| 0));
    assert_ne!(mallory.add_key("sip:alice@example.org"), alice);
}

#[test]
fn a_late_answer_comes_once_the_gate_is_open() {
    let (double, key) = double();
    let gate = Gate::closed();
    let late = Late::new(double, gate.clone());
    let mut question = pin!(late.sign(to_sign(&key)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(question.as_mut().poll(&mut context).is_pending());
    assert_eq!(gate.waiting(), 1);
    gate.open();
    assert!(matches!(question.poll(&mut context), Poll::Ready(Ok(_))));
    assert_eq!(gate.waiting(), 0);
    gate.close();
    assert!(poll(late.identities()).is_pending());
}

#[test]
fn a_hanging_application_forgets_a_dropped_question() {
    let hanging = Hanging::new();
    let mut question = hanging.identities();
    assert!(poll(question.as_mut()).is_pending());
    assert_eq!(hanging.waiting(), 1);
    drop(question);
    assert_eq!(hanging.waiting(), 0);
}

#[test]
fn a_crashed_application_is_unavailable_until_restarted() {
    let (double, key) = double();
    let crashing = Crashing::after(double, 1);
    assert!(now(crashing.sign(to_sign(&key))).is_ok());
    assert_eq!(now(crashing.sign(to_sign(&key))), Err(Error::Unavailable));
    crashing.restart(1);
    assert!(now(crashing.sign(to_sign(&key))).is_ok());
}

#[test]
fn g24_lies_show_in_the_echo() {
    let (honest, key) = double();
    let signature = now(honest.sign(to_sign(&key))).unwrap();
    let other = Fingerprint::parse(&"a".repeat(40)).unwrap();
    let liar = Lying::about_signer(honest, other.clone());
    let report = now(liar.verify(to_verify(&key, signature))).unwrap();
    assert!(report.good);
    assert_eq!(report.primary, other);
}
