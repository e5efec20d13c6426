//! What two honest sides are set to differently: told by name, and to no stranger.

use super::*;
use crate::Pgp;
use sma::conformance::{Directory, Double};
use ssa::conformance::TestResponse;
use ssa::{Authorized, Body, Direction, Incoming, Leaving, Refusal, Required, Transport, Why};
use sst::{Account, Call, Contact, Denied, HopPolicy, Mismatch, Outgoing, Pin};

/// Hears what does not fit.
#[derive(Default)]
struct Told(Mutex<Vec<Mismatch>>, Mutex<Vec<Denied>>);

impl Told {
    fn taken(&self) -> Vec<Mismatch> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Why requests were refused.
    fn denied(&self) -> Vec<Denied> {
        std::mem::take(&mut self.1.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl sst::TelephonyApplication for Told {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        None
    }

    async fn trust(&self, _: sst::TrustQuestion) -> sst::TrustAnswer {
        panic!("nobody is asked about a request that is refused")
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _: Call, _: &sst::Assurance) {}

    fn denied(&self, denial: sst::Denial<'_>) {
        let source = Some("127.0.0.1:5060".parse().unwrap());
        let shown = (denial.call, denial.claimed, denial.source);
        assert_eq!(shown, (Call(CALL.0), ALICE, source));
        self.1.lock().unwrap().push(denial.why);
    }

    fn mismatch(&self, call: Call, mismatch: Mismatch) {
        assert_eq!(call, Call(CALL.0));
        self.0.lock().unwrap().push(mismatch);
    }
}

/// A manager on a clock of its own.
struct Side {
    platform: Arc<TestPlatform>,
    manager: Arc<SecurityManager>,
    told: Arc<Told>,
}

fn side(platform: Arc<TestPlatform>, application: Option<Double>) -> Side {
    let told = Arc::new(Told::default());
    let mut builder =
        SecurityManager::builder(platform.clone()).digest(Digest).application(told.clone());
    if let Some(application) = application {
        builder = builder.pgp(Pgp::new(Arc::new(application)));
    }
    Side { platform, manager: builder.build().unwrap(), told }
}

/// A caller and a callee who have pinned each other.
struct Calls {
    alice: Side,
    bob: Side,
}

fn pair() -> Calls {
    let directory = Directory::new(1);
    let party = |aor: &str| {
        let platform = TestPlatform::new();
        let clock = Arc::clone(&platform);
        let double = Double::new(&directory, Arc::new(move || clock.unix_time().as_secs()));
        let key = double.add_key(aor).as_str().to_owned();
        (side(platform, Some(double)), key)
    };
    let ((alice, alices), (bob, bobs)) = (party(ALICE), party(BOB));
    let configure = |side: &Side, own: (&str, &str), peer: (&str, &str)| {
        side.manager.configure(&Configuration {
            identities: vec![Identity { aor: own.0.into(), fingerprint: Some(own.1.into()) }],
            contacts: vec![Contact { aor: peer.0.into(), require: Requirement::PGP }],
            pins: vec![Pin::new(peer.0, peer.1)],
            require: Requirement::PGP,
            realm: own.0.rsplit('@').next().unwrap().to_owned(),
            ..Configuration::default()
        });
    };
    configure(&alice, (ALICE, &alices), (BOB, &bobs));
    configure(&bob, (BOB, &bobs), (ALICE, &alices));
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::PGP };
    alice.manager.call_started(Call(CALL.0), outgoing);
    Calls { alice, bob }
}

impl Calls {
    /// The signed INVITE to a challenge of `bob`, whose realm is changed to `realm` on the way.
    fn signed(&self, realm: &str) -> Result<TestRequest, Why> {
        let invite = TestRequest::invite(ALICE, BOB, "mismatch@127.0.0.1");
        let challenge = self.bob.manager.request_received(CALL, &invite.arrival(), &invite.view());
        let Received::SendWwwAuthenticate(mut fields) = challenge else { panic!("{challenge:?}") };
        let text = String::from_utf8(fields[0].value.clone()).unwrap();
        fields[0].value = text.replace("bob.example", realm).into_bytes();
        let mut response = TestResponse::to(&invite, 401, Body::default());
        response.fields.extend(&fields);
        let (alice, hop) = (&self.alice.manager, invite.arrival());
        let answer = alice.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
        let plan = match now(answer) {
            Required::SendWwwAuthenticate { plan, .. } => plan,
            Required::GiveUp(why) => return Err(why),
        };
        let kind = Some(b"text/plain".to_vec());
        let body = Body { content_type: kind, octets: b"the offer".to_vec() };
        let sealed = now(alice.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), body));
        let ssa::BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
        let mut retry = invite.retried().with_body(sealed);
        match now(alice.authorize(CALL, plan, &retry.view())) {
            Authorized::Fields(fields) => retry.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        Ok(retry)
    }

    fn verdict(&self, invite: &TestRequest) -> Authentication {
        now(self.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view()))
    }
}

fn stale() -> Authentication {
    Authentication::Refused(Refusal::new(403, "Stale Date"))
}

fn set(side: &Side, seconds: i64) {
    side.platform.set.store(seconds * 1000, Ordering::Relaxed);
}

#[test]
fn a_callers_clock_that_is_off_is_told_to_both_sides() {
    for (ahead, verdict) in [
        (300, Authentication::Authenticated),
        (301, stale()),
        (-299, Authentication::Authenticated),
        // The signature's own 300 s are over.
        (-300, stale()),
        (86_400, stale()),
    ] {
        let calls = pair();
        set(&calls.alice, ahead);
        let invite = calls.signed("bob.example").unwrap();
        assert_eq!(calls.verdict(&invite), verdict, "{ahead}");
        let told = calls.bob.told.denied();
        let expected: &[Denied] = if verdict == stale() { &[Denied::Clock(ahead)] } else { &[] };
        assert_eq!(told, expected, "{ahead}");
    }
}

/// Only the clock is off, so it is no guess; and each challenge serves for one answer.
#[test]
fn a_clock_that_is_off_is_no_guess() {
    let calls = pair();
    set(&calls.alice, 3600);
    for number in 0..8 {
        let invite = calls.signed("bob.example").unwrap();
        assert_eq!(calls.verdict(&invite), stale(), "{number}");
        let again = calls.verdict(&invite);
        assert!(matches!(again, Authentication::SendWwwAuthenticate(_)), "burnt: {again:?}");
        calls.alice.manager.abandon(CALL);
        let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::PGP };
        calls.alice.manager.call_started(Call(CALL.0), outgoing);
        for side in [&calls.alice, &calls.bob] {
            side.platform.advance(Duration::from_secs(32));
        }
    }
    assert_eq!(calls.bob.manager.records(), 0);
}

/// Who has not signed learns nothing of our clock.
#[test]
fn a_stale_date_without_a_signature_that_holds_is_refused_like_any_other() {
    let answers = [0, 3600].map(|ahead| {
        let calls = pair();
        set(&calls.alice, ahead);
        let mut invite = calls.signed("bob.example").unwrap();
        invite.body.octets.push(b' ');
        let answer = calls.verdict(&invite);
        assert_eq!(calls.bob.told.denied(), [Denied::Proof]);
        answer
    });
    assert_eq!(answers[0], Authentication::Refused(Refusal::new(403, "Forbidden")));
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a_callees_clock_that_is_off_is_told_to_the_caller() {
    for (ahead, verdict) in [
        (300, Incoming::Accept),
        (301, Incoming::AckThenBye(Why::ProofInvalid)),
        (-301, Incoming::AckThenBye(Why::ProofInvalid)),
    ] {
        let calls = pair();
        let invite = calls.signed("bob.example").unwrap();
        assert_eq!(calls.verdict(&invite), Authentication::Authenticated);
        set(&calls.bob, ahead);
        let mut ok = TestResponse::to(&invite, 200, Body::default());
        match now(calls.bob.manager.response_leaving(CALL, &invite.view(), &ok.view())) {
            Leaving::Fields(fields) => ok.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        let receive = |ok: &TestResponse| {
            let (alice, hop) = (&calls.alice.manager, invite.arrival());
            now(alice.response_received(CALL, &hop, &ok.view(), &invite.view()))
        };
        let mut forged = ok.clone();
        forged.body.octets.push(b' ');
        assert_eq!(receive(&forged), Incoming::AckThenBye(Why::ProofInvalid), "{ahead}");
        assert_eq!(calls.alice.told.taken(), []);
        assert_eq!(receive(&ok), verdict, "{ahead}");
        let told = calls.alice.told.taken();
        let expected: &[Mismatch] =
            if verdict == Incoming::Accept { &[] } else { &[Mismatch::Clock(ahead)] };
        assert_eq!(told, expected, "{ahead}");
    }
}

#[test]
fn g10_a_realm_outside_of_the_peers_domain_is_named() {
    let calls = pair();
    assert_eq!(calls.signed("mallory.example").err(), Some(Why::ForeignRealm));
    let (offered, expected) = ("mallory.example".to_owned(), vec!["bob.example".to_owned()]);
    assert_eq!(calls.alice.told.taken(), [Mismatch::Realm { offered, expected }]);
}

/// A client of one account, challenged over the hop from `source`.
fn digest_answer(challenge: &str, source: &str) -> (Result<(), Why>, Vec<Mismatch>) {
    let client = side(TestPlatform::new(), None);
    client.manager.configure(&Configuration {
        accounts: vec![Account {
            aor: ALICE.to_owned(),
            realm: "provider.example".to_owned(),
            user: "alice".to_owned(),
            secret: Some(Password::new(b"secret".to_vec()).into()),
            hop: HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
            floor: Algorithm::Sha256,
            dtls: None,
            sdes: None,
            require: Requirement::NOTHING,
        }],
        ..Configuration::default()
    });
    let invite = TestRequest::invite(ALICE, BOB, "mismatch@127.0.0.1");
    let mut response = TestResponse::to(&invite, 401, Body::default());
    let value = challenge.as_bytes().to_vec();
    response.fields.extend(&[ssa::Field { name: "WWW-Authenticate", value }]);
    let mut hop = invite.arrival();
    hop.source = source.parse().unwrap();
    let answer = client.manager.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
    let answer = match now(answer) {
        Required::SendWwwAuthenticate { .. } => Ok(()),
        Required::GiveUp(why) => Err(why),
    };
    (answer, client.told.taken())
}

#[test]
fn a_realm_that_is_not_the_accounts_is_named() {
    let challenge = |realm: &str| {
        format!("Digest realm=\"{realm}\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"")
    };
    let ours = challenge("provider.example");
    assert_eq!(digest_answer(&ours, "127.0.0.1:5060"), (Ok(()), vec![]));
    let (offered, expected) = ("aster\"isk".to_owned(), vec!["provider.example".to_owned()]);
    let named = vec![Mismatch::Realm { offered, expected }];
    let other = challenge("aster\\\"isk");
    assert_eq!(digest_answer(&other, "127.0.0.1:5060"), (Err(Why::NotConfigured), named));
    // A16: from anywhere else neither is worth a word.
    for challenge in [&ours, &other] {
        let answer = digest_answer(challenge, "192.0.2.66:5060");
        assert_eq!(answer, (Err(Why::NotConfigured), vec![]));
    }
}

#[test]
fn a_challenge_whose_qop_offers_nothing_is_malformed_and_not_weak() {
    for qop in ["", " ", ",", " , ", "auth-conf"] {
        let challenge = format!(
            "Digest realm=\"provider.example\", nonce=\"n\", algorithm=SHA-256, qop=\"{qop}\""
        );
        let answer = digest_answer(&challenge, "127.0.0.1:5060");
        assert_eq!(answer, (Err(Why::MalformedChallenge), vec![]), "{qop:?}");
    }
    let weak = "Digest realm=\"provider.example\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
    let named = vec![Mismatch::Algorithm(Algorithm::Md5)];
    assert_eq!(digest_answer(weak, "127.0.0.1:5060"), (Err(Why::BelowFloor), named));
}
