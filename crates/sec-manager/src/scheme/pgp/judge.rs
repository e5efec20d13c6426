//! What the facts about a signature are worth. The application reports; this decides.

use super::packet::is_one_signature;
use super::{FRESH, NOTATION};
use crate::cs1::Role;
use sha2::{Digest, Sha256};
use sma::{Fingerprint, KeyValidity, Notation, Report, ToVerify};
use std::time::Duration;

/// A signature that must not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A fact speaks against it. One reason for all, so that a peer learns none.
    Invalid,
    /// Every fact speaks for it, but it was made, by its own word, at another time.
    Stale {
        /// By how many seconds its maker's clock is ahead of ours.
        ahead: i64,
    },
    /// Every fact speaks for the signature, but the key that made it has expired. G02.
    Expired,
    /// Likewise, and its owner has revoked it. G03.
    Revoked,
}

/// Something that was verified: only [`judge`] makes one.
#[derive(Debug)]
pub(crate) struct Verified<T>(T);

impl<T> Verified<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// What is asked of the application; nothing is, where the packet is no single signature.
pub(crate) fn question(
    signer: &Fingerprint, octets: Vec<u8>, signature: &[u8],
) -> Result<ToVerify, Refused> {
    if !is_one_signature(signature) {
        return Err(Refused::Invalid);
    }
    Ok(ToVerify {
        signer: signer.clone(),
        data: octets,
        signature: signature.to_vec(),
        known_notations: vec![NOTATION.to_owned()],
    })
}

/// The signer, where every fact speaks for it.
///
/// What is stale is told apart only where all else holds: nobody but the key's owner can learn how
/// our clock stands.
///
/// # Errors
/// [`Refused`]: a fact does not hold, or the report is about another question (G24).
pub(crate) fn judge(
    report: &Report, question: &ToVerify, role: Role, now: Duration,
) -> Result<Verified<Fingerprint>, Refused> {
    let now = now.as_secs();
    facts_hold(report, question)?;
    let lasts = |expires| expires <= report.created.saturating_add(FRESH.as_secs());
    if !report.expires.is_some_and(lasts) || !is_for(&report.notations, role) {
        return Err(Refused::Invalid);
    }
    fresh(report.created, now)?;
    if report.expires.is_none_or(|expires| expires <= now) {
        return Err(Refused::Stale { ahead: ahead(report.created, now) });
    }
    Ok(Verified(report.primary.clone()))
}

/// The same for a signature in the form of RFC 2543, which has no notation, and whose time may be all
/// that it says of when it holds.
///
/// # Errors
/// As [`judge`].
pub(crate) fn judge_rfc2543(
    report: &Report, question: &ToVerify, now: Duration,
) -> Result<Verified<Fingerprint>, Refused> {
    let now = now.as_secs();
    facts_hold(report, question)?;
    fresh(report.created, now)?;
    if report.expires.is_some_and(|expires| expires <= now) {
        return Err(Refused::Stale { ahead: ahead(report.created, now) });
    }
    Ok(Verified(report.primary.clone()))
}

/// Whether all holds that is asked of a signature in whatever form.
///
/// What is wrong with the key is told apart only where it has signed: whoever names it in a packet
/// of his own has no word in what the user is told of it.
fn facts_hold(report: &Report, question: &ToVerify) -> Result<(), Refused> {
    let digest: [u8; 32] = Sha256::digest(&question.data).into();
    let holds = report.good
        && report.data_sha256 == digest
        && report.signatures == 1
        && report.primary == question.signer
        && matches!(report.hash.0, 8..=10)
        && report.class == 0
        && report.strong;
    match report.key {
        KeyValidity::Valid if holds => Ok(()),
        KeyValidity::Expired if holds => Err(Refused::Expired),
        KeyValidity::Revoked if holds => Err(Refused::Revoked),
        KeyValidity::Valid
        | KeyValidity::Expired
        | KeyValidity::Revoked
        | KeyValidity::NotForSigning => Err(Refused::Invalid),
    }
}

/// Whether `at` is within 300 s of `now`, in Unix seconds.
pub(crate) fn fresh(at: u64, now: u64) -> Result<(), Refused> {
    let ahead = ahead(at, now);
    (ahead.unsigned_abs() <= FRESH.as_secs()).then_some(()).ok_or(Refused::Stale { ahead })
}

fn ahead(at: u64, now: u64) -> i64 {
    at.cast_signed().saturating_sub(now.cast_signed())
}

/// Whether exactly one notation is ours, critical, and names the role (G09).
fn is_for(notations: &[Notation], role: Role) -> bool {
    let mut ours = notations.iter().filter(|notation| notation.name == NOTATION);
    let first = ours.next().is_some_and(|n| n.critical && n.value == role.name().as_bytes());
    first && ours.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sma::HashId;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn key(digit: &str) -> Fingerprint {
        Fingerprint::parse(&digit.repeat(40)).unwrap()
    }

    fn asked() -> ToVerify {
        question(&key("a"), b"data".to_vec(), b"\xc2\x04body").unwrap()
    }

    fn report() -> Report {
        let value = b"uac".to_vec();
        Report {
            good: true,
            data_sha256: Sha256::digest(b"data").into(),
            signatures: 1,
            primary: key("a"),
            hash: HashId(8),
            class: 0,
            created: NOW.as_secs() - 5,
            expires: Some(NOW.as_secs() + 295),
            key: KeyValidity::Valid,
            strong: true,
            notations: vec![Notation { name: NOTATION.to_owned(), value, critical: true }],
        }
    }

    #[test]
    fn a_report_whose_every_fact_holds_is_believed() {
        let verified = judge(&report(), &asked(), Role::Uac, NOW).unwrap();
        assert_eq!(verified.into_inner(), key("a"));
    }

    /// The form of RFC 2543 has no notation, and need not say until when it holds.
    #[test]
    fn a_report_of_the_old_form_holds_while_it_is_fresh_and_not_over() {
        let old = |change: fn(&mut Report)| {
            let mut report = report();
            report.notations.clear();
            change(&mut report);
            judge_rfc2543(&report, &asked(), NOW).is_ok()
        };
        assert!(old(|_| ()) && old(|r| r.expires = None));
        assert!(!old(|r| r.expires = Some(NOW.as_secs())), "it is over");
        assert!(!old(|r| r.created = NOW.as_secs() - 301), "it is not fresh");
        assert!(!old(|r| r.good = false) && !old(|r| r.key = KeyValidity::Revoked));
    }

    #[test]
    fn each_fact_that_does_not_hold_is_a_refusal() {
        type Change = (&'static str, fn(&mut Report));
        let changes: [Change; 17] = [
            ("bad", |r| r.good = false),
            ("g05 two signatures", |r| r.signatures = 2),
            ("g24 other data", |r| r.data_sha256 = [0; 32]),
            ("g24 other key", |r| r.primary = key("b")),
            ("g04 SHA-1", |r| r.hash = HashId(2)),
            ("a certification", |r| r.class = 0x10),
            ("made too early", |r| r.created = NOW.as_secs() - 301),
            ("made too late", |r| r.created = NOW.as_secs() + 301),
            ("over", |r| r.expires = Some(NOW.as_secs())),
            ("it never expires", |r| r.expires = None),
            ("it holds too long", |r| r.expires = Some(r.created + 301)),
            ("g02 expired key", |r| r.key = KeyValidity::Expired),
            ("g03 revoked key", |r| r.key = KeyValidity::Revoked),
            ("g16 no back-signature", |r| r.key = KeyValidity::NotForSigning),
            ("a weak key", |r| r.strong = false),
            ("no notation", |r| r.notations.clear()),
            ("not critical", |r| r.notations[0].critical = false),
        ];
        for (what, change) in changes {
            let mut report = report();
            change(&mut report);
            assert!(judge(&report, &asked(), Role::Uac, NOW).is_err(), "{what}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_key_is_told_apart_only_where_it_has_signed() {
        type Change = (&'static str, fn(&mut Report));
        let changes: [Change; 4] = [
            ("it has not signed", |r| r.good = false),
            ("other data", |r| r.data_sha256 = [0; 32]),
            ("another key", |r| r.primary = super::tests::key("b")),
            ("over a hash that does not count", |r| r.hash = HashId(2)),
        ];
        for (key, told) in
            [(KeyValidity::Expired, Refused::Expired), (KeyValidity::Revoked, Refused::Revoked)]
        {
            let refused = |report: &Report| judge(report, &asked(), Role::Uac, NOW).unwrap_err();
            let over = Report { key, ..report() };
            assert_eq!(refused(&over), told);
            for (what, change) in &changes {
                let mut report = over.clone();
                change(&mut report);
                assert_eq!(refused(&report), Refused::Invalid, "{what}");
            }
        }
    }

    #[test]
    fn only_time_is_told_apart_and_only_where_all_else_holds() {
        let at = |change: fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            let judged = judge(&report, &asked(), Role::Uac, NOW);
            judged.map(Verified::into_inner)
        };
        let old = at(|r| {
            r.created = NOW.as_secs() - 301;
            r.expires = Some(r.created + 300);
        });
        assert_eq!(old, Err(Refused::Stale { ahead: -301 }));
        assert_eq!(at(|r| r.created = NOW.as_secs() + 301), Err(Refused::Stale { ahead: 301 }));
        assert_eq!(at(|r| r.expires = Some(NOW.as_secs())), Err(Refused::Stale { ahead: -5 }));
        assert_eq!(at(|r| r.created = u64::MAX), Err(Refused::Stale { ahead: -1 - 1_700_000_000 }));
        let bad = at(|r| {
            r.created = 0;
            r.good = false;
        });
        assert_eq!(bad, Err(Refused::Invalid));
    }

    #[test]
    fn g09_the_other_role_is_a_refusal() {
        assert!(judge(&report(), &asked(), Role::Uas, NOW).is_err());
        let mut both = report();
        both.notations.push(Notation { value: b"uas".to_vec(), ..both.notations[0].clone() });
        assert!(judge(&both, &asked(), Role::Uac, NOW).is_err());
    }

    #[test]
    fn the_application_is_not_asked_about_what_is_no_signature() {
        assert!(question(&key("a"), Vec::new(), b"\xc2\x04body\xc2\x04body").is_err());
    }
}
