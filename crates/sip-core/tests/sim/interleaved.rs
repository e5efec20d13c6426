//! Two hundred calls at once, whose questions are answered in any order: each verdict is its own
//! call's (case S12).

use crate::world::{Side, World, sdp};
use net::Runtime;
use net::sim::{Link, Random};
use sip_core::manager::{self, CallId, Cause, Event};
use ssa::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Field,
    Incoming, Leaving, Plan, Received, Refusal, Request, Required, Response, SipSecurity,
    Transport,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CALLS: usize = 200;

/// As many as take some seconds.
const SEEDS: u64 = 6;

const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");

/// Who calls in the call of this number.
fn caller(number: usize) -> String {
    format!("sip:{number}@192.0.2.1")
}

/// The number of the call that a request or a body names.
fn number(text: &[u8]) -> usize {
    let text = std::str::from_utf8(text).unwrap();
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.unwrap().parse().unwrap()
}

/// A security manager that knows each call by its number, answers when chance says, and fails
/// whoever asks about one call under the name of another.
struct Judge {
    runtime: Arc<dyn Runtime>,
    dice: Mutex<Random>,
    /// The numbers of the callers that are let in.
    admitted: BTreeSet<usize>,
    named: Mutex<BTreeMap<CallRef, usize>>,
}

impl Judge {
    fn new(world: &World, host: u8, admitted: &BTreeSet<usize>) -> Arc<Self> {
        let (runtime, dice) = (world.runtime(host), Mutex::new(world.sim.random()));
        Arc::new(Self { runtime, dice, admitted: admitted.clone(), named: Mutex::default() })
    }

    /// The number of the call that is asked about.
    fn check(&self, call: CallRef, number: usize) -> usize {
        let known = *self.named.lock().unwrap().entry(call).or_insert(number);
        assert_eq!(known, number, "asked about {number} under the name of {known}");
        number
    }

    fn later<T: Send + 'static>(&self, answer: T) -> Answer<T> {
        let millis = self.dice.lock().unwrap().below(1_500);
        let sleep = self.runtime.sleep_until(self.runtime.now() + Duration::from_millis(millis));
        let future = Box::pin(async move {
            sleep.await;
            answer
        });
        Answer::Pending { within: Duration::from_secs(2), future }
    }
}

fn asked(request: &Request<'_>) -> usize {
    number(request.headers.value("From", 0).unwrap())
}

impl SipSecurity for Judge {
    fn request_received(&self, call: CallRef, _: &Arrival<'_>, request: &Request<'_>) -> Received {
        let number = self.check(call, asked(request));
        match request.headers.value("Authorization", 0) {
            Some(value) if value == format!("Test {number}").as_bytes() => Received::Authenticate,
            Some(value) => panic!("{number} came with {}", value.escape_ascii()),
            None => Received::SendWwwAuthenticate(vec![Field {
                name: "WWW-Authenticate",
                value: format!("Test {number}").into_bytes(),
            }]),
        }
    }

    fn authenticate(
        &self, call: CallRef, _: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        let number = self.check(call, asked(request));
        self.later(if self.admitted.contains(&number) {
            Authentication::Authenticated
        } else {
            Authentication::Refused(FORBIDDEN)
        })
    }

    fn got_401_unauthorized(
        &self, call: CallRef, _: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Required> {
        let own = self.check(call, asked(sent));
        let challenge = response.headers.value("WWW-Authenticate", 0).unwrap();
        assert_eq!(number(challenge), own);
        self.later(Required::SendWwwAuthenticate { plan: Plan(own as u64), reserve: 30 })
    }

    fn encrypt(
        &self, call: CallRef, _: Direction, _: Transport, plan: Option<Plan>, body: Body,
    ) -> Answer<BodyVerdict> {
        let own = self.check(call, number(&body.octets));
        assert!(plan.is_none_or(|plan| plan == Plan(own as u64)));
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn decrypt(
        &self, call: CallRef, _: Direction, _: Transport, body: Body,
    ) -> Answer<BodyVerdict> {
        self.check(call, number(&body.octets));
        self.later(BodyVerdict::Body(body))
    }

    fn authorize(&self, call: CallRef, plan: Plan, request: &Request<'_>) -> Answer<Authorized> {
        let own = self.check(call, asked(request));
        assert_eq!(plan, Plan(own as u64));
        let value = format!("Test {own}").into_bytes();
        self.later(Authorized::Fields(vec![Field { name: "Authorization", value }]))
    }

    fn response_leaving(
        &self, call: CallRef, request: &Request<'_>, _: &Response<'_>,
    ) -> Answer<Leaving> {
        self.check(call, asked(request));
        self.later(Leaving::Fields(Vec::new()))
    }

    fn response_received(
        &self, call: CallRef, _: &Arrival<'_>, _: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.check(call, asked(sent));
        self.later(Incoming::Accept)
    }

    fn abandon(&self, _: CallRef) {}
}

/// What became of the callers' calls: the number that the answer named, or the status.
async fn outcomes(side: &mut Side, calls: &BTreeMap<CallId, usize>) -> BTreeMap<usize, Outcome> {
    let mut outcomes = BTreeMap::new();
    while outcomes.len() < calls.len() {
        let (id, outcome) = match side.next().await {
            Event::Answered { id, body } => (id, Outcome::Answered(number(&body.octets))),
            Event::Failed { id, cause: Cause::Status(403) } => (id, Outcome::Refused),
            other => panic!("{other:?}"),
        };
        assert_eq!(outcomes.insert(calls[&id], outcome), None);
    }
    outcomes
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Answered(usize),
    Refused,
}

/// Bob answers each call with its own number.
async fn answer(mut side: Side, admitted: BTreeSet<usize>) {
    while let Some(event) = side.events.next().await {
        if let Event::Incoming { id, from, body, .. } = event {
            let number = number(from.as_bytes());
            assert!(admitted.contains(&number), "{number} was refused, and rings");
            assert_eq!(body, sdp(&format!("offer {number}")));
            side.endpoint.accept(id, sdp(&format!("answer {number}"))).unwrap();
        }
    }
}

/// The calls of one seed. Messages are delayed, overtaken and doubled; each verdict arrives.
fn play(seed: u64) {
    let link = Link {
        loss: 0.0,
        duplication: 0.05,
        min_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(200),
    };
    let world = World::new(seed, link);
    let mut dice = Random::new(seed);
    let admitted: BTreeSet<usize> = (0..CALLS).filter(|_| dice.chance(0.5)).collect();
    // Of calls that wait for their answer one party may have half.
    let sip = || manager::Config { dialogs: 2 * CALLS, ..manager::Config::default() };
    let mut alice = world.side_with(1, Judge::new(&world, 1, &admitted), sip());
    let bob = world.side_with(2, Judge::new(&world, 2, &admitted), sip());
    world.runtime(2).spawn(Box::pin(answer(bob, admitted.clone())));
    let outcomes = world.run(async {
        let mut calls = BTreeMap::new();
        for number in 0..CALLS {
            let offer = sdp(&format!("offer {number}"));
            calls.insert(alice.call(&caller(number), "sip:bob@192.0.2.2", offer), number);
            alice.sleep(Duration::from_millis(dice.below(10))).await;
        }
        outcomes(&mut alice, &calls).await
    });
    for (number, outcome) in &outcomes {
        let right = match outcome {
            Outcome::Answered(answer) => answer == number && admitted.contains(number),
            Outcome::Refused => !admitted.contains(number),
        };
        assert!(right, "seed {seed}, call {number}: {outcome:?}");
    }
}

#[test]
fn s12_each_of_two_hundred_interleaved_calls_has_its_own_verdict() {
    for seed in 0..SEEDS {
        play(seed);
    }
}
