//! The programs of others: which there are, and in which versions.

use crate::command::{Failure, output};
use std::process::{Command, Stdio};

const KAMAILIO: &str =
    "kamailio kamailio-tls-modules kamailio-websocket-modules kamailio-outbound-modules";

/// What the terminal is built with whose DTLS handshakes OpenSSL makes: a case that is with that terminal
/// names it.
pub(super) const LIBSSL: &str = "pkg-config";

/// A program, the Debian packages that have it, and how it says its version.
const PEERS: &[(&str, &str, &[&str])] = &[
    ("kamailio", KAMAILIO, &["-v"]),
    ("sipp", "sip-tester", &["-v"]),
    ("baresip", "baresip-core", &["-h"]),
    ("turnserver", "coturn", &["--version"]),
    ("chromium", "chromium", &["--version"]),
    ("sipsak", "sipsak", &["-V"]),
    ("tshark", "tshark", &["--version"]),
    ("openssl", "openssl", &["version"]),
];

/// What else is used, of which no version is told.
const TOOLS: &[(&str, &str, &[&str])] = &[
    (LIBSSL, "pkg-config libssl-dev", &["--version"]),
    ("curl", "curl", &["--version"]),
    ("espeak-ng", "espeak-ng", &["--version"]),
    ("python3", "python3", &["--version"]),
    ("sox", "sox", &["--version"]),
];

/// Whether all of these are there.
///
/// # Errors
/// What is missing, and how to install it.
pub(super) fn are_installed(names: &[&str]) -> Result<(), Failure> {
    for name in names {
        let peer = PEERS.iter().chain(TOOLS).find(|(peer, ..)| peer == name);
        let (_, packages, arguments) = peer.ok_or_else(|| format!("{name} is no peer"))?;
        if said(name, arguments).is_none() {
            return Err(format!("{name} is not installed: apt-get install {packages}"));
        }
    }
    Ok(())
}

/// Each peer with its version, or `None`.
pub(super) fn versions() -> Vec<(&'static str, Option<String>)> {
    let of = |(name, _, arguments): &(&'static str, &str, &[&str])| {
        let version = said(name, arguments).and_then(|text| version(&text));
        (*name, version)
    };
    PEERS.iter().map(of).collect()
}

/// The date, as `YYYY-MM-DD`.
///
/// # Errors
/// The system does not tell.
pub(super) fn today() -> Result<String, Failure> {
    output(Command::new("date").args(["--utc", "+%F"])).map(|text| text.trim().to_owned())
}

/// What it prints; some end with another status than 0 all the same.
fn said(name: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(name).args(arguments).stdin(Stdio::null()).output().ok()?;
    let [out, err] = [done.stdout, done.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    Some(out + &err)
}

/// The first word that looks like a version.
fn version(text: &str) -> Option<String> {
    let plain = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.strip_prefix('v').unwrap_or(word).split('-').next().unwrap_or(word).to_owned()
    };
    let is = |word: &String| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit());
    text.split_whitespace().map(plain).find(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_is_said() {
        for (text, found) in [
            ("version: kamailio 5.6.3 (x86_64/linux)", "5.6.3"),
            (" SIPp v3.6.1-SCTP-PCAP-RTPSTREAM.", "3.6.1"),
            ("baresip v1.0.0 Copyright (C) 2010 - 2020", "1.0.0"),
            ("OpenSSL 3.0.17 1 Jul 2025", "3.0.17"),
        ] {
            assert_eq!(version(text).as_deref(), Some(found));
        }
    }

    #[test]
    fn what_is_no_peer_is_not_there() {
        assert_eq!(are_installed(&["kamailoi"]).unwrap_err(), "kamailoi is no peer");
    }

    #[test]
    fn every_case_names_peers_whose_packages_are_known() {
        let cases = super::super::cases::ALL.iter().copied().flatten();
        for name in cases.flat_map(|case| case.peers) {
            assert!(PEERS.iter().chain(TOOLS).any(|(peer, ..)| peer == name), "{name}");
        }
    }
}
