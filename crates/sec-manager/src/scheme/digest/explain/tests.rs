//! Each slip is found by the response that it leads to.

use super::*;
use crate::digest::{Credentials, Named, Qop, compute};
use sip_syntax::Text;

/// A challenge as registrars make it.
const CHALLENGE: &[u8] = br#"realm="pbx.example", nonce="n1", opaque="o1", algorithm=SHA-256, qop="auth,auth-int", userhash=true"#;

const ANSWER: &[u8] = br#"username="alice", realm="pbx.example", nonce="n1", uri="sip:pbx.example", response="r", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c1", opaque="o1""#;

fn exchange() -> Exchange<'static> {
    Exchange {
        challenge: Challenge::parse(CHALLENGE).unwrap(),
        credentials: Credentials::parse(ANSWER).unwrap(),
        asked: Asked { method: "REGISTER", body: b"" },
        request_uri: Some(b"sip:pbx.example"),
        user: None,
        password: b"secret",
    }
}

/// What is said of credentials whose response comes of these changes.
fn made_with(exchange: &Exchange<'static>, slips: &[Slip]) -> Vec<Slip> {
    let right = Ingredients::of(exchange);
    let made = slips.iter().fold(right, |made, slip| slip.apply(exchange, made));
    let response = made.response();
    let mut exchange = *exchange;
    exchange.credentials.response = Text::plain(response.as_bytes());
    let told = explain(&exchange);
    assert!(!told.holds, "{slips:?}");
    told.made_with
}

#[test]
fn a_right_response_holds_and_nothing_is_said_against_it() {
    let mut exchange = exchange();
    let expected = explain(&exchange).expected;
    exchange.credentials.response = Text::plain(expected.as_bytes());
    let told = explain(&exchange);
    assert!(told.holds && told.made_with.is_empty() && told.disagreements.is_empty(), "{told:?}");
}

/// RFC 7616 §3.5: A2 of what the server proves has no method, and for auth-int its response's body.
#[test]
fn what_a_server_proves_is_a_response_without_a_method() {
    let without = |exchange: Exchange<'static>, body| Exchange {
        asked: Asked { method: "", body },
        ..exchange
    };
    let full = Credentials { qop: Some(Qop::AuthInt), ..exchange().credentials };
    for credentials in [exchange().credentials, full] {
        let exchange = Exchange { credentials, ..exchange() };
        assert_eq!(response(&exchange).as_bytes(), explain(&exchange).expected.as_bytes());
        let proof = rspauth(&exchange, b"body");
        assert_eq!(proof.as_bytes(), response(&without(exchange, b"body")).as_bytes());
        assert_ne!(proof.as_bytes(), response(&exchange).as_bytes());
    }
    let covers = |body| rspauth(&Exchange { credentials: full, ..exchange() }, body);
    assert_ne!(covers(b"one").as_bytes(), covers(b"other").as_bytes());
}

#[test]
fn what_answers_a_challenge_holds() {
    let (asked, uri) = (exchange().asked, b"sip:pbx.example");
    for list in [CHALLENGE, br#"realm="a\"b", nonce="n", algorithm=MD5-sess"#] {
        let challenge = Challenge::parse(list).unwrap().unwrap();
        let value = authorization(&challenge, b"alice", b"secret", uri, asked, b"c1").unwrap();
        let list = sip_syntax::auth::of_scheme(&value, "Digest").unwrap();
        let credentials = Credentials::parse(list).unwrap();
        let told = explain(&Exchange {
            challenge: Some(challenge),
            credentials,
            user: Some(b"alice"),
            ..exchange()
        });
        assert!(told.holds && told.disagreements.is_empty(), "{told:?}");
    }
}

#[test]
fn each_slip_is_found_by_itself() {
    let named = |hash, session| Slip::Algorithm(Named { hash, session });
    let quoted = Credentials { user: Text::between_quotes(br#"a\"b"#), ..exchange().credentials };
    let host = Credentials { user: Text::plain(b"alice@pbx.example"), ..exchange().credentials };
    let other = Challenge { realm: Text::plain(b"r2"), nonce: Text::plain(b"n2"), ..challenge() };
    let body = Asked { method: "REGISTER", body: b"body" };
    let full = Credentials { qop: Some(Qop::AuthInt), ..exchange().credentials };
    let plain = exchange();
    for (exchange, slip) in [
        (plain, Slip::Method("INVITE")),
        (plain, Slip::Method("")),
        (Exchange { request_uri: Some(b"sip:other"), ..plain }, Slip::RequestUri),
        (Exchange { challenge: Some(other), ..plain }, Slip::ChallengesRealm),
        (Exchange { challenge: Some(other), ..plain }, Slip::ChallengesNonce),
        (plain, Slip::WithoutQop),
        (plain, Slip::Qop(Qop::AuthInt)),
        (plain, named(sst::Algorithm::Md5, false)),
        (plain, named(sst::Algorithm::Sha256, true)),
        (plain, named(sst::Algorithm::Sha512_256, false)),
        (Exchange { password: b" secret\n", ..plain }, Slip::TrimmedPassword),
        (plain, Slip::PasswordWithLineEnd),
        (plain, Slip::NoPassword),
        (Exchange { password: b"0123456789ABCDEF0123456789abcdef", ..plain }, Slip::PasswordIsHa1),
        (plain, Slip::UserAtRealm),
        (Exchange { credentials: host, ..plain }, Slip::UserWithoutHost),
        (Exchange { user: Some(b"100"), ..plain }, Slip::CredentialsUser),
        (Exchange { credentials: full, asked: body, ..plain }, Slip::NoBody),
        (Exchange { credentials: quoted, ..plain }, Slip::Backslashes),
    ] {
        assert_eq!(made_with(&exchange, std::slice::from_ref(&slip)), [slip]);
    }
}

fn challenge() -> Challenge<'static> {
    exchange().challenge.unwrap()
}

#[test]
fn two_slips_at_once_are_found_and_three_are_not_guessed_at() {
    let two = [Slip::UserAtRealm, Slip::Method("INVITE")];
    assert_eq!(made_with(&exchange(), &two), two);
    let three = [Slip::UserAtRealm, Slip::WithoutQop, Slip::Method("INVITE")];
    assert_eq!(made_with(&exchange(), &three), []);
    let wrong = Exchange { password: b"another", ..exchange() };
    let given = Ingredients::of(&wrong).response();
    let mut exchange = exchange();
    exchange.credentials.response = Text::plain(given.as_bytes());
    assert!(explain(&exchange).made_with.is_empty());
}

#[test]
fn digits_in_upper_case_are_told_as_that() {
    let mut exchange = exchange();
    let upper = explain(&exchange).expected.as_bytes().to_ascii_uppercase();
    exchange.credentials.response = Text::plain(upper.leak());
    let told = explain(&exchange);
    assert!(!told.holds);
    assert_eq!(told.made_with, [Slip::UpperCase]);
}

#[test]
fn what_does_not_answer_the_challenge_is_named_parameter_by_parameter() {
    let fits = exchange();
    let text = Text::plain;
    let c = fits.credentials;
    let asks = challenge();
    let named = |credentials| Exchange { credentials, ..fits };
    for (exchange, parameter) in [
        (named(Credentials { realm: text(b"x"), ..c }), "realm"),
        (named(Credentials { nonce: text(b"x"), ..c }), "nonce"),
        (named(Credentials { opaque: Some(text(b"x")), ..c }), "opaque"),
        (named(Credentials { opaque: None, ..c }), "opaque"),
        (named(Credentials { uri: text(b"sip:x"), ..c }), "uri"),
        (named(Credentials { algorithm: Named::DEFAULT, ..c }), "algorithm"),
        (named(Credentials { qop: None, ..c }), "qop"),
        (Exchange { challenge: Some(Challenge { opaque: None, ..asks }), ..fits }, "opaque"),
        (Exchange { challenge: Some(Challenge { qops: AUTH_INT, ..asks }), ..fits }, "qop"),
        (
            Exchange {
                challenge: Some(Challenge { userhash: false, ..asks }),
                credentials: Credentials { userhash: true, ..c },
                ..fits
            },
            "userhash",
        ),
    ] {
        let told = explain(&exchange).disagreements;
        let names: Vec<_> = told.iter().map(|it| it.parameter).collect();
        assert_eq!(names, [parameter], "{told:?}");
    }
    let only = Credentials { qop: Some(Qop::AuthInt), ..c };
    let auth = Challenge { qops: AUTH, ..asks };
    let told = explain(&Exchange { challenge: Some(auth), credentials: only, ..fits });
    assert_eq!(told.disagreements[0].to_string(), "qop: the challenge does not offer auth-int");
    assert!(explain(&Exchange { challenge: None, ..fits }).disagreements.is_empty());
}

#[test]
fn a_hashed_user_name_is_that_of_the_user_who_is_named() {
    let hash = compute::userhash::<sha2::Sha256>(b"alice", Text::plain(b"pbx.example"));
    let digits = hash.as_bytes().to_vec().leak();
    let credentials =
        Credentials { user: Text::plain(digits), userhash: true, ..exchange().credentials };
    let named = |user| explain(&Exchange { user: Some(user), credentials, ..exchange() });
    assert!(named(b"alice").disagreements.is_empty());
    assert_eq!(named(b"bob").disagreements[0].parameter, "username");
    let plain = Exchange { user: Some(b"bob"), ..exchange() };
    assert_eq!(explain(&plain).disagreements[0].to_string(), "username: alice is not bob");
}

const AUTH: crate::digest::Qops =
    crate::digest::Qops { offered: true, auth: true, auth_int: false };
const AUTH_INT: crate::digest::Qops =
    crate::digest::Qops { offered: true, auth: false, auth_int: true };
