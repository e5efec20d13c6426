//! Secrets that are kept as HA1, in place of the passwords. RFC 7616 §3.4.2.

use super::client::{challenge, sha256};
use super::*;
use crate::digest::ha1;
use sst::Secret;

/// The secret of Alice at Bob's, under these algorithms.
fn hashed(password: &[u8], algorithms: &[Algorithm]) -> Secret {
    let digits = |it: &Algorithm| (*it, ha1(*it, b"alice", REALM.as_bytes(), password));
    Secret::Ha1(algorithms.iter().map(digits).collect())
}

/// A callee that knows Alice by her HA1 alone.
fn calls(algorithms: &[Algorithm]) -> Calls {
    let mut callee = digest_configuration(BOB, Requirement::DIGEST);
    callee.users[0].secret = hashed(b"secret", algorithms);
    Calls::with("secret", callee)
}

/// RFC 7616 §3.9.1's user under MD5, computed with `printf | md5sum`.
#[test]
fn ha1_is_the_hash_of_user_realm_and_password() {
    let of = |it| ha1(it, b"Mufasa", b"http-auth@example.org", b"Circle of Life");
    assert_eq!(of(Algorithm::Md5).expose(), b"3d78807defe7de2157e2b0b6573a855f");
    assert_eq!(
        of(Algorithm::Sha256).expose(),
        b"7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
    );
}

#[test]
fn both_sides_prove_a_password_that_they_know_as_ha1_alone() {
    for (password, admitted) in [(&b"secret"[..], true), (b"another", false)] {
        let calls = calls(&[Algorithm::Sha256]);
        let mut caller = caller_configuration("");
        caller.accounts[0].secret = Some(hashed(password, &[Algorithm::Sha256]));
        calls.caller.configure(&caller);
        assert_eq!(calls.admits(&calls.authorized(calls.invite())), admitted);
    }
}

#[test]
fn a11_a_user_without_a_hash_under_what_is_offered_proves_nothing() {
    for kept in [&[][..], &[Algorithm::Md5, Algorithm::Sha512_256]] {
        let calls = calls(kept);
        assert!(!calls.admits(&calls.authorized(calls.invite())), "{kept:?}");
    }
}

/// What it cannot answer is as if it were not offered, so that MD5 beside it is answered where the
/// account allows that; the floor holds all the same.
#[test]
fn a_client_answers_with_what_it_has_a_hash_for() {
    let both = [sha256(REALM), challenge("WWW-Authenticate", REALM, ", algorithm=MD5")];
    let plan = |floor, kept: &[Algorithm]| {
        let calls = Calls::new();
        let mut caller = caller_configuration("");
        caller.accounts[0].floor = floor;
        caller.accounts[0].secret = Some(hashed(b"secret", kept));
        calls.caller.configure(&caller);
        let invite = calls.invite();
        calls.plan(&invite, &both).map(|plan| {
            let fields = calls.fields(plan, &invite);
            String::from_utf8(fields[0].value.clone()).unwrap()
        })
    };
    let md5 = plan(Algorithm::Md5, &[Algorithm::Md5]).unwrap();
    assert!(md5.contains("algorithm=MD5"), "{md5}");
    let sha = plan(Algorithm::Md5, &[Algorithm::Md5, Algorithm::Sha256]).unwrap();
    assert!(sha.contains("algorithm=SHA-256"), "{sha}");
    assert_eq!(plan(Algorithm::Sha256, &[Algorithm::Sha512_256]), Err(Why::NoPassword));
    assert!(plan(Algorithm::Sha256, &[Algorithm::Md5]).is_err());
}
