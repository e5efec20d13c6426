//! Callers that sign as RFC 2543 has it: taken of the contacts that the user named, told as what it is,
//! and of nobody else.

use super::told::heard;
use super::*;
use crate::manager::tests::ear::Ear;
use crate::scheme::pgp::{NOTATION, rfc2543};
use sma::{Fingerprint, Notation, ToSign};
use ssa::Transport;
use sst::{Denied, MediaProtection};

/// Bob, who takes the old form of Alice, and Alice's key.
struct Old {
    calls: Calls,
    bob: Arc<Ear>,
    keys: Arc<Double>,
}

impl Old {
    /// `named`: whose signature Bob takes in the old form.
    fn new(named: &str) -> Self {
        let mut keys = None;
        let (calls, _, bob) = heard(
            |double| {
                keys = Some(Arc::clone(&double));
                double
            },
            |double| double,
        );
        let own = (BOB, &*calls.bob.fingerprint);
        let known = configuration(own, (ALICE, &calls.alice.fingerprint));
        calls.bob.manager.configure(&Configuration { rfc2543: vec![named.to_owned()], ..known });
        Self { calls, bob, keys: keys.unwrap() }
    }

    fn invite(&self) -> TestRequest {
        self.calls.invite().with_body(offer())
    }

    /// The nonce of Bob's challenge, which is in the old form.
    fn nonce(&self, invite: &TestRequest) -> String {
        let challenge = self.calls.challenge(invite);
        let value = String::from_utf8(challenge[0].value.clone()).unwrap();
        assert!(!value.contains("c14n"), "{value}");
        value.rsplit('"').nth(1).unwrap().to_owned()
    }

    /// The INVITE again, signed by this key.
    fn signed_by(&self, key: &str) -> TestRequest {
        let invite = self.invite();
        let nonce = self.nonce(&invite);
        let mut retry = invite.retried();
        let field = |signature: &str| {
            let (version, realm) = ("version=\"5.0\"", "realm=\"bob.example\"");
            format!("PGP {version} ;{realm} ;nonce=\"{nonce}\" ;signature=\"{signature}\"")
        };
        retry.fields.0.insert(0, ("Authorization".to_owned(), field("").into_bytes()));
        let value = retry.fields.0[0].1.clone();
        let data = rfc2543::octets(&retry.view(), &value, nonce.as_bytes()).unwrap();
        let notation = Notation { name: NOTATION.into(), value: b"x".to_vec(), critical: true };
        let signer = Fingerprint::parse(key).unwrap();
        let expires_in = Duration::from_secs(300);
        let signature = finish(self.keys.sign(ToSign { signer, data, notation, expires_in }));
        let signature =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature.unwrap());
        retry.fields.0[0].1 = field(&signature).into_bytes();
        retry
    }

    fn signed(&self) -> TestRequest {
        self.signed_by(&self.calls.alice.fingerprint)
    }
}

#[test]
fn a_contact_that_was_named_is_believed_in_the_old_form_and_told_as_that() {
    let old = Old::new("sips:Alice@alice.example:5070");
    let invite = old.signed();
    assert!(old.calls.admits(&invite));
    let told = old.bob.assured().pop().unwrap();
    let (aor, fingerprint) = (ALICE.to_owned(), old.calls.alice.fingerprint.clone());
    assert_eq!(told.proof, Proof::Rfc2543 { aor, fingerprint });
    let manager = &old.calls.bob.manager;
    // Nothing is sealed, and nothing of ours is signed, in such a call.
    let opened =
        now(manager.decrypt(CALL, Direction::Request, Transport::Udp, invite.body.clone()));
    assert_eq!(opened, BodyVerdict::Body(offer()));
    let sealed = now(manager.encrypt(CALL, Direction::Response, Transport::Udp, None, answer()));
    assert_eq!(sealed, BodyVerdict::Body(answer()));
    let ok = TestResponse::to(&invite, 200, answer());
    assert_eq!(
        now(manager.response_leaving(CALL, &invite.view(), &ok.view())),
        Leaving::Fields(vec![])
    );
    let assurance = sst::TelephonySecurity::assurance(&**manager, Call(CALL.0)).unwrap();
    assert!(!assurance.media.iter().any(|it| matches!(it, MediaProtection::Srtp { .. })));
}

#[test]
fn the_old_form_is_taken_once_and_of_nothing_that_was_changed() {
    for (name, from, to) in [
        ("From", "alice.example>", "alice.example;x=y>"),
        ("Contact", "alice@", "mallory@"),
        ("CSeq", "2 INVITE", "3 INVITE"),
        ("", "", ""),
    ] {
        let old = Old::new(ALICE);
        let changed = match name {
            "" => old.signed().with_body(answer()),
            name => change(&old.signed(), name, from, to),
        };
        assert!(!old.calls.admits(&changed), "{name}");
        assert_eq!(old.bob.whys(), [Denied::Proof], "{name}");
    }
    let old = Old::new(ALICE);
    let invite = old.signed();
    assert!(old.calls.admits(&invite));
    old.calls.bob.manager.call_ended(Call(CALL.0));
    assert!(!old.calls.admits(&invite), "its nonce is burnt");
    // What stands above the Authorization is nobody's word.
    let old = Old::new(ALICE);
    let mut above = old.signed();
    above.fields.0.insert(0, ("Subject".to_owned(), b"x".to_vec()));
    assert!(!old.calls.admits(&above));
    assert_eq!(old.bob.whys(), [Denied::Malformed]);
}

#[test]
fn the_old_form_is_the_pinned_keys_alone() {
    let old = Old::new(ALICE);
    let other = old.keys.add_key(ALICE);
    assert!(!old.calls.admits(&old.signed_by(other.as_str())));
    assert_eq!(old.bob.whys(), [Denied::Proof]);
    old.calls.bob.manager.pins(Vec::new());
    let value = old.calls.challenge(&old.invite()).remove(0).value;
    assert!(String::from_utf8(value).unwrap().contains("c14n"), "no key, and no old form");
}

/// The switch off: a peer that knows the old form alone fails closed.
#[test]
fn the_old_form_of_somebody_else_is_not_even_read() {
    let old = Old::new(ALICE);
    let invite = old.signed();
    let own = (BOB, &*old.calls.bob.fingerprint);
    let known = configuration(own, (ALICE, &old.calls.alice.fingerprint));
    for named in [vec![], vec!["sip:carol@alice.example".to_owned()]] {
        let known = Configuration {
            rfc2543: named,
            ..configuration(own, (ALICE, &known.pins[0].fingerprint))
        };
        old.calls.bob.manager.configure(&known);
        let (arrival, view) = (invite.arrival(), invite.view());
        let received = old.calls.bob.manager.request_received(CALL, &arrival, &view);
        assert!(matches!(&received, Received::Reject(why) if why.status == 400), "{received:?}");
        assert!(!old.calls.admits(&invite));
    }
}

/// A call that a signature of ours set up stays one: the old form undoes nothing in it.
#[test]
fn the_old_form_does_not_take_a_calls_proof_away() {
    let old = Old::new("sip:carol@alice.example");
    let invite = old.calls.authorized();
    assert!(old.calls.admits(&invite));
    let own = (BOB, &*old.calls.bob.fingerprint);
    let known = configuration(own, (ALICE, &old.calls.alice.fingerprint));
    old.calls.bob.manager.configure(&Configuration { rfc2543: vec![ALICE.to_owned()], ..known });
    let mut again = old.invite();
    again.to.1 = Some("callee-tag".to_owned());
    let again = again.retried();
    let challenge = old.calls.challenge(&again);
    let value = String::from_utf8(challenge[0].value.clone()).unwrap();
    assert!(value.contains("c14n"), "{value}");
    let manager = &old.calls.bob.manager;
    let plain = now(manager.decrypt(CALL, Direction::Request, Transport::Udp, offer()));
    assert!(matches!(plain, BodyVerdict::Refused(_)), "{plain:?}");
}

#[test]
fn an_old_signature_of_another_time_is_told_as_that() {
    let old = Old::new(ALICE);
    old.calls.platform.set.store(3_600_000, Ordering::Relaxed);
    let invite = old.signed();
    old.calls.platform.set.store(0, Ordering::Relaxed);
    let pending = old.calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view());
    assert!(matches!(now(pending), Authentication::Refused(_)));
    assert!(matches!(old.bob.whys()[..], [Denied::Clock(_)]));
}
