//! Digest between two managers: the conformance kit, and the cases of the catalogue.

mod answered;
mod chosen;
mod client;
mod dialog;
mod hashed;
mod kept;
mod twice;
mod typed;

use super::*;
use ssa::conformance::{Pair, TestResponse, run};
use ssa::{Body, Direction, Field, Headers as _, Plan, Required, Transport, Why};
use sst::{Account, Call, HopPolicy, Outgoing, Proof};

const REALM: &str = "bob.example";

pub(super) fn account(password: &str) -> Account {
    Account {
        aor: ALICE.to_owned(),
        realm: REALM.to_owned(),
        user: "alice".to_owned(),
        secret: Some(Password::new(password.as_bytes().to_vec()).into()),
        hop: HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    }
}

pub(super) fn caller_configuration(password: &str) -> Configuration {
    let identities = vec![Identity { aor: ALICE.to_owned(), fingerprint: None }];
    Configuration { accounts: vec![account(password)], identities, ..Configuration::default() }
}

pub(super) struct Calls {
    pub(super) platform: Arc<TestPlatform>,
    caller: Arc<SecurityManager>,
    pub(super) callee: Arc<SecurityManager>,
    callee_states: Arc<States>,
    caller_states: Arc<States>,
}

impl Calls {
    fn new() -> Self {
        Self::with("secret", digest_configuration(BOB, Requirement::DIGEST))
    }

    pub(super) fn with(password: &str, callee: Configuration) -> Self {
        let platform = TestPlatform::new();
        let (caller, caller_states) = digest_manager(&platform, caller_configuration(password));
        let (callee, callee_states) = digest_manager(&platform, callee);
        caller.call_started(
            Call(CALL.0),
            Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::DIGEST },
        );
        Self { platform, caller, callee, callee_states, caller_states }
    }

    pub(super) fn invite(&self) -> TestRequest {
        TestRequest::invite(ALICE, BOB, "digest@127.0.0.1")
    }

    pub(super) fn challenge(&self, invite: &TestRequest) -> Vec<Field> {
        match self.callee.request_received(CALL, &invite.arrival(), &invite.view()) {
            Received::SendWwwAuthenticate(fields) => fields,
            other => panic!("{other:?}"),
        }
    }

    fn plan(&self, invite: &TestRequest, challenge: &[Field]) -> Result<Plan, Why> {
        let mut response = TestResponse::to(invite, 401, Body::default());
        response.fields.extend(challenge);
        let hop = invite.arrival();
        let answer = self.caller.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
        match now(answer) {
            Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
            Required::GiveUp(why) => Err(why),
        }
    }

    fn authorized(&self, invite: TestRequest) -> TestRequest {
        let challenge = self.challenge(&invite);
        self.answer(&invite, &challenge)
    }

    /// The request with the caller's answer to a challenge.
    pub(super) fn answer(&self, invite: &TestRequest, challenge: &[Field]) -> TestRequest {
        self.answer_for(invite, challenge, &invite.to.0)
    }

    /// The same, where the caller's Request-URI is `uri`.
    pub(super) fn answer_for(
        &self, invite: &TestRequest, challenge: &[Field], uri: &str,
    ) -> TestRequest {
        let plan = self.plan(invite, challenge).expect("answered");
        let mut retry = invite.clone().retried();
        let sent = ssa::Request { uri: uri.as_bytes(), ..retry.view() };
        match now(self.caller.authorize(CALL, plan, &sent)) {
            ssa::Authorized::Fields(fields) => retry.fields.extend(&fields),
            other => panic!("{other:?}"),
        }
        retry
    }

    /// The same calls, where the caller answers every algorithm.
    pub(super) fn lenient(&self) -> &Self {
        let mut configuration = caller_configuration("secret");
        configuration.accounts[0].floor = Algorithm::Md5;
        self.caller.configure(&configuration);
        self
    }

    pub(super) fn admits(&self, request: &TestRequest) -> bool {
        admits(&self.callee, &request.arrival(), request)
    }
}

#[test]
fn the_kit_passes() {
    let platform = TestPlatform::new();
    let (caller, _) = digest_manager(&platform, caller_configuration("secret"));
    let (callee, _) = digest_manager(&platform, digest_configuration(BOB, Requirement::DIGEST));
    let body = |text: &str| Body {
        content_type: Some(b"application/sdp".to_vec()),
        octets: text.as_bytes().to_vec(),
    };
    let user = Arc::clone(&caller);
    let pair = Pair {
        caller,
        callee,
        from: ALICE.to_owned(),
        to: BOB.to_owned(),
        offer: body("v=0\r\nm=audio 4000 RTP/AVP 0\r\n"),
        answer: body("v=0\r\nm=audio 4002 RTP/AVP 0\r\n"),
        start: Box::new(move |call| {
            let outgoing =
                Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::DIGEST };
            user.call_started(Call(call.0), outgoing);
        }),
    };
    assert_eq!(rules(finish(run(&pair))), [""; 0]);
}

#[test]
fn both_sides_know_by_what_proof() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    assert!(calls.admits(&invite));
    let proof =
        Proof::Digest { user: "alice".into(), realm: REALM.into(), algorithm: Algorithm::Sha256 };
    let callee = sst::TelephonySecurity::assurance(&*calls.callee, Call(CALL.0)).unwrap();
    assert_eq!(callee.proof, proof);

    let mut ok = TestResponse::to(&invite, 200, Body::default());
    let leaving = now(calls.callee.response_leaving(CALL, &invite.view(), &ok.view()));
    let ssa::Leaving::Fields(fields) = leaving else { panic!("{leaving:?}") };
    assert_eq!(fields.first().map(|field| field.name), Some("Authentication-Info"));
    ok.fields.extend(&fields);
    let hop = invite.arrival();
    let incoming = calls.caller.response_received(CALL, &hop, &ok.view(), &invite.view());
    assert_eq!(now(incoming), ssa::Incoming::Accept);
    let caller = sst::TelephonySecurity::assurance(&*calls.caller, Call(CALL.0)).unwrap();
    assert_eq!(caller.proof, proof);

    assert_eq!(
        calls.caller_states.taken(),
        [
            "Sender Idle WaitForAuthorization: got_401_unauthorized",
            "Sender WaitForAuthorization Idle: authorized request sent"
        ]
    );
    assert_eq!(
        calls.callee_states.taken(),
        [
            "Receiver Idle WaitForAuthorization: unauthorized request challenged",
            "Receiver WaitForAuthorization Idle: authorized request verified"
        ]
    );
}

/// Names that a quoted string holds escaped only. RFC 3261 §25.1.
const ODD: [&str; 4] = [r"CORP\alice", r#"al "x" ice"#, r#"\"\\"#, "plain"];

#[test]
fn names_that_must_be_escaped_pass_from_our_client_to_our_server_and_back() {
    for (user, realm) in ODD.iter().flat_map(|user| ODD.map(|realm| (*user, realm))) {
        let mut calls = Calls::new();
        let mut configuration = caller_configuration("secret");
        configuration.accounts[0].user = user.to_owned();
        configuration.accounts[0].realm = realm.to_owned();
        calls.caller.configure(&configuration);
        let mut configuration = digest_configuration(BOB, Requirement::DIGEST);
        configuration.users[0].name = user.to_owned();
        configuration.realm = realm.to_owned();
        (calls.callee, _) = digest_manager(&calls.platform, configuration);

        let invite = calls.authorized(calls.invite());
        assert!(calls.admits(&invite), "{user} at {realm}");
        let mut ok = TestResponse::to(&invite, 200, Body::default());
        let leaving = now(calls.callee.response_leaving(CALL, &invite.view(), &ok.view()));
        let ssa::Leaving::Fields(fields) = leaving else { panic!("{leaving:?}") };
        ok.fields.extend(&fields);
        let hop = invite.arrival();
        let incoming = calls.caller.response_received(CALL, &hop, &ok.view(), &invite.view());
        assert_eq!(now(incoming), ssa::Incoming::Accept, "{user} at {realm}");
        let proof =
            Proof::Digest { user: user.into(), realm: realm.into(), algorithm: Algorithm::Sha256 };
        for side in [&calls.caller, &calls.callee] {
            let assurance = sst::TelephonySecurity::assurance(&**side, Call(CALL.0)).unwrap();
            assert_eq!(assurance.proof, proof);
        }
    }
}

#[test]
fn a_wrong_rspauth_ends_the_call() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    let mut ok = TestResponse::to(&invite, 200, Body::default());
    let value = b"qop=auth, rspauth=\"0000\", cnonce=\"x\", nc=00000001".to_vec();
    ok.fields.extend(&[Field { name: "Authentication-Info", value }]);
    let hop = invite.arrival();
    let incoming = calls.caller.response_received(CALL, &hop, &ok.view(), &invite.view());
    assert_eq!(now(incoming), ssa::Incoming::AckThenBye(Why::ProofInvalid));
}

#[test]
fn an_answer_without_rspauth_shows_the_accounts_hop_and_no_more() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    let ok = TestResponse::to(&invite, 200, Body::default());
    let hop = invite.arrival();
    let incoming = calls.caller.response_received(CALL, &hop, &ok.view(), &invite.view());
    assert_eq!(now(incoming), ssa::Incoming::Accept);
    let assurance = sst::TelephonySecurity::assurance(&*calls.caller, Call(CALL.0)).unwrap();
    assert_eq!(assurance.proof, Proof::AccountHop { account: ALICE.to_owned() });
}

/// A challenge of the callee's realm that offers these algorithms, each with `rest`.
fn offers(algorithms: &[&str], rest: &str) -> Vec<Field> {
    let value = |algorithm| {
        let text = format!("Digest realm=\"{REALM}\", nonce=\"n\", algorithm={algorithm}{rest}");
        Field { name: "WWW-Authenticate", value: text.into_bytes() }
    };
    algorithms.iter().map(value).collect()
}

fn with_floor(floor: Algorithm) -> Calls {
    let calls = Calls::new();
    let mut configuration = caller_configuration("secret");
    configuration.accounts[0].floor = floor;
    calls.caller.configure(&configuration);
    calls
}

#[test]
fn a07_qop_that_a_realm_has_shown_cannot_be_taken_back() {
    let calls = with_floor(Algorithm::Md5);
    let invite = calls.invite();
    assert!(calls.plan(&invite, &offers(&["MD5"], "")).is_ok(), "as in RFC 2069");
    assert!(calls.plan(&invite, &offers(&["MD5"], ", qop=\"auth\"")).is_ok());
    assert_eq!(calls.plan(&invite, &offers(&["MD5"], "")), Err(Why::BelowFloor));
}

#[test]
fn a08_an_algorithm_that_a_realm_has_shown_cannot_be_taken_back() {
    let qop = ", qop=\"auth\"";
    let floor = with_floor(Algorithm::Sha256);
    assert_eq!(floor.plan(&floor.invite(), &offers(&["MD5"], qop)), Err(Why::BelowFloor));
    let refused = sst::TelephonySecurity::assurance(&*floor.caller, Call(CALL.0)).unwrap().refused;
    assert_eq!(refused, Some(sst::Refused::Algorithm));
    let calls = with_floor(Algorithm::Md5);
    let invite = calls.invite();
    assert!(calls.plan(&invite, &offers(&["MD5"], qop)).is_ok());
    assert!(calls.plan(&invite, &offers(&["MD5", "SHA-256"], qop)).is_ok());
    assert_eq!(calls.plan(&invite, &offers(&["MD5"], qop)), Err(Why::BelowFloor));
    assert!(calls.plan(&invite, &offers(&["SHA-256"], qop)).is_ok());
}

#[test]
fn a18_tries_are_counted_for_each_request() {
    let calls = Calls::new();
    for number in 1..6 {
        // A registrar that never says yes: every request is a new one.
        let mut register = calls.invite();
        register.method = "REGISTER";
        register.cseq = 10 * number;
        let first = calls.authorized(register.clone());
        let challenge = calls.challenge(&register);
        let stale: Vec<Field> = challenge
            .into_iter()
            .map(|Field { name, value }| Field {
                name,
                value: [&value, &b", stale=true"[..]].concat(),
            })
            .collect();
        assert!(calls.plan(&first, &stale).is_ok(), "{number}: the second try");
        assert_eq!(calls.plan(&first, &stale), Err(Why::TriedAlready), "{number}: the third");
    }
}

#[test]
fn a15_credentials_for_another_realm_are_as_if_they_were_not_there() {
    let calls = Calls::new();
    let good = calls.authorized(calls.invite());
    for foreign in ["Digest realm=\"other.example\", nc=zero", "Digest realm=\"other.example\""] {
        let mut both = good.clone();
        both.fields.0.insert(0, ("Authorization".to_owned(), foreign.into()));
        let answer = calls.callee.request_received(CALL, &both.arrival(), &both.view());
        assert_eq!(answer, Received::Authenticate, "{foreign}");
        both.fields
            .0
            .retain(|(name, value)| name != "Authorization" || value == foreign.as_bytes());
        let answer = calls.callee.request_received(CALL, &both.arrival(), &both.view());
        assert!(matches!(answer, Received::SendWwwAuthenticate(_)), "{answer:?}");
    }
}

fn change_nonce(request: &TestRequest) -> TestRequest {
    let mut changed = request.clone();
    for (_, value) in changed.fields.0.iter_mut().filter(|(name, _)| name == "Authorization") {
        let text = String::from_utf8(value.clone()).unwrap();
        *value = text.replace("nonce=\"AZ4", "nonce=\"AZ5").into_bytes();
    }
    changed
}

#[test]
fn s11_a_wall_clock_that_is_set_moves_no_nonce() {
    for set in [3_600_000i64, -3_600_000, -1_700_000_000_000] {
        let calls = Calls::new();
        let invite = calls.authorized(calls.invite());
        calls.platform.set.store(set, std::sync::atomic::Ordering::Relaxed);
        assert!(calls.admits(&invite), "{set}");
        let again = calls.callee.request_received(CallRef(8), &invite.arrival(), &invite.view());
        assert!(matches!(again, Received::SendWwwAuthenticate(_)), "{set}: not twice");
        calls.caller.call_ended(Call(CALL.0));
        calls.callee.call_ended(Call(CALL.0));
        calls.platform.advance(Duration::from_secs(32));
        assert!(calls.admits(&calls.authorized(calls.invite())), "{set}: the next call");
    }
}

#[test]
fn a01_replayed_authorization_is_stale() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    assert!(calls.admits(&invite));
    let records = calls.callee.records();
    let again = calls.callee.request_received(CallRef(8), &invite.arrival(), &invite.view());
    let Received::SendWwwAuthenticate(fields) = again else { panic!("{again:?}") };
    assert!(fields.iter().all(|f| f.value.ends_with(b", stale=true")));
    assert_eq!(calls.callee.records(), records);
}

#[test]
fn a02_a_nonce_serves_no_other_request() {
    let calls = Calls::new();
    let good = calls.authorized(calls.invite());
    let mut call_id = good.clone();
    call_id.call_id = "other@127.0.0.1".to_owned();
    let mut method = good.clone();
    method.method = "MESSAGE";
    let mut from = good.clone();
    from.from.0 = "sip:mallory@alice.example".to_owned();
    let challenged = |request: &TestRequest, arrival: &Arrival<'_>| {
        // Neither signal gets past the nonce: the method's digest would fail for itself.
        let received = calls.callee.request_received(CALL, arrival, &request.view());
        let answer = now(calls.callee.authenticate(CALL, arrival, &request.view()));
        matches!(received, Received::SendWwwAuthenticate(f) if f[0].value.ends_with(b"stale=true"))
            && matches!(answer, Authentication::SendWwwAuthenticate(f) if f[0].value.ends_with(b"stale=true"))
    };
    for forged in [call_id, method, from] {
        assert!(challenged(&forged, &forged.arrival()), "{forged:?}");
    }
    let mut elsewhere = good.arrival();
    elsewhere.source = "192.0.2.9:5060".parse().unwrap();
    assert!(challenged(&good, &elsewhere));
    assert!(calls.admits(&good), "the refusals cost the real one nothing");
}

#[test]
fn a03_an_expired_nonce_is_stale() {
    // 90 s for an INVITE and 300 s for a REGISTER, and at most the bucket of 32 s beside. The
    // clock stands 0 s into a bucket when a manager starts.
    for (method, lifetime) in [("INVITE", 90), ("REGISTER", 300)] {
        for (age, stale) in [(lifetime, false), (lifetime + 32 + 1, true)] {
            let calls = Calls::new();
            let mut asked = calls.invite();
            asked.method = method;
            let request = calls.authorized(asked);
            calls.platform.advance(Duration::from_secs(age));
            match calls.callee.request_received(CALL, &request.arrival(), &request.view()) {
                Received::Authenticate => assert!(!stale, "{method} after {age} s"),
                Received::SendWwwAuthenticate(fields) => {
                    assert!(stale, "{method} after {age} s");
                    assert!(fields[0].value.ends_with(b"stale=true"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a04_a_changed_nonce_or_another_boot_is_stale() {
    let calls = Calls::new();
    let good = calls.authorized(calls.invite());
    let mut flipped = good.clone();
    for (_, value) in flipped.fields.0.iter_mut().filter(|(name, _)| name == "Authorization") {
        let at = value.windows(7).position(|w| w == b"nonce=\"").unwrap() + 30;
        value[at] = if value[at] == b'A' { b'B' } else { b'A' };
    }
    assert!(!calls.admits(&flipped));
    let restarted = Calls::new();
    restarted.platform.random(&mut [0; 5]).unwrap();
    let other = digest_manager(&restarted.platform, digest_configuration(BOB, Requirement::DIGEST));
    assert!(!admits(&other.0, &good.arrival(), &good));
}

#[test]
fn a05_a_nonce_count_that_is_none_is_refused() {
    let calls = Calls::new();
    let good = calls.authorized(calls.invite());
    for nc in ["00000000", "0000000g", "000000001", "100000001"] {
        let mut bad = good.clone();
        for (_, value) in bad.fields.0.iter_mut().filter(|(name, _)| name == "Authorization") {
            let text = String::from_utf8(value.clone()).unwrap();
            *value = text.replace("nc=00000001", &format!("nc={nc}")).into_bytes();
        }
        let answer = calls.callee.request_received(CALL, &bad.arrival(), &bad.view());
        assert!(matches!(answer, Received::Reject(why) if why.status == 400), "{nc}");
    }
    assert!(calls.admits(&good));
}

#[test]
fn a11_known_and_unknown_users_are_answered_alike() {
    let mut answers = Vec::new();
    for user in ["alice", "nobody"] {
        let calls = Calls::with("wrong", digest_configuration(BOB, Requirement::DIGEST));
        let mut invite = calls.authorized(calls.invite());
        for (_, value) in invite.fields.0.iter_mut().filter(|(name, _)| name == "Authorization") {
            let text = String::from_utf8(value.clone()).unwrap();
            *value =
                text.replace("username=\"alice\"", &format!("username=\"{user}\"")).into_bytes();
        }
        answers.push(now(calls.callee.authenticate(CALL, &invite.arrival(), &invite.view())));
    }
    assert!(matches!(answers[0], Authentication::SendWwwAuthenticate(_)));
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a13_a_body_changed_under_auth_int_is_refused() {
    let mut configuration = digest_configuration(BOB, Requirement::DIGEST);
    configuration.auth_int = true;
    let calls = Calls::with("secret", configuration);
    let body = Body { content_type: Some(b"text/plain".to_vec()), octets: b"one".to_vec() };
    let good = calls.authorized(calls.invite().with_body(body));
    let mut changed = good.clone();
    changed.body.octets = b"two".to_vec();
    assert!(!calls.admits(&changed));
    assert!(calls.admits(&good));
}

#[test]
fn a22_a_bad_nonce_gets_the_same_answer_with_a_right_or_a_wrong_digest() {
    type Spoil = fn(&Calls, TestRequest) -> TestRequest;
    let spoils: [(&str, Spoil); 3] = [
        ("forged", |_, request| change_nonce(&request)),
        ("expired", |calls, request| {
            calls.platform.advance(Duration::from_secs(200));
            request
        }),
        ("beyond every nonce count", |_, request| {
            let mut request = request;
            for (_, value) in request.fields.0.iter_mut().filter(|(n, _)| n == "Authorization") {
                let text = String::from_utf8(value.clone()).unwrap();
                *value = text.replace("nc=00000001", "nc=0000ffff").into_bytes();
            }
            request
        }),
    ];
    for (what, spoil) in spoils {
        let answers: Vec<_> = ["secret", "wrong"]
            .into_iter()
            .map(|password| {
                let calls = Calls::with(password, digest_configuration(BOB, Requirement::DIGEST));
                let request = spoil(&calls, calls.authorized(calls.invite()));
                // Asked for the authentication signal too, no digest is looked at.
                now(calls.callee.authenticate(CALL, &request.arrival(), &request.view()))
            })
            .collect();
        assert!(
            matches!(&answers[0], Authentication::SendWwwAuthenticate(f) if f[0].value.ends_with(b"stale=true")),
            "{what}"
        );
        assert_eq!(answers[0], answers[1], "{what}");
    }
}

#[test]
fn a18_credentials_that_were_refused_are_not_tried_again() {
    let calls = Calls::with("wrong", digest_configuration(BOB, Requirement::DIGEST));
    let invite = calls.authorized(calls.invite());
    let refused = now(calls.callee.authenticate(CALL, &invite.arrival(), &invite.view()));
    let Authentication::SendWwwAuthenticate(challenge) = refused else { panic!("{refused:?}") };
    assert_eq!(calls.plan(&invite, &challenge), Err(Why::TriedAlready));
}

#[test]
fn a17_no_credentials_for_a_hop_that_is_not_the_accounts() {
    let calls = Calls::new();
    let invite = calls.invite();
    let mut response = TestResponse::to(&invite, 401, Body::default());
    response.fields.extend(&calls.challenge(&invite));
    let mut hop = invite.arrival();
    hop.source = "192.0.2.66:5060".parse().unwrap();
    let answer = calls.caller.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
    assert_eq!(now(answer), Required::GiveUp(Why::NotConfigured));
}

#[test]
fn s02_a_401_of_another_call_is_refused() {
    let calls = Calls::new();
    let invite = calls.invite();
    let challenge = calls.challenge(&invite);
    let changes: [fn(&mut TestRequest); 4] = [
        |sent| sent.call_id = "another".to_owned(),
        |sent| sent.cseq += 1,
        |sent| sent.method = "BYE",
        |sent| sent.from.1 = "another".to_owned(),
    ];
    for change in changes {
        let mut sent = invite.clone();
        change(&mut sent);
        let mut response = TestResponse::to(&sent, 401, Body::default());
        response.fields.extend(&challenge);
        let hop = invite.arrival();
        let answer =
            calls.caller.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
        assert_eq!(now(answer), Required::GiveUp(Why::OtherCall));
    }
    let plan = calls.plan(&invite, &challenge).unwrap();
    let crossed = calls.caller.authorize(CallRef(99), plan, &invite.view());
    assert_eq!(now(crossed), ssa::Authorized::GiveUp(Why::OtherCall));
}

#[test]
fn s04_unanswered_challenges_keep_no_record() {
    let calls = Calls::new();
    for number in 0..1_000 {
        let invite = TestRequest::invite(ALICE, BOB, &format!("{number}@127.0.0.1"));
        let answer =
            calls.callee.request_received(CallRef(number), &invite.arrival(), &invite.view());
        assert!(matches!(answer, Received::SendWwwAuthenticate(_)));
    }
    assert_eq!(calls.callee.records(), 0);
    assert!(calls.callee.shared.replay().is_empty());
    assert_eq!(calls.callee.waiting().len(), 64, "the mirror is bounded");
}

#[test]
fn s05_credentials_without_a_challenge_get_one() {
    let calls = Calls::new();
    let mut invite = calls.invite();
    let value = b"Digest username=\"alice\", realm=\"bob.example\", nonce=\"x\", uri=\"sip:bob@bob.example\", \
        response=\"0123456789abcdef0123456789abcdef\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\"";
    invite.fields.extend(&[Field { name: "Authorization", value: value.to_vec() }]);
    assert!(invite.fields.value("authorization", 0).is_some());
    let answer = calls.callee.request_received(CALL, &invite.arrival(), &invite.view());
    assert!(matches!(answer, Received::SendWwwAuthenticate(_)));
}

#[test]
fn s07_no_guard_before_the_proof() {
    use ssm::{Line, MediaSecurity as _, Refused};
    let calls = Calls::new();
    let early = calls.caller.guard(ssm::Call(CALL.0), Line(0));
    assert_eq!(early.err(), Some(Refused::NotAuthenticated));
    let stranger = calls.callee.guard(ssm::Call(12), Line(0));
    assert_eq!(stranger.err(), Some(Refused::Unknown));
}

#[test]
fn m06_a_key_slot_never_leaves_in_the_clear() {
    let calls = Calls::new();
    let octets = b"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{slot}\r\n";
    let body = Body { content_type: Some(b"application/sdp".to_vec()), octets: octets.to_vec() };
    let answer = now(calls.caller.encrypt(CALL, Direction::Request, Transport::Udp, None, body));
    assert!(matches!(answer, ssa::BodyVerdict::Refused(why) if why.status == 488));
}

#[test]
fn t17_a_2xx_without_a_proof_ends_a_call_that_requires_one() {
    let received = |calls: &Calls, invite: &TestRequest| {
        let ok = TestResponse::to(invite, 200, Body::default());
        let hop = invite.arrival();
        now(calls.caller.response_received(CALL, &hop, &ok.view(), &invite.view()))
    };
    let calls = Calls::new();
    let invite = calls.invite();
    assert_eq!(received(&calls, &invite), ssa::Incoming::AckThenBye(Why::ProofMissing));
    // Nothing is required of another call, nor of one that has been proved before.
    calls.caller.call_ended(Call(CALL.0));
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::NOTHING };
    calls.caller.call_started(Call(CALL.0), outgoing);
    assert_eq!(received(&calls, &invite), ssa::Incoming::Accept);
    let calls = Calls::new();
    let authorized = calls.authorized(calls.invite());
    assert_eq!(received(&calls, &authorized), ssa::Incoming::Accept);
    assert_eq!(received(&calls, &authorized.retried()), ssa::Incoming::Accept);
}

#[test]
fn a_proof_goes_with_the_2xx_to_its_own_request() {
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    assert!(calls.admits(&invite));
    let leaving = |request: &TestRequest, status| {
        let response = TestResponse::to(request, status, Body::default());
        now(calls.callee.response_leaving(CALL, &request.view(), &response.view()))
    };
    let ssa::Leaving::Fields(fields) = leaving(&invite, 200) else { panic!("it may leave") };
    let info = String::from_utf8(fields[0].value.clone()).unwrap();
    assert!(
        info.starts_with("qop=auth, rspauth=\"") && info.ends_with("\", nc=00000001"),
        "{info}"
    );
    let none = ssa::Leaving::Fields(Vec::new());
    assert_eq!(leaving(&invite, 180), none, "only a 2xx proves anything");
    assert_eq!(leaving(&invite, 300), none);
    let mut other = invite.clone().retried();
    other.fields.0.retain(|(name, _)| name != "Authorization");
    assert_eq!(leaving(&other, 200), none, "it carried no credentials");
    // Whoever saw them may copy the response, and ask for a proof of something else.
    let mut forged = invite.clone().retried();
    for (_, value) in forged.fields.0.iter_mut().filter(|(name, _)| name == "Authorization") {
        *value =
            String::from_utf8(value.clone()).unwrap().replace("cnonce=\"", "cnonce=\"0").into();
    }
    assert_eq!(leaving(&forged, 200), none, "not these credentials");
}

#[test]
fn a_call_that_was_proved_has_media_and_tries_of_its_own_again() {
    use ssm::{Line, MediaSecurity as _};
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    assert!(calls.admits(&invite));
    assert!(calls.caller.guard(ssm::Call(CALL.0), Line(0)).is_err());
    let ok = TestResponse::to(&invite, 200, Body::default());
    let hop = invite.arrival();
    let incoming = now(calls.caller.response_received(CALL, &hop, &ok.view(), &invite.view()));
    assert_eq!(incoming, ssa::Incoming::Accept);
    assert!(calls.caller.guard(ssm::Call(CALL.0), Line(0)).is_ok());
    assert!(calls.callee.guard(ssm::Call(CALL.0), Line(0)).is_ok());
    for _ in 0..2 {
        let mut bye = invite.clone().retried();
        bye.method = "BYE";
        bye.fields.0.retain(|(name, _)| name != "Authorization");
        let challenge = offers(&["SHA-256"], ", qop=\"auth\"");
        assert!(calls.plan(&bye, &challenge).is_ok());
    }
}

#[test]
fn a_plan_is_the_newest_of_its_call() {
    let calls = Calls::new();
    let invite = calls.invite();
    let challenge = calls.challenge(&invite);
    let old = calls.plan(&invite, &challenge).unwrap();
    let new = calls.plan(&invite, &challenge).unwrap();
    let retry = invite.retried();
    let authorize = |plan| now(calls.caller.authorize(CALL, plan, &retry.view()));
    assert_eq!(authorize(old), ssa::Authorized::GiveUp(Why::OtherCall));
    assert!(matches!(authorize(new), ssa::Authorized::Fields(_)));
}

#[test]
fn a16_credentials_bound_to_a_tls_name_go_over_no_other_hop() {
    let calls = Calls::new();
    let mut configuration = caller_configuration("secret");
    configuration.accounts[0].hop = HopPolicy::TlsName(REALM.to_owned());
    calls.caller.configure(&configuration);
    let invite = calls.invite();
    let planned = calls.plan(&invite, &calls.challenge(&invite));
    assert_eq!(planned, Err(Why::NotConfigured));
}
