//! What the realms of our accounts have shown, so that none of it is taken back. Cases A07, A08.

use crate::digest::{Challenge, Qop};
use crate::policy::Account;
use sst::Algorithm;
use std::collections::BTreeMap;

/// What realms of our accounts have offered: none of it may be taken back. A07, A08.
#[derive(Debug, Default)]
pub(crate) struct Realms(BTreeMap<Vec<u8>, Shown>);

#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    /// Something better than MD5.
    better: bool,
    /// A `qop` that we can answer.
    qop: bool,
}

impl Realms {
    /// Remembers what a realm offers. There are as many as accounts.
    pub(crate) fn saw(&mut self, realm: &[u8], challenge: &Challenge<'_>) {
        let shown = self.0.entry(realm.to_vec()).or_default();
        shown.better |= challenge.algorithm.hash > Algorithm::Md5;
        shown.qop |= qop(challenge).is_some();
    }

    /// The floor of the account, and of its realm once it offered better than MD5. Without `qop` a
    /// challenge protects no more than RFC 2069 did: only where MD5 is allowed, and never once the
    /// realm has shown `qop`.
    pub(crate) fn allow(&self, account: &Account, challenge: &Challenge<'_>) -> bool {
        let shown = self.0.get(&account.realm).copied().unwrap_or_default();
        let floor = if shown.better { account.floor.max(Algorithm::Sha256) } else { account.floor };
        let as_in_rfc_2069 = !challenge.qops.offered
            && !shown.qop
            && challenge.algorithm.hash == Algorithm::Md5
            && !challenge.algorithm.session;
        challenge.algorithm.hash >= floor && (qop(challenge).is_some() || as_in_rfc_2069)
    }

    /// Forgets realms that no account is for any more.
    pub(crate) fn keep(&mut self, accounts: &[Account]) {
        self.0.retain(|realm, _| accounts.iter().any(|account| account.realm == *realm));
    }
}

/// `auth` where it is offered: auth-int dies behind elements that rewrite bodies.
pub(crate) const fn qop(challenge: &Challenge<'_>) -> Option<Qop> {
    match (challenge.qops.auth, challenge.qops.auth_int) {
        (true, _) => Some(Qop::Auth),
        (false, true) => Some(Qop::AuthInt),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(floor: Algorithm) -> Account {
        Account {
            aor: "sip:alice@example.org".to_owned(),
            realm: b"example.org".to_vec(),
            user: "alice".to_owned(),
            scheme: crate::digest::SCHEME,
            servers: Vec::new(),
            keys: None,
            hop: sst::HopPolicy::Udp(Vec::new()),
            floor,
            require: sst::Requirement::NOTHING,
        }
    }

    fn challenge(rest: &str) -> Vec<u8> {
        format!(" realm=\"example.org\", nonce=\"n\"{rest}").into_bytes()
    }

    fn allows(realms: &Realms, floor: Algorithm, rest: &str) -> bool {
        let text = challenge(rest);
        let challenge = Challenge::parse(&text).unwrap().unwrap();
        realms.allow(&account(floor), &challenge)
    }

    /// RFC 2069 had MD5 and neither qop nor sessions: nothing else is answered without qop.
    #[test]
    fn a06_without_qop_only_what_rfc_2069_had() {
        let realms = Realms::default();
        for (rest, allowed) in [
            ("", true),
            (", algorithm=MD5", true),
            (", algorithm=MD5-sess", false),
            (", algorithm=SHA-256", false),
            (", qop=\"auth-conf\"", false),
            (", algorithm=MD5-sess, qop=\"auth\"", true),
            (", algorithm=SHA-256, qop=\"auth-int\"", true),
        ] {
            assert_eq!(allows(&realms, Algorithm::Md5, rest), allowed, "{rest}");
        }
        assert!(!allows(&realms, Algorithm::Sha256, ", qop=\"auth\""));
    }

    #[test]
    fn a08_what_a_realm_has_shown_is_kept_while_an_account_is_for_it() {
        let mut realms = Realms::default();
        let text = challenge(", algorithm=SHA-256, qop=\"auth\"");
        realms.saw(b"example.org", &Challenge::parse(&text).unwrap().unwrap());
        for (accounts, forgotten) in [(vec![account(Algorithm::Md5)], false), (Vec::new(), true)] {
            realms.keep(&accounts);
            assert_eq!(allows(&realms, Algorithm::Md5, ", qop=\"auth\""), forgotten);
            assert_eq!(allows(&realms, Algorithm::Md5, ""), forgotten);
        }
    }
}
