//! Signed answers that come late, and those of a re-INVITE.

use super::*;
use sip_syntax::Date;
use ssa::Transport;

/// Bob's signed 200 with a Date so long before now.
fn dated(calls: &Calls, invite: &TestRequest, ago: u64) -> TestResponse {
    let manager = &calls.bob.manager;
    let sealed = now(manager.encrypt(CALL, Direction::Response, Transport::Udp, None, answer()));
    let BodyVerdict::Body(sealed) = sealed else { panic!("{sealed:?}") };
    let mut ok = TestResponse::to(invite, 200, sealed);
    let date = Date::from_unix(calls.platform.unix_time() - Duration::from_secs(ago)).to_string();
    ok.fields.extend(&[Field { name: "Date", value: date.into_bytes() }]);
    match now(manager.response_leaving(CALL, &invite.view(), &ok.view())) {
        Leaving::Fields(fields) => ok.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    ok
}

#[test]
fn g28_an_answer_whose_date_is_not_now_ends_the_call() {
    for (on_its_way, verdict) in
        [(0, Incoming::Accept), (2, Incoming::AckThenBye(Why::ProofInvalid))]
    {
        let calls = Calls::new();
        let invite = calls.authorized();
        assert!(calls.admits(&invite));
        // The signature itself is new enough: only the Date is not.
        let ok = dated(&calls, &invite, 299);
        calls.platform.advance(Duration::from_secs(on_its_way));
        assert_eq!(calls.received(&ok, &invite), verdict, "after {on_its_way} s");
    }
}

/// One side's re-INVITE in the call, challenged by the other, encrypted and signed.
pub(super) fn reinvite(calls: &Calls, by_caller: bool, cseq: u32) -> TestRequest {
    let (from, to) =
        if by_caller { (&calls.alice, &calls.bob) } else { (&calls.bob, &calls.alice) };
    let mut bare = TestRequest::invite(from.aor, to.aor, "pgp@127.0.0.1");
    let tags = ["caller-tag", "callee-tag"];
    let [own, theirs] = if by_caller { tags } else { [tags[1], tags[0]] };
    (bare.from.1, bare.to.1, bare.cseq) = (own.to_owned(), Some(theirs.to_owned()), cseq);
    let bare = bare.retried();
    let challenge = match to.manager.request_received(CALL, &bare.arrival(), &bare.view()) {
        Received::SendWwwAuthenticate(fields) => fields,
        other => panic!("{other:?}"),
    };
    let mut response = TestResponse::to(&bare, 401, Body::default());
    response.to_tag = theirs.to_owned();
    response.fields.extend(&challenge);
    let hop = bare.arrival();
    let plan = from.manager.got_401_unauthorized(CALL, &hop, &response.view(), &bare.view());
    let Required::SendWwwAuthenticate { plan, .. } = now(plan) else { panic!("it is answered") };
    signed(&from.manager, bare, plan)
}

/// A call that is up.
fn up() -> Calls {
    let calls = Calls::new();
    let invite = calls.authorized();
    assert!(calls.admits(&invite));
    assert_eq!(calls.received(&calls.answered(&invite), &invite), Incoming::Accept);
    calls
}

#[test]
fn g36_a_reinvites_unsigned_answer_leaves_the_call_as_it_was() {
    let calls = up();
    let before = calls.alice.manager.assurance(Call(CALL.0));
    let again = reinvite(&calls, true, 10);
    assert!(calls.admits(&again));
    let mut ok = calls.answered(&again);
    ok.fields.0.retain(|(name, _)| name != "PGP-Signature");
    assert_eq!(calls.received(&ok, &again), Incoming::AckThenBye(Why::ProofMissing));
    assert_eq!(calls.alice.manager.assurance(Call(CALL.0)), before);
    // The next one is as good as ever.
    let again = reinvite(&calls, true, 20);
    assert!(calls.admits(&again));
    assert_eq!(calls.received(&calls.answered(&again), &again), Incoming::Accept);
    assert_eq!(calls.alice.manager.assurance(Call(CALL.0)), before);
}

#[test]
fn g36_nonces_spent_on_reinvites_that_met_cost_a_challenge_more_and_no_call() {
    let calls = up();
    calls.platform.advance(Duration::from_secs(40));
    let assurances = || [&calls.alice, &calls.bob].map(|it| it.manager.assurance(Call(CALL.0)));
    let before = assurances();
    // Both are verified, and both get a 491: the stacks have each other's under way.
    let (hers, his) = (reinvite(&calls, true, 10), reinvite(&calls, false, 10));
    assert!(calls.admits(&hers));
    assert!(admits(&calls.alice.manager, &his.arrival(), &his));
    for (side, spent) in [(&calls.bob, &hers), (&calls.alice, &his)] {
        let answer = side.manager.request_received(CALL, &spent.arrival(), &spent.view());
        assert!(matches!(answer, Received::SendWwwAuthenticate(_)), "{answer:?}");
    }
    assert_eq!(assurances(), before);
    calls.platform.advance(Duration::from_secs(40));
    let hers = reinvite(&calls, true, 20);
    assert!(calls.admits(&hers));
    assert_eq!(calls.received(&calls.answered(&hers), &hers), Incoming::Accept);
    assert_eq!(assurances(), before);
}
