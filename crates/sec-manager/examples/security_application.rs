//! A security application of thirty lines: it asks before each signature, and passes on all else.
//!
//! Two managers make a challenged call over it, and then one whose user says no. What it stands
//! before is the kit's double here; in earnest it is `sma_socket::Client`, and with it
//! `countersign-pgp` or `countersign-gpg`.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

mod system;

use async_trait::async_trait;
use sec_manager::{NoRandomness, Pgp, Platform as _, SecurityManager};
use sma::conformance::{Directory, Double};
use sma::{Decrypted, Error, Fingerprint, Key, Plaintext, Report, ToSign, ToVerify};
use sma::{KeyAdministration as _, SecurityApplication};
use ssa::conformance::{Pair, run};
use ssa::{Body, CallRef};
use sst::{Call, Configuration, Identity, Outgoing, Requirement, TelephonySecurity as _};
use std::process::ExitCode;
use std::sync::Arc;
use system::System;

/// Asks before each signature.
struct Asking<A> {
    application: A,
    may_sign: fn(&ToSign) -> bool,
}

#[async_trait]
impl<A: SecurityApplication> SecurityApplication for Asking<A> {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        self.application.identities().await
    }

    async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        match (self.may_sign)(&question) {
            true => self.application.sign(question).await,
            false => Err(Error::Locked),
        }
    }

    async fn verify(&self, question: ToVerify) -> Result<Report, Error> {
        self.application.verify(question).await
    }

    async fn encrypt(&self, to: Vec<Fingerprint>, octets: Plaintext) -> Result<Vec<u8>, Error> {
        self.application.encrypt(to, octets).await
    }

    async fn decrypt(&self, recipient: Fingerprint, octets: Vec<u8>) -> Result<Decrypted, Error> {
        self.application.decrypt(recipient, octets).await
    }
}

const ALICE: &str = "sip:alice@caller.example";
const BOB: &str = "sip:bob@callee.example";

/// A user who agrees.
fn says_yes(question: &ToSign) -> bool {
    println!("{} is to sign {} octets: yes", question.signer, question.data.len());
    true
}

/// One who does not.
fn says_no(question: &ToSign) -> bool {
    println!("{} is to sign {} octets: no", question.signer, question.data.len());
    false
}

/// Plays a call and the ways to cheat in it; says which rules were broken.
async fn call(may_sign: fn(&ToSign) -> bool) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (directory, clock) = (Directory::new(1), || System.unix_time().as_secs());
    let double = || Double::new(&directory, Arc::new(clock));
    let (alices, bobs) = (double(), double());
    let alice = (ALICE, alices.generate(ALICE.to_owned()).await?.fingerprint);
    let bob = (BOB, bobs.generate(BOB.to_owned()).await?.fingerprint);
    let caller = manager(Asking { application: alices, may_sign }, &alice, &bob)?;
    let callee = manager(Asking { application: bobs, may_sign: says_yes }, &bob, &alice)?;
    let text = |text: &str| Body {
        content_type: Some(b"text/plain".to_vec()),
        octets: text.as_bytes().to_vec(),
    };
    let user = Arc::clone(&caller);
    let pair = Pair {
        caller,
        callee,
        from: ALICE.to_owned(),
        to: BOB.to_owned(),
        offer: text("an offer"),
        answer: text("an answer"),
        start: Box::new(move |CallRef(call)| {
            let require = Requirement::PGP;
            let outgoing = Outgoing { from: ALICE.to_owned(), to: BOB.to_owned(), require };
            user.call_started(Call(call), outgoing);
        }),
    };
    Ok(run(&pair).await.iter().map(ToString::to_string).collect())
}

/// A manager that requires OpenPGP, and knows the other's key.
fn manager(
    application: impl SecurityApplication + 'static, own: &(&str, Fingerprint),
    peer: &(&str, Fingerprint),
) -> Result<Arc<SecurityManager>, NoRandomness> {
    let pgp = Pgp::new(Arc::new(application));
    let manager = SecurityManager::builder(Arc::new(System)).pgp(pgp).build()?;
    let (aor, fingerprint) = (own.0.to_owned(), Some(own.1.to_string()));
    let pin = sst::Pin::new(peer.0.to_owned(), peer.1.to_string());
    manager.configure(&Configuration {
        realm: aor.rsplit('@').next().unwrap_or_default().to_owned(),
        identities: vec![Identity { aor, fingerprint }],
        pins: vec![pin],
        require: Requirement::PGP,
        ..Configuration::default()
    });
    Ok(manager)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let broken = call(says_yes).await?;
    println!("the caller says yes: {} rules of the kit are broken", broken.len());
    let refused = call(says_no).await?;
    println!("the caller says no, so this does not hold: {}", refused.join("; "));
    let as_expected = broken.is_empty() && !refused.is_empty();
    Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
