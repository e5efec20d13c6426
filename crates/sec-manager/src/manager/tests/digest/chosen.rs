//! Which challenges a client answers, with how much room, and what it remembers of them.

use super::client::{challenge, sha256};
use super::*;
use crate::manager::tests::ear::hearing;

fn with_floor(calls: &Calls, floor: Algorithm) -> Configuration {
    let mut configuration = caller_configuration("secret");
    configuration.accounts[0].floor = floor;
    calls.caller.configure(&configuration);
    configuration
}

/// The floor is no mismatch where what was offered is at it: the realm has taken something back.
#[test]
fn a08_an_algorithm_at_the_floor_is_not_told_as_below_it() {
    let mut calls = Calls::new();
    let (caller, ear) = hearing(&calls.platform);
    calls.caller = caller;
    with_floor(&calls, Algorithm::Md5);
    let invite = calls.invite();
    assert!(calls.plan(&invite, &[sha256(REALM)]).is_ok());
    let md5 = [challenge("WWW-Authenticate", REALM, ", algorithm=MD5")];
    assert_eq!(calls.plan(&invite, &md5), Err(Why::BelowFloor));
    assert_eq!(ear.mismatches(), []);
}

#[test]
fn a08_what_a_realm_has_shown_goes_with_its_last_account() {
    let calls = Calls::new();
    let lenient = with_floor(&calls, Algorithm::Md5);
    let invite = calls.invite();
    assert!(calls.plan(&invite, &[sha256(REALM)]).is_ok());
    let md5 = [challenge("WWW-Authenticate", REALM, ", algorithm=MD5")];
    assert_eq!(calls.plan(&invite, &md5), Err(Why::BelowFloor));
    calls.caller.configure(&Configuration::default());
    calls.caller.configure(&lenient);
    assert!(calls.plan(&invite, &md5).is_ok());
}

#[test]
fn a10_an_algorithm_that_nobody_knows_is_not_good_enough() {
    let calls = Calls::new();
    let unknown = [challenge("WWW-Authenticate", REALM, ", algorithm=AKAv1-MD5")];
    assert_eq!(calls.plan(&calls.invite(), &unknown), Err(Why::BelowFloor));
}

#[test]
fn without_the_digest_scheme_no_challenge_is_answered() {
    let mut calls = Calls::new();
    calls.caller = SecurityManager::builder(calls.platform.clone()).build().unwrap();
    calls.caller.configure(&caller_configuration("secret"));
    assert_eq!(calls.plan(&calls.invite(), &[sha256(REALM)]), Err(Why::NotConfigured));
}

#[test]
fn a09_a_proxy_and_a_callee_of_one_realm_each_get_their_answer() {
    let calls = Calls::new();
    let both = [sha256(REALM), challenge("Proxy-Authenticate", REALM, ", algorithm=SHA-256")];
    let invite = calls.invite();
    let plan = calls.plan(&invite, &both).unwrap();
    let fields = calls.fields(plan, &invite.retried());
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["Authorization", "Proxy-Authorization"]);
}

#[test]
fn a19_a_challenge_of_8_kib_is_answered_and_an_octet_more_is_not() {
    for (octets, expected) in [(8_192, Ok(())), (8_193, Err(Why::MalformedChallenge))] {
        let calls = Calls::new();
        let mut field = sha256(REALM);
        let more = ", opaque=\"\"".len();
        let opaque = "o".repeat(octets - field.value.len() - more);
        field.value.extend(format!(", opaque=\"{opaque}\"").into_bytes());
        assert_eq!(field.value.len(), octets);
        assert_eq!(calls.plan(&calls.invite(), &[field]).map(|_| ()), expected, "{octets}");
    }
}

#[test]
fn what_is_reserved_for_an_answer_is_enough() {
    let long = |letter: &str| letter.repeat(700);
    for (realm, user, host) in [
        (REALM.to_owned(), "alice".to_owned(), "b".to_owned()),
        (long("r"), "alice".to_owned(), "b".to_owned()),
        (REALM.to_owned(), long("u"), "b".to_owned()),
        (REALM.to_owned(), "alice".to_owned(), long("b")),
    ] {
        let calls = Calls::new();
        let mut configuration = caller_configuration("secret");
        configuration.accounts[0].realm = realm.clone();
        configuration.accounts[0].user = user;
        calls.caller.configure(&configuration);
        let invite = TestRequest::invite(ALICE, &format!("sip:{host}@bob.example"), "r@127.0.0.1");
        let mut response = TestResponse::to(&invite, 401, Body::default());
        response.fields.extend(&[sha256(&realm)]);
        let hop = invite.arrival();
        let answer =
            calls.caller.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
        let Required::SendWwwAuthenticate { plan, reserve } = now(answer) else { panic!("no") };
        let fields = calls.fields(plan, &invite.retried());
        let octets: usize = fields.iter().map(|it| it.name.len() + it.value.len() + 4).sum();
        assert!(octets <= reserve, "{octets} of {reserve}");
    }
}

/// A16: a dialog was set up through the accounts whose credentials its INVITE carried, whatever
/// follows carries none of them.
#[test]
fn a16_only_an_invite_that_begins_a_dialog_says_through_whom() {
    let calls = Calls::new();
    let shared = &calls.caller.shared;
    let mut record = shared.lock().records.remove(CALL.0).unwrap();
    for (method, tag, kept) in [
        ("BYE", Some("callee-tag"), true),
        ("INVITE", Some("callee-tag"), true),
        ("OPTIONS", None, true),
        ("INVITE", None, false),
    ] {
        record.through = vec![ALICE.to_owned()];
        let mut request = calls.invite();
        (request.method, request.to.1) = (method, tag.map(str::to_owned));
        assert!(shared.answers(&mut record, &request.view()).is_some());
        assert_eq!(record.through.is_empty(), !kept, "{method}");
    }
}

#[test]
fn s03_a_sender_waits_from_when_its_machine_last_moved() {
    let calls = Calls::new();
    calls.platform.advance(Duration::from_secs(20));
    assert!(calls.plan(&calls.invite(), &[sha256(REALM)]).is_ok());
    let since = calls.caller.shared.lock().records.get(CALL.0).unwrap().since;
    assert_eq!(since, calls.platform.now());
}

#[test]
fn a_plan_serves_once() {
    let calls = Calls::new();
    let invite = calls.invite();
    let plan = calls.plan(&invite, &[sha256(REALM)]).unwrap();
    let retry = invite.retried();
    assert_eq!(calls.fields(plan, &retry).len(), 1);
    let again = now(calls.caller.authorize(CALL, plan, &retry.view()));
    assert_eq!(again, ssa::Authorized::GiveUp(Why::OtherCall));
}

/// RFC 3261 §22.2, §22.3: a realm's proxy and its server ask each for itself.
#[test]
fn t15_a_proxy_and_a_server_of_one_realm_are_both_answered() {
    let calls = Calls::new();
    let proxy = || challenge("Proxy-Authenticate", REALM, ", algorithm=SHA-256");
    let invite = calls.invite();
    let plan = calls.plan(&invite, &[proxy()]).unwrap();
    let mut second = invite.retried();
    second.fields.extend(&calls.fields(plan, &second));
    let plan = calls.plan(&second, &[sha256(REALM)]).expect("the server asks for the first time");
    let mut third = second.clone().retried();
    third.fields.0.retain(|(name, _)| name != "Proxy-Authorization");
    let fields = calls.fields(plan, &third);
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["Proxy-Authorization", "Authorization"]);
    third.fields.extend(&fields);
    // Whoever asks again has refused.
    for again in [proxy(), sha256(REALM)] {
        assert_eq!(calls.plan(&third, &[again]), Err(Why::TriedAlready));
    }
}

#[test]
fn a_challenge_of_another_scheme_is_told_as_that() {
    let field = |name, value: &str| Field { name, value: value.as_bytes().to_vec() };
    let basic = || field("WWW-Authenticate", "Basic realm=\"bob.example\"");
    let cases = [
        (vec![basic()], Why::UnknownScheme),
        (vec![field("Proxy-Authenticate", "Bearer authz_server=\"x\"")], Why::UnknownScheme),
        (vec![basic(), field("WWW-Authenticate", "Digest realm")], Why::MalformedChallenge),
        (vec![], Why::MalformedChallenge),
    ];
    for (with, why) in cases {
        let calls = Calls::new();
        assert_eq!(calls.plan(&calls.invite(), &with), Err(why), "{with:?}");
    }
    let calls = Calls::new();
    assert!(calls.plan(&calls.invite(), &[basic(), sha256(REALM)]).is_ok());
}

/// The parameters of a field's value, each as it is written.
fn params(value: &[u8]) -> (String, Vec<String>) {
    let text = String::from_utf8(value.to_vec()).unwrap();
    let list = text.split_once(' ').unwrap().1.replace("auth,auth-int", "auth");
    let params = list.split(',').map(|param| param.trim().to_owned()).collect();
    (text, params)
}

/// Whoever reads the first and whoever reads the last would not agree on what was said.
#[test]
fn p10_a_challenge_with_a_parameter_twice_is_skipped() {
    let whole =
        challenge("WWW-Authenticate", REALM, ", algorithm=SHA-256, opaque=\"o\", stale=false");
    let (text, params) = params(&whole.value);
    assert_eq!(params.len(), 6);
    for twice in params {
        let value = format!("{text}, {twice}").into_bytes();
        let bad = || Field { name: "WWW-Authenticate", value: value.clone() };
        let calls = Calls::new();
        let invite = calls.invite();
        assert_eq!(calls.plan(&invite, &[bad()]), Err(Why::MalformedChallenge), "{twice}");
        let answers = calls.answers(&invite, &[bad(), sha256(REALM)]).unwrap();
        assert_eq!(answers.len(), 1, "{twice}: {answers:?}");
    }
}

#[test]
fn p10_credentials_with_a_parameter_twice_are_400() {
    let calls = Calls::new();
    let request = calls.authorized(calls.invite());
    let place = request.fields.0.iter().position(|(name, _)| name == "Authorization").unwrap();
    let (text, params) = params(request.fields.0[place].1.as_ref());
    assert!(params.len() >= 9, "{params:?}");
    for twice in params {
        let mut again = request.clone();
        again.fields.0[place].1 = format!("{text}, {twice}").into();
        let answer = calls.callee.request_received(CALL, &again.arrival(), &again.view());
        let bad = matches!(&answer, Received::Reject(why) if why.status == 400);
        assert!(bad, "{twice}: {answer:?}");
    }
    assert!(calls.admits(&request), "it is as good as before");
}
