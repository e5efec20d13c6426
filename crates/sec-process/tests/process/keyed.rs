//! Media keyed by DTLS-SRTP: both handshakes are in the processes, and what they end in is here.

use super::*;
use ssm::{Handshake, Line, LineSecurity, MediaGuard, MediaSecurity as _, Profile, Refused};
use sst::{MediaProtection, Secrecy};
use std::time::Instant;

const CALL: ssm::Call = ssm::Call(7);
const AUDIO: Line = Line(0);

type Driven = Box<dyn Handshake>;

fn driven(client: &Client) -> Driven {
    match client.guard(CALL, AUDIO).unwrap() {
        ssm::Guard::Handshake(handshake) => handshake,
        guard => panic!("no handshake: {}", guard.name()),
    }
}

/// Caller and callee of a call whose media are agreed to be keyed so, and their handshakes.
fn agreed(runtime: &Runtime) -> ([Process; 2], [Driven; 2]) {
    let sides = [(); 2].map(|()| start(runtime, client(runtime), None));
    let configuration = Configuration { dtls: true, ..Configuration::default() };
    sides.iter().for_each(|side| side.client.configured(&configuration).unwrap());
    let [caller, callee] = [&sides[0].client, &sides[1].client];
    let (from, to) = (ALICE.to_owned(), BOB.to_owned());
    let outgoing = Outgoing { from, to, require: Requirement::NOTHING };
    caller.call_started(Call(CALL.0), outgoing);
    let offered = caller.offer(CALL, AUDIO).unwrap();
    assert_eq!(offered.profile, Profile::TlsSavp);
    let answered = callee.answer(CALL, AUDIO, &offered).unwrap();
    caller.judge(CALL, AUDIO, &answered).unwrap();
    let handshakes = [caller, callee].map(|client| driven(client));
    (sides, handshakes)
}

#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
fn start_of_time() -> Instant {
    Instant::now()
}

/// Has both talk until nothing is left to say, over a way that loses what `lost` says by its number;
/// how they ended, and how many datagrams were sent.
fn run(sides: &mut [Driven; 2], lost: impl Fn(u32) -> bool) -> ([MediaGuard; 2], u32) {
    let (mut now, mut number, mut outcomes) = (start_of_time(), 0, [None, None]);
    sides.iter_mut().for_each(|side| side.on_timeout(now));
    for _ in 0..100 {
        let before = number;
        for from in [0, 1] {
            while let Some(datagram) = sides[from].poll_datagram() {
                number += 1;
                if !lost(number) {
                    sides[1 - from].on_datagram(now, &datagram);
                }
            }
        }
        for (outcome, side) in outcomes.iter_mut().zip(&mut *sides) {
            *outcome = outcome.take().or_else(|| side.poll_outcome());
        }
        if before != number {
            continue;
        }
        if let [Some(Ok(_)), Some(Ok(_))] = &outcomes {
            return (outcomes.map(|outcome| outcome.unwrap().unwrap()), number);
        }
        // Nobody says anything before time is due.
        now = sides.iter().filter_map(|side| side.poll_timeout()).min().expect("it goes on");
        let due = sides.iter_mut().filter(|side| side.poll_timeout() == Some(now));
        due.for_each(|side| side.on_timeout(now));
    }
    panic!("{outcomes:?}")
}

fn talk([from, to]: [&mut MediaGuard; 2]) {
    let plain = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    let mut buffer = [plain.as_slice(), &[0; 20]].concat();
    let length = from.sealer.seal_rtp(&mut buffer, plain.len()).unwrap();
    assert_ne!(buffer[12..16], plain[12..]);
    let opened = to.opener.open_rtp(&mut buffer[..length]).unwrap();
    assert_eq!(buffer[..opened], plain);
}

fn both_talk([mut caller, mut callee]: [MediaGuard; 2]) {
    talk([&mut caller, &mut callee]);
    talk([&mut callee, &mut caller]);
}

/// What the sandbox leaves is enough for it.
#[test]
fn a_handshake_from_process_to_process_ends_in_keys_that_both_have() {
    let runtime = runtime();
    let (sides, mut handshakes) = agreed(&runtime);
    let media = |side: &Process| side.client.assurance(Call(CALL.0)).unwrap().media;
    assert!(sides.iter().all(|side| media(side) == [MediaProtection::None]));
    both_talk(run(&mut handshakes, |_| false).0);
    let srtp = MediaProtection::Srtp { suite: "AEAD_AES_256_GCM", secrecy: Secrecy::Forward };
    assert!(sides.iter().all(|side| media(side) == [srtp]), "it is told");
    assert!(sides.iter().all(|side| side.gone.borrow().is_none()));
}

#[test]
fn what_is_lost_on_its_way_is_sent_again() {
    let runtime = runtime();
    let (_sides, mut handshakes) = agreed(&runtime);
    let (guards, number) = run(&mut handshakes, |number| number % 3 == 1);
    both_talk(guards);
    // The last datagram alone, after which the one who sent it has ended already.
    let (_sides, mut handshakes) = agreed(&runtime);
    let last = run(&mut handshakes, |_| false).1;
    assert!(number > last, "{number} were sent where {last} do");
    let (_sides, mut handshakes) = agreed(&runtime);
    let (guards, number) = run(&mut handshakes, |number| number == last);
    both_talk(guards);
    assert!(number > last, "it was sent again");
}

/// The guards stay where the packets are; a handshake that goes on does not.
#[test]
fn a_process_that_dies_takes_its_handshake_and_no_guard_with_it() {
    let runtime = runtime();
    let (sides, mut handshakes) = agreed(&runtime);
    let guards = run(&mut handshakes, |_| false).0;
    let (others, [mut caller, _]) = agreed(&runtime);
    caller.on_timeout(start_of_time());
    for side in sides.iter().chain(&others) {
        kill_process(Pid::from_child(&side.child), Signal::KILL).unwrap();
    }
    both_talk(guards);
    caller.on_datagram(start_of_time(), &[22]);
    assert_eq!(caller.poll_outcome().unwrap().unwrap_err(), Refused::Unavailable);

    // M09: those that follow have no part in these calls, whatever is described.
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let [caller, callee] = [&others[0].client, &sides[1].client];
    let _next = [caller, callee].map(|client| start(&runtime, Arc::clone(client), None));
    assert_eq!(caller.judge(CALL, AUDIO, &plain), Err(Refused::Unavailable));
    assert_eq!(callee.answer(CALL, AUDIO, &plain), Err(Refused::Unavailable));
    assert_eq!(callee.answer(ssm::Call(8), AUDIO, &plain), Ok(plain));
}
