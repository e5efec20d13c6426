//! A set of acceptable proofs: any one of them will do, and a peer can choose no other.

use super::super::digest::caller_configuration;
use super::*;
use ssa::{Certified, FlowId, InDialog, Transport};
use sst::{Account, HopPolicy, HopProtection, Means, RegisteredFlow};

/// All sets, the one of nothing first.
fn sets() -> Vec<Requirement> {
    let with = |sets: Vec<Requirement>, means: Means| {
        let more: Vec<_> = sets.iter().map(|set| set.or(means)).collect();
        [sets, more].concat()
    };
    Means::ALL.into_iter().fold(vec![Requirement::NOTHING], with)
}

fn does(set: Requirement, means: &[Means]) -> bool {
    set.is_nothing() || means.iter().any(|means| set.accepts(*means))
}

/// The connection that an account is registered over.
const REGISTERED: u64 = 9;

/// Bob, registered over TLS with a registrar of this name.
fn bobs(calls: &Calls, require: Requirement, registrar: &str) -> Configuration {
    let alice = (ALICE, calls.alice.fingerprint.as_str());
    let account = Account {
        aor: BOB.to_owned(),
        realm: registrar.to_owned(),
        user: "bob".to_owned(),
        secret: None,
        hop: HopPolicy::TlsName(registrar.to_owned()),
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    };
    Configuration {
        contacts: Vec::new(),
        users: vec![User {
            name: "alice".to_owned(),
            secret: Password::new(b"secret".to_vec()).into(),
        }],
        accounts: vec![account],
        require,
        ..configuration((BOB, calls.bob.fingerprint.as_str()), alice)
    }
}

fn register(calls: &Calls) {
    let registrar = "192.0.2.10".parse().unwrap();
    let flow = RegisteredFlow { flow: Some(REGISTERED), registrar, contact_user: "r".to_owned() };
    calls.bob.manager.registered(BOB, vec![flow]);
}

fn over_tls(request: &TestRequest, flow: u64) -> Arrival<'_> {
    Arrival { transport: Transport::Tls, flow: FlowId(flow), ..request.arrival() }
}

/// Alice's INVITE with the answer to Bob's Digest challenge.
fn digested(calls: &Calls) -> TestRequest {
    calls.bob.manager.configure(&bobs(calls, Requirement::DIGEST, "bob.example"));
    let (caller, _) = digest_manager(&calls.platform, caller_configuration("secret"));
    let invite = calls.invite().with_body(offer());
    let mut response = TestResponse::to(&invite, 401, Body::default());
    response.fields.extend(&calls.challenge(&invite));
    let hop = invite.arrival();
    let planned = now(caller.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view()));
    let Required::SendWwwAuthenticate { plan, .. } = planned else { panic!("{planned:?}") };
    let mut retry = invite.retried();
    match now(caller.authorize(CALL, plan, &retry.view())) {
        Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    retry
}

#[test]
fn a_caller_can_choose_no_proof_that_will_not_do() {
    use Means::{Digest, Pgp, TlsName};
    for set in sets() {
        let calls = Calls::new();
        let lets_in = |request: &TestRequest, arrival: &Arrival<'_>, registrar| {
            calls.bob.manager.configure(&bobs(&calls, set, registrar));
            let admitted = admits(&calls.bob.manager, arrival, request);
            calls.bob.manager.call_ended(Call(CALL.0));
            admitted
        };
        let bare = calls.invite().with_body(offer());
        assert_eq!(lets_in(&bare, &bare.arrival(), "x.example"), set.is_nothing(), "{set}");
        let digested = digested(&calls);
        let admitted = lets_in(&digested, &digested.arrival(), "x.example");
        assert_eq!(admitted, does(set, &[Digest]), "digest for {set}");
        calls.bob.manager.configure(&bobs(&calls, Requirement::PGP, "x.example"));
        let signed = calls.authorized();
        let admitted = lets_in(&signed, &signed.arrival(), "x.example");
        assert_eq!(admitted, does(set, &[Pgp]), "pgp for {set}");
        register(&calls);
        let hop = over_tls(&bare, REGISTERED);
        let admitted = lets_in(&bare, &hop, "Alice.Example.");
        assert_eq!(admitted, does(set, &[TlsName, Digest]), "her domain's server for {set}");
        if does(set, &[TlsName]) && !set.is_nothing() {
            is_told_of_the_name(&calls, set, &bare);
        }
        let admitted = lets_in(&bare, &hop, "bob.example");
        assert_eq!(admitted, does(set, &[Digest]), "another domain's registrar for {set}");
        let other = over_tls(&bare, REGISTERED + 1);
        let admitted = lets_in(&bare, &other, "alice.example");
        assert_eq!(admitted, set.is_nothing(), "a connection that she opened for {set}");
        let plain = Arrival { transport: Transport::Tcp, ..hop };
        let admitted = lets_in(&bare, &plain, "alice.example");
        assert_eq!(admitted, does(set, &[Digest]), "no TLS for {set}");
    }
}

/// Who brought a call in is what is known of it, and no more: the server of its domain, over TLS.
fn is_told_of_the_name(calls: &Calls, set: Requirement, bare: &TestRequest) {
    calls.bob.manager.configure(&bobs(calls, set, "alice.example"));
    assert!(admits(&calls.bob.manager, &over_tls(bare, REGISTERED), bare), "{set}");
    let told = calls.bob.manager.assurance(Call(CALL.0)).unwrap();
    let name = "alice.example".to_owned();
    assert_eq!((told.proof, told.hop), (Proof::Tls { name }, HopProtection::Tls), "{set}");
    calls.bob.manager.call_ended(Call(CALL.0));
}

#[test]
fn all_proofs_that_will_do_are_asked_for_as_far_as_they_fit() {
    let calls = Calls::new();
    let invite = calls.invite();
    let schemes = |octets| {
        let arrival = Arrival { octets, ..invite.arrival() };
        match calls.bob.manager.request_received(CALL, &arrival, &invite.view()) {
            Received::SendWwwAuthenticate(fields) => fields
                .into_iter()
                .map(|field| String::from_utf8(field.value).unwrap())
                .map(|value| value.split(' ').next().unwrap().to_owned())
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    let either = Requirement::DIGEST.or(Means::Pgp);
    calls.bob.manager.configure(&bobs(&calls, either, "x.example"));
    assert_eq!(schemes(600), ["PGP", "Digest"]);
    assert_eq!(schemes(300), ["PGP"], "promise 6");
    let no_challenge = Requirement::PGP.or(Means::TlsName);
    calls.bob.manager.configure(&bobs(&calls, no_challenge, "x.example"));
    assert_eq!(schemes(600), ["PGP"]);
}

/// T17: a caller who requires a signature sends no body before it is challenged.
#[test]
fn a_caller_who_is_about_to_sign_is_let_sign() {
    let calls = Calls::new();
    register(&calls);
    let either = Requirement::PGP.or(Means::TlsName);
    calls.bob.manager.configure(&bobs(&calls, either, "alice.example"));
    let invite = calls.invite();
    let hop = over_tls(&invite, REGISTERED);
    let asked = calls.bob.manager.request_received(CALL, &hop, &invite.view());
    let Received::SendWwwAuthenticate(challenge) = asked else { panic!("{asked:?}") };
    let plan = calls.plan(&invite, &challenge).unwrap();
    let retry = signed(&calls.alice.manager, invite, plan);
    assert!(admits(&calls.bob.manager, &over_tls(&retry, REGISTERED), &retry));
    let told = calls.bob.manager.assurance(Call(CALL.0)).unwrap();
    assert!(matches!(told.proof, Proof::Pgp { .. }), "{told:?}");
}

#[test]
fn nobody_gets_in_by_less_than_each_rule_asks_for() {
    let (digest, pgp, tls) = (Requirement::DIGEST, Requirement::PGP, Requirement::TLS_NAME);
    for (policy, contact, account, admitted) in [
        (digest, Requirement::NOTHING, Requirement::NOTHING, true),
        (digest, Requirement::NOTHING, pgp, false),
        (digest, pgp, Requirement::NOTHING, false),
        (tls, digest, Requirement::NOTHING, false),
        (digest, tls, Requirement::NOTHING, false),
        (digest.or(Means::TlsName), tls, Requirement::NOTHING, true),
        (pgp, tls, digest, false),
        (Requirement::NOTHING, Requirement::NOTHING, tls, true),
    ] {
        let calls = Calls::new();
        register(&calls);
        let mut configuration = bobs(&calls, policy, "alice.example");
        configuration.accounts[0].require = account;
        configuration.contacts = vec![Contact { aor: ALICE.to_owned(), require: contact }];
        calls.bob.manager.configure(&configuration);
        let invite = calls.invite().with_body(offer());
        let hop = over_tls(&invite, REGISTERED);
        let got = admits(&calls.bob.manager, &hop, &invite);
        assert_eq!(got, admitted, "{policy}, of her {contact}, over the account {account}");
    }
}

/// A caller of whom this is required, who holds no key of Bob's.
fn unpinned(require: Requirement) -> Calls {
    let calls = Calls::new();
    let mut configuration = caller_configuration("secret");
    configuration.contacts = vec![Contact { aor: BOB.to_owned(), require }];
    calls.alice.manager.configure(&configuration);
    calls.alice.manager.call_ended(Call(CALL.0));
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require };
    calls.alice.manager.call_started(Call(CALL.0), outgoing);
    calls
}

fn received(calls: &Calls, hop: &Arrival<'_>, sent: &TestRequest) -> Incoming {
    let ok = TestResponse::to(sent, 200, Body::default());
    now(calls.alice.manager.response_received(CALL, hop, &ok.view(), &sent.view()))
}

#[test]
fn a_callee_can_choose_no_proof_that_will_not_do() {
    use Certified::{Name, Nobody};
    use Means::{Digest, TlsName};
    for set in sets() {
        for (certified, transport, credentials, means) in [
            (Nobody, Transport::Tls, false, &[][..]),
            (Name("bob.example"), Transport::Tls, false, &[TlsName]),
            (Name("Bob.Example."), Transport::Wss, false, &[TlsName]),
            (Name("example"), Transport::Tls, false, &[]),
            (Name("alice.example"), Transport::Tls, false, &[]),
            (Nobody, Transport::Udp, true, &[Digest]),
            (Name("bob.example"), Transport::Tls, true, &[Digest, TlsName]),
        ] {
            let calls = unpinned(set);
            let mut sent = calls.invite();
            if credentials {
                calls.bob.manager.configure(&bobs(&calls, Requirement::DIGEST, "x.example"));
                let plan = calls.plan(&sent, &calls.challenge(&sent));
                let Ok(plan) = plan else {
                    // A signature alone will do, and nothing less is answered.
                    assert_eq!(set, Requirement::PGP);
                    continue;
                };
                sent = sent.retried();
                match now(calls.alice.manager.authorize(CALL, plan, &sent.view())) {
                    Authorized::Fields(fields) => sent.fields.extend(&fields),
                    other => panic!("{other:?}"),
                }
            }
            let hop = Arrival { certified, transport, ..sent.arrival() };
            let got = received(&calls, &hop, &sent);
            let what = format!("{certified:?}, credentials {credentials}, {set}");
            assert_eq!(got == Incoming::Accept, does(set, means), "{what}: {got:?}");
            let told = calls.alice.manager.assurance(Call(CALL.0)).unwrap().proof;
            assert_eq!(
                told == Proof::None,
                !does(set, means) || means.is_empty() || set.is_nothing() && !credentials,
                "{what}: {told:?}"
            );
            // The hop has proved more than that the next server took our password.
            let by_name = set.accepts(TlsName) && means.contains(&TlsName);
            assert_eq!(matches!(told, Proof::Tls { .. }), by_name, "{what}: {told:?}");
        }
    }
}

#[test]
fn where_we_hold_the_callees_key_a_signature_is_what_is_asked_for() {
    let calls = Calls::new();
    let either = Requirement::PGP.or(Means::TlsName);
    let alice = (ALICE, calls.alice.fingerprint.as_str());
    let bob = (BOB, calls.bob.fingerprint.as_str());
    let contacts = vec![Contact { aor: BOB.into(), require: either }];
    let configuration = Configuration { contacts, ..configuration(alice, bob) };
    calls.alice.manager.configure(&configuration);
    calls.alice.manager.call_ended(Call(CALL.0));
    let from = ALICE.to_owned();
    let outgoing = Outgoing { from, to: BOB.into(), require: Requirement::NOTHING };
    calls.alice.manager.call_started(Call(CALL.0), outgoing);
    let first =
        now(calls.alice.manager.encrypt(CALL, Direction::Request, Transport::Udp, None, offer()));
    assert_eq!(first, BodyVerdict::Body(Body::default()));
    let sent = calls.invite();
    let certified = Certified::Name("bob.example");
    let hop = Arrival { certified, ..over_tls(&sent, 3) };
    assert_eq!(received(&calls, &hop, &sent), Incoming::AckThenBye(Why::ProofMissing));
}

#[test]
fn d04_what_follows_in_a_call_proved_by_a_hop_comes_over_that_hop() {
    let calls = unpinned(Requirement::DIGEST.or(Means::TlsName));
    let sent = calls.invite();
    let hop = Arrival { certified: Certified::Name("bob.example"), ..over_tls(&sent, 3) };
    assert_eq!(received(&calls, &hop, &sent), Incoming::Accept);
    let told = calls.alice.manager.assurance(Call(CALL.0)).unwrap();
    assert_eq!(told.proof, Proof::Tls { name: "bob.example".to_owned() });

    let mut again = sent.retried();
    again.to.1 = Some("callee-tag".to_owned());
    let elsewhere = Arrival { transport: Transport::Udp, ..again.arrival() };
    let refused = Incoming::AckThenBye(Why::NotCertified);
    assert_eq!(received(&calls, &elsewhere, &again), refused);
    assert_eq!(received(&calls, &over_tls(&again, 4), &again), refused);
    assert_eq!(received(&calls, &over_tls(&again, 3), &again), Incoming::Accept);
    let anew = Arrival { certified: Certified::Name("bob.example"), ..over_tls(&again, 5) };
    assert_eq!(received(&calls, &anew, &again), Incoming::Accept);
    assert_eq!(received(&calls, &over_tls(&again, 3), &again), refused, "the other took its place");
    let bye = TestRequest { method: "BYE", ..again.clone() };
    assert_eq!(received(&calls, &elsewhere, &bye), Incoming::Accept);

    let theirs = |in_dialog| {
        let arrival = Arrival { in_dialog, ..over_tls(&again, 8) };
        calls.alice.manager.request_received(CALL, &arrival, &again.view())
    };
    assert_eq!(theirs(InDialog::FromPeer), Received::Admit);
    assert!(matches!(theirs(InDialog::OffItsTls), Received::Reject(_)));
    assert!(matches!(theirs(InDialog::FromElsewhere), Received::Reject(_)));
}
