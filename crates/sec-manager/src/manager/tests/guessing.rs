//! A21: guesses are counted where nobody can forge them, bounded, and cost nobody else a call.

use super::digest::Calls;
use super::{ALICE, BOB, CALL, digest_configuration};
use ssa::conformance::TestRequest;
use ssa::{Arrival, Authentication, Received, SipSecurity as _};
use sst::{Network, Requirement};
use std::time::Duration;

/// A caller with a wrong password, and a callee behind the proxies of 198.51.100.0/24.
fn calls() -> Calls {
    let mut callee = digest_configuration(BOB, Requirement::DIGEST);
    callee.proxies = vec![Network { address: "198.51.100.0".parse().unwrap(), bits: 24 }];
    Calls::with("wrong", callee)
}

/// The INVITE as it comes from `source`.
fn at<'a>(request: &'a TestRequest, source: &str) -> Arrival<'a> {
    Arrival { source: format!("{source}:5060").parse().unwrap(), ..request.arrival() }
}

/// The INVITE with credentials under the challenge that it gets from `source`.
fn authorized(calls: &Calls, source: &str) -> TestRequest {
    answered(calls, &calls.invite(), source)
}

/// An INVITE with credentials under the challenge that it gets from `source`.
fn answered(calls: &Calls, invite: &TestRequest, source: &str) -> TestRequest {
    let Received::SendWwwAuthenticate(challenge) =
        calls.callee.request_received(CALL, &at(invite, source), &invite.view())
    else {
        panic!("it is challenged")
    };
    calls.answer(invite, &challenge)
}

/// With one more Via row, as if a proxy had passed the request on.
pub(super) fn passed_on(mut request: TestRequest) -> TestRequest {
    let via = "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKproxy";
    request.fields.0.insert(0, ("Via".to_owned(), via.into()));
    request
}

/// The same credentials with another response, a guess that differs from all others.
pub(super) fn guess(request: &TestRequest, number: usize) -> TestRequest {
    let mut changed = request.clone();
    let (_, value) = changed.fields.0.iter_mut().find(|(name, _)| name == "Authorization").unwrap();
    let text = String::from_utf8(value.clone()).unwrap();
    let at = text.find("response=\"").unwrap() + "response=\"".len();
    let response = format!("{number:064x}");
    *value = [&text[..at], &response, &text[at + 64..]].concat().into_bytes();
    changed.branch = format!("z9hG4bK{number}");
    changed.cseq += u32::try_from(number).unwrap();
    changed
}

/// With another user name: what a proxy's users differ by.
fn claiming(request: &TestRequest, user: &str) -> TestRequest {
    let mut changed = request.clone();
    let (_, value) = changed.fields.0.iter_mut().find(|(name, _)| name == "Authorization").unwrap();
    let text = String::from_utf8(value.clone()).unwrap();
    *value = text.replacen("username=\"alice\"", &format!("username=\"{user}\""), 1).into_bytes();
    changed
}

#[derive(Debug, PartialEq)]
enum Told {
    Challenged,
    Wait,
    Judged,
    Admitted,
}

/// What `request_received` says, and where it says so, `authenticate`.
fn told(calls: &Calls, request: &TestRequest, source: &str) -> Told {
    let arrival = at(request, source);
    match calls.callee.request_received(CALL, &arrival, &request.view()) {
        Received::SendWwwAuthenticate(_) => Told::Challenged,
        Received::Reject(why) => {
            assert_eq!((why.status, why.retry_after), (500, Some(Duration::from_secs(60))));
            Told::Wait
        }
        Received::Authenticate => {
            match super::now(calls.callee.authenticate(CALL, &arrival, &request.view())) {
                Authentication::SendWwwAuthenticate(_) => Told::Judged,
                Authentication::Authenticated => Told::Admitted,
                Authentication::Refused(why) => panic!("{why:?}"),
            }
        }
        Received::Admit => panic!("it is not admitted"),
    }
}

#[test]
fn a21_a_source_that_guesses_waits_before_anything_is_kept() {
    let calls = calls();
    let wrong = authorized(&calls, "192.0.2.9");
    for number in 0..5 {
        assert_eq!(told(&calls, &guess(&wrong, number), "192.0.2.9"), Told::Judged, "{number}");
    }
    // Whatever its branch and CSeq, and under every nonce: `request_received` itself says so.
    assert_eq!(told(&calls, &guess(&wrong, 9), "192.0.2.9"), Told::Wait);
    assert_eq!(told(&calls, &authorized(&calls, "192.0.2.9"), "192.0.2.9"), Told::Wait);
    // The same request gets the same answer again, and is not counted.
    assert_eq!(told(&calls, &guess(&wrong, 4), "192.0.2.9"), Told::Challenged);
    // What does not come under a nonce of ours counts against nobody.
    assert_eq!(told(&calls, &wrong, "192.0.2.10"), Told::Challenged);
    assert_eq!(calls.callee.records(), 0);
    calls.platform.advance(Duration::from_secs(60));
    assert_eq!(told(&calls, &authorized(&calls, "192.0.2.9"), "192.0.2.9"), Told::Judged);
}

/// A copy that a lossy network makes of a wrong try is not another guess.
#[test]
fn a21_copies_of_one_failed_try_count_once() {
    let calls = calls();
    let wrong = authorized(&calls, "192.0.2.9");
    assert_eq!(told(&calls, &wrong, "192.0.2.9"), Told::Judged);
    let answers: Vec<Received> = (0..20)
        .map(|_| calls.callee.request_received(CALL, &at(&wrong, "192.0.2.9"), &wrong.view()))
        .collect();
    assert!(matches!(answers[0], Received::SendWwwAuthenticate(_)));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "RFC 3261 §8.2.7");
    assert_eq!(told(&calls, &guess(&wrong, 1), "192.0.2.9"), Told::Judged, "one was counted");
}

/// A second Via row is the sender's to write. It unbinds nothing: whoever was challenged at one
/// address can neither fail nor be counted at another.
#[test]
fn a02_more_vias_do_not_unbind_the_source() {
    let calls = calls();
    let wrong = passed_on(answered(&calls, &passed_on(calls.invite()), "192.0.2.9"));
    for number in 0..6 {
        let victim = "192.0.2.1";
        assert_eq!(told(&calls, &guess(&wrong, number), victim), Told::Challenged, "{number}");
    }
    assert_eq!(told(&calls, &authorized(&calls, "192.0.2.1"), "192.0.2.1"), Told::Judged);
}

#[test]
fn behind_a_proxy_the_retry_may_come_through_another_one() {
    let mut callee = digest_configuration(BOB, Requirement::DIGEST);
    callee.proxies = vec![Network { address: "198.51.100.0".parse().unwrap(), bits: 24 }];
    let calls = Calls::with("secret", callee);
    let right = authorized(&calls, "198.51.100.1");
    assert_eq!(told(&calls, &right, "198.51.101.1"), Told::Challenged, "none of the proxies");
    assert_eq!(told(&calls, &right, "192.0.2.9"), Told::Challenged);
    assert_eq!(told(&calls, &right, "198.51.100.200"), Told::Admitted);
}

#[test]
fn a21_behind_a_proxy_the_claimed_user_waits_and_the_others_do_not() {
    let calls = calls();
    let wrong = authorized(&calls, "198.51.100.1");
    for number in 0..5 {
        // All proxies are one: no other one gives more tries.
        let proxy = format!("198.51.100.{number}");
        let fresh = authorized(&calls, &proxy);
        assert_eq!(told(&calls, &guess(&fresh, number), &proxy), Told::Judged, "{number}");
    }
    assert_eq!(told(&calls, &guess(&wrong, 9), "198.51.100.9"), Told::Wait);
    // Another user there is heard, but five tries under one nonce are all it has.
    let other = TestRequest::invite(ALICE, BOB, "other@127.0.0.1");
    let other = answered(&calls, &other, "198.51.100.1");
    for number in 0..5 {
        let other = claiming(&guess(&other, number), &format!("user{number}"));
        assert_eq!(told(&calls, &other, "198.51.100.1"), Told::Judged, "{number}");
    }
    let sixth = claiming(&guess(&other, 6), "user6");
    assert_eq!(told(&calls, &sixth, "198.51.100.1"), Told::Wait);
    // Who comes without a proxy is not held to what is claimed behind one.
    assert_eq!(told(&calls, &authorized(&calls, "192.0.2.1"), "192.0.2.1"), Told::Judged);
}
