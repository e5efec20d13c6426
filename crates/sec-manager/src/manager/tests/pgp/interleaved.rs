//! Two hundred calls between two managers at once, their steps in any order (case S12): each has the
//! verdict that is its own, and no proof of one is worth anything in another.

use super::*;
use ssa::Transport;

const CALLS: usize = 200;
/// As many as take some seconds; the environment's `SIM_SEEDS` may say another number.
const SEEDS: u64 = 8;

/// Numbers that look like chance and are the same for the same seed. (SplitMix64.)
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ (mixed >> 27)) % most as u64).unwrap()
    }
}

/// How far a call has come.
enum Step {
    Invite,
    Challenged(Vec<Field>),
    Planned(Plan),
    Sealed(Plan, TestRequest),
    Authorized(TestRequest),
    Over,
}

/// One of the calls.
struct One {
    call: CallRef,
    invite: TestRequest,
    step: Step,
    /// Whether it brings the proof of the call before it in place of its own.
    cheats: bool,
}

impl One {
    fn new(number: usize, dice: &mut Dice) -> Self {
        let mut invite = TestRequest::invite(ALICE, BOB, &format!("{number}@127.0.0.1"));
        invite.from.1 = format!("tag{number}");
        let call = CallRef(number as u64 + 1);
        Self { call, invite, step: Step::Invite, cheats: dice.below(4) == 0 }
    }

    /// Goes one step on; the request once it is authorized.
    fn next(&mut self, calls: &Calls) -> Option<TestRequest> {
        let alice = &calls.alice.manager;
        self.step = match std::mem::replace(&mut self.step, Step::Over) {
            Step::Invite => {
                calls.start(self.call);
                let (arrival, view) = (self.invite.arrival(), self.invite.view());
                match calls.bob.manager.request_received(self.call, &arrival, &view) {
                    Received::SendWwwAuthenticate(fields) => Step::Challenged(fields),
                    other => panic!("{other:?}"),
                }
            }
            Step::Challenged(challenge) => {
                let mut response = TestResponse::to(&self.invite, 401, Body::default());
                response.fields.extend(&challenge);
                let (hop, sent) = (self.invite.arrival(), self.invite.view());
                let answer = alice.got_401_unauthorized(self.call, &hop, &response.view(), &sent);
                match now(answer) {
                    Required::SendWwwAuthenticate { plan, .. } => Step::Planned(plan),
                    other => panic!("{other:?}"),
                }
            }
            Step::Planned(plan) => {
                let offer = text(&format!("the offer of {}", self.call.0));
                match now(alice.encrypt(
                    self.call,
                    Direction::Request,
                    Transport::Udp,
                    Some(plan),
                    offer,
                )) {
                    BodyVerdict::Body(body) => {
                        Step::Sealed(plan, self.invite.clone().retried().with_body(body))
                    }
                    other => panic!("{other:?}"),
                }
            }
            Step::Sealed(plan, mut retry) => {
                match now(alice.authorize(self.call, plan, &retry.view())) {
                    Authorized::Fields(fields) => {
                        retry.fields.extend(&fields);
                        Step::Authorized(retry)
                    }
                    other => panic!("{other:?}"),
                }
            }
            Step::Authorized(retry) => return Some(retry),
            Step::Over => Step::Over,
        };
        None
    }
}

/// What Bob says to a request: whether he believes it, and what the offer was.
fn verdict(calls: &Calls, call: CallRef, request: &TestRequest) -> Option<Body> {
    let manager = &calls.bob.manager;
    let (arrival, view) = (request.arrival(), request.view());
    if manager.request_received(call, &arrival, &view) != Received::Authenticate
        || now(manager.authenticate(call, &arrival, &view)) != Authentication::Authenticated
    {
        return None;
    }
    match now(manager.decrypt(call, Direction::Request, Transport::Udp, request.body.clone())) {
        BodyVerdict::Body(body) => Some(body),
        BodyVerdict::Refused(_) => None,
    }
}

/// The request of one call with the proof, the Date and the body of another.
fn with_the_proof_of(mut request: TestRequest, other: &TestRequest) -> TestRequest {
    let taken = ["Authorization", "Date", "Content-Type"];
    request.fields.0.retain(|(name, _)| !taken.contains(&name.as_str()));
    let fields = other.fields.0.iter().filter(|(name, _)| taken.contains(&name.as_str()));
    request.fields.0.extend(fields.cloned());
    request.body = other.body.clone();
    request
}

fn run(seed: u64) {
    let (calls, mut dice) = (Calls::new(), Dice(seed));
    let mut all: Vec<One> = (0..CALLS).map(|number| One::new(number, &mut dice)).collect();
    let mut open: Vec<usize> = (0..CALLS).collect();
    let mut last: Option<TestRequest> = None;
    let mut believed = 0;
    while !open.is_empty() {
        let at = dice.below(open.len());
        let one = &mut all[open[at]];
        let Some(retry) = one.next(&calls) else { continue };
        open.swap_remove(at);
        let stolen = last.replace(retry.clone()).filter(|_| one.cheats);
        let honest = stolen.is_none();
        let brought = match stolen {
            Some(other) => with_the_proof_of(retry, &other),
            None => retry,
        };
        let offer = text(&format!("the offer of {}", one.call.0));
        assert_eq!(verdict(&calls, one.call, &brought), honest.then_some(offer), "seed {seed}");
        assert_eq!(verdict(&calls, one.call, &brought), None, "once, seed {seed}");
        let proof = calls.bob.manager.assurance(Call(one.call.0)).map(|it| it.proof);
        assert_eq!(matches!(proof, Some(Proof::Pgp { .. })), honest, "seed {seed}");
        believed += usize::from(honest);
    }
    assert!(believed > CALLS / 2 && believed < CALLS, "seed {seed}: {believed}");
}

#[test]
fn s12_each_of_two_hundred_calls_at_once_has_its_own_verdict() {
    let wanted = std::env::var("SIM_SEEDS").ok().map(|text| text.parse().unwrap());
    (0..wanted.unwrap_or(SEEDS)).for_each(run);
}
