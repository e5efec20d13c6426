//! Programs that stand where `gpg` should, and lie, hang or flood.

use crate::{BOB, Home, application, to_sign, to_verify};
use gpg_app::Gpg;
use sma::{Error, Fingerprint, KeyValidity, Report, SecurityApplication as _};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A program that does as `gpg` does, but where it is asked to do `what`: there it runs `lie`.
async fn liar(home: &Home, what: &str, lie: &str) -> Gpg {
    let text = format!("#!/bin/sh\ncase \"$*\" in *{what}*) {lie}\n;; *) exec gpg \"$@\";; esac\n");
    let (path, written) = (home.path().join("liar"), home.path().join("liar.sh"));
    fs::write(&written, text).unwrap();
    // Copied by another process: a child of another test's, on its way to its own program, may still
    // write what this one wrote, and keeps it from being run.
    assert!(Command::new("cp").args([&written, &path]).status().unwrap().success());
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    let gpg = Gpg::open(path, Some(home.path().to_owned())).await.unwrap();
    gpg.within(Duration::from_secs(4))
}

/// What `gpg` does, its status lines changed by `sed`, and another exit status.
fn changed(sed: &str, exit: u8) -> String {
    format!("gpg \"$@\" 3>\"$0.status\"; sed -e '{sed}' \"$0.status\" >&3; exit {exit}")
}

async fn signed() -> (Home, Fingerprint, Vec<u8>) {
    let (home, key) = Home::with_key(BOB);
    let signature = application(&home).await.sign(to_sign(&key, b"data")).await.unwrap();
    (home, key, signature)
}

async fn told(lie: &str) -> Result<Report, Error> {
    let (home, key, signature) = signed().await;
    let gpg = liar(&home, "--verify", lie).await;
    gpg.verify(to_verify(&key, b"data", signature)).await
}

#[tokio::test]
async fn g24_every_condition_of_a_good_signature_is_asked_for() {
    let (home, key, signature) = signed().await;
    let other = "0".repeat(40);
    let lies = [
        "s/GOODSIG [0-9A-F]*/GOODSIG 0123456789ABCDEF/".to_owned(),
        "/NEWSIG/p".to_owned(),
        "/GOODSIG/p".to_owned(),
        "/VALIDSIG/p".to_owned(),
        "/GOODSIG/d".to_owned(),
        "/VALIDSIG/d".to_owned(),
        "s/ 22 8 00 / 22 2 00 /".to_owned(),
        "s/ 22 8 00 / 22 8 01 /".to_owned(),
        format!("/VALIDSIG/s/[0-9A-F]*$/{other}/"),
        "/VALIDSIG/s/$/ more/".to_owned(),
    ];
    let never = [
        "BADSIG",
        "ERRSIG",
        "EXPSIG",
        "EXPKEYSIG",
        "REVKEYSIG",
        "FAILURE",
        "NO_PUBKEY",
        "ERROR",
        "UNEXPECTED",
    ];
    let never = never.map(|keyword| format!("$a[GNUPG:] {keyword} x"));
    for sed in lies.iter().chain(&never) {
        let gpg = liar(&home, "--verify", &changed(sed, 0)).await;
        let report = gpg.verify(to_verify(&key, b"data", signature.clone())).await.unwrap();
        assert!(!report.good, "{sed}");
    }
    let honest = liar(&home, "--verify", &changed("", 0)).await;
    assert!(honest.verify(to_verify(&key, b"data", signature.clone())).await.unwrap().good);
    let failed = liar(&home, "--verify", &changed("", 1)).await;
    assert!(!failed.verify(to_verify(&key, b"data", signature)).await.unwrap().good);
}

/// Cases G02 and G03: the listing of the key says so, too, where the status lines are silent.
#[tokio::test]
async fn a_key_is_what_its_listing_says_whatever_the_status_lines_do_not_say() {
    let (home, key, signature) = signed().await;
    home.revoke(&key);
    let silent = liar(&home, "--verify", &changed("s/REVKEYSIG/GOODSIG/", 0)).await;
    let report = silent.verify(to_verify(&key, b"data", signature)).await.unwrap();
    assert_eq!((report.good, report.key), (true, KeyValidity::Revoked));

    let home = Home::new();
    let at = ["--faked-system-time", "20240101T000000!"];
    home.does(&[&at[..], &["--quick-gen-key", BOB, "ed25519", "sign", "30d"]].concat());
    let key = application(&home).await.identities().await.unwrap()[0].fingerprint.clone();
    let signature = home.signs(&key, b"data", &["--faked-system-time", "20240102T000000!"]);
    let lie = changed("/KEYEXPIRED/d; s/EXPKEYSIG/GOODSIG/", 0);
    let silent = liar(&home, "--verify", &lie).await;
    let report = silent.verify(to_verify(&key, b"data", signature)).await.unwrap();
    assert_eq!((report.good, report.key), (true, KeyValidity::Expired));
}

#[tokio::test]
async fn a_notation_is_told_as_gnupg_tells_it() {
    let report = told(&changed("s/NOTATION_DATA uac/NOTATION_DATA ua%73/", 0)).await.unwrap();
    assert_eq!(report.notations[0].value, b"uas");
    let report = told(&changed("s/NOTATION_FLAGS 1 1/NOTATION_FLAGS 0 1/", 0)).await.unwrap();
    assert!(!report.notations[0].critical);
    assert_eq!(told(&changed("/NOTATION_NAME/d", 0)).await, Err(Error::Protocol));
}

#[tokio::test]
async fn g17_a_line_that_is_no_status_line_spoils_all() {
    assert_eq!(told(&changed("$agpg: Good signature", 0)).await, Err(Error::Protocol));
    assert_eq!(told(&changed("/NEWSIG/d", 0)).await, Err(Error::Malformed));
    assert_eq!(told(&changed("$a[GNUPG:] NODATA 1", 0)).await, Err(Error::Malformed));
    assert_eq!(told("exit 0").await, Err(Error::Malformed));
}

#[tokio::test]
async fn floods_are_ended_at_their_limits() {
    assert_eq!(told("yes '[GNUPG:] X' >&3").await, Err(Error::Protocol));
    assert_eq!(told("yes").await, Err(Error::TooLarge));
    // What it says to people is read and forgotten: the answer is not late for it.
    let loud = "head -c 8000000 /dev/zero >&2; exec gpg \"$@\"";
    assert!(told(loud).await.unwrap().good);
    let (home, key, _) = signed().await;
    for (what, answer) in [("--list-secret-keys", Error::Failed), ("--export", Error::Unusable)] {
        let gpg = liar(&home, what, "yes").await;
        let told = match what {
            "--export" => gpg.verify(to_verify(&key, b"data", vec![0xC2, 1, 0])).await.err(),
            _ => gpg.sign(to_sign(&key, b"data")).await.err(),
        };
        assert_eq!(told, Some(answer), "{what}");
    }
}

/// Case G21: no limit of GnuPG's own; ours ends it and all that it started.
#[tokio::test]
async fn g21_one_that_hangs_is_killed_with_all_that_it_started() {
    let (home, key, signature) = signed().await;
    let lie = "sleep 600 & echo $! >\"$0.pid\"; wait";
    let gpg = liar(&home, "--verify", lie).await.within(Duration::from_secs(1));
    let answer = gpg.verify(to_verify(&key, b"data", signature)).await;
    assert_eq!(answer, Err(Error::Deadline));
    let started = fs::read_to_string(home.path().join("liar.pid")).unwrap();
    let state = PathBuf::from(format!("/proc/{}/stat", started.trim()));
    let gone = |path: &Path| fs::read_to_string(path).map_or(true, |it| it.contains(") Z "));
    let until = tokio::time::timeout(Duration::from_secs(5), async {
        while !gone(&state) {
            tokio::task::yield_now().await;
        }
    });
    assert!(until.await.is_ok(), "it still runs");
}

#[tokio::test]
async fn a_signature_by_another_key_or_of_another_kind_is_not_given_out() {
    let (home, key) = Home::with_key(BOB);
    for sed in [
        "s/[0-9A-F]*$/0000000000000000000000000000000000000000/",
        "s/SIG_CREATED D/SIG_CREATED S/",
        "s/ 8 00 / 2 00 /",
        "s/ 8 00 / 8 01 /",
        "/SIG_CREATED/d",
        "/SIG_CREATED/p",
        "$a[GNUPG:] FAILURE sign 1",
    ] {
        let gpg = liar(&home, "--detach-sign", &changed(sed, 0)).await;
        assert_eq!(gpg.sign(to_sign(&key, b"data")).await, Err(Error::Protocol), "{sed}");
    }
    let gpg = liar(&home, "--detach-sign", &changed("", 0)).await;
    assert!(gpg.sign(to_sign(&key, b"data")).await.is_ok());
}

#[tokio::test]
async fn g25_a_plaintext_without_every_line_is_not_given_out() {
    let (home, key) = Home::with_key(BOB);
    let honest = application(&home).await;
    let message = honest.encrypt(vec![key.clone()], b"text".to_vec().into()).await.unwrap();
    for sed in [
        "/GOODMDC/d",
        "s/DECRYPTION_INFO 2/DECRYPTION_INFO 0/",
        "/DECRYPTION_OKAY/d",
        "/PLAINTEXT /p",
        "/DECRYPTION_KEY/d",
        "/DECRYPTION_KEY/s/[0-9A-F]* u$/0000000000000000000000000000000000000000 u/",
        "$a[GNUPG:] BADMDC",
        "$a[GNUPG:] DECRYPTION_FAILED",
        "$a[GNUPG:] NODATA 3",
        "$a[GNUPG:] FAILURE decrypt 1",
        "$a[GNUPG:] ERROR decrypt 1",
        "$a[GNUPG:] UNEXPECTED 0",
        "/GOODMDC/p",
        "/DECRYPTION_INFO/d",
        "/END_DECRYPTION/d",
    ] {
        let gpg = liar(&home, "--decrypt", &changed(sed, 0)).await;
        let opened = gpg.decrypt(key.clone(), message.clone()).await;
        assert_eq!(opened, Err(Error::Malformed), "{sed}");
    }
    let gpg = liar(&home, "--decrypt", &changed("", 0)).await;
    assert!(gpg.decrypt(key, message).await.is_ok());
}

#[tokio::test]
async fn what_is_not_gnupg_is_not_used() {
    let told = |program: &str| Gpg::open(PathBuf::from(program), None);
    let missing = told("/nonexistent/gpg").await.unwrap_err().to_string();
    assert!(missing.contains("apt install gnupg"), "{missing}");
    let other = told("/bin/true").await.unwrap_err().to_string();
    assert!(other.contains("GnuPG 2.2 or later"), "{other}");
}
