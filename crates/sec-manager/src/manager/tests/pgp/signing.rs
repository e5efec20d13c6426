//! For whom a caller signs, and how often.

use super::*;
use crate::aor::canonical;
use ssa::Transport;
use sst::RegisteredFlow;
use std::sync::atomic::AtomicUsize;

/// An application that counts what it signs.
struct Counting(Arc<Double>, Arc<AtomicUsize>);

#[async_trait::async_trait]
impl SecurityApplication for Counting {
    async fn identities(&self) -> Result<Vec<sma::Key>, sma::Error> {
        self.0.identities().await
    }

    async fn sign(&self, question: sma::ToSign) -> Result<Vec<u8>, sma::Error> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sign(question).await
    }

    async fn verify(&self, question: sma::ToVerify) -> Result<sma::Report, sma::Error> {
        self.0.verify(question).await
    }

    async fn encrypt(
        &self, recipients: Vec<sma::Fingerprint>, plaintext: sma::Plaintext,
    ) -> Result<Vec<u8>, sma::Error> {
        self.0.encrypt(recipients, plaintext).await
    }

    async fn decrypt(
        &self, recipient: sma::Fingerprint, ciphertext: Vec<u8>,
    ) -> Result<sma::Decrypted, sma::Error> {
        self.0.decrypt(recipient, ciphertext).await
    }
}

/// What Alice's manager says to a PGP challenge of this call.
fn asked(calls: &Calls, call: CallRef, invite: &TestRequest) -> Result<Plan, Why> {
    let value = crate::pgp::challenge_value("bob.example", &[b'A'; 48]);
    let mut response = TestResponse::to(invite, 401, Body::default());
    response.fields.extend(&[Field { name: "WWW-Authenticate", value }]);
    let (manager, hop) = (&calls.alice.manager, invite.arrival());
    match now(manager.got_401_unauthorized(call, &hop, &response.view(), &invite.view())) {
        Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
        Required::GiveUp(why) => Err(why),
    }
}

#[test]
fn g27_nothing_is_signed_for_a_call_that_nobody_started() {
    let signed = Arc::new(AtomicUsize::new(0));
    let counting = |double| Arc::new(Counting(double, Arc::clone(&signed)));
    let calls = Calls::with(counting, |double| double);
    let (invite, nobodys) = (calls.invite(), CallRef(99));
    assert_eq!(asked(&calls, nobodys, &invite), Err(Why::PgpRequired));
    // Nor where its record says that a signature is required, and of whom.
    let now = calls.platform.now();
    let mut inner = calls.alice.manager.shared.lock();
    let record = inner.records.enter(nobodys.0, now).unwrap();
    record.require = Requirement::PGP;
    record.peer = canonical(BOB.as_bytes()).ok();
    drop(inner);
    assert_eq!(asked(&calls, nobodys, &invite), Err(Why::NotConfigured));
    assert_eq!(signed.load(Ordering::Relaxed), 0);
    calls.authorized();
    assert_eq!(signed.load(Ordering::Relaxed), 1, "the user's own call");
}

#[test]
fn g27_nothing_is_signed_for_another_than_the_user_called() {
    const CAROL: &str = "sip:carol@bob.example";
    let calls = Calls::new();
    // Carol is as well known, and of the same realm.
    let mut known = configuration((ALICE, &calls.alice.fingerprint), (BOB, &calls.bob.fingerprint));
    known.pins.push(Pin::new(CAROL, calls.bob.fingerprint.clone()));
    calls.alice.manager.configure(&known);
    let to_carol = TestRequest::invite(ALICE, CAROL, "pgp@127.0.0.1");
    assert_eq!(asked(&calls, CALL, &to_carol), Err(Why::OtherCall));
    assert!(asked(&calls, CALL, &calls.invite()).is_ok());
}

#[test]
fn four_callees_of_one_realm_each_find_the_answer_to_their_own_challenge() {
    let (calls, bobs) = Calls::sharing_bobs();
    // Bob's other devices: the same address and key, a manager of its own each.
    let peer = (ALICE, calls.alice.fingerprint.as_str());
    let device = |_| side(&calls.platform, bobs.clone(), (BOB, &calls.bob.fingerprint), peer);
    let others: Vec<Side> = (0..4).map(device).collect();
    let invite = calls.invite();
    let mut challenges = calls.challenge(&invite);
    for other in &others {
        match other.manager.request_received(CALL, &invite.arrival(), &invite.view()) {
            Received::SendWwwAuthenticate(fields) => challenges.extend(fields),
            unexpected => panic!("{unexpected:?}"),
        }
    }
    let plan = calls.plan(&invite, &challenges).expect("they are answered");
    let retry = signed(&calls.alice.manager, invite, plan);
    let answered = retry.fields.0.iter().filter(|(name, _)| name == "Authorization").count();
    assert_eq!(answered, 4, "of five");
    let mut callees = [&calls.bob].into_iter().chain(&others).map(|side| &side.manager);
    for callee in callees.clone().take(4) {
        assert!(admits(callee, &retry.arrival(), &retry));
        let opened =
            now(callee.decrypt(CALL, Direction::Request, Transport::Udp, retry.body.clone()));
        assert_eq!(opened, BodyVerdict::Body(offer()));
    }
    let fifth = callees.next_back().unwrap();
    assert!(!admits(fifth, &retry.arrival(), &retry), "its challenge was one too many");
}

#[test]
fn a18_a_callee_that_is_never_satisfied_gets_two_signatures() {
    let calls = Calls::new();
    let mut sent = calls.authorized();
    let mut planned = 1;
    for octet in [b'B', b'C', b'D'] {
        let value = crate::pgp::challenge_value("bob.example", &[octet; 48]);
        let challenge = [Field { name: "WWW-Authenticate", value }];
        let Ok(plan) = calls.plan(&sent, &challenge) else { break };
        planned += 1;
        sent = sent.retried();
        sent.fields.0.retain(|(name, _)| name != "Authorization" && name != "Date");
        match now(calls.alice.manager.authorize(CALL, plan, &sent.view())) {
            Authorized::Fields(fields) => sent.fields.extend(&fields),
            unexpected => panic!("{unexpected:?}"),
        }
    }
    assert_eq!(planned, 2);
}

#[test]
fn credentials_that_cannot_be_read_do_not_hide_those_that_can() {
    for malformed in ["PGP signature", "PGP realm=\"other.example\", c14n=\"cs2\", version=\"5.0\""]
    {
        let calls = Calls::new();
        let mut invite = calls.authorized();
        invite.fields.0.insert(0, ("Authorization".to_owned(), malformed.into()));
        assert!(calls.admits(&invite), "{malformed}");
    }
}

/// The callee's proxy asks for Digest before it takes the BYE of a call on.
#[test]
fn a16_a_signed_call_over_an_accounts_flow_was_set_up_through_that_account() {
    for registered in [true, false] {
        let calls = Calls::new();
        let bob = &calls.bob.manager;
        let mut with_account =
            configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
        with_account.accounts.push(sst::Account {
            aor: BOB.to_owned(),
            realm: "proxy.example".to_owned(),
            user: "bob".to_owned(),
            secret: Some(Password::new(b"secret".to_vec()).into()),
            hop: sst::HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
            floor: Algorithm::Sha256,
            dtls: None,
            sdes: None,
            require: Requirement::NOTHING,
        });
        bob.configure(&with_account);
        let (registrar, contact_user) = ([127, 0, 0, 1].into(), "bob".to_owned());
        let flow = RegisteredFlow { flow: None, registrar, contact_user };
        bob.registered(BOB, registered.then_some(flow).into_iter().collect());
        assert!(calls.admits(&calls.authorized()));
        let mut bye = TestRequest::invite(BOB, ALICE, "pgp@127.0.0.1");
        (bye.method, bye.to.1) = ("BYE", Some("caller-tag".to_owned()));
        let value = b"Digest realm=\"proxy.example\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
        let mut response = TestResponse::to(&bye, 407, Body::default());
        response.fields.extend(&[Field { name: "Proxy-Authenticate", value: value.to_vec() }]);
        response.to_tag = "caller-tag".to_owned();
        let hop = bye.arrival();
        let answer = now(bob.got_401_unauthorized(CALL, &hop, &response.view(), &bye.view()));
        let planned = matches!(answer, Required::SendWwwAuthenticate { .. });
        assert_eq!(planned, registered, "{answer:?}");
    }
}
