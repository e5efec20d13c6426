//! The application hears of each request that is refused, who claimed to have sent it and why; and
//! nothing of one that is only challenged.

use super::digest::Calls;
use super::guessing::{guess, passed_on};
use super::*;
use ssa::conformance::TestRequest;
use sst::{Assurance, Call, Denial, Denied, TrustAnswer, TrustQuestion};

#[derive(Default)]
struct Ear(Mutex<Vec<Denied>>);

impl Ear {
    fn taken(&self) -> Vec<Denied> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl sst::TelephonyApplication for Ear {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        None
    }

    async fn trust(&self, _: TrustQuestion) -> TrustAnswer {
        TrustAnswer::No
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _: Call, _: &Assurance) {}

    fn denied(&self, denial: Denial<'_>) {
        assert_eq!(denial.call, Call(CALL.0));
        assert!(denial.source.is_some());
        self.0.lock().unwrap().push(denial.why);
    }
}

/// A caller who knows this password, and a callee whose refusals are heard.
fn calls(password: &str) -> (Calls, Arc<Ear>) {
    let mut calls = Calls::with(password, digest_configuration(BOB, Requirement::DIGEST));
    let ear = Arc::new(Ear::default());
    let callee = SecurityManager::builder(calls.platform.clone())
        .digest(Digest)
        .application(ear.clone())
        .build()
        .unwrap();
    callee.configure(&digest_configuration(BOB, Requirement::DIGEST));
    calls.callee = callee;
    (calls, ear)
}

/// The INVITE with an answer to the callee's challenge.
fn answered(calls: &Calls) -> TestRequest {
    challenged(calls, &calls.invite())
}

/// An INVITE with an answer to the callee's challenge.
fn challenged(calls: &Calls, invite: &TestRequest) -> TestRequest {
    let received = calls.callee.request_received(CALL, &invite.arrival(), &invite.view());
    let Received::SendWwwAuthenticate(challenge) = received else { panic!("{received:?}") };
    calls.answer(invite, &challenge)
}

#[test]
fn a_challenge_is_no_refusal_and_a_wrong_digest_is_one() {
    let (right, ear) = calls("secret");
    let invite = answered(&right);
    assert!(admits(&right.callee, &invite.arrival(), &invite));
    assert_eq!(ear.taken(), []);
    let (wrong, ear) = calls("wrong");
    let invite = answered(&wrong);
    assert_eq!(ear.taken(), [], "it was only challenged");
    assert!(!admits(&wrong.callee, &invite.arrival(), &invite));
    assert_eq!(ear.taken(), [Denied::Proof]);
}

/// Case A21.
#[test]
fn a21_who_guesses_too_often_is_told_of() {
    let (calls, ear) = calls("wrong");
    let wrong = answered(&calls);
    for number in 0..5 {
        let invite = guess(&wrong, number);
        assert!(!admits(&calls.callee, &invite.arrival(), &invite));
    }
    assert_eq!(ear.taken(), vec![Denied::Proof; 5]);
    let invite = guess(&wrong, 9);
    assert!(!admits(&calls.callee, &invite.arrival(), &invite));
    assert_eq!(ear.taken(), [Denied::Guessing]);
}

/// Whoever was challenged at one address raises no alarm about others, however many sources it
/// forges and Via rows it writes.
#[test]
fn a21_a_forged_source_is_not_told_of() {
    let (calls, ear) = calls("wrong");
    let wrong = passed_on(challenged(&calls, &passed_on(calls.invite())));
    for host in 1..=20 {
        let source = format!("192.0.2.{host}:5060").parse().unwrap();
        assert!(!admits(&calls.callee, &Arrival { source, ..wrong.arrival() }, &wrong));
    }
    assert_eq!(ear.taken(), []);
}

#[test]
fn what_cannot_be_read_or_checked_is_told_of() {
    let (calls, ear) = calls("secret");
    let mut invite = calls.invite();
    let field = ssa::Field { name: "Authorization", value: b"Digest realm=\"".to_vec() };
    invite.fields.extend(&[field]);
    assert!(!admits(&calls.callee, &invite.arrival(), &invite));
    assert_eq!(ear.taken(), [Denied::Malformed]);
    calls.callee.configure(&digest_configuration(BOB, Requirement::PGP));
    let invite = calls.invite();
    assert!(!admits(&calls.callee, &invite.arrival(), &invite));
    assert_eq!(ear.taken(), [Denied::NotConfigured]);
}
