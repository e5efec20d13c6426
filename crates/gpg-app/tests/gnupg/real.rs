//! Against a real GnuPG.

use crate::{BOB, Home, application, to_sign, to_verify};
use sma::{Error, KeyValidity, SecurityApplication as _, ToVerify};

#[tokio::test]
async fn gnupg_keeps_the_contract() {
    let (home, _) = Home::with_key(BOB);
    let gpg = application(&home).await;
    assert_eq!(sma::conformance::run(&gpg, None).await, []);
}

#[tokio::test]
async fn own_keys_are_listed_first_and_others_after_them() {
    let (home, key) = Home::with_key(BOB);
    let (other, theirs) = Home::with_key("sip:alice@caller.example");
    home.import(&other, &theirs);
    let keys = application(&home).await.identities().await.unwrap();
    let told: Vec<_> = keys.iter().map(|key| (&key.fingerprint, key.secret)).collect();
    assert_eq!(told, [(&key, true), (&theirs, false)]);
    assert_eq!(keys[0].user_ids, [BOB]);
}

#[tokio::test]
async fn a_signature_of_a_signing_subkey_is_its_primary_keys() {
    let home = Home::new();
    let key = home.make(BOB, "ed25519", "cert");
    home.does(&["--quick-add-key", key.as_str(), "ed25519", "sign", "never"]);
    let gpg = application(&home).await;
    let signature = gpg.sign(to_sign(&key, b"data")).await.unwrap();
    let report = gpg.verify(to_verify(&key, b"data", signature)).await.unwrap();
    assert!(report.good && report.strong);
    assert_eq!((report.primary, report.key), (key, KeyValidity::Valid));
}

/// A key that expired since: GnuPG exits with 0 and says VALIDSIG beside EXPKEYSIG.
#[tokio::test]
async fn g02_an_expired_key_is_refused_also_for_a_signature_of_its_time() {
    let home = Home::new();
    let at = ["--faked-system-time", "20240101T000000!"];
    let made = ["--quick-gen-key", BOB, "ed25519", "sign", "30d"];
    home.does(&[&at[..], &made].concat());
    let gpg = application(&home).await;
    let key = gpg.identities().await.unwrap()[0].fingerprint.clone();
    let signature = home.signs(&key, b"data", &["--faked-system-time", "20240102T000000!"]);
    let report = gpg.verify(to_verify(&key, b"data", signature)).await.unwrap();
    assert_eq!((report.good, report.key), (true, KeyValidity::Expired));
    assert_eq!((report.created, report.hash.0), (1_704_153_600, 8));
    assert_eq!(gpg.sign(to_sign(&key, b"data")).await, Err(Error::Unusable));
}

#[tokio::test]
async fn g03_a_revoked_key_is_refused_also_for_a_signature_of_before() {
    let (home, key) = Home::with_key(BOB);
    let gpg = application(&home).await;
    let signature = gpg.sign(to_sign(&key, b"data")).await.unwrap();
    let question = to_verify(&key, b"data", signature);
    assert!(gpg.verify(question.clone()).await.unwrap().good);
    home.revoke(&key);
    let forged = ToVerify { data: b"other".to_vec(), ..question.clone() };
    let report = gpg.verify(question).await.unwrap();
    assert_eq!((report.good, report.key), (true, KeyValidity::Revoked));
    let other = gpg.verify(forged).await.unwrap();
    assert!(!other.good);
    assert_eq!(gpg.sign(to_sign(&key, b"data")).await, Err(Error::Unusable));
    let refused = gpg.encrypt(vec![key], b"text".to_vec().into()).await;
    assert_eq!(refused, Err(Error::Unusable));
}

#[tokio::test]
async fn g04_a_signature_over_a_weak_hash_is_refused() {
    let home = Home::new();
    let key = home.make(BOB, "rsa2048", "sign");
    let gpg = application(&home).await;
    let of =
        |hash| home.signs(&key, b"data", &["--digest-algo", hash, "--allow-weak-digest-algos"]);
    let good = gpg.verify(to_verify(&key, b"data", of("SHA512"))).await.unwrap();
    assert_eq!((good.good, good.hash.0), (true, 10));
    for hash in ["MD5", "SHA1", "RIPEMD160", "SHA224"] {
        let report = gpg.verify(to_verify(&key, b"data", of(hash))).await.unwrap();
        assert!(!report.good, "{hash}");
    }
}

#[tokio::test]
async fn g05_the_same_signature_twice_is_refused_unasked() {
    let (home, key) = Home::with_key(BOB);
    let gpg = application(&home).await;
    let signature = gpg.sign(to_sign(&key, b"data")).await.unwrap();
    for times in [2, 10] {
        let again = gpg.verify(to_verify(&key, b"data", signature.repeat(times))).await;
        assert_eq!(again, Err(Error::Malformed), "{times}");
    }
    let many = gpg.verify(to_verify(&key, b"data", signature.repeat(2000))).await;
    assert_eq!(many, Err(Error::TooLarge));
}

#[tokio::test]
async fn g06_an_inline_cleartext_or_compressed_message_is_no_signature() {
    let (home, key) = Home::with_key(BOB);
    let gpg = application(&home).await;
    for how in [&["--sign"][..], &["--clear-sign"], &["--store"], &["-z", "0", "--sign"]] {
        let message = home.takes(&[how, &["-u", key.as_str()]].concat(), b"data");
        let report = gpg.verify(to_verify(&key, b"data", message)).await;
        assert_eq!(report, Err(Error::Malformed), "{how:?}");
    }
    let armored = home.signs(&key, b"data", &["--armor"]);
    let report = gpg.verify(to_verify(&key, b"data", armored)).await;
    assert_eq!(report, Err(Error::Malformed));
}

#[tokio::test]
async fn g07_a_signature_over_the_limit_is_refused_unasked() {
    let (home, key) = Home::with_key(BOB);
    let long = format!("long@countersign.invalid={}", "x".repeat(2048));
    let signature = home.signs(&key, b"data", &["--sig-notation", &long]);
    let report = application(&home).await.verify(to_verify(&key, b"data", signature)).await;
    assert_eq!(report, Err(Error::TooLarge));
}

/// Case G01: the user's keyring may know who it was; only the key that was asked about counts.
#[tokio::test]
async fn g01_a_signature_of_another_known_key_is_not_good() {
    let (home, key) = Home::with_key(BOB);
    let other = home.make("sip:mallory@callee.example", "ed25519", "sign");
    let gpg = application(&home).await;
    let signature = gpg.sign(to_sign(&other, b"data")).await.unwrap();
    let report = gpg.verify(to_verify(&key, b"data", signature)).await.unwrap();
    assert!(!report.good);
}

#[tokio::test]
async fn g25_a_message_for_another_key_of_ours_is_refused() {
    let (home, key) = Home::with_key(BOB);
    let second = home.make("sip:second@callee.example", "ed25519", "sign");
    home.does(&["--quick-add-key", second.as_str(), "cv25519", "encr", "never"]);
    let gpg = application(&home).await;
    let message = gpg.encrypt(vec![key.clone()], b"text".to_vec().into()).await.unwrap();
    assert!(gpg.decrypt(second, message.clone()).await.is_err());
    let plain = gpg.decrypt(key.clone(), message).await.unwrap();
    assert_eq!((plain.octets.expose(), plain.integrity), (&b"text"[..], true));
    let signed = home.takes(&["-u", key.as_str(), "-z", "0", "--sign"], b"text");
    assert_eq!(gpg.decrypt(key, signed).await, Err(Error::Malformed));
}

#[tokio::test]
async fn a_message_that_unpacks_to_more_than_the_limit_is_refused() {
    let (home, key) = Home::with_key(BOB);
    let zeros = vec![0; 8 * sma::MAX_OCTETS];
    let bomb = home.takes(&["--trust-model", "always", "-r", key.as_str(), "--encrypt"], &zeros);
    assert!(bomb.len() < sma::MAX_OCTETS);
    let opened = application(&home).await.decrypt(key, bomb).await;
    assert_eq!(opened, Err(Error::TooLarge));
}

#[tokio::test]
async fn g04_a_key_below_the_floor_is_neither_signed_with_nor_encrypted_to() {
    let home = Home::new();
    let key = home.make(BOB, "rsa1024", "sign,encr");
    let gpg = application(&home).await;
    assert_eq!(gpg.sign(to_sign(&key, b"data")).await, Err(Error::Unusable));
    let encrypted = gpg.encrypt(vec![key.clone()], b"text".to_vec().into()).await;
    assert_eq!(encrypted, Err(Error::Unusable));
    let signature = home.signs(&key, b"data", &["--digest-algo", "SHA256"]);
    let report = gpg.verify(to_verify(&key, b"data", signature)).await.unwrap();
    assert_eq!((report.good, report.strong), (true, false));
}

/// Case G27: nobody is asked, so a key that is not open says so.
#[tokio::test]
async fn g27_a_locked_key_says_so_and_nobody_is_asked() {
    let home = Home::new();
    let made = ["--passphrase", "secret", "--quick-gen-key", BOB, "ed25519", "sign", "never"];
    home.does(&made);
    let gpg = application(&home).await;
    let key = gpg.identities().await.unwrap()[0].fingerprint.clone();
    let forget = ["--homedir", home.path().to_str().unwrap(), "--reload", "gpg-agent"];
    assert!(std::process::Command::new("gpgconf").args(forget).status().unwrap().success());
    assert_eq!(gpg.sign(to_sign(&key, b"data")).await, Err(Error::Locked));
    // Its owner opens it, and it stays open in gpg-agent.
    home.signs(&key, b"data", &["--passphrase", "secret"]);
    assert!(gpg.sign(to_sign(&key, b"data")).await.is_ok());
}

#[tokio::test]
async fn a_key_without_its_private_part_cannot_sign() {
    let (home, key) = Home::with_key(BOB);
    let (other, _) = Home::with_key("sip:alice@caller.example");
    other.import(&home, &key);
    let gpg = application(&other).await;
    assert_eq!(gpg.sign(to_sign(&key, b"data")).await, Err(Error::NoSuchKey));
    assert_eq!(gpg.decrypt(key, b"data".to_vec()).await, Err(Error::NoSuchKey));
}
