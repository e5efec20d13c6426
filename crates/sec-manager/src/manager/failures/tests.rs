//! Who waits after how many failures, and whom nobody can push out.

#![expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]

use super::*;
use std::net::Ipv4Addr;

/// An attempt like no other of its party.
type Tried = (Attempt, Trace);

impl Failures {
    fn judge(&self, now: Instant, (attempt, trace): &Tried) -> Verdict {
        self.standing(now, attempt, || *trace)
    }

    fn fail(&mut self, now: Instant, (attempt, trace): &Tried) {
        self.count(now, attempt, *trace);
    }
}

fn attempt(party: Party, number: u64) -> Tried {
    let trace = Trace(u128::from(number).to_be_bytes());
    (Attempt { party, nonce: number.to_be_bytes() }, trace)
}

fn from(source: &str, number: u64) -> Tried {
    attempt(Party::at(source.parse().unwrap()), number)
}

#[test]
fn a21_the_sixth_within_a_minute_waits() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    for number in 0..5 {
        let try_ = from("192.0.2.1", number);
        assert_eq!(failures.judge(now, &try_), Verdict::Judge, "{number}");
        failures.fail(now, &try_);
    }
    assert_eq!(failures.judge(now, &from("192.0.2.1", 9)), Verdict::Wait);
    assert_eq!(failures.judge(now, &from("::ffff:192.0.2.1", 9)), Verdict::Wait);
    assert_eq!(failures.judge(now, &from("192.0.2.2", 9)), Verdict::Judge);
    let last = now + WINDOW - Duration::from_millis(1);
    assert_eq!(failures.judge(last, &from("192.0.2.1", 9)), Verdict::Wait);
    let later = now + WINDOW;
    assert_eq!(failures.judge(later, &from("192.0.2.1", 9)), Verdict::Judge);
    failures.fail(later, &from("192.0.2.1", 9));
    assert_eq!(failures.judge(later, &from("192.0.2.1", 10)), Verdict::Judge, "a new window");
}

#[test]
fn a21_a_copy_of_what_failed_is_told_the_same_and_not_counted() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    for number in 0..5 {
        failures.fail(now, &from("192.0.2.1", number));
        assert_eq!(failures.judge(now, &from("192.0.2.1", number)), Verdict::Failed);
    }
    assert_eq!(failures.judge(now, &from("192.0.2.1", 0)), Verdict::Failed, "even now");
    assert_eq!(failures.judge(now, &from("192.0.2.2", 0)), Verdict::Judge, "of another");
    assert_eq!(failures.judge(now + WINDOW, &from("192.0.2.1", 0)), Verdict::Judge);
}

#[test]
fn a21_a_site_of_ipv6_does_not_gain_by_its_many_64s() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    for network in 0..20 {
        let try_ = from(&format!("2001:db8:0:{network:x}::1"), network);
        assert_eq!(failures.judge(now, &try_), Verdict::Judge, "{network}");
        failures.fail(now, &try_);
    }
    let fresh = from("2001:db8:0:ffff::1", 99);
    assert_eq!(failures.judge(now, &fresh), Verdict::Wait);
    assert_eq!(failures.judge(now, &from("2001:db8:1::1", 99)), Verdict::Judge);
}

#[test]
fn a21_behind_a_proxy_the_claimed_user_and_the_nonce_count() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    let claimed = |user: &str, nonce: u8, number| {
        let (tried, trace) = attempt(Party::claiming(user.as_bytes(), b"bob.example"), number);
        (Attempt { nonce: [nonce; 8], ..tried }, trace)
    };
    for number in 0..5 {
        failures.fail(now, &claimed("alice", number as u8, number));
    }
    assert_eq!(failures.judge(now, &claimed("alice", 9, 9)), Verdict::Wait);
    assert_eq!(failures.judge(now, &claimed("carol", 9, 9)), Verdict::Judge, "another user");
    for number in 0..5 {
        failures.fail(now, &claimed(&format!("user{number}"), 7, number));
    }
    assert_eq!(failures.judge(now, &claimed("carol", 7, 9)), Verdict::Wait, "one nonce");
    assert_eq!(failures.judge(now, &claimed("carol", 8, 9)), Verdict::Judge);
}

/// Neither more sources than there are places, nor claims behind a proxy, make a guesser forgotten.
#[test]
fn a21_nothing_pushes_a_guesser_out() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    (0..5).for_each(|number| failures.fail(now, &from("192.0.2.1", number)));
    for host in 0..2 * PLACES as u32 {
        let source = Ipv4Addr::from_bits(0x0a00_0000 + host);
        failures.fail(now, &attempt(Party::at(source.into()), 0));
        failures.fail(now, &attempt(Party::claiming(&host.to_be_bytes(), b"r"), host.into()));
    }
    assert_eq!(failures.judge(now, &from("192.0.2.1", 9)), Verdict::Wait);
    assert_eq!(failures.seen.places.len(), PLACES);
    assert_eq!(failures.claimed.places.len(), PLACES);
    // Those without a place wait together; who has one and room in it does not.
    assert_eq!(failures.judge(now, &from("198.51.100.1", 9)), Verdict::Wait);
    assert_eq!(failures.judge(now, &from("10.0.0.1", 9)), Verdict::Judge);
    let later = now + WINDOW;
    failures.fail(later, &from("198.51.100.1", 9));
    assert_eq!(failures.seen.places.len(), 1);
    assert_eq!(failures.judge(later, &from("198.51.100.2", 9)), Verdict::Judge);
}

#[test]
fn a21_the_first_beyond_a_full_table_are_still_judged() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    for host in 0..(PLACES + BEYOND - 1) as u32 {
        failures.fail(now, &attempt(Party::at(Ipv4Addr::from_bits(host).into()), 0));
    }
    assert_eq!(failures.judge(now, &from("198.51.100.1", 9)), Verdict::Judge);
    failures.fail(now, &from("198.51.100.1", 9));
    assert_eq!(failures.judge(now, &from("198.51.100.1", 9)), Verdict::Wait);
}

/// A minute after the first beyond a full table, those without a place are judged again, and wait
/// again when there are as many.
#[test]
fn a21_who_has_no_place_waits_no_longer_than_others() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    let fill = |failures: &mut Failures, at| {
        for host in 0..(PLACES + BEYOND) as u32 {
            failures.fail(at, &attempt(Party::at(Ipv4Addr::from_bits(host).into()), 0));
        }
    };
    fill(&mut failures, now);
    let stranger = from("198.51.100.1", 9);
    assert_eq!(failures.judge(now, &stranger), Verdict::Wait);
    let later = now + WINDOW;
    assert_eq!(failures.judge(later, &stranger), Verdict::Judge);
    fill(&mut failures, later);
    assert_eq!(failures.judge(later, &stranger), Verdict::Wait);
}

#[test]
fn a21_a_full_table_goes_on_counting_those_in_it() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    for host in 0..PLACES as u32 {
        failures.fail(now, &attempt(Party::at(Ipv4Addr::from_bits(host).into()), 0));
    }
    for number in 1..5 {
        failures.fail(now, &from("0.0.0.1", number));
    }
    assert_eq!(failures.judge(now, &from("0.0.0.1", 9)), Verdict::Wait);
    assert_eq!(failures.judge(now, &from("0.0.0.2", 9)), Verdict::Judge);
}

#[test]
fn a21_of_each_party_five_traces_are_kept_and_of_a_site_none() {
    let (now, mut failures) = (Instant::now(), Failures::default());
    for number in 0..9 {
        failures.fail(now, &from("2001:db8::1", number));
    }
    let kept = |count: &Count| failures.seen.places[count].traces.len();
    let (tried, _) = from("2001:db8::1", 0);
    assert_eq!(kept(&Count::Party(tried.party)), ALLOWED);
    assert_eq!(kept(&Count::Site(tried.party.site().unwrap())), 0);
}

/// What one part of a request ends with is not what the next begins with.
#[test]
fn a21_a_trace_tells_where_the_parts_of_a_request_end() {
    let invite = ssa::conformance::TestRequest::invite("sip:a@a.example", "sip:b@b.example", "c");
    let trace = |uri: &str, body: &str| {
        let view = Request { uri: uri.as_bytes(), body: body.as_bytes(), ..invite.view() };
        Trace::of(&view, b"proof")
    };
    assert_eq!(trace("sip:ab", "cd"), trace("sip:ab", "cd"));
    assert_ne!(trace("sip:ab", "cd"), trace("sip:abc", "d"));
}
