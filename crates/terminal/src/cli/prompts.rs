//! The security manager's prompts, asked of the person at the terminal. Case G15.
//!
//! A key that nobody has pinned is shown with its fingerprint, and pinned only on the person's
//! word. Without a terminal every prompt is declined. Passphrases are the security application's.

use super::person::{Expected, Person};
use crate::config::{Pins, SipAor};
use crate::error::{Error, Result};
use crate::record::clean;
use async_trait::async_trait;
use net::Runtime;
use sst::{Assurance, Call, Mismatch, Password, TelephonyApplication, TrustAnswer, TrustQuestion};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a person may take, from when something is asked on: the security manager's own bound is
/// 60 s, and what it says then is not that nobody answered.
const WITHIN: Duration = Duration::from_secs(55);

/// User ids that are shown, and characters of each.
const SHOWN_IDS: usize = 3;
const LONGEST_ID: usize = 60;

/// Asks the person, and keeps the pins that are made.
#[derive(Debug)]
pub(super) struct Prompts {
    pub(super) person: Option<Person>,
    /// Where pins are kept.
    pub(super) pins: PathBuf,
    /// The clock of whoever waits for another command that changes them.
    pub(super) runtime: Arc<dyn Runtime>,
}

#[async_trait]
impl TelephonyApplication for Prompts {
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password> {
        self.secret(format!("password of {user} at {realm}")).await
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        self.secret(format!("access token of {server} for {user} at {realm}")).await
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        let Some(person) = &self.person else {
            return TrustAnswer::No;
        };
        let yes = person.ask(&asked(&question), Expected::YesOrNo, WITHIN).yes().await;
        if yes != Some(true) {
            return TrustAnswer::No;
        }
        match self.pin(&question).await {
            Ok(()) => TrustAnswer::Pin,
            Err(error) => {
                // Case O05: what cannot be kept is not pinned.
                tracing::error!(reason = error.line(), "the key is not pinned");
                TrustAnswer::No
            }
        }
    }

    async fn unlock(&self, _fingerprint: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _call: Call, _assurance: &Assurance) {}

    fn mismatch(&self, _call: Call, mismatch: Mismatch) {
        tracing::warn!("{}", advice(&mismatch));
    }
}

/// What does not fit, and what to do. A realm is the peer's text.
fn advice(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Realm { offered, expected } => format!(
            "the challenge is for the realm \"{}\", and credentials are there for \"{}\": if the \
             party that asks is the right one, set `realm` to what it offers",
            clean(offered),
            clean(&expected.join("\", \""))
        ),
        Mismatch::Server { offered, expected } => format!(
            "the challenge wants a token of \"{}\", and the account trusts \"{}\": if it is the right \
             one, add it to `authorization-servers`",
            clean(offered),
            clean(&expected.join("\", \""))
        ),
        Mismatch::Clock(ahead) => {
            let side = if *ahead < 0 { "behind" } else { "ahead of" };
            format!(
                "refused: the peer's clock is {} s {side} ours, 300 s are allowed: set the one that \
                 is wrong",
                ahead.unsigned_abs()
            )
        }
        Mismatch::Algorithm(best) => format!(
            "the challenge offers {name} at best, which is below `floor` in the [[account]]: to \
             answer it all the same, write floor = \"{name}\" there",
            name = best.name()
        ),
        Mismatch::Key { fingerprint, own: true } => format!(
            "our own key {fingerprint} cannot be used any more: it has expired or was revoked; make a \
             new one, which the old one certifies if it still can (keys generate --new), and give it \
             to who calls you"
        ),
        Mismatch::Key { fingerprint, own: false } => format!(
            "the peer's key {fingerprint} cannot be used any more: it has expired or was revoked; get \
             the present one from its owner, and pin that (keys import FILE --pin AOR --replace)"
        ),
    }
}

impl Prompts {
    async fn secret(&self, what: String) -> Option<Password> {
        let person = self.person.as_ref()?;
        match person.secret(&what, WITHIN, &*self.runtime).await {
            Ok(secret) => Some(secret),
            Err(why) => {
                tracing::warn!("{why}");
                None
            }
        }
    }

    async fn pin(&self, question: &TrustQuestion) -> Result<()> {
        let aor: SipAor = question.aor.parse().map_err(Error::Invalid)?;
        let edit = |pins: &mut Pins| pins.pin(aor, &question.fingerprint);
        Pins::change(&self.pins, &*self.runtime, edit).await
    }
}

/// What the person is asked. What the key says of itself stands in quotes: anybody can make a key
/// that says it.
fn asked(question: &TrustQuestion) -> String {
    let TrustQuestion { aor, fingerprint, user_ids, pinned_to, .. } = question;
    let ids = user_ids.iter().take(SHOWN_IDS).map(|id| shortened(id));
    let ids = ids.map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
    let more = if user_ids.len() > SHOWN_IDS { " and others" } else { "" };
    let says = if ids.is_empty() { "nobody".to_owned() } else { ids + more };
    let pinned = match pinned_to.as_slice() {
        [] => String::new(),
        others => format!(" It is pinned to {} already.", others.join(", ")),
    };
    format!(
        "unverified: {aor} signs with the key {fingerprint}, which says that it is of {says}.{pinned} \
         Have you compared it, and shall it be pinned? [y/N]"
    )
}

/// A user id, as much of it as a line has room for.
fn shortened(id: &str) -> String {
    let mut short: String = id.chars().take(LONGEST_ID).collect();
    if short.len() < id.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::super::person::tests::typist;
    use super::*;
    use net::sim::{SimConfig, Simulation};

    fn answer(typed: Option<&[u8]>, pins: PathBuf) -> TrustAnswer {
        let sim = Simulation::new(SimConfig::default());
        let (runtime, _) = sim.host([192, 0, 2, 1].into());
        let (person, keyboard) = typist(&runtime);
        let prompts = Prompts { person: Some(person), pins, runtime: Arc::clone(&runtime) };
        let question = TrustQuestion {
            call: Call(1),
            aor: "sip:bob@example.org".to_owned(),
            fingerprint: "d8692123c4065dea5e0f3ab5249b39d24f25e3b6".to_owned(),
            user_ids: Vec::new(),
            pinned_to: Vec::new(),
        };
        let typed = typed.map(<[u8]>::to_vec);
        let later = runtime.sleep_until(runtime.now() + Duration::from_secs(1));
        runtime.spawn(Box::pin(async move {
            later.await;
            if let Some(line) = typed {
                keyboard.send(line).unwrap();
            }
            std::future::pending::<()>().await;
        }));
        sim.block_on(prompts.trust(question)).unwrap()
    }

    #[test]
    fn an_unknown_key_is_pinned_only_on_the_persons_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.toml");
        assert_eq!(answer(Some(b"n"), path.clone()), TrustAnswer::No);
        assert_eq!(answer(None, path.clone()), TrustAnswer::No, "too late");
        assert_eq!(Pins::load(&path).unwrap(), Pins::default());
        assert_eq!(answer(Some(b"yes"), path.clone()), TrustAnswer::Pin);
        let pins = Pins::load(&path).unwrap().pins;
        assert_eq!(pins.len(), 1);
        assert!(pins[0].aor.matches("sip:bob@example.org"));
    }

    #[test]
    fn o05_a_pin_that_cannot_be_kept_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere/pins.toml");
        assert_eq!(answer(Some(b"y"), path), TrustAnswer::No);
    }

    /// Case G15: whatever a key says of itself, the person compares the fingerprint.
    #[test]
    fn g15_what_a_key_says_of_itself_is_shown_as_its_claim() {
        let question = |user_ids: &[&str], pinned_to: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            let (user_ids, pinned_to) = (owned(user_ids), owned(pinned_to));
            let (aor, fingerprint) = ("sip:bob@h".to_owned(), "d".repeat(40));
            asked(&TrustQuestion { call: Call(1), aor, fingerprint, user_ids, pinned_to })
        };
        let key = "d".repeat(40);
        let text = question(&["Bob <sip:bob@h>"], &["sip:eve@h", "sip:eve@i"]);
        let begin =
            format!("unverified: sip:bob@h signs with the key {key}, which says that it is of ");
        assert!(text.starts_with(&begin), "{text}");
        assert!(
            text.contains("of \"Bob <sip:bob@h>\". It is pinned to sip:eve@h, sip:eve@i already.")
        );
        assert!(question(&[], &[]).contains("it is of nobody. Have you"));
        let long = "x".repeat(61);
        let text = question(&["a", &long, "c", "d"], &[]);
        let shown = format!("\"a\", \"{}…\", \"c\" and others.", "x".repeat(60));
        assert!(text.contains(&shown), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let expected = vec!["example.org".to_owned()];
        let realm = Mismatch::Realm { offered: "aster\u{1b}isk".to_owned(), expected };
        let told = advice(&realm);
        assert!(told.contains("\"example.org\"") && told.contains("isk"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
        for (ahead, told) in [(-3600, "3600 s behind ours"), (301, "301 s ahead of ours")] {
            assert!(advice(&Mismatch::Clock(ahead)).contains(told), "{told}");
        }
        for (own, told) in [(true, "keys generate --new"), (false, "--pin AOR --replace")] {
            let fingerprint = "d".repeat(40);
            assert!(advice(&Mismatch::Key { fingerprint, own }).contains(told), "{told}");
        }
        let offered = "https://evil\u{1b}.example".to_owned();
        let told = advice(&Mismatch::Server { offered, expected: vec!["https://as".to_owned()] });
        assert!(
            told.contains("\"https://as\"") && told.contains("`authorization-servers`"),
            "{told}"
        );
        assert!(!told.contains('\u{1b}'), "{told}");
        let told = advice(&Mismatch::Algorithm(sst::Algorithm::Md5));
        assert!(told.contains("offers MD5") && told.contains("floor = \"MD5\""), "{told}");
    }

    /// The security manager's own bound is a minute, and it would say that the application is late.
    #[test]
    fn a_password_that_nobody_types_is_declined_within_a_minute() {
        let sim = Simulation::new(SimConfig::default());
        let (runtime, _) = sim.host([192, 0, 2, 1].into());
        let (person, _keyboard) = typist(&runtime);
        let prompts = Prompts { person: Some(person), pins: PathBuf::new(), runtime };
        assert!(sim.block_on(prompts.credentials("r", "u")).unwrap().is_none());
        assert!(sim.elapsed() < Duration::from_secs(60), "{:?}", sim.elapsed());
    }

    #[test]
    fn without_a_person_every_prompt_is_declined() {
        let sim = Simulation::new(SimConfig::default());
        let (runtime, _) = sim.host([192, 0, 2, 1].into());
        let prompts = Prompts { person: None, pins: PathBuf::new(), runtime };
        assert!(sim.block_on(prompts.credentials("r", "u")).unwrap().is_none());
    }
}
