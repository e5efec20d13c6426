//! What the application is told, and what it is asked: SST over two managers that use Digest.

use super::*;
use async_trait::async_trait;
use sst::{Assurance, Call, Outgoing, State, TelephonyApplication, TrustAnswer};

/// An application that notes what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, Assurance)>>);

#[async_trait]
impl TelephonyApplication for Told {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        None
    }

    async fn trust(&self, _: sst::TrustQuestion) -> TrustAnswer {
        TrustAnswer::No
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, call: Call, assurance: &Assurance) {
        self.0.lock().unwrap().push((call.0, assurance.clone()));
    }
}

struct Callee {
    platform: Arc<TestPlatform>,
    manager: Arc<SecurityManager>,
    states: Arc<States>,
    told: Arc<Told>,
}

impl Callee {
    fn requiring(require: Requirement) -> Self {
        let (platform, told) = (TestPlatform::new(), Arc::new(Told::default()));
        let states = Arc::new(States::default());
        let manager = SecurityManager::builder(platform.clone())
            .digest(Digest)
            .observer(states.clone())
            .application(told.clone())
            .build()
            .unwrap();
        manager.configure(&digest_configuration(BOB, require));
        Self { platform, manager, states, told }
    }

    fn receives(&self, call: u64, request: &TestRequest) -> Received {
        self.manager.request_received(CallRef(call), &request.arrival(), &request.view())
    }
}

fn invite(number: u64) -> TestRequest {
    TestRequest::invite(ALICE, BOB, &format!("{number}@127.0.0.1"))
}

#[test]
fn a_call_that_was_challenged_waits_until_it_ends_or_its_nonce_expires() {
    let callee = Callee::requiring(Requirement::DIGEST);
    assert_eq!(callee.manager.state(Call(1)), State::Idle);
    for number in [1, 2] {
        assert!(matches!(
            callee.receives(number, &invite(number)),
            Received::SendWwwAuthenticate(_)
        ));
        callee.platform.advance(Duration::from_secs(10));
    }
    let waiting = callee.manager.waiting();
    let rows: Vec<_> = waiting.iter().map(|row| (row.call.0, row.since.as_secs())).collect();
    assert_eq!(rows, [(2, 10), (1, 20)]);
    assert!(waiting.iter().all(|row| row.claimed == ALICE));
    assert_eq!(callee.manager.state(Call(1)), State::WaitForAuthorization);

    callee.states.taken();
    callee.manager.call_ended(Call(1));
    assert_eq!(callee.states.taken(), ["Receiver WaitForAuthorization Idle: call ended"]);
    assert_eq!(callee.manager.state(Call(1)), State::Idle);
    callee.manager.call_ended(Call(1));
    assert!(callee.states.taken().is_empty(), "it ends once");

    callee.platform.advance(Duration::from_secs(122));
    assert_eq!(callee.manager.state(Call(2)), State::Idle, "its nonce has expired");
    assert!(callee.manager.waiting().is_empty());
    assert!(matches!(callee.receives(3, &invite(3)), Received::SendWwwAuthenticate(_)));
    callee.platform.advance(Duration::from_secs(122));
    assert!(callee.manager.waiting().is_empty(), "whoever asks first");
}

#[test]
fn a_senders_machine_waits_from_the_401_on() {
    let (platform, states) = (TestPlatform::new(), Arc::new(States::default()));
    let caller = SecurityManager::builder(platform.clone())
        .digest(Digest)
        .observer(states.clone())
        .build()
        .unwrap();
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::DIGEST };
    caller.call_started(Call(7), outgoing);
    assert_eq!((caller.state(Call(7)), caller.records()), (State::Idle, 1));
    let shared = &caller.shared;
    let mut record = shared.lock().records.remove(7).unwrap();
    shared.step(7, &mut record, crate::fsm::Signal::Unauthorized);
    *shared.lock().records.start(7, platform.now()) = record;
    assert_eq!(caller.state(Call(7)), State::WaitForAuthorization);
    states.taken();
    caller.call_ended(Call(7));
    assert_eq!(states.taken(), ["Sender WaitForAuthorization Idle: call ended"]);
    assert_eq!((caller.state(Call(7)), caller.records()), (State::Idle, 0));
}

#[test]
fn the_application_is_told_why_plain_media_was_refused() {
    use ssm::{Line, LineSecurity, MediaSecurity as _, Profile, Refused};
    let callee = Callee::requiring(Requirement::NOTHING);
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let secured = LineSecurity { profile: Profile::Savp, attributes: Vec::new() };
    let (manager, told) = (&callee.manager, &callee.told);
    for (call, require) in [(1, Requirement::DIGEST), (2, Requirement::PGP)] {
        let outgoing = Outgoing { from: BOB.into(), to: ALICE.into(), require };
        manager.call_started(Call(call), outgoing);
    }
    let (open, bound) = (ssm::Call(1), ssm::Call(2));
    assert_eq!(manager.judge(open, Line(0), &plain), Ok(()));
    assert_eq!(manager.judge(open, Line(0), &secured), Err(Refused::Profile));
    assert_eq!(manager.answer(open, Line(0), &plain).as_ref(), Ok(&plain));
    assert!(manager.answer(open, Line(0), &secured).is_err());
    assert!(manager.judge(bound, Line(0), &secured).is_err());
    assert!(told.0.lock().unwrap().is_empty(), "nobody asked for plain media in vain");
    assert!(manager.judge(bound, Line(0), &plain).is_err());
    assert!(manager.answer(bound, Line(0), &plain).is_err());
    let told = std::mem::take(&mut *told.0.lock().unwrap());
    assert_eq!(told.len(), 2);
    for (call, assurance) in told {
        assert_eq!((call, assurance.refused), (2, Some(sst::Refused::PlainMedia)));
    }
}

#[test]
fn media_of_a_call_without_a_record_follow_the_policy() {
    use ssm::{Line, MediaSecurity as _, Refused};
    let guard = |callee: &Callee| callee.manager.guard(ssm::Call(9), Line(0));
    assert!(guard(&Callee::requiring(Requirement::NOTHING)).is_ok());
    let bound = guard(&Callee::requiring(Requirement::DIGEST));
    assert_eq!(bound.err(), Some(Refused::Unknown));
    let secret = Callee::requiring(Requirement::NOTHING);
    let open = digest_configuration(BOB, Requirement::NOTHING);
    secret.manager.configure(&Configuration { secrecy: sst::Secrecy::Forward, ..open });
    assert_eq!(guard(&secret).err(), Some(Refused::Secrecy));
}

/// No manager without its secret, nor without the number that tells its nonces from earlier ones.
#[test]
fn without_randomness_there_is_no_manager() {
    for (draws, built) in [(0, false), (1, false), (2, true)] {
        let platform = TestPlatform::new();
        platform.draws.store(draws, Ordering::Relaxed);
        assert_eq!(SecurityManager::builder(platform).build().is_ok(), built, "{draws}");
    }
}

#[test]
fn the_manager_keeps_the_rules_of_sst() {
    for require in [Requirement::NOTHING, Requirement::DIGEST, Requirement::PGP] {
        let Callee { manager, .. } = Callee::requiring(require);
        let broken = sst::conformance::run(&*manager, (BOB, ALICE), require);
        assert!(broken.is_empty(), "{require}: {broken:?}");
    }
}
