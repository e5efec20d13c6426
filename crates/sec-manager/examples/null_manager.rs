//! The smallest security manager, and what it is worth beside one in earnest.
//!
//! A stack is adopted with it first: every message crosses SSA, and nothing changes. Then
//! `sec_manager::SecurityManager` takes its place. `ssa::Open` is this one, ready made; `ssa::Deny`
//! is the one that refuses, as does every method that is not implemented.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

mod system;

use sec_manager::{Digest, NoRandomness, SecurityManager};
use ssa::conformance::TestRequest;
use ssa::{
    Answer, Arrival, Body, BodyVerdict, CallRef, Direction, Incoming, Leaving, Plan, Received,
    Request, Response, SipSecurity, Transport,
};
use sst::{Configuration, Requirement, TelephonySecurity as _};
use std::process::ExitCode;
use std::sync::Arc;
use system::System;

/// Admits everybody, proves nothing, protects nothing.
struct Null;

impl SipSecurity for Null {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        Received::Admit
    }

    fn encrypt(
        &self, _: CallRef, _: Direction, _: Transport, _: Option<Plan>, body: Body,
    ) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn decrypt(&self, _: CallRef, _: Direction, _: Transport, body: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn response_leaving(&self, _: CallRef, _: &Request<'_>, _: &Response<'_>) -> Answer<Leaving> {
        Answer::Ready(Leaving::Fields(Vec::new()))
    }

    fn response_received(
        &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
    ) -> Answer<Incoming> {
        Answer::Ready(Incoming::Accept)
    }
}

/// What a manager says of a stranger's INVITE.
fn of_a_stranger(manager: &dyn SipSecurity) -> Received {
    let invite =
        TestRequest::invite("sip:mallory@192.0.2.9", "sip:bob@callee.example", "1@192.0.2.9");
    manager.request_received(CallRef(1), &invite.arrival(), &invite.view())
}

fn main() -> Result<ExitCode, NoRandomness> {
    let manager = SecurityManager::builder(Arc::new(System)).digest(Digest).build()?;
    manager.configure(&Configuration {
        require: Requirement::DIGEST,
        realm: "callee.example".to_owned(),
        ..Configuration::default()
    });
    let (null, in_earnest) = (of_a_stranger(&Null), of_a_stranger(&*manager));
    println!("the null manager: {null:?}");
    println!("one that requires Digest: {in_earnest:?}");
    let as_expected =
        null == Received::Admit && matches!(in_earnest, Received::SendWwwAuthenticate(_));
    Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
