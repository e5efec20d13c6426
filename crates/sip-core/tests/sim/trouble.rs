//! Trouble of ours that passes: each 500 and 503 for it says when to try again. RFC 3261 §20.33.

use crate::double::{CREDENTIALS, Double, Script, When};
use crate::raw::{Raw, Wanted, ack, request, to_tag};
use crate::world::{Side, World, sdp};
use sip_core::manager::{CallId, Event};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// A status, and what Retry-After says.
type Told = (u16, Option<u64>);

fn told(response: &str) -> Told {
    let status = response.split(' ').nth(1).unwrap().parse().unwrap();
    let row = response.lines().find_map(|line| line.strip_prefix("Retry-After: "));
    (status, row.map(|seconds| seconds.parse().unwrap()))
}

/// The final response that comes next.
async fn last(raw: &mut Raw) -> String {
    loop {
        match raw.receive().await {
            Some(message) if !message.starts_with("SIP/2.0 1") => return message,
            Some(_) | None => {}
        }
    }
}

/// A call of the stranger's that Bob has answered, and Bob's tag.
async fn up(bob: &mut Side, raw: &mut Raw) -> (CallId, String) {
    raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    let tag = to_tag(&last(raw).await).to_owned();
    raw.send(&ack("a", 1, &tag));
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    (id, tag)
}

#[test]
fn what_the_application_cannot_do_now_it_may_be_asked_again() {
    for (status, after) in [(500, Some(5)), (503, Some(5)), (486, None), (480, None), (501, None)] {
        let world = World::perfect();
        let mut bob = world.side(2, Arc::new(Open));
        let mut raw = Raw::new(&world, 9);
        world.run(async {
            raw.send(&request(&Wanted::default()));
            let id = bob.incoming().await;
            bob.endpoint.reject(id, status).unwrap();
            assert_eq!(told(&last(&mut raw).await), (status, after));
        });
    }
}

#[test]
fn a_change_that_cannot_be_made_now_may_be_asked_for_again() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        let inside = Wanted { to_tag: &tag, ..Wanted::default() };
        raw.send(&request(&Wanted { branch: "r2", cseq: 2, ..inside }));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        // RFC 3261 §14.2: one at a time.
        raw.send(&request(&Wanted { branch: "r3", cseq: 3, ..inside }));
        assert_eq!(told(&last(&mut raw).await), (500, Some(1)));
        bob.endpoint.reject(id, 500).unwrap();
        assert_eq!(told(&last(&mut raw).await), (500, Some(5)));
    });
}

#[test]
fn what_the_security_manager_does_not_decide_may_be_asked_again() {
    for when in [When::Never, When::Panics, When::PanicsLater] {
        let scripts = [
            Script { challenges: true, verify: when, ..Script::default() },
            Script { leaving: when, ..Script::default() },
        ];
        for script in scripts {
            let world = World::perfect();
            let asked = script.challenges;
            let mut bob = world.side(2, Double::new(world.runtime(2), script));
            let mut raw = Raw::new(&world, 9);
            world.run(async {
                raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
                if !asked {
                    let id = bob.incoming().await;
                    bob.endpoint.accept(id, sdp("answer")).unwrap();
                }
                let (status, after) = told(&last(&mut raw).await);
                assert_eq!((status, after.is_some()), (500, true), "{when:?}, {asked}");
            });
        }
    }
}

/// Case S10: what panicked over one request answers the next, and no time was lost.
#[test]
fn s10_after_a_panic_of_the_security_manager_the_next_call_is_served_within_a_second() {
    for when in [When::Panics, When::PanicsLater] {
        let world = World::perfect();
        let (challenges, then) = (true, Some(When::Now));
        let script = Script { challenges, verify: when, then, ..Script::default() };
        let runtime = world.runtime(2);
        let mut bob = world.side(2, Double::new(Arc::clone(&runtime), script));
        let mut raw = Raw::new(&world, 9);
        world.run(async {
            let one = Wanted { extra: CREDENTIALS, ..Wanted::default() };
            raw.send(&request(&one));
            assert_eq!(told(&last(&mut raw).await).0, 500, "{when:?}");
            let refused = runtime.now();
            raw.send(&request(&Wanted { branch: "next", cseq: 2, ..one }));
            let id = bob.incoming().await;
            bob.endpoint.accept(id, sdp("answer")).unwrap();
            let answer = last(&mut raw).await;
            assert!(answer.starts_with("SIP/2.0 200 "), "{when:?}: {answer}");
            let took = runtime.now() - refused;
            assert!(took < Duration::from_secs(1), "{when:?}: {took:?}");
        });
    }
}
