//! That what is reserved for a signed request is enough for it.

use super::*;

/// Octets of the longest signature that leaves.
const LONGEST: usize = 825;

/// A call whose caller's signatures have this length.
fn with_signatures_of(octets: usize) -> Calls {
    let stretched = move |signature: &mut Vec<u8>| signature.resize(octets, 0);
    let alice = |double| {
        let double = Arc::into_inner(double).unwrap();
        Arc::new(Lying::about_signatures(double, stretched))
    };
    Calls::with(alice, |double| double)
}

/// What is reserved for a challenge of this realm and nonce, and what then leaves.
fn planned(calls: &Calls, realm: &str, nonce: &[u8], to: &str) -> (usize, Authorized) {
    let outgoing = Outgoing { from: ALICE.into(), to: to.into(), require: Requirement::PGP };
    calls.alice.manager.call_started(Call(CALL.0), outgoing);
    let pin = Pin::new(to.to_owned(), calls.bob.fingerprint.clone());
    calls.alice.manager.pins(vec![pin]);
    let mut invite = TestRequest::invite(ALICE, to, "pgp@127.0.0.1");
    let contact = format!("<sip:{}@alice.example>", "a".repeat(230)).into_bytes();
    invite.fields.0.retain(|(name, _)| name != "Contact");
    invite.fields.0.push(("Contact".to_owned(), contact));
    let value = crate::pgp::challenge_value(realm, nonce);
    let mut response = TestResponse::to(&invite, 401, Body::default());
    response.fields.extend(&[Field { name: "WWW-Authenticate", value }]);
    let (manager, hop) = (&calls.alice.manager, invite.arrival());
    let answer = manager.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
    let Required::SendWwwAuthenticate { plan, reserve } = now(answer) else {
        panic!("it is answered")
    };
    let retry = invite.retried().with_body(offer());
    (reserve, now(manager.authorize(CALL, plan, &retry.view())))
}

#[test]
fn what_is_reserved_for_a_signature_is_enough() {
    let domain = format!("{}.{}.example", "d".repeat(60), "e".repeat(60));
    let (short, long) = ("sip:bob@bob.example", format!("sip:{}@{domain}", "b".repeat(100)));
    let below = |domain: &str| format!("{}.{}.{domain}", "r".repeat(60), "s".repeat(60));
    for (realm, nonce, to) in [
        ("bob.example".to_owned(), 16, short.to_owned()),
        (below("bob.example"), 16, short.to_owned()),
        ("bob.example".to_owned(), 128, short.to_owned()),
        (domain.clone(), 128, long.clone()),
        (below(&domain), 128, long),
    ] {
        let calls = with_signatures_of(LONGEST);
        let (reserve, authorized) = planned(&calls, &realm, &vec![b'A'; nonce], &to);
        let Authorized::Fields(fields) = authorized else { panic!("{authorized:?}") };
        let octets: usize = fields.iter().map(|it| it.name.len() + it.value.len() + 4).sum();
        assert!(octets <= reserve, "{octets} of {reserve}: {realm} {nonce} {to}");
    }
}

#[test]
fn g07_a_signature_that_is_longer_than_its_room_does_not_leave() {
    for (octets, leaves) in [(LONGEST, true), (LONGEST + 1, false)] {
        let calls = with_signatures_of(octets);
        let (_, authorized) = planned(&calls, "bob.example", &[b'A'; 48], BOB);
        assert_eq!(matches!(authorized, Authorized::Fields(_)), leaves, "{octets}");
    }
}

/// A callee that asks for both gets the proof alone: Digest is answered for proxies.
#[test]
fn g29_digest_of_the_callee_beside_pgp_is_not_answered() {
    let calls = Calls::new();
    let peer = (BOB, &*calls.bob.fingerprint);
    let mut alice = configuration((ALICE, &calls.alice.fingerprint), peer);
    alice.accounts.push(sst::Account {
        aor: ALICE.to_owned(),
        realm: "bob.example".to_owned(),
        user: "alice".to_owned(),
        secret: Some(Password::new(b"secret".to_vec()).into()),
        hop: sst::HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    });
    calls.alice.manager.configure(&alice);
    let invite = calls.invite();
    let mut both = calls.challenge(&invite);
    let value = b"Digest realm=\"bob.example\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
    both.push(Field { name: "WWW-Authenticate", value: value.to_vec() });
    let plan = calls.plan(&invite, &both).expect("it is answered");
    let retry = invite.retried().with_body(offer());
    let Authorized::Fields(fields) = now(calls.alice.manager.authorize(CALL, plan, &retry.view()))
    else {
        panic!("it is signed")
    };
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["Date", "Authorization"]);
}
