//! Keys that nobody has pinned yet, and keys that are not the pinned ones.

use super::*;
use std::pin::Pin as Pinned;
use std::sync::atomic::AtomicUsize;

/// A user who trusts every key that is shown, and counts how often that was asked; and who hears
/// of keys that are not the pinned ones.
#[derive(Default)]
struct Trusting(AtomicUsize, Mutex<Vec<sst::Denied>>);

#[async_trait::async_trait]
impl sst::TelephonyApplication for Trusting {
    async fn credentials(&self, _: &str, _: &str) -> Option<sst::Password> {
        None
    }

    async fn trust(&self, _: sst::TrustQuestion) -> sst::TrustAnswer {
        self.0.fetch_add(1, Ordering::Relaxed);
        sst::TrustAnswer::Pin
    }

    async fn unlock(&self, _: &str) -> Option<sst::Password> {
        None
    }

    fn assurance(&self, _: Call, _: &sst::Assurance) {}

    fn denied(&self, denial: sst::Denial<'_>) {
        assert_eq!(denial.call, Call(CALL.0));
        self.1.lock().unwrap().push(denial.why);
    }
}

#[test]
fn a_key_that_the_user_trusts_is_pinned_until_it_is_configured() {
    let (mut calls, bobs) = Calls::sharing_bobs();
    let trusting = Arc::new(Trusting::default());
    let manager = SecurityManager::builder(calls.platform.clone())
        .pgp(Pgp::new(bobs))
        .application(trusting.clone())
        .build()
        .unwrap();
    let mut strange =
        configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
    strange.pins.clear();
    manager.configure(&strange);
    calls.bob.manager = manager;
    for _ in 0..2 {
        assert!(calls.admits(&calls.authorized()));
        assert_eq!(trusting.0.load(Ordering::Relaxed), 1, "asked once");
        calls.bob.manager.call_ended(Call(CALL.0));
        calls.alice.manager.call_ended(Call(CALL.0));
        calls.start(CALL);
        // Another nonce: this one is burnt.
        calls.platform.advance(Duration::from_secs(64));
    }
    calls.bob.manager.configure(&strange);
    assert!(calls.admits(&calls.authorized()));
    assert_eq!(trusting.0.load(Ordering::Relaxed), 2, "the configuration does not name it");
    // Trust (4): another key than the pinned one is refused without a question, and told.
    calls.bob.manager.call_ended(Call(CALL.0));
    let pinned = "d".repeat(40);
    strange.pins.push(Pin::new(ALICE, pinned.clone()));
    calls.bob.manager.configure(&strange);
    calls.platform.advance(Duration::from_secs(64));
    calls.alice.manager.call_ended(Call(CALL.0));
    calls.start(CALL);
    assert!(!calls.admits(&calls.authorized()));
    assert_eq!(trusting.0.load(Ordering::Relaxed), 2);
    let shown = calls.alice.fingerprint.clone();
    assert_eq!(*trusting.1.lock().unwrap(), [sst::Denied::OtherKey(pinned, shown)]);
}

/// Bob with this user, who has no pin for Alice.
fn bob_with(calls: &mut Calls, bobs: Arc<Double>, user: Arc<dyn sst::TelephonyApplication>) {
    let manager = SecurityManager::builder(calls.platform.clone())
        .pgp(Pgp::new(bobs))
        .application(user)
        .build()
        .unwrap();
    let mut strange =
        configuration((BOB, &calls.bob.fingerprint), (ALICE, &calls.alice.fingerprint));
    strange.pins.clear();
    manager.configure(&strange);
    calls.bob.manager = manager;
}

/// What a call of Alice's comes to at Bob's.
fn says(calls: &Calls) -> Authentication {
    let invite = calls.authorized();
    now(calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view()))
}

fn status(said: &Authentication) -> u16 {
    match said {
        Authentication::Refused(refusal) => refusal.status,
        Authentication::Authenticated | Authentication::SendWwwAuthenticate(_) => 0,
    }
}

#[test]
fn another_spelling_of_a_pinned_address_has_its_pin() {
    for spelling in [
        "sips:alice@alice.example",
        "sip:alice@alice.example.",
        "sip:alice@alice.example:5070",
        "sip:Alice@ALICE.example",
        "sips:%41lice@alice.example:5070;user=phone",
    ] {
        let (mut calls, bobs) = Calls::sharing_bobs();
        let trusting = Arc::new(Trusting::default());
        bob_with(&mut calls, bobs, trusting.clone());
        calls.alice.manager.call_ended(Call(CALL.0));
        calls.alice.aor = spelling;
        let own = (spelling, &*calls.alice.fingerprint);
        calls.alice.manager.configure(&configuration(own, (BOB, &calls.bob.fingerprint)));
        calls.start(CALL);
        let pin = |key: &str| vec![Pin::new(ALICE, key.to_owned())];
        calls.bob.manager.pins(pin(&"d".repeat(40)));
        assert_eq!(status(&says(&calls)), 403, "{spelling}");
        let mismatches = trusting.1.lock().unwrap().len();
        assert_eq!((mismatches, trusting.0.load(Ordering::Relaxed)), (1, 0), "{spelling}");
        // The pinned key is hers, however she spells her address.
        calls.platform.advance(Duration::from_secs(64));
        calls.bob.manager.pins(pin(&calls.alice.fingerprint));
        assert_eq!(says(&calls), Authentication::Authenticated, "{spelling}");
        assert_eq!(trusting.0.load(Ordering::Relaxed), 0, "{spelling}: nothing is asked");
    }
}

#[test]
fn a_pin_that_is_taken_back_admits_nothing_new_and_ends_no_call() {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    for side in [&calls.alice, &calls.bob] {
        side.manager.pins(Vec::new());
    }
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    // The call's own key goes on to prove what comes in it.
    let inner = |side: &Side, peer: &str| {
        let peer = crate::aor::canonical(peer.as_bytes()).unwrap();
        side.manager.shared.key_of(CALL, &peer).map(|key| key.as_str().to_owned())
    };
    assert_eq!(inner(&calls.bob, ALICE).as_deref(), Some(&*calls.alice.fingerprint));
    assert_eq!(inner(&calls.alice, BOB).as_deref(), Some(&*calls.bob.fingerprint));
    for side in [&calls.alice, &calls.bob] {
        side.manager.call_ended(Call(CALL.0));
    }
    calls.start(CALL);
    calls.platform.advance(Duration::from_secs(64));
    let again = calls.invite();
    assert_eq!(calls.plan(&again, &calls.challenge(&again)), Err(Why::NotTrusted));
    calls.alice.manager.pins(vec![Pin::new(BOB, calls.bob.fingerprint.clone())]);
    assert_eq!(status(&says(&calls)), 403);
}

/// A user who is asked, and does not answer.
#[derive(Default)]
struct Thinking(Mutex<Vec<sst::TrustQuestion>>);

#[async_trait::async_trait]
impl sst::TelephonyApplication for Thinking {
    async fn credentials(&self, _: &str, _: &str) -> Option<sst::Password> {
        None
    }

    async fn trust(&self, question: sst::TrustQuestion) -> sst::TrustAnswer {
        self.0.lock().unwrap().push(question);
        std::future::pending().await
    }

    async fn unlock(&self, _: &str) -> Option<sst::Password> {
        None
    }

    fn assurance(&self, _: Call, _: &sst::Assurance) {}
}

/// A call that waits for Bob's user, or what it came to at once.
type Waiting = Pinned<Box<dyn Future<Output = Authentication> + Send>>;

fn waits(calls: &Calls) -> Result<Waiting, Authentication> {
    let invite = calls.authorized();
    let answer = calls.bob.manager.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { mut future, .. } = answer else { panic!("nobody is asked") };
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(said) => Err(said),
        Poll::Pending => Ok(future),
    }
}

#[test]
fn the_user_is_asked_once_a_contact_and_four_times_in_all() {
    let platform = TestPlatform::new();
    let directory = Directory::new(1);
    let (bobs, bob_key) = application(&platform, &directory, BOB);
    let bobs = Arc::new(bobs);
    let thinking = Arc::new(Thinking::default());
    let mut open = Vec::new();
    let mut bob = side(&platform, bobs.clone(), (BOB, &bob_key), (ALICE, &bob_key));
    for (nth, aor) in [
        "sip:a@alice.example",
        "sip:b@alice.example",
        "sips:B@alice.example",
        "sip:c@alice.example",
        "sip:d@alice.example",
        "sip:e@alice.example",
    ]
    .into_iter()
    .enumerate()
    {
        let (app, key) = application(&platform, &directory, aor);
        let alice = side(&platform, Arc::new(app), (aor, &key), (BOB, &bob_key));
        let mut calls = Calls { platform: platform.clone(), alice, bob };
        if nth == 0 {
            bob_with(&mut calls, bobs.clone(), thinking.clone());
            let known = Pin::new("sip:z@alice.example:5070", key.clone());
            calls.bob.manager.pins(vec![known]);
        }
        calls.start(CALL);
        match waits(&calls) {
            Ok(waiting) => open.push(waiting),
            Err(said) => assert_eq!((status(&said), [2, 5].contains(&nth)), (500, true), "{aor}"),
        }
        if nth == 5 {
            // One question less leaves room for another.
            open.pop();
            platform.advance(Duration::from_secs(64));
            assert!(waits(&calls).is_ok());
        }
        bob = calls.bob;
    }
    let asked = thinking.0.lock().unwrap();
    let of: Vec<&str> = asked.iter().map(|question| &*question.aor).collect();
    let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(|it| format!("sip:{it}@alice.example"));
    assert_eq!(of, [&a, &b, &c, &d, &e]);
    assert_eq!(asked[0].user_ids, [a], "what the key says of itself");
    assert_eq!(asked[0].pinned_to, ["sip:z@alice.example"]);
    assert_eq!(asked[1].pinned_to, [""; 0]);
    assert_eq!(open.len(), 3);
}
