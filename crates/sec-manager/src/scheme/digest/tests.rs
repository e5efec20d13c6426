//! The vectors of RFC 2617 §3.5, RFC 7616 §3.9 and RFC 8760, and what is refused.

use super::*;
use crate::params::plain;
use md5::Md5;
use sha2::{Sha256, Sha512_256};
use sip_syntax::auth::of_scheme;

const GET: Asked<'_> = Asked { method: "GET", body: b"" };

/// RFC 7616 §3.9.1: one request, two algorithms.
const CREDENTIALS_7616: &str = " username=\"Mufasa\", realm=\"http-auth@example.org\",\r\n \
    uri=\"/dir/index.html\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
    cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth,\r\n\t\
    opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\",";

fn password(text: &[u8]) -> sst::Secret {
    sst::Password::new(text.to_vec()).into()
}

fn credentials(text: &str) -> Credentials<'_> {
    Credentials::parse(text.as_bytes()).unwrap()
}

/// RFC 7616 §3.3: `qop` is a list of one or more.
#[test]
fn a_list_of_qualities_without_one_is_malformed() {
    for list in ["", " ", ",", " , "] {
        let text = format!(" realm=\"r\", nonce=\"n\", qop=\"{list}\"");
        assert!(Challenge::parse(text.as_bytes()).is_err(), "{list:?}");
    }
    assert!(Challenge::parse(b" realm=\"r\", nonce=\"n\", qop=\",auth\"").is_ok());
}

#[test]
fn rfc_2617_3_5() {
    let text = r#" username="Mufasa", realm="testrealm@host.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001,
        cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1",
        opaque="5ccc069c403ebaf9f0171e9517f40e41""#
        .replace('\n', "\r\n");
    let ha1 = HA1::<Md5>::new(b"Mufasa", b"testrealm@host.com", b"Circle Of Life");
    assert!(verify(&credentials(&text), &ha1, &GET));
    assert!(!verify(&credentials(&text), &ha1, &Asked { method: "PUT", ..GET }));
}

#[test]
fn rfc_7616_3_9_1_md5_and_sha_256() {
    let md5 =
        format!("{CREDENTIALS_7616} algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\"");
    let ha1 = HA1::<Md5>::new(b"Mufasa", b"http-auth@example.org", b"Circle of Life");
    assert!(verify(&credentials(&md5), &ha1, &GET));

    let sha = format!(
        "{CREDENTIALS_7616} algorithm=SHA-256, \
         response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""
    );
    let ha1 = HA1::<Sha256>::new(b"Mufasa", b"http-auth@example.org", b"Circle of Life");
    assert!(verify(&credentials(&sha), &ha1, &GET));
    assert!(!verify(&credentials(&md5), &ha1, &GET), "not the other algorithm's response");
}

/// RFC 7616 §3.9.2 as erratum 4897 corrects it: SHA-512/256 of FIPS 180-4. The values that the
/// RFC prints are of a truncated SHA-512 and must not be accepted.
#[test]
fn rfc_7616_3_9_2_with_erratum_4897() {
    let user = "Jäsøn Doe".as_bytes();
    let text = |user: &str, response: &str| {
        format!(
            r#" username="{user}", realm="api@example.org", uri="/doe.json",
            algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
            nc=00000001, cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop=auth,
            response="{response}", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
            userhash=true"#
        )
        .replace('\n', "\r\n")
    };
    let right = text(
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b",
        "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
    );
    let printed = text(
        "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec",
        "ae66e67d6b427bd3f120414a82e4acff38e8ecd9101d6c861229025f607a79dd",
    );
    let ha1 = HA1::<Sha512_256>::new(user, b"api@example.org", b"Secret, or not?");
    let keys = Keys::new(&Algorithm::ALL, user, b"api@example.org", &password(b"Secret, or not?"));
    assert!(verify(&credentials(&right), &ha1, &GET));
    assert!(keys.is_userhash(Algorithm::Sha512_256, &plain(credentials(&right).user)));
    assert!(!verify(&credentials(&printed), &ha1, &GET));
    assert!(!keys.is_userhash(Algorithm::Sha512_256, &plain(credentials(&printed).user)));
}

/// Carried for RFC 8760, which prints no vector: the same answer under every algorithm, each
/// computed by another implementation (OpenSSL 3, through Python).
#[test]
fn rfc_8760_every_algorithm_and_its_session_variant() {
    let keys = Keys::new(&Algorithm::ALL, b"bob", b"example.org", &password(b"zanzibar"));
    for (algorithm, response) in [
        ("MD5", VECTORS_8760[0]),
        ("SHA-256", VECTORS_8760[1]),
        ("SHA-512-256", VECTORS_8760[2]),
        ("MD5-sess", VECTORS_8760[3]),
        ("SHA-256-sess", VECTORS_8760[4]),
        ("SHA-512-256-sess", VECTORS_8760[5]),
    ] {
        let text = format!(
            " username=\"bob\", realm=\"example.org\", nonce=\"n0\", uri=\"sip:bob@example.org\", \
             algorithm={algorithm}, qop=auth, nc=00000001, cnonce=\"c0\", response=\"{response}\""
        );
        let asked = Asked { method: "REGISTER", body: b"" };
        assert!(keys.verify(&credentials(&text), &asked).is_some(), "{algorithm}");
        let wrong = Asked { method: "INVITE", body: b"" };
        assert!(keys.verify(&credentials(&text), &wrong).is_none(), "{algorithm}");
    }
}

const VECTORS_8760: [&str; 6] = [
    "4f64fd3986d7f2766175cd2cfab805be",
    "c0fb92d8967ed49f9a3eab5d0b3f5cf65ef9c98a4648cf3a4e33890cbf168062",
    "417c66b8105525472d6cc5890d3cc2527e8334622735de02bd781fd2773107a7",
    "bd2ebff40b319cea52c9d10e6229b877",
    "279c674b0b9b2d81a9a0da76a38d0ef7fcb94e4db141f1cc8c2fe4dcc10b7be3",
    "569b2a14aaf4dcc62df7a9c2dfe5a5e973b9445f5b9f426823cb241d275a2a76",
];

#[test]
fn what_is_answered_verifies() {
    let keys = Keys::new(&Algorithm::ALL, b"alice", b"example.org", &password(b"secret"));
    for (algorithm, qop) in [
        ("MD5", Some(Qop::Auth)),
        ("MD5", None),
        ("SHA-256", Some(Qop::AuthInt)),
        ("SHA-512-256-sess", Some(Qop::Auth)),
    ] {
        let text = format!(
            " realm=\"example.org\", nonce=\"x\", algorithm={algorithm}, qop=\"auth, auth-int,x\", \
             opaque=\"o\", userhash=true, domain=\"sip:example.org\""
        );
        let challenge = Challenge::parse(text.as_bytes()).unwrap().unwrap();
        let asked = Asked { method: "INVITE", body: b"v=0\r\n" };
        let reply = Reply {
            user: b"alice",
            uri: b"sip:bob@example.org",
            asked,
            cnonce: b"c",
            count: 10,
            qop,
        };
        let value = keys.answer(&challenge, &reply).unwrap();
        let list = of_scheme(&value, "Digest").unwrap();
        let credentials = Credentials::parse(list).unwrap();
        assert!(keys.verify(&credentials, &asked).is_some(), "{algorithm}");
        assert!(keys.is_userhash(credentials.algorithm.hash, &plain(credentials.user)));
        assert_eq!(credentials.nonce_count(), qop.map(|_| 10));
        // A13: the body counts under auth-int, and only there.
        let changed = Asked { body: b"v=1\r\n", ..asked };
        assert_eq!(keys.verify(&credentials, &changed).is_some(), qop != Some(Qop::AuthInt));
    }
}

/// Every value with what a quoted string must escape. The response was computed by another
/// implementation (Python's hashlib) over the values without their backslashes: RFC 7616 §3.4
/// has the quoting slashes removed.
#[test]
fn quoted_values_are_hashed_as_what_they_stand_for() {
    let list = br#" realm="the \"lab\"", nonce="a\"b\\c", opaque="o\\p", qop="auth""#;
    let challenge = Challenge::parse(list).unwrap().unwrap();
    let keys = Keys::new(&Algorithm::ALL, br"CORP\alice", br#"the "lab""#, &password(b"secret"));
    let asked = Asked { method: "INVITE", body: b"" };
    let reply = Reply {
        user: br"CORP\alice",
        uri: b"sip:bob@example.org",
        asked,
        cnonce: b"c",
        count: 10,
        qop: Some(Qop::Auth),
    };
    let value = String::from_utf8(keys.answer(&challenge, &reply).unwrap()).unwrap();
    for escaped in [
        r#"username="CORP\\alice", "#,
        r#"realm="the \"lab\"", "#,
        r#"nonce="a\"b\\c", "#,
        r#"response="50100dd0d87e18af565d3ff67a32195b", "#,
        r#"opaque="o\\p""#,
    ] {
        assert!(value.contains(escaped), "{escaped} in {value}");
    }
    let credentials = credentials(value.strip_prefix("Digest").unwrap());
    assert!(keys.verify(&credentials, &asked).is_some());
    let proof = keys.response_proof(&credentials, b"");
    assert_eq!(proof.unwrap().as_bytes(), b"6bea0812042cf05712705648722b2902");
    // Another spelling of the same values is the same credentials.
    let needless = value.replace("username=\"C", "username=\"\\C").replace("sip:bob", "sip:\\bob");
    assert_ne!(needless, value);
    assert!(
        keys.verify(&self::credentials(needless.strip_prefix("Digest").unwrap()), &asked).is_some()
    );
}

#[test]
fn a05_a06_counts_and_cnonces() {
    let text = |rest: &str| {
        format!(r#" username="u", realm="r", nonce="n", uri="sip:x", response="0", {rest}"#)
    };
    let long = format!("qop=auth, nc=00000001, cnonce=\"{}\"", "x".repeat(65_536));
    for rest in [
        "qop=auth, nc=00000000, cnonce=\"c\"",
        "qop=auth, nc=0000000g, cnonce=\"c\"",
        "qop=auth, nc=000000001, cnonce=\"c\"",
        "qop=auth, nc=100000001, cnonce=\"c\"",
        "qop=auth, nc=1, cnonce=\"c\"",
        "qop=auth, nc=+0000001, cnonce=\"c\"",
        "qop=auth, cnonce=\"c\"",
        "qop=auth, nc=00000001",
        "qop=auth, nc=00000001, cnonce=\"\"",
        "nc=00000001, cnonce=\"c\"",
        "qop=auth-conf, nc=00000001, cnonce=\"c\"",
        "algorithm=MD5-sess",
        &long,
    ] {
        let text = text(rest);
        let outcome = Credentials::parse(text.as_bytes());
        assert!(matches!(outcome, Err(Bad::Parameter(_))), "{rest}");
    }
    let akav = text("algorithm=AKAv1-MD5");
    assert_eq!(Credentials::parse(akav.as_bytes()).err(), Some(Bad::Algorithm));
    let twice = text("qop=auth, nc=00000001, cnonce=\"c\", response=\"1\"");
    assert_eq!(Credentials::parse(twice.as_bytes()).err(), Some(Bad::Syntax));
}

#[test]
fn challenges_read_back_as_they_are_written() {
    let challenge = Challenge {
        realm: Text::plain(br#"the "lab""#),
        nonce: Text::plain(b"n"),
        opaque: Some(Text::plain(br"o\p")),
        algorithm: Named { hash: Algorithm::Sha256, session: false },
        qops: Qops { offered: true, auth: true, auth_int: true },
        stale: true,
        userhash: false,
    };
    let value = challenge.to_value();
    let list = of_scheme(&value, "digest").unwrap();
    assert_eq!(Challenge::parse(list), Ok(Some(challenge)));
    let unknown = br#" realm="r", nonce="n", algorithm=FOO"#;
    assert_eq!(Challenge::parse(unknown), Ok(None));
    for malformed in
        [&br#" realm="r""#[..], br#" nonce="n""#, br#" realm="r", realm="s", nonce="n""#]
    {
        assert!(Challenge::parse(malformed).is_err());
    }
    let only_unknown = br#" realm="r", nonce="n", qop="auth-conf""#;
    let challenge = Challenge::parse(only_unknown).unwrap().unwrap();
    assert!(challenge.choose_qop().is_err());
}

/// Promise 16: no HA1 is kept that nobody may use.
#[test]
fn o04_an_algorithm_that_is_not_in_use_has_no_key() {
    let keys = Keys::new(&[Algorithm::Sha256], b"bob", b"example.org", &password(b"zanzibar"));
    let asked = Asked { method: "REGISTER", body: b"" };
    for (algorithm, response) in ["MD5", "SHA-256", "SHA-512-256"].into_iter().zip(VECTORS_8760) {
        let text = format!(
            " username=\"bob\", realm=\"example.org\", nonce=\"n0\", uri=\"sip:bob@example.org\", \
             algorithm={algorithm}, qop=auth, nc=00000001, cnonce=\"c0\", response=\"{response}\""
        );
        let credentials = credentials(&text);
        let is_used = algorithm == "SHA-256";
        assert_eq!(keys.verify(&credentials, &asked).is_some(), is_used, "{algorithm}");
        assert_eq!(keys.response_proof(&credentials, b"").is_some(), is_used, "{algorithm}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let keys = Keys::new(&Algorithm::ALL, b"alice", b"example.org", &password(b"secret"));
    let text = format!("{keys:?}");
    assert!(text.contains("redacted") && !text.contains("secret"), "{text}");
}

/// RFC 7616 §3.4, RFC 3261 §22.4: what stands in an answer, and what only where it is due.
#[test]
fn an_answer_names_what_is_due_and_no_more() {
    let keys = Keys::new(&Algorithm::ALL, b"alice", b"example.org", &password(b"secret"));
    for (asked_for, qop, written) in [
        ("", None, ""),
        (", qop=\"auth\"", Some(Qop::Auth), ", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\""),
        (", algorithm=SHA-256", None, ", algorithm=SHA-256"),
        (", algorithm=MD5-sess", None, ", algorithm=MD5-sess, cnonce=\"c\""),
        (", opaque=\"o\"", None, ", opaque=\"o\""),
        (", userhash=true", None, ", userhash=true"),
        (", stale=true, userhash=false", None, ""),
    ] {
        let text = format!(" realm=\"example.org\", nonce=\"n\"{asked_for}");
        let challenge = Challenge::parse(text.as_bytes()).unwrap().unwrap();
        let asked = Asked { method: "INVITE", body: b"" };
        let (uri, user) = (b"sip:bob@example.org", b"alice");
        let reply = Reply { user, uri, asked, cnonce: b"c", count: 1, qop };
        let value = String::from_utf8(keys.answer(&challenge, &reply).unwrap()).unwrap();
        let (_, rest) = value.split_once(", response=\"").unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        assert_eq!(rest, written, "{asked_for}");
    }
}

#[test]
fn a06_a_cnonce_has_a_limit() {
    for (length, allowed) in [(256, true), (257, false)] {
        let text = format!(
            r#" username="u", realm="r", nonce="n", uri="sip:x", response="0", qop=auth,
            nc=00000001, cnonce="{}""#,
            "x".repeat(length)
        )
        .replace('\n', "\r\n");
        assert_eq!(Credentials::parse(text.as_bytes()).is_ok(), allowed, "{length}");
    }
}

#[test]
fn a_challenge_is_stale_only_where_it_says_so() {
    let text = br#" realm="r", nonce="n", algorithm=MD5"#;
    let challenge = Challenge::parse(text).unwrap().unwrap();
    assert_eq!(challenge.to_value(), br#"Digest realm="r", nonce="n", algorithm=MD5"#);
    let stale = Challenge { stale: true, ..challenge };
    assert_eq!(stale.to_value(), br#"Digest realm="r", nonce="n", algorithm=MD5, stale=true"#);
}

/// The collected vectors of other implementations, where this checkout has them.
#[test]
fn shared_vectors() {
    let folder = std::env::var_os("COUNTERSIGN_SHARED_DATA").unwrap_or_default();
    let folder = std::path::PathBuf::from(folder);
    let Ok(text) = std::fs::read_to_string(folder.join("digest/vectors.json")) else {
        println!("no shared vectors at {}", folder.display());
        return;
    };
    let vectors: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let Some(algorithm) =
            Named::parse(Text::plain(vector["algorithm"].as_str().unwrap_or("MD5").as_bytes()))
        else {
            continue;
        };
        if vector["password"].is_null() || !vector["aka"].is_null() {
            continue;
        }
        let credentials = Credentials {
            user: Text::plain(text("username").as_bytes()),
            realm: Text::plain(text("realm").as_bytes()),
            nonce: Text::plain(text("nonce").as_bytes()),
            uri: Text::plain(text("uri").as_bytes()),
            response: Text::plain(text("response").as_bytes()),
            algorithm,
            qop: vector["qop"].as_str().and_then(|q| Qop::parse(Text::plain(q.as_bytes()))),
            cnonce: Text::plain(text("cnonce").as_bytes()),
            count: Text::plain(text("nc").as_bytes()),
            opaque: None,
            userhash: false,
        };
        let user = text("username").as_bytes();
        let realm = plain(credentials.realm);
        let keys = Keys::new(&Algorithm::ALL, user, &realm, &password(text("password").as_bytes()));
        let asked = Asked { method: text("method"), body: text("body").as_bytes() };
        assert!(keys.verify(&credentials, &asked).is_some(), "{}", text("id"));
        if let Some(rspauth) = vector["rspauth"].as_str().filter(|r| r.len() == 32) {
            let proof = keys.response_proof(&credentials, asked.body).unwrap();
            assert_eq!(proof.as_bytes(), rspauth.as_bytes(), "{} rspauth", text("id"));
        }
        checked += 1;
    }
    println!("{checked} of {} shared vectors checked", vectors.len());
    assert!(checked > 40);
}
