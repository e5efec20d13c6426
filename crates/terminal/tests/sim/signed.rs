//! Cases of signed calls on a bad way or with a bad end: `docs/cases.md` by number.

use crate::cases::{edit, status_of};
use crate::meddler::{Meddle, Way};
use crate::world::{Agent, CALLER, CALLER_IP, Change, Watch, World};
use async_trait::async_trait;
use sip_core::manager::EndReason;
use sma::SecurityApplication;
use sma::conformance::{Crashing, Double};
use sst::{
    Assurance, Call, Denial, Denied, Password, Pin, TelephonyApplication, TrustAnswer,
    TrustQuestion,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::assembly::Outcome;

/// A user who trusts nobody, and what he was asked and told.
#[derive(Default)]
struct Wary {
    asked: Mutex<Vec<TrustQuestion>>,
    told: Mutex<Vec<(String, Denied)>>,
}

#[async_trait]
impl TelephonyApplication for Wary {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        None
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        self.asked.lock().unwrap().push(question);
        TrustAnswer::No
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _: Call, _: &Assurance) {}

    fn denied(&self, denial: Denial<'_>) {
        self.told.lock().unwrap().push((denial.claimed.to_owned(), denial.why));
    }
}

/// A call that the callee does not believe, and why the caller is told so.
fn refused(world: &World, (caller, callee): &(Watch, Watch)) {
    let before = caller.seen().ended;
    world.call();
    world.pass(Duration::from_secs(3));
    let (caller, callee) = (caller.seen(), callee.seen());
    assert_eq!((caller.ended, callee.incoming), (before + 1, 0), "{}", world.ladder());
    assert_eq!(caller.over, Some(Outcome::Unbelieved), "{}", world.ladder());
}

#[test]
fn g15_what_a_key_says_of_itself_proves_nothing() {
    let wary = Arc::new(Wary::default());
    let given = Arc::clone(&wary);
    let mut world = World::new(15, Change { callee_prompts: given, ..Change::default() });
    let watch = world.watch();
    // The caller's key names the caller's address; the pinned one is another.
    let pinned = "d".repeat(40);
    let pin = |aor: &str| vec![Pin::new(aor.to_owned(), pinned.clone())];
    world.callee.security().pins(pin(CALLER));
    refused(&world, &watch);
    let told = wary.told.lock().unwrap().pop();
    let Some((claimed, Denied::OtherKey(known, shown))) = told else { panic!("{told:?}") };
    assert_eq!((&*claimed, &known), (CALLER, &pinned));
    assert_eq!(*wary.asked.lock().unwrap(), []);
    // Where none is pinned, its name is shown with the fingerprint, and lets nobody in.
    world.callee.security().pins(pin("sip:carol@caller.example"));
    refused(&world, &watch);
    let asked = wary.asked.lock().unwrap().pop().unwrap();
    assert_eq!((&*asked.aor, &asked.fingerprint), (CALLER, &shown));
    assert_eq!(asked.user_ids, [CALLER]);
    assert_eq!(asked.pinned_to, [""; 0]);
    let told = wary.told.lock().unwrap().pop();
    assert_eq!(told, Some((CALLER.to_owned(), Denied::Unpinned(shown))));
    world.settle();
}

/// What is changed of the usual pair, what is done to it, and the reason that is told.
type Refusal = (Change, fn(&World), &'static str);

/// Whoever runs the callee sees who claimed to be there, from where, and why it was refused; and
/// nothing of a caller who was merely challenged.
#[test]
fn the_callee_sees_whom_it_refused_and_why() {
    fn nothing(_: &World) {}
    fn unpinned(world: &World) {
        world.callee.security().pins(Vec::new());
    }
    let stopped: Agent =
        Box::new(|double| Arc::new(Crashing::after(double, 0)) as Arc<dyn SecurityApplication>);
    let changes: [Refusal; 3] = [
        (Change::default(), unpinned, "not_pinned"),
        (Change { callee_agent: stopped, ..Change::default() }, nothing, "application_unavailable"),
        (Change::default(), nothing, ""),
    ];
    for (number, (change, prepare, code)) in changes.into_iter().enumerate() {
        let mut world = World::new(50 + number as u64, change);
        let (_, callee) = world.watch();
        prepare(&world);
        let id = world.call();
        world.pass(Duration::from_secs(30));
        world.caller.hang_up(id);
        let denied = callee.seen().denied;
        if code.is_empty() {
            assert_eq!(denied, [], "{}", world.ladder());
        } else {
            let (from, source, told) = &denied[0];
            let shown = (&**from, source.ip(), *told);
            assert_eq!(shown, (CALLER, CALLER_IP.into(), code), "{}", world.ladder());
        }
        world.settle();
    }
}

/// An element on the way that puts `there` in the place of `here`, and takes it out of what comes
/// back.
fn between(name: &'static str, here: &'static str, there: &'static str) -> Meddle {
    Arc::new(move |way, octets| {
        let (from, to) = if way == Way::In { (here, there) } else { (there, here) };
        vec![edit(octets, |line| {
            let its = line.starts_with(name);
            Some(if its { line.replacen(from, to, 1) } else { line.to_owned() })
        })]
    })
}

#[test]
fn g33_an_element_that_changes_call_id_or_tags_is_refused_and_said_to_be() {
    for meddle in
        [between("Call-ID:", "Call-ID: ", "Call-ID: b2b"), between("From:", ";tag=", ";tag=b2b")]
    {
        let mut world = World::new(33, Change { meddle: Some(meddle), ..Change::default() });
        let watch = world.watch();
        refused(&world, &watch);
        let said = Outcome::Unbelieved.to_string();
        assert!(said.contains("403") && said.contains("Call-ID or tags"), "{said}");
        world.settle();
    }
}

/// The callee's tag is changed on the way back: the signed answer is not believed.
#[test]
fn g33_an_answer_under_another_tag_is_not_believed() {
    let meddle: Meddle = Arc::new(|way, octets| {
        let answer = octets.starts_with(b"SIP/2.0 200") || way == Way::In;
        let (from, to) = if way == Way::In { (";tag=b2b", ";tag=") } else { (";tag=", ";tag=b2b") };
        vec![edit(octets, |line| {
            let its = answer && line.starts_with("To:");
            Some(if its { line.replacen(from, to, 1) } else { line.to_owned() })
        })]
    });
    let mut world = World::new(34, Change { meddle: Some(meddle), ..Change::default() });
    let (caller, _) = world.watch();
    world.call();
    world.pass(Duration::from_secs(3));
    let over = caller.seen().over.unwrap();
    assert!(over.to_string().contains("proof"), "{over}: {}", world.ladder());
    assert_eq!(caller.seen().established, None);
    assert!(status_of(&world, "caller", "BYE ") > 0, "{}", world.ladder());
    world.settle();
}

/// Case G35: whose application dies in a call can end it, and so can the other side.
#[test]
fn g35_an_agent_that_dies_keeps_no_call_up() {
    for (dies_at_caller, caller_ends) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let agents: Arc<Mutex<Vec<Arc<Crashing<Double>>>>> = Arc::default();
        let agent = |agents: &Arc<Mutex<Vec<Arc<Crashing<Double>>>>>| {
            let agents = Arc::clone(agents);
            Box::new(move |double| {
                let agent = Arc::new(Crashing::after(double, usize::MAX));
                agents.lock().unwrap().push(Arc::clone(&agent));
                agent as _
            })
        };
        let change = Change {
            caller_agent: agent(&agents),
            callee_agent: agent(&agents),
            ..Change::default()
        };
        let mut world = World::new(35, change);
        let (caller, callee) = world.watch();
        let id = world.call();
        world.pass(Duration::from_secs(2));
        assert!(caller.seen().established.is_some() && callee.seen().established.is_some());
        agents.lock().unwrap()[usize::from(!dies_at_caller)].restart(0);
        if caller_ends {
            world.caller.hang_up(id);
        } else {
            world.callee.hang_up(callee.seen().last.unwrap());
        }
        world.pass(Duration::from_secs(35));
        let ended = (caller.seen().over, callee.seen().over);
        let who = format!("{dies_at_caller} {caller_ends}: {ended:?}\n{}", world.ladder());
        assert!(ended.0.is_some() && ended.1.is_some(), "{who}");
        let local = if caller_ends { ended.0 } else { ended.1 };
        assert_eq!(local, Some(Outcome::Ended(EndReason::Local)), "{who}");
        world.settle();
    }
}
