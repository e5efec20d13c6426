//! `keys`: OpenPGP identities and pins, through SMA.

use super::args::{Global, Keys, NewPassphrase};
use super::global::program;
use super::json::Object;
use super::output::Output;
use super::passphrase;
use super::person::Person;
use super::stop::Stop;
use crate::agent::{Agent, Passphrase, Program, own_key, state};
use crate::assembly::{SystemClock, WallClock as _};
use crate::config::{Config, PinnedKey, Pins, SipAor, default_path, load};
use crate::error::{Error, Result};
use crate::file;
use net::Runtime;
use net::tokio::TokioRuntime;
use sma::{AlgorithmId, Fingerprint, Key, KeyAdministration, KeyFacts, SecurityApplication};
use sma_socket::Client;
use std::path::Path;
use std::sync::Arc;

/// Runs one of the commands with the security application.
pub(super) async fn run(global: &Global, command: Keys, out: Output) -> Result<()> {
    let config = configured(global)?;
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let client = Client::new(config.agent_socket());
    let program = program(global.config.as_deref());
    Keyring { config, program, client, runtime, out }.execute(command).await
}

/// What kind of key it is, in words.
fn kind(facts: &KeyFacts) -> String {
    let algorithms: Vec<String> =
        facts.signs.iter().chain(&facts.encrypts).map(ToString::to_string).collect();
    let place = if facts.hardware { ", on a token" } else { "" };
    match algorithms.is_empty() {
        true => "  cannot be used now".to_owned(),
        false => format!("  {}{place}", algorithms.join(" and ")),
    }
}

/// Unix seconds.
fn now() -> u64 {
    SystemClock.unix_time().as_secs()
}

/// The configuration: it says where keys and pins are.
fn configured(global: &Global) -> Result<Config> {
    let path = match &global.config {
        Some(path) => path.clone(),
        None => default_path()?,
    };
    if global.config.is_none() && !path.exists() {
        return Err(Error::invalid(format!(
            "there is no {}; run `countersign init --aor URI` first, or say --config FILE",
            path.display()
        )));
    }
    load(&path)
}

/// What the commands work on.
struct Keyring {
    config: Config,
    /// What a person types to run the program with this configuration.
    program: String,
    client: Client,
    runtime: Arc<dyn Runtime>,
    out: Output,
}

/// A key that is asked for.
struct Made {
    aor: SipAor,
    /// Whether there may be one already.
    new: bool,
    passphrase: NewPassphrase,
}

/// A pin that is asked for.
struct Wanted {
    aor: SipAor,
    /// Whether it may take the place of an earlier one.
    replace: bool,
}

impl Keyring {
    async fn execute(&self, command: Keys) -> Result<()> {
        let agent = self.agent(Passphrase::Unneeded).await?;
        let done = match command {
            // Interrupted, the terminal must show again what is typed.
            Keys::Generate { aor, new, passphrase } => {
                let wanted = Made { aor: self.our(aor)?, new, passphrase };
                return Stop::new()?.unless(self.generate(agent, wanted)).await;
            }
            Keys::List => self.list().await,
            Keys::Import { file, pin, replace } => self.import_and_pin(&file, pin, replace).await,
            Keys::Export { fingerprint, aor } => self.export(fingerprint, aor).await,
            Keys::Pin { aor, fingerprint, next: true, .. } => {
                self.pin_next(&aor, &fingerprint).await
            }
            Keys::Pin { aor, fingerprint, replace, .. } => {
                self.pin_known(&fingerprint, Wanted { aor, replace }).await
            }
            Keys::Unpin { aor } => self.unpin(&aor).await,
        };
        agent.stop().await;
        done
    }

    /// The security application; own keys are opened with this passphrase, where it is ours.
    async fn agent(&self, passphrase: Passphrase) -> Result<Agent> {
        let program = Program { passphrase, ..Program::find(&self.config)? };
        Agent::start(program, None, Arc::clone(&self.runtime)).await
    }

    /// One of our addresses: this one, or the identity's.
    fn our(&self, aor: Option<SipAor>) -> Result<SipAor> {
        let ours = self.config.identities();
        let Some(aor) = aor else {
            let identity = self.config.identity.as_ref().map(|identity| identity.aor.clone());
            return identity.ok_or_else(|| {
                Error::invalid("no identity is configured; run `countersign init --aor URI` first")
            });
        };
        let found = ours.iter().find(|own| own.aor.matches(aor.as_str()));
        found.map(|own| own.aor.clone()).ok_or_else(|| {
            let ours: Vec<&str> = ours.iter().map(|own| own.aor.as_str()).collect();
            let there = if ours.is_empty() { "none".to_owned() } else { ours.join(", ") };
            Error::invalid(format!(
                "{aor} is no address of [identity] or an [[account]]; there is {there}"
            ))
        })
    }

    /// Makes a key. Nobody is asked for a passphrase in vain.
    async fn generate(&self, agent: Agent, wanted: Made) -> Result<()> {
        let may = self.may_generate(&agent, &wanted).await;
        agent.stop().await;
        may?;
        let person = Person::at_terminal(&self.runtime);
        let passphrase = passphrase::choose(
            wanted.passphrase.clone(),
            &self.config,
            person.as_ref(),
            &*self.runtime,
        )
        .await?;
        let is_locked = !matches!(passphrase, Passphrase::None);
        let agent = self.agent(passphrase).await?;
        let made = match self.may_generate(&agent, &wanted).await {
            Ok(()) => self.make(&wanted.aor, is_locked).await,
            Err(error) => Err(error),
        };
        agent.stop().await;
        made
    }

    /// Whether there is no key yet, or another is asked for; and nobody else's word on how one would
    /// be protected.
    async fn may_generate(&self, agent: &Agent, wanted: &Made) -> Result<()> {
        let Made { aor, new, .. } = wanted;
        let known = if *new { None } else { self.own_key(aor).await? };
        if let Some(key) = known {
            return Err(Error::invalid(format!(
                "{aor} has the key {} already; --new makes one that takes its place",
                key.fingerprint
            )));
        }
        agent.is_ours().then_some(()).ok_or_else(|| {
            Error::invalid(format!(
                "a security application runs at {} already and would protect the key as it was \
                 told; end the terminal that started it, and make the key then",
                self.client.path().display()
            ))
        })
    }

    async fn make(&self, aor: &SipAor, is_locked: bool) -> Result<()> {
        let key = self.client.generate(aor.to_string()).await.map_err(no_answer)?;
        let protected = match is_locked {
            true => "its private part is encrypted under the passphrase",
            false => {
                "without a passphrase: its private part is stored unencrypted, only the mode of \
                 its file (0600) protects it"
            }
        };
        let before = texts(&key.certified_by);
        let after = match before.as_slice() {
            [] => String::new(),
            _ => format!("; the earlier key certifies it: {}", before.join(", ")),
        };
        let line = format!("{aor} has the key {}, {protected}{after}", key.fingerprint);
        let fingerprint = key.fingerprint.as_str();
        let (encrypted, certified_by) = (is_locked, before.as_slice());
        self.out.say(
            &line,
            Object::Generated { aor: aor.as_str(), fingerprint, encrypted, certified_by },
        )
    }

    async fn list(&self) -> Result<()> {
        let keys = self.client.identities().await.map_err(no_answer)?;
        let ours = self.signing(&keys);
        for key in &keys {
            self.show(key, &ours)?;
        }
        Ok(())
    }

    /// Our addresses, and the fingerprint of the key of each that has one.
    fn signing(&self, keys: &[Key]) -> Vec<(String, String)> {
        // Where several could, none does; a call would say so.
        let found = |aor: &SipAor| own_key(keys, aor.as_str(), now()).ok().flatten();
        let signing = self.config.identities().into_iter().filter_map(|own| {
            let named = own.fingerprint;
            let key = named.or_else(|| found(&own.aor).map(|key| key.fingerprint.to_string()))?;
            Some((own.aor.to_string(), key))
        });
        signing.collect()
    }

    fn show(&self, key: &Key, ours: &[(String, String)]) -> Result<()> {
        let fingerprint = key.fingerprint.as_str();
        let pins = self.config.pins.pins.iter();
        let to = |of: &PinnedKey| of.aor.to_string();
        let pinned: Vec<String> =
            pins.clone().filter(|pin| pin.fingerprint == fingerprint).map(to).collect();
        let next: Vec<String> =
            pins.filter(|pin| pin.next.as_deref() == Some(fingerprint)).map(to).collect();
        let signing = ours.iter().filter(|(_, key)| key.eq_ignore_ascii_case(fingerprint));
        let signing: Vec<String> = signing.map(|(aor, _)| aor.clone()).collect();
        let certified_by = texts(&key.certified_by);
        let mut line = format!("{fingerprint}  {}  ", if key.secret { "own " } else { "peer" });
        line.push_str(&key.user_ids.join(", "));
        line.push_str(&kind(&key.facts));
        let state = state(key, SystemClock.unix_time().as_secs());
        line.extend(state.map(|state| format!("  {state}")));
        for (what, of) in [
            ("signs for", &signing),
            ("pinned to", &pinned),
            ("next key of", &next),
            ("certified by", &certified_by),
        ] {
            if !of.is_empty() {
                line.push_str(&format!("  {what} {}", of.join(", ")));
            }
        }
        let object = Object::Key {
            fingerprint,
            own: key.secret,
            user_ids: &key.user_ids,
            signs_for: &signing,
            pinned_to: &pinned,
            next_of: &next,
            certified_by: &certified_by,
            signs: key.facts.signs.map(|it| it.to_string()),
            encrypts: key.facts.encrypts.map(|it| it.to_string()),
            post_quantum: key.facts.encrypts.is_some_and(AlgorithmId::is_post_quantum),
            hardware: key.facts.hardware,
            expires: key.facts.expires,
            revoked: key.facts.revoked,
        };
        self.out.say(&line, object)
    }

    async fn import_and_pin(&self, file: &Path, pin: Option<SipAor>, replace: bool) -> Result<()> {
        let keys = self.import(file).await?;
        match pin {
            Some(aor) => self.pin_one(file, &keys, Wanted { aor, replace }).await,
            None => Ok(()),
        }
    }

    async fn import(&self, file: &Path) -> Result<Vec<Key>> {
        let refused = |error| {
            let words = match error {
                sma::Error::Malformed => {
                    "no OpenPGP public key is in it; expected what `countersign keys export` or \
                     `gpg --export --armor` print"
                        .to_owned()
                }
                error => error.to_string(),
            };
            Error::invalid(format!("{}: not imported: {words}", file.display()))
        };
        // At most what the security application takes, and an octet that tells of more.
        let octets = file::read(file, sma::MAX_OCTETS as u64 + 1).await?;
        let keys = self.client.import(octets).await.map_err(refused)?;
        for key in &keys {
            let line = format!("imported {}  {}", key.fingerprint, key.user_ids.join(", "));
            let fingerprint = key.fingerprint.as_str();
            self.out.say(&line, Object::Imported { fingerprint, user_ids: &key.user_ids })?;
        }
        Ok(keys)
    }

    async fn export(&self, fingerprint: Option<String>, aor: Option<SipAor>) -> Result<()> {
        let fingerprint = match fingerprint {
            Some(text) => Fingerprint::parse(&text)
                .ok_or_else(|| Error::invalid(format!("`{text}` is not a full fingerprint")))?,
            None => self.own(&self.our(aor)?).await?,
        };
        let armored = self.client.export(fingerprint.clone()).await.map_err(no_answer)?;
        if self.out.is_json() {
            let fingerprint = fingerprint.as_str();
            self.out.object(Object::Exported { fingerprint, armored: &armored })
        } else {
            self.out.raw(&armored)
        }
    }

    /// The key of one of our addresses: the one that the configuration names, or the one whose user id
    /// is the address.
    async fn own(&self, aor: &SipAor) -> Result<Fingerprint> {
        let ours = self.config.identities();
        let named = ours.into_iter().find(|own| own.aor == *aor).and_then(|own| own.fingerprint);
        if let Some(named) = named.as_deref().and_then(Fingerprint::parse) {
            return Ok(named);
        }
        let key = self.own_key(aor).await?.ok_or_else(|| {
            let program = &self.program;
            Error::invalid(format!("{aor} has no key; run `{program} keys generate --for {aor}`"))
        })?;
        Ok(key.fingerprint)
    }

    async fn own_key(&self, aor: &SipAor) -> Result<Option<Key>> {
        let keys = self.client.identities().await.map_err(no_answer)?;
        Ok(own_key(&keys, aor.as_str(), now())?.cloned())
    }

    /// The key with this full fingerprint.
    async fn key(&self, fingerprint: &str) -> Result<Key> {
        let keys = self.client.identities().await.map_err(no_answer)?;
        let wanted = Fingerprint::parse(fingerprint);
        let key = keys.into_iter().find(|key| Some(&key.fingerprint) == wanted.as_ref());
        key.ok_or_else(|| {
            Error::invalid(format!(
                "no key has the full fingerprint `{fingerprint}`; see `{program} keys list`, or import \
                 it: {program} keys import FILE",
                program = self.program
            ))
        })
    }

    /// Pins the key that was imported, where it is the only one.
    async fn pin_one(&self, file: &Path, keys: &[Key], wanted: Wanted) -> Result<()> {
        match keys {
            [key] => self.pin(key, wanted).await,
            several => Err(Error::invalid(format!(
                "{} holds {} keys; pin one of them: {} keys pin {} FINGERPRINT",
                file.display(),
                several.len(),
                self.program,
                wanted.aor
            ))),
        }
    }

    async fn pin_known(&self, fingerprint: &str, wanted: Wanted) -> Result<()> {
        let key = self.key(fingerprint).await?;
        self.pin(&key, wanted).await
    }

    async fn pin(&self, key: &Key, Wanted { aor, replace }: Wanted) -> Result<()> {
        let fingerprint = key.fingerprint.as_str();
        let pinned = self.config.pins.pins.iter().find(|pin| pin.aor.names(aor.as_str()));
        let before = pinned.map(|pin| pin.fingerprint.clone()).filter(|it| it != fingerprint);
        self.change(|pins| {
            if replace {
                pins.unpin(&aor);
            }
            pins.pin(aor.clone(), fingerprint)
        })
        .await?;
        if key.secret {
            tracing::warn!(%aor, "the key is one of your own: who calls as this can only be you");
        }
        let certified = before.as_ref().map(|it| texts(&key.certified_by).contains(it));
        let instead = match (&before, certified) {
            (Some(before), Some(true)) => {
                format!(" in the place of {before}, which has certified it")
            }
            (Some(before), _) => {
                format!(
                    " in the place of {before}, which has not certified it: only its owner can say"
                )
            }
            (None, _) => String::new(),
        };
        let line = format!("pinned {fingerprint} to {aor}{instead}");
        let replaced = before.as_deref();
        self.out.say(&line, Object::Pinned { aor: aor.as_str(), fingerprint, replaced, certified })
    }

    /// Names the key that comes after the pinned one.
    async fn pin_next(&self, aor: &SipAor, fingerprint: &str) -> Result<()> {
        let key = self.key(fingerprint).await?;
        let next = key.fingerprint.as_str();
        self.change(|pins| pins.pin_next(aor, next)).await?;
        let line =
            format!("{next} is the next key of {aor}: both count until it has proved something");
        self.out.say(&line, Object::PinnedNext { aor: aor.as_str(), next })
    }

    async fn unpin(&self, aor: &SipAor) -> Result<()> {
        self.change(|pins| {
            let had = pins.unpin(aor);
            had.then_some(()).ok_or_else(|| Error::invalid(format!("{aor} has no pin")))
        })
        .await?;
        let unpinned = Object::Unpinned { aor: aor.as_str() };
        self.out.say(&format!("{aor} has no pin any more"), unpinned)
    }

    /// Changes the pins; a terminal that runs takes them over.
    async fn change(&self, edit: impl FnOnce(&mut Pins) -> Result<()>) -> Result<()> {
        Pins::change(&self.config.pins_path(), &*self.runtime, edit).await
    }
}

fn texts(fingerprints: &[Fingerprint]) -> Vec<String> {
    fingerprints.iter().map(ToString::to_string).collect()
}

fn no_answer(error: sma::Error) -> Error {
    Error::invalid(error)
}
