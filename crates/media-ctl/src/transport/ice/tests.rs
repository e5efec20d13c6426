//! What a peer, or who pretends to be one, may have an agent do.

use super::allowance::{Allowance, MAX_CHECKS};
use super::checked::Checked;
use super::clock::Clock;
use super::gate::{MAX_HEARD, MAX_KNOWN};
use crate::sdp::{Candidate, CandidateKind, Credentials, IceAgreement, IceSide, MAX_CANDIDATES};
use crate::stats::Reason;
use crate::transport::transmit::Channel;
use crate::transport::ways::{Agent, Arrival, Message as Sent, Standing};
use rice_stun_types::attribute::{IceControlled, IceControlling, Priority, UseCandidate};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use stun_proto::types::attribute::{ErrorCode, Username, XorMappedAddress};
use stun_proto::types::message::{
    BINDING, IntegrityAlgorithm, Message, MessageClass, MessageIntegrityCredentials,
    MessageWriteExt, MessageWriteVec, ShortTermCredentials,
};
use stun_proto::types::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn credentials(octet: char) -> Credentials {
    let of = |length| std::iter::repeat_n(octet, length).collect::<String>();
    Credentials::new(&of(8), &of(24)).unwrap()
}

pub(super) fn host(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], port))
}

/// Each of a foundation of its own, as candidates of different bases are. RFC 8445 §5.1.1.3.
fn candidate(at: SocketAddr) -> Candidate {
    let foundation = at.to_string();
    Candidate { foundation, ..Candidate::new(Channel::Rtp, CandidateKind::Host, at, None) }
}

#[expect(clippy::disallowed_methods, reason = "the origin of a test's own clock")]
pub(super) fn start() -> Instant {
    Instant::now()
}

/// What we, at 192.0.2.1, and a peer with these candidates have agreed on.
pub(super) fn agreed(controlling: bool, peers: Vec<Candidate>) -> IceAgreement {
    let side =
        |octet, candidates| IceSide { credentials: credentials(octet), lite: false, candidates };
    let here = side('h', vec![candidate(host(1, 4000))]);
    IceAgreement { here, there: side('t', peers), controlling }
}

/// An agent whose peer has these candidates, and when it was made.
fn agent(controlling: bool, peers: impl IntoIterator<Item = SocketAddr>) -> (Checked, Instant) {
    let agreed = agreed(controlling, peers.into_iter().map(candidate).collect());
    let now = start();
    let allowances = [&Allowance::default(), &Allowance::default()];
    (Checked::new(&agreed, true, allowances, Clock::new(now), now), now)
}

/// Lets it do what it wants until then, and gives what it sent.
fn until(agent: &mut Checked, now: &mut Instant, then: Instant) -> Vec<Sent> {
    let mut sent = Vec::new();
    loop {
        sent.extend(std::iter::from_fn(|| agent.poll_message()));
        match agent.due().filter(|due| *due <= then) {
            Some(due) => *now = due.max(*now),
            None => break,
        }
        agent.on_timeout(*now);
    }
    *now = then;
    sent
}

/// A check to whom this names, without the sender's role.
fn request(username: &str) -> MessageWriteVec {
    let mut request = Message::builder_request(BINDING, MessageWriteVec::new());
    request.add_attribute(&Username::new(username).unwrap()).unwrap();
    request.add_attribute(&Priority::new(1_000)).unwrap();
    request
}

/// A check of a peer's that controls.
pub(super) fn check(username: &str, pwd: char, nominates: bool) -> Vec<u8> {
    let mut request = request(username);
    request.add_attribute(&IceControlling::new(7)).unwrap();
    if nominates {
        request.add_attribute(&UseCandidate::new()).unwrap();
    }
    protect(request, pwd)
}

/// A check of a peer's that does not control, whose tie-breaker is this.
pub(super) fn controlled(tie_breaker: u64) -> Vec<u8> {
    let mut request = request(US);
    request.add_attribute(&IceControlled::new(tie_breaker)).unwrap();
    protect(request, 'h')
}

fn protect(mut message: MessageWriteVec, pwd: char) -> Vec<u8> {
    let password = ShortTermCredentials::new(credentials(pwd).pwd().to_owned());
    let key = MessageIntegrityCredentials::ShortTerm(password);
    message.add_message_integrity(&key, IntegrityAlgorithm::Sha1).unwrap();
    message.add_fingerprint().unwrap();
    message.finish()
}

/// The peer's answer to what was sent to it.
fn answer(sent: &Sent, pwd: char) -> Vec<u8> {
    let request = Message::from_bytes(&sent.octets).unwrap();
    let mut answer = Message::builder_success(&request, MessageWriteVec::new());
    let seen = XorMappedAddress::new(host(1, 4000), request.transaction_id());
    answer.add_attribute(&seen).unwrap();
    protect(answer, pwd)
}

/// The peer's answer that refuses what was sent to it.
pub(super) fn refusal(sent: &Sent, code: u16) -> Vec<u8> {
    let request = Message::from_bytes(&sent.octets).unwrap();
    let mut refusal = Message::builder_error(&request, MessageWriteVec::new());
    refusal.add_attribute(&ErrorCode::builder(code).build().unwrap()).unwrap();
    protect(refusal, 't')
}

fn is_request(sent: &Sent) -> bool {
    Message::from_bytes(&sent.octets).unwrap().has_class(MessageClass::Request)
}

pub(super) fn from(source: SocketAddr) -> Arrival {
    Arrival { channel: Channel::Rtp, source, relayed: false }
}

pub(super) const US: &str = "hhhhhhhh:tttttttt";

/// What a description with as many candidates as are kept has sent: each is checked five times.
#[test]
fn a_description_has_each_of_its_candidates_checked_five_times() {
    let silent = (1..=MAX_CANDIDATES as u8).map(|last| host(100 + last, 5000));
    let (mut agent, began) = agent(true, silent);
    let mut now = began;
    let sent = until(&mut agent, &mut now, began + SECOND * 60);
    assert_eq!(sent.len(), 5 * MAX_CANDIDATES);
    assert!(sent.iter().all(|sent| sent.octets.len() < 150), "{:?}", sent[0].octets.len());
    assert_eq!((agent.standing(), agent.due()), (Standing::Failed, None));
}

/// Whoever made the description can sign checks in the name of any address: what is sent there for
/// them ends, however many come.
#[test]
fn checks_in_the_name_of_others_have_so_many_sent_and_no_more() {
    let (mut agent, began) = agent(false, []);
    let (mut now, mut requests) = (began, 0);
    for _ in 0..260 {
        let taken = agent.on_message(now, from(host(66, 5000)), &check(US, 'h', false));
        assert_eq!(taken, Ok(()));
        let then = now + Duration::from_millis(110);
        requests += until(&mut agent, &mut now, then).iter().filter(|it| is_request(it)).count();
    }
    assert_eq!(requests, MAX_CHECKS);
    assert_eq!(agent.standing(), Standing::Checking);
}

/// What the library keeps of each check, it would keep of as many as come.
#[test]
fn before_a_way_is_found_so_many_checks_are_heard_and_no_more() {
    let (mut agent, began) = agent(false, []);
    let mut now = began;
    for number in 0..2_000 {
        let taken = agent.on_message(now, from(host(66, 5000)), &check(US, 'h', false));
        let expected = if number < MAX_HEARD { Ok(()) } else { Err(Reason::Unexpected) };
        assert_eq!(taken, expected, "{number}");
    }
    // Answers are heard, and with a way checks are again.
    let checks = until(&mut agent, &mut now, began + SECOND);
    let ours = checks.iter().find(|sent| is_request(sent)).unwrap();
    assert_eq!(agent.on_message(now, from(host(66, 5000)), &answer(ours, 't')), Ok(()));
}

/// The library panics where a check of the peer's comes for a pair that it holds for failed: nothing that
/// the peer says, or does not say, has one fail.
#[test]
fn no_check_fails_whatever_the_peer_answers() {
    let peer = host(2, 5000);
    let refused = |sent: &Sent| refusal(sent, 400);
    let empty = |sent: &Sent| {
        let request = Message::from_bytes(&sent.octets).unwrap();
        protect(Message::builder_success(&request, MessageWriteVec::new()), 't')
    };
    let well = |sent: &Sent| answer(sent, 't');
    type Answer<'a> = &'a dyn Fn(&Sent) -> Vec<u8>;
    for (says, at) in [
        (None, peer),
        (Some(&refused as Answer<'_>), peer),
        (Some(&empty as Answer<'_>), peer),
        (Some(&well as Answer<'_>), host(3, 5000)),
    ] {
        let (mut agent, began) = agent(false, [peer]);
        let mut now = began;
        let sent = until(&mut agent, &mut now, began + SECOND);
        if let Some(says) = says {
            let taken = agent.on_message(now, from(at), &says(&sent[0]));
            assert_eq!(taken, Err(Reason::Unexpected));
        }
        until(&mut agent, &mut now, began + SECOND * 15);
        assert_eq!(agent.on_message(now, from(peer), &check(US, 'h', false)), Ok(()));
        let then = now + SECOND;
        let sent = until(&mut agent, &mut now, then);
        let ours = sent.iter().find(|sent| is_request(sent)).unwrap();
        assert_eq!(agent.on_message(now, from(peer), &answer(ours, 't')), Ok(()));
    }
}

/// So many addresses are answered and checked, and no other.
#[test]
fn the_peer_shows_to_be_at_so_many_addresses_at_most() {
    let (mut agent, began) = agent(false, []);
    let mut now = began;
    for last in 1..=200 {
        let taken = agent.on_message(now, from(host(last, 5000)), &check(US, 'h', false));
        let within = usize::from(last) <= MAX_KNOWN;
        assert_eq!(taken.is_ok(), within, "{last}");
        assert!(within || taken == Err(Reason::TooManySources));
        assert_eq!(agent.knows(host(last, 5000)), within);
    }
    let sent = until(&mut agent, &mut now, began + SECOND * 20);
    for requests in [false, true] {
        let of = sent.iter().filter(|sent| is_request(sent) == requests);
        let places: BTreeSet<_> = of.map(|sent| sent.way.remote).collect();
        assert_eq!(places.len(), MAX_KNOWN);
    }
}

/// A message that is not the peer's is not answered, has nothing checked, and makes nobody known.
#[test]
fn what_is_not_the_peers_has_nothing_done() {
    let mut unsigned = Message::builder_request(BINDING, MessageWriteVec::new());
    unsigned.add_attribute(&Username::new(US).unwrap()).unwrap();
    unsigned.add_fingerprint().unwrap();
    let indication = Message::builder_indication(BINDING, MessageWriteVec::new()).finish();
    let cut = check(US, 'h', true)[..30].to_vec();
    for (octets, why) in [
        (unsigned.finish(), Reason::NotAuthentic),
        (check(US, 'x', true), Reason::NotAuthentic),
        (check("hhhhhhhh:xxxxxxxx", 'h', true), Reason::NotAuthentic),
        (check("hhhhhhhh", 'h', true), Reason::NotAuthentic),
        (check("hhhhhhhh:tttttttttt", 'h', true), Reason::NotAuthentic),
        (indication, Reason::NotAuthentic),
        (cut, Reason::Malformed),
        (vec![0, 1], Reason::Malformed),
    ] {
        let (mut agent, began) = agent(false, []);
        let mut now = began;
        assert_eq!(agent.on_message(now, from(host(66, 5000)), &octets), Err(why));
        assert_eq!(until(&mut agent, &mut now, began + SECOND * 20), []);
        assert!(!agent.knows(host(66, 5000)));
    }
}

/// The peer is found by checks alone, and consents while it answers as itself. RFC 7675 §5.1.
#[test]
fn consent_lasts_while_the_peer_answers_and_no_longer_than_thirty_seconds() {
    let peer = host(2, 5000);
    let (mut agent, began) = agent(true, [peer]);
    let mut now = began;
    let mut old = Vec::new();
    let mut answers = |agent: &mut Checked, now: &mut Instant, seconds: u32, pwd| {
        let (until_then, mut questions) = (*now + SECOND * seconds, 0);
        while *now < until_then && agent.standing() != Standing::Failed {
            let then = *now + Duration::from_millis(50);
            for sent in until(agent, now, then).iter().filter(|it| is_request(it)) {
                questions += 1;
                let answer = answer(sent, pwd);
                _ = agent.on_message(*now, from(peer), &answer);
                if pwd == 't' {
                    old = answer;
                }
            }
            // What it said before, again, is no answer.
            _ = agent.on_message(*now, from(peer), &old);
        }
        questions
    };
    // A check, and another that nominates.
    assert_eq!(answers(&mut agent, &mut now, 1, 't'), 2);
    assert_eq!(agent.standing(), Standing::Connected);
    assert_eq!(agent.way(Channel::Rtp).map(|way| way.remote), Some(peer));
    let asked = answers(&mut agent, &mut now, 600, 't');
    assert!((100..=150).contains(&asked), "{asked}");
    let silent = now;
    let asked = answers(&mut agent, &mut now, 60, 'x');
    assert_eq!((agent.standing(), agent.way(Channel::Rtp)), (Standing::Failed, None));
    let lasted = now - silent;
    assert!((SECOND * 23..=SECOND * 31).contains(&lasted), "{lasted:?}");
    assert!((4..=8).contains(&asked), "{asked}");
    // It is over, whoever comes then.
    let late = agent.on_message(now, from(peer), &check(US, 'h', true));
    assert_eq!((late, agent.due()), (Err(Reason::Unexpected), None));
}

/// Passwords are in no debugging output.
#[test]
fn nothing_shows_a_password() {
    let (agent, _) = agent(true, [host(2, 5000)]);
    assert_eq!(format!("{agent:?}"), "Checked(Checking)");
    let turn = super::TurnServer {
        at: host(9, 3478),
        by: super::TurnTransport::Udp,
        username: "alice".to_owned(),
        password: "secret".to_owned(),
    };
    let servers = super::IceServers { stun: None, turn: Some(turn) };
    let mut asked = super::asked(&servers, (host(1, 4000), host(1, 4001)), None);
    asked.begin(start());
    let shown = format!("{servers:?} {asked:?}");
    assert!(shown.contains("alice") && !shown.contains("secret"), "{shown}");
}

/// A peer that says anything in any order, which alone would have the library panic.
#[test]
fn a_peer_that_says_anything_in_any_order_ends_its_own_line_at_most() {
    let mut state = 1_u64;
    let mut next = move |n: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % n
    };
    for _ in 0..300 {
        let (mut agent, began) = agent(next(2) == 0, [host(2, 5000), host(3, 5000)]);
        let mut now = began;
        let mut seen: Vec<Sent> = Vec::new();
        for _ in 0..25 {
            let then = now + Duration::from_millis([20, 60, 400, 3000][next(4) as usize]);
            seen.extend(until(&mut agent, &mut now, then).into_iter().filter(is_request));
            let at = host(2 + next(3) as u8, 5000);
            let (at, octets) = match next(6) {
                0 | 1 => (at, check(US, 'h', next(2) == 0)),
                2 => (at, controlled(if next(2) == 0 { 1 } else { u64::MAX })),
                _ if seen.is_empty() => continue,
                how => {
                    let sent = &seen[next(seen.len() as u64) as usize];
                    let octets = if how == 3 { refusal(sent, 487) } else { answer(sent, 't') };
                    (sent.way.remote, octets)
                }
            };
            let _ = agent.on_message(now, from(at), &octets);
        }
    }
}
