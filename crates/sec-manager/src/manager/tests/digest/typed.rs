//! Passwords that a user types: how often they are asked for.

use super::client::{challenge, sha256};
use super::*;
use std::sync::atomic::AtomicUsize;

/// A user who types the password, or declines to, and how often that was asked.
#[derive(Default)]
struct Typing(AtomicUsize, bool);

impl Typing {
    fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl sst::TelephonyApplication for Typing {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        self.0.fetch_add(1, Ordering::Relaxed);
        (!self.1).then(|| Password::new(b"secret".to_vec()))
    }

    async fn trust(&self, _: sst::TrustQuestion) -> sst::TrustAnswer {
        sst::TrustAnswer::No
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _: Call, _: &sst::Assurance) {}
}

/// A phone whose user types the password.
fn phone() -> (Calls, Arc<Typing>) {
    phone_of(Typing::default())
}

fn phone_of(typing: Typing) -> (Calls, Arc<Typing>) {
    let mut calls = Calls::new();
    let typing = Arc::new(typing);
    let phone = SecurityManager::builder(calls.platform.clone())
        .digest(Digest)
        .application(typing.clone())
        .build()
        .unwrap();
    phone.configure(&configuration());
    calls.caller = phone;
    (calls, typing)
}

fn configuration() -> Configuration {
    let mut configuration = caller_configuration("secret");
    configuration.accounts[0].secret = None;
    configuration
}

fn register(calls: &Calls) -> TestRequest {
    TestRequest { method: "REGISTER", ..calls.invite() }
}

/// A REGISTER that is challenged, answered, and accepted or not answered at all.
fn registers(calls: &Calls, is_accepted: bool) {
    let registered = calls.authorized(register(calls));
    if is_accepted {
        let ok = TestResponse::to(&registered, 200, Body::default());
        assert_eq!(calls.received(&ok, &registered), ssa::Incoming::Accept);
    }
}

#[test]
fn a23_a_password_that_was_accepted_is_not_asked_for_again() {
    let (calls, typing) = phone();
    for _ in 0..3 {
        registers(&calls, true);
        assert_eq!(typing.asked(), 1);
    }
    calls.caller.configure(&configuration());
    registers(&calls, true);
    assert_eq!(typing.asked(), 2, "nothing typed outlives its configuration");
}

#[test]
fn a23_a_password_that_was_not_accepted_is_asked_for_again() {
    let (calls, typing) = phone();
    registers(&calls, false);
    registers(&calls, true);
    assert_eq!(typing.asked(), 2);
    // The registrar has another one meanwhile, and refuses this one without a challenge.
    registers(&calls, false);
    assert_eq!(typing.asked(), 2);
    registers(&calls, true);
    assert_eq!(typing.asked(), 3);
}

#[test]
fn a23_a_password_that_is_challenged_again_is_forgotten() {
    let (calls, typing) = phone();
    registers(&calls, true);
    let refused = calls.authorized(register(&calls));
    assert_eq!(calls.plan(&refused, &[sha256(REALM)]), Err(Why::TriedAlready));
    assert_eq!(typing.asked(), 1);
    registers(&calls, true);
    assert_eq!(typing.asked(), 2);
}

#[test]
fn a23_a_password_is_kept_for_the_algorithm_that_it_was_typed_for() {
    let (calls, typing) = phone();
    registers(&calls, true);
    let better = challenge("WWW-Authenticate", REALM, ", algorithm=SHA-512-256");
    assert!(calls.plan(&register(&calls), &[better]).is_ok());
    assert_eq!(typing.asked(), 2);
}

#[test]
fn who_types_no_password_is_told_that_there_is_none() {
    let (calls, typing) = phone_of(Typing(AtomicUsize::new(0), true));
    assert_eq!(calls.plan(&register(&calls), &[sha256(REALM)]), Err(Why::NoPassword));
    assert_eq!(typing.asked(), 1);
}

#[test]
fn each_password_that_is_asked_for_has_its_time() {
    let (calls, _) = phone();
    let mut two = configuration();
    two.accounts.push(Account { realm: "other.example".to_owned(), secret: None, ..account("") });
    calls.caller.configure(&two);
    let sent = register(&calls);
    let mut response = TestResponse::to(&sent, 401, Body::default());
    response.fields.extend(&[sha256(REALM), sha256("other.example")]);
    let hop = sent.arrival();
    match calls.caller.got_401_unauthorized(CALL, &hop, &response.view(), &sent.view()) {
        Answer::Pending { within, .. } => assert_eq!(within, Duration::from_secs(120)),
        Answer::Ready(other) => panic!("{other:?}"),
    }
}

#[test]
fn a23_a_server_that_restarts_costs_a_registered_phone_one_stale_and_no_prompt() {
    let (mut calls, typing) = phone();
    let registered = calls.authorized(register(&calls));
    assert!(calls.admits(&registered));
    assert_eq!(typing.asked(), 1, "the user is asked once");
    // Another start, with nonces of its own.
    calls.platform.random(&mut [0; 5]).unwrap();
    calls.callee =
        digest_manager(&calls.platform, digest_configuration(BOB, Requirement::DIGEST)).0;
    let challenge = calls.challenge(&registered);
    assert!(challenge.iter().all(|it| it.value.ends_with(b", stale=true")), "{challenge:?}");
    let plan = calls.plan(&registered, &challenge).expect("it is answered at once");
    let mut again = registered.retried();
    again.fields.0.retain(|(name, _)| name != "Authorization");
    let fields = calls.fields(plan, &again);
    again.fields.extend(&fields);
    assert!(calls.admits(&again));
    assert_eq!(typing.asked(), 1, "and not again");
}

const OTHER: &str = "other.example";

/// A phone with another account than the first, whose password is not configured either.
fn with_another(calls: &Calls, change: impl FnOnce(&mut Account)) {
    let mut two = configuration();
    let mut other = Account { secret: None, ..account("") };
    change(&mut other);
    two.accounts.push(other);
    calls.caller.configure(&two);
}

/// A stale nonce is no reason to use the password of another realm, or of another account.
#[test]
fn a23_a_stale_nonce_of_another_account_or_realm_is_asked_for() {
    let stale = |realm| challenge("WWW-Authenticate", realm, ", algorithm=SHA-256, stale=true");
    let (calls, typing) = phone();
    with_another(&calls, |other| other.realm = OTHER.to_owned());
    let sent = calls.answer(&register(&calls), &[sha256(REALM)]);
    assert!(calls.plan(&sent, &[stale(OTHER)]).is_ok());
    assert_eq!(typing.asked(), 2);

    let (calls, typing) = phone();
    let elsewhere = "127.0.0.1:5062".parse().unwrap();
    with_another(&calls, |other| {
        other.aor = "sip:al@alice.example".to_owned();
        other.hop = HopPolicy::Udp(vec![elsewhere]);
    });
    let sent = calls.answer(&register(&calls), &[sha256(REALM)]);
    let mut response = TestResponse::to(&sent, 401, Body::default());
    response.fields.extend(&[stale(REALM)]);
    let hop = Arrival { source: elsewhere, ..sent.arrival() };
    let view = sent.view();
    let answer = now(calls.caller.got_401_unauthorized(CALL, &hop, &response.view(), &view));
    assert!(matches!(answer, Required::SendWwwAuthenticate { .. }), "{answer:?}");
    assert_eq!(typing.asked(), 2);
}

#[test]
fn a_password_that_is_configured_is_not_asked_for_beside_one_that_is_not() {
    let (calls, typing) = phone();
    with_another(&calls, |other| {
        other.realm = OTHER.to_owned();
        other.secret = Some(Password::new(b"secret".to_vec()).into());
    });
    assert!(calls.plan(&register(&calls), &[sha256(REALM), sha256(OTHER)]).is_ok());
    assert_eq!(typing.asked(), 1);
}

#[test]
fn a23_a_call_that_is_tried_anew_forgets_no_password() {
    let (calls, typing) = phone();
    registers(&calls, true);
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::DIGEST };
    calls.caller.call_started(Call(CALL.0), outgoing);
    for _ in 0..2 {
        calls.authorized(calls.invite());
    }
    assert_eq!(typing.asked(), 1);
}
