//! Against another implementation: the program `openssl`, as client and as server.

mod program;

use crate::srtp::{SrtpOpener, SrtpSealer, Suite};
use program::{Other, Shown};
use ssm::{MediaGuard, Opener as _, Refused};

/// What it says to have exported. RFC 5764 §4.2.
fn exported(said: &str) -> Vec<u8> {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("Keying material: "));
    let line = line.expect("openssl says it (apt-get install openssl)").trim();
    let pair = |at: usize| u8::from_str_radix(line.get(at..at + 2).unwrap(), 16).unwrap();
    (0..line.len()).step_by(2).map(pair).collect()
}

/// Both directions of the guard, with halves that are keyed by what the other side exported.
fn is_theirs(mut guard: MediaGuard, suite: Suite, material: &[u8], active: bool) {
    let (key, salt) = suite.lengths();
    let master = |place: usize| {
        let salts = &material[2 * key..];
        [&material[place * key..][..key], &salts[place * salt..][..salt]].concat()
    };
    let [ours, theirs] = if active { [0, 1] } else { [1, 0] };
    let plain = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    let sealed = |sealer: &mut dyn ssm::Sealer| {
        let mut buffer = [plain.as_slice(), &[0; 20]].concat();
        let length = sealer.seal_rtp(&mut buffer, plain.len()).unwrap();
        buffer.truncate(length);
        buffer
    };
    let mut packet = sealed(&mut *guard.sealer);
    let opened = SrtpOpener::new(suite, &master(ours)).unwrap().open_rtp(&mut packet).unwrap();
    assert_eq!(packet[..opened], plain);
    let mut packet = sealed(&mut SrtpSealer::new(suite, &master(theirs)).unwrap());
    let opened = guard.opener.open_rtp(&mut packet).unwrap();
    assert_eq!(packet[..opened], plain);
}

const SUITES: [(Suite, &str); 3] = [
    (Suite::AeadAes256Gcm, "SRTP_AEAD_AES_256_GCM"),
    (Suite::AeadAes128Gcm, "SRTP_AEAD_AES_128_GCM"),
    (Suite::AesCm128HmacSha1_80, "SRTP_AES128_CM_SHA1_80"),
];
const PROFILE: &str = "-use_srtp SRTP_AES128_CM_SHA1_80";

fn come_to_the_same_keys(is_server: bool, shown: &Shown) {
    std::thread::scope(|scope| {
        for (suite, profile) in SUITES {
            scope.spawn(move || {
                let length = 2 * suite.key_length();
                let options = format!(
                    "-use_srtp {profile} -keymatexport EXTRACTOR-dtls_srtp -keymatexportlen {length}"
                );
                let mut side = Other::new(is_server).with(&options).meets(shown);
                let guard = side.outcome().unwrap();
                is_theirs(guard, suite, &exported(&side.said()), is_server);
            });
        }
    });
}

/// Why there are no keys, with the program as client and as server.
fn refused(shown: &Shown, other: impl Fn(Other) -> Other) -> [Option<Refused>; 2] {
    [false, true].map(|is_server| {
        let mut side = other(Other::new(is_server).with(PROFILE)).meets(shown);
        side.outcome().err()
    })
}

const NOTHING_IN_COMMON: [Option<Refused>; 2] = [Some(Refused::NothingInCommon); 2];

#[test]
fn openssl_as_client_comes_to_the_same_keys() {
    come_to_the_same_keys(false, &Shown::ecdsa());
}

#[test]
fn openssl_as_server_comes_to_the_same_keys() {
    come_to_the_same_keys(true, &Shown::ecdsa());
}

#[test]
#[cfg(feature = "dtls-openssl")]
fn openssl_with_a_certificate_for_rsa_comes_to_the_same_keys() {
    let shown = &Shown::rsa(2048);
    come_to_the_same_keys(false, shown);
    come_to_the_same_keys(true, shown);
}

#[test]
#[cfg(not(feature = "dtls-openssl"))]
fn without_openssl_a_certificate_for_rsa_is_refused_and_that_is_told() {
    assert_eq!(refused(&Shown::rsa(2048), |other| other), NOTHING_IN_COMMON);
}

/// It is worth less than the media's keys. Of itself OpenSSL would not show it.
#[test]
#[cfg(feature = "dtls-openssl")]
fn a_key_for_rsa_of_1024_bits_is_refused() {
    let refused = refused(&Shown::rsa(1024), |other| other.with("-cipher ALL@SECLEVEL=0"));
    assert_eq!(refused, NOTHING_IN_COMMON);
}

/// Which the description names, and anybody may read.
#[test]
fn who_shows_no_certificate_gets_no_keys() {
    let refused = refused(&Shown::ecdsa(), |other| other.without_certificate().with(PROFILE));
    assert_eq!(refused, NOTHING_IN_COMMON);
}

/// RFC 7627 §1: two handshakes that somebody has with two sides would have one secret.
#[test]
fn without_the_extended_master_secret_there_are_no_keys() {
    assert_eq!(refused(&Shown::ecdsa(), Other::not_bound), NOTHING_IN_COMMON);
}

/// Data, an end, and another handshake within this one (`R` of a client and `r` of a server begin it),
/// which may be with somebody else. RFC 5746 §1.
#[test]
fn what_comes_after_the_end_changes_nothing() {
    let all = [(false, "words\\n"), (false, "Q\\n"), (false, "R\\n"), (true, "r\\n")];
    std::thread::scope(|scope| {
        for (is_server, typed) in all {
            scope.spawn(move || {
                let other = Other::new(is_server).with(PROFILE).typed(typed);
                let mut side = other.meets(&Shown::ecdsa());
                side.outcome().unwrap();
                let (sent, ends_again) = side.afterwards();
                assert!(!ends_again, "{typed}");
                // No message of a handshake: an alert, or how the first one ended.
                assert!(sent.iter().all(|datagram| datagram[0] != 22), "{typed}: {sent:?}");
                // The program says it again where it is slow to hear that.
                assert!(sent.len() <= 4, "{typed}: {}", sent.len());
            });
        }
    });
}
