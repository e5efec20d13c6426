//! Keys that change: a contact's new key, and keys that have expired or were revoked on either side.

use super::answers::reinvite;
use super::told::heard;
use super::*;
use crate::manager::record::MOVED;
use crate::manager::tests::ear::Ear;
use sma::{Fingerprint, KeyValidity};
use ssa::Transport;
use sst::{Denied, Mismatch};

/// A call whose users hear, the doubles of both sides, and a second key of Alice's.
struct Rotated {
    calls: Calls,
    alice: Arc<Ear>,
    bob: Arc<Ear>,
    keys: Arc<Double>,
    old: String,
    new: String,
}

impl Rotated {
    fn new() -> Self {
        let mut keys = None;
        let (calls, alice, bob) = heard(
            |double| {
                keys = Some(Arc::clone(&double));
                double
            },
            |double| double,
        );
        let keys = keys.unwrap();
        let (old, new) = (calls.alice.fingerprint.clone(), keys.add_key(ALICE).to_string());
        Self { calls, alice, bob, keys, old, new }
    }

    /// Alice signs with her new key from now on.
    fn moved() -> Self {
        let rotated = Self::new();
        let calls = &rotated.calls;
        let own = (ALICE, &*rotated.new);
        let known = configuration(own, (BOB, &calls.bob.fingerprint));
        calls.alice.manager.configure(&known);
        rotated
    }

    /// What a call of Alice's comes to at Bob's, who forgets it.
    fn call(&self) -> bool {
        let admitted = self.calls.admits(&self.calls.authorized());
        self.calls.bob.manager.call_ended(Call(CALL.0));
        self.calls.alice.manager.call_ended(Call(CALL.0));
        self.calls.start(CALL);
        self.calls.platform.advance(Duration::from_secs(64));
        admitted
    }

    fn end(&self, key: &str, validity: KeyValidity) {
        self.keys.directory().end(&Fingerprint::parse(key).unwrap(), validity);
    }

    fn certify(&self) {
        let [old, new] = [&self.old, &self.new].map(|key| Fingerprint::parse(key).unwrap());
        self.keys.directory().certify(&old, &new);
    }

    /// Alice's key as Bob has it, and what he knows of the next one.
    fn pin(&self, next: Option<&str>) {
        let next = next.map(str::to_owned);
        self.calls.bob.manager.pins(vec![Pin { next, ..Pin::new(ALICE, self.old.clone()) }]);
    }
}

#[test]
fn g37_a_new_key_that_the_pinned_one_certified_is_told_as_that_and_refused() {
    let rotated = Rotated::moved();
    let alarm = Denied::OtherKey(rotated.old.clone(), rotated.new.clone());
    let next = Denied::NextKey(rotated.old.clone(), rotated.new.clone());
    assert!(!rotated.call());
    rotated.certify();
    assert!(!rotated.call());
    // The word of a key that is over counts no more: its certification may be of any date.
    for over in [KeyValidity::Expired, KeyValidity::Revoked] {
        rotated.end(&rotated.old, over);
        assert!(!rotated.call());
    }
    assert_eq!(rotated.bob.whys(), [alarm.clone(), next, alarm.clone(), alarm]);
}

#[test]
fn g37_who_only_names_the_certified_key_raises_the_alarm() {
    let rotated = Rotated::moved();
    rotated.certify();
    let forged = change(&rotated.calls.authorized(), "Date", "GMT", " GMT ");
    let forged = TestRequest { cseq: forged.cseq + 1, ..forged };
    assert!(!rotated.calls.admits(&forged));
    assert_eq!(rotated.bob.whys(), [Denied::OtherKey(rotated.old, rotated.new)]);
}

#[test]
fn g37_the_next_key_that_the_user_named_proves_as_much_and_then_holds_alone() {
    let rotated = Rotated::new();
    rotated.pin(Some(&rotated.new));
    assert!(rotated.call(), "the earlier key holds until the next one came");
    let assured = rotated.bob.assured();
    assert!(assured.iter().all(|told| told.notes.is_empty()), "{assured:?}");
    let own = (ALICE, &*rotated.new);
    let known = configuration(own, (BOB, &rotated.calls.bob.fingerprint));
    rotated.calls.alice.manager.configure(&known);
    assert!(rotated.call());
    let told = rotated.bob.assured().pop().unwrap();
    assert_eq!(told.notes, [MOVED]);
    assert!(matches!(&told.proof, Proof::Pgp { fingerprint, .. } if *fingerprint == rotated.new));
    assert!(rotated.call(), "no note a second time");
    assert_eq!(rotated.bob.assured().pop().unwrap().notes, [""; 0]);
    // Whoever has the earlier key is not believed any more.
    let own = (ALICE, &*rotated.old);
    rotated
        .calls
        .alice
        .manager
        .configure(&configuration(own, (BOB, &rotated.calls.bob.fingerprint)));
    assert!(!rotated.call());
    assert_eq!(rotated.bob.whys(), [Denied::OtherKey(rotated.new, rotated.old)]);
}

#[test]
fn g37_a_key_that_gave_way_to_the_next_one_stays_out_whatever_is_pinned_beside_it() {
    let rotated = Rotated::new();
    let (bob, keys) = (&rotated.calls.bob, [&rotated.old, &rotated.new]);
    let pinned = |next: Option<&String>, of: &str| {
        let known = Pin { next: next.cloned(), ..Pin::new(ALICE, of.to_owned()) };
        let mut known = Configuration { pins: vec![known], ..bobs(&rotated.calls) };
        known.pins.push(Pin::new("sip:carol@carol.example", "c".repeat(40)));
        known
    };
    let calls_with = |key: &str| {
        let own = (ALICE, key);
        rotated.calls.alice.manager.configure(&configuration(own, (BOB, &bob.fingerprint)));
        rotated.call()
    };
    let [old, new] = keys;
    bob.manager.pins(pinned(Some(new), old).pins);
    assert!(calls_with(old) && calls_with(new) && !calls_with(old));
    // He pins Carol's key: of Alice's, the file says what it did.
    bob.manager.pins(pinned(Some(new), old).pins);
    assert!(!calls_with(old) && calls_with(new));
    bob.manager.configure(&pinned(Some(new), old));
    assert!(!calls_with(old) && calls_with(new));
    // What he says anew holds: one key alone, or another order.
    bob.manager.pins(pinned(None, old).pins);
    assert!(calls_with(old) && !calls_with(new));
    bob.manager.pins(pinned(None, new).pins);
    bob.manager.pins(pinned(Some(new), old).pins);
    assert!(calls_with(old), "the new one was pinned, and took nobody's place");
}

/// What Bob is configured with.
fn bobs(calls: &Calls) -> Configuration {
    configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint))
}

/// Bob answers with this key.
fn answers_with(calls: &Calls, key: &str) {
    let mut inner = calls.bob.manager.shared.lock();
    let received = inner.records.get_mut(CALL.0).unwrap().pgp.received.as_mut().unwrap();
    received.own = Fingerprint::parse(key).unwrap();
}

/// A call that Alice has begun and Bob admitted, his next key, and her INVITE.
fn next_named() -> (Calls, String, TestRequest) {
    let (calls, bobs) = Calls::sharing_bobs();
    let next = bobs.add_key(BOB).to_string();
    let known = Pin::new(BOB, calls.bob.fingerprint.clone());
    calls.alice.manager.pins(vec![Pin { next: Some(next.clone()), ..known }]);
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    (calls, next, invite)
}

#[test]
fn g37_the_next_key_is_not_taken_in_the_middle_of_a_call() {
    let (calls, next, invite) = next_named();
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    let before = calls.alice.manager.assurance(Call(CALL.0));
    let again = reinvite(&calls, true, 10);
    assert!(calls.admits(&again));
    answers_with(&calls, &next);
    let incoming = calls.received(&calls.answered(&again), &again);
    assert_eq!(incoming, Incoming::AckThenBye(Why::ProofInvalid));
    assert_eq!(calls.alice.manager.assurance(Call(CALL.0)), before);
}

#[test]
fn g37_of_two_answers_that_are_looked_at_at_once_the_first_says_which_key_the_call_is_with() {
    let (calls, next, invite) = next_named();
    let first = calls.answered(&invite);
    answers_with(&calls, &next);
    let second = calls.answered(&invite);
    let (alice, hop) = (&calls.alice.manager, invite.arrival());
    let pending = alice.response_received(CALL, &hop, &second.view(), &invite.view());
    assert_eq!(calls.received(&first, &invite), Incoming::Accept);
    let before = alice.assurance(Call(CALL.0));
    assert_eq!(now(pending), Incoming::AckThenBye(Why::ProofInvalid));
    assert_eq!(alice.assurance(Call(CALL.0)), before);
}

/// Bob's new key, as Alice meets it in his answer.
#[test]
fn g37_an_answer_under_another_key_is_believed_only_where_it_was_named() {
    for named in [false, true] {
        let (calls, bobs) = Calls::sharing_bobs();
        let new = bobs.add_key(BOB).to_string();
        let next = named.then(|| new.clone());
        let known = Pin { next, ..Pin::new(BOB, calls.bob.fingerprint.clone()) };
        calls.alice.manager.pins(vec![known]);
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        answers_with(&calls, &new);
        let incoming = calls.received(&calls.answered(&invite), &invite);
        let assurance = sst::TelephonySecurity::assurance(&*calls.alice.manager, Call(CALL.0));
        if named {
            assert_eq!(incoming, Incoming::Accept);
            let told = assurance.unwrap();
            assert_eq!(told.notes, [MOVED]);
            assert!(matches!(told.proof, Proof::Pgp { fingerprint, .. } if fingerprint == new));
        } else {
            assert_eq!(incoming, Incoming::AckThenBye(Why::ProofInvalid));
        }
    }
}

const OVER: [KeyValidity; 2] = [KeyValidity::Expired, KeyValidity::Revoked];

#[test]
fn g02_g03_a_caller_whose_key_is_over_is_refused_and_the_user_hears_why() {
    for over in OVER {
        let rotated = Rotated::new();
        let invite = rotated.calls.authorized();
        rotated.end(&rotated.old, over);
        let told = match over {
            KeyValidity::Expired => Denied::Expired(rotated.old.clone()),
            _ => Denied::Revoked(rotated.old.clone()),
        };
        let manager = &rotated.calls.bob.manager;
        let answer = now(manager.authenticate(CALL, &invite.arrival(), &invite.view()));
        let Authentication::Refused(why) = answer else { panic!("{answer:?}") };
        assert_eq!(why.status, 403, "as for a bad signature");
        assert_eq!(rotated.bob.whys(), [told]);
    }
}

#[test]
fn g02_g03_who_only_names_a_key_that_is_over_is_told_of_as_anybody_who_did_not_sign() {
    for over in OVER {
        let rotated = Rotated::new();
        let signed = rotated.calls.authorized();
        let forged = TestRequest { cseq: signed.cseq + 1, ..signed };
        rotated.end(&rotated.old, over);
        assert!(!rotated.calls.admits(&forged));
        assert_eq!(rotated.bob.whys(), [Denied::Proof]);
    }
}

#[test]
fn g02_g03_an_answer_under_a_key_that_is_over_ends_the_call_and_is_told() {
    for over in OVER {
        let rotated = Rotated::new();
        let (calls, key) = (&rotated.calls, rotated.calls.bob.fingerprint.clone());
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        let ok = calls.answered(&invite);
        rotated.end(&key, over);
        assert_eq!(calls.received(&ok, &invite), Incoming::AckThenBye(Why::ProofInvalid));
        let told = Mismatch::Key { fingerprint: key, own: false };
        assert_eq!(rotated.alice.mismatches(), [told]);
    }
}

#[test]
fn g02_g03_nothing_is_encrypted_to_a_key_that_is_over_nor_signed_with_it() {
    for over in OVER {
        let rotated = Rotated::new();
        let calls = &rotated.calls;
        let (theirs, ours) = (calls.bob.fingerprint.clone(), calls.alice.fingerprint.clone());
        let invite = calls.invite();
        let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
        rotated.end(&theirs, over);
        let manager = &calls.alice.manager;
        let sealed =
            now(manager.encrypt(CALL, Direction::Request, Transport::Udp, Some(plan), offer()));
        assert!(matches!(sealed, BodyVerdict::Refused(_)), "{sealed:?}");
        rotated.end(&ours, over);
        let signed = now(manager.authorize(CALL, plan, &invite.retried().view()));
        assert_eq!(signed, Authorized::GiveUp(Why::ApplicationFailed));
        let told = |fingerprint, own| Mismatch::Key { fingerprint, own };
        assert_eq!(rotated.alice.mismatches(), [told(theirs, false), told(ours, true)]);
    }
}

#[test]
fn g02_g03_no_answer_leaves_under_a_key_of_ours_that_is_over() {
    let rotated = Rotated::new();
    let (calls, ours) = (&rotated.calls, rotated.calls.bob.fingerprint.clone());
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    let manager = &calls.bob.manager;
    let ok = TestResponse::to(&invite, 200, answer());
    rotated.end(&ours, KeyValidity::Expired);
    let leaving = now(manager.response_leaving(CALL, &invite.view(), &ok.view()));
    assert!(matches!(leaving, Leaving::Refused(_)), "{leaving:?}");
    assert_eq!(rotated.bob.mismatches(), [Mismatch::Key { fingerprint: ours, own: true }]);
}
