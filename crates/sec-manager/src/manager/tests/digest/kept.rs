//! A registration's nonce, which its refreshes use again. RFC 7616 §3.4, §3.5.

use super::client::{challenge, sha256};
use super::*;

fn register(calls: &Calls) -> TestRequest {
    TestRequest { method: "REGISTER", ..calls.invite() }
}

/// The REGISTER that answers a challenge, its plan, and what the registrar's 200 says with it.
fn registered(calls: &Calls, with: &[Field], says: &str) -> (TestRequest, Plan) {
    let request = register(calls);
    let plan = calls.plan(&request, with).expect("answered");
    let sent = refresh(calls, plan, &request).expect("authorized");
    accept(calls, &sent, says);
    (sent, plan)
}

/// The next REGISTER under a plan that was accepted.
fn refresh(calls: &Calls, plan: Plan, last: &TestRequest) -> Result<TestRequest, Why> {
    let mut next = TestRequest { cseq: last.cseq + 1, ..register(calls) };
    match now(calls.caller.authorize(CALL, plan, &next.view())) {
        ssa::Authorized::Fields(fields) => next.fields.extend(&fields),
        ssa::Authorized::GiveUp(why) => return Err(why),
    }
    Ok(next)
}

fn accept(calls: &Calls, sent: &TestRequest, says: &str) {
    let mut ok = TestResponse::to(sent, 200, Body::default());
    if !says.is_empty() {
        let value = says.as_bytes().to_vec();
        ok.fields.extend(&[Field { name: "Authentication-Info", value }]);
    }
    assert_eq!(calls.received(&ok, sent), ssa::Incoming::Accept);
}

/// Whether the credentials say this nonce and count.
fn says(request: &TestRequest, nonce: &str, count: &str) -> bool {
    let view = request.view();
    let value = view.headers.value("Authorization", 0).unwrap();
    let value = std::str::from_utf8(value).unwrap();
    value.contains(&format!("nonce=\"{nonce}\"")) && value.contains(&format!("nc={count}"))
}

#[test]
fn a_refresh_counts_the_nonce_on() {
    let calls = Calls::new();
    let (mut last, plan) = registered(&calls, &[sha256(REALM)], "");
    assert!(says(&last, "n", "00000001"));
    for count in ["00000002", "00000003"] {
        last = refresh(&calls, plan, &last).unwrap();
        assert!(says(&last, "n", count), "{count}");
        accept(&calls, &last, "");
    }
    // Another one that was lost is counted, too.
    last = refresh(&calls, plan, &last).unwrap();
    last = refresh(&calls, plan, &last).unwrap();
    assert!(says(&last, "n", "00000005"));
}

#[test]
fn a_refresh_uses_the_next_nonce() {
    let calls = Calls::new();
    let (last, plan) = registered(&calls, &[sha256(REALM)], "nextnonce=\"m\"");
    let next = refresh(&calls, plan, &last).unwrap();
    assert!(says(&next, "m", "00000001"));
    accept(&calls, &next, "");
    let next = refresh(&calls, plan, &next).unwrap();
    assert!(says(&next, "m", "00000002"));
}

/// Promise 8: two tries for each request, the one with the old nonce among them.
#[test]
fn a_refresh_whose_nonce_is_old_is_tried_once_more() {
    let fresh = || challenge("WWW-Authenticate", REALM, ", algorithm=SHA-256");
    let stale = || challenge("WWW-Authenticate", REALM, ", algorithm=SHA-256, stale=true");
    for (what, first, second) in [
        ("told stale", stale(), fresh()),
        ("not told", fresh(), fresh()),
        ("twice", stale(), stale()),
    ] {
        let calls = Calls::new();
        let (last, plan) = registered(&calls, &[sha256(REALM)], "");
        let next = refresh(&calls, plan, &last).unwrap();
        let plan = calls.plan(&next, &[first]).expect(what);
        let again = refresh(&calls, plan, &next).expect(what);
        assert!(says(&again, "n", "00000001"), "{what}");
        assert_eq!(calls.plan(&again, &[second]), Err(Why::TriedAlready), "{what}");
        // The next refresh begins anew.
        let later = TestRequest { cseq: again.cseq + 5, ..register(&calls) };
        assert!(calls.plan(&later, &[sha256(REALM)]).is_ok(), "{what}");
    }
}

#[test]
fn what_a_registration_proved_serves_no_other_request_and_no_other_call() {
    let calls = Calls::new();
    let (last, plan) = registered(&calls, &[sha256(REALM)], "");
    for method in ["INVITE", "OPTIONS", "MESSAGE"] {
        let other = TestRequest { method, ..calls.invite() };
        let answer = now(calls.caller.authorize(CALL, plan, &other.view()));
        assert_eq!(answer, ssa::Authorized::GiveUp(Why::OtherCall), "{method}");
    }
    let elsewhere = now(calls.caller.authorize(ssa::CallRef(99), plan, &last.view()));
    assert_eq!(elsewhere, ssa::Authorized::GiveUp(Why::OtherCall));
    // What an INVITE proved is not kept.
    let calls = Calls::new();
    let invite = calls.invite();
    let plan = calls.plan(&invite, &[sha256(REALM)]).unwrap();
    let mut sent = invite.retried();
    sent.fields.extend(&calls.fields(plan, &sent));
    accept(&calls, &sent, "");
    assert_eq!(refresh(&calls, plan, &sent).map(|_| ()), Err(Why::OtherCall));
}

#[test]
fn our_own_registrar_takes_the_count_and_no_count_twice() {
    let calls = Calls::new();
    let request = register(&calls);
    let plan = calls.plan(&request, &calls.challenge(&request)).unwrap();
    let first = refresh(&calls, plan, &request).unwrap();
    assert!(calls.admits(&first));
    accept(&calls, &first, "");
    let second = refresh(&calls, plan, &first).unwrap();
    assert!(calls.admits(&second));
    assert!(!calls.admits(&TestRequest { cseq: second.cseq + 1, ..second.clone() }));
}
