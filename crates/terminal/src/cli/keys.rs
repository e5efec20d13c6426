//! `keys`: OpenPGP identities and pins, through SMA.

use super::args::{Global, Keys};
use super::output::Output;
use crate::agent::{Agent, Program, own_key};
use crate::config::{Config, Pins, SipAor, default_path, load};
use crate::error::{Error, Result};
use net::tokio::TokioRuntime;
use serde_json::json;
use sma::{Fingerprint, Key, KeyAdministration, SecurityApplication};
use sma_socket::Client;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Runs one of the commands with the security application.
pub(super) async fn run(global: &Global, command: Keys, out: Output) -> Result<()> {
    let config = configured(global)?;
    let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let agent = Agent::start(Program::find(&config)?, runtime).await?;
    let client = Client::new(config.agent_socket());
    let executed = execute(&config, &client, command, out).await;
    if let Some(agent) = agent {
        agent.stop().await;
    }
    executed
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

async fn execute(config: &Config, client: &Client, command: Keys, out: Output) -> Result<()> {
    match command {
        Keys::Generate => generate(config, client, out).await,
        Keys::List => list(config, client, out).await,
        Keys::Import { file, pin, replace } => {
            let keys = import(client, &file, out).await?;
            match pin {
                Some(aor) => pin_one(config, &file, &keys, Wanted { aor, replace }, out),
                None => Ok(()),
            }
        }
        Keys::Export { fingerprint } => export(config, client, fingerprint, out).await,
        Keys::Pin { aor, fingerprint, replace } => {
            let keys = client.identities().await.map_err(no_answer)?;
            let key = Fingerprint::parse(&fingerprint)
                .and_then(|wanted| keys.iter().find(|key| key.fingerprint == wanted));
            let key = key.ok_or_else(|| {
                Error::invalid(format!(
                    "no key has the full fingerprint `{fingerprint}`; see `countersign keys list`, or import it"
                ))
            })?;
            pin(config, key, Wanted { aor, replace }, out)
        }
        Keys::Unpin { aor } => unpin(config, &aor, out),
    }
}

fn identity(config: &Config) -> Result<&SipAor> {
    let identity = config.identity.as_ref().map(|identity| &identity.aor);
    identity.ok_or_else(|| {
        Error::invalid("no identity is configured; run `countersign init --aor URI` first")
    })
}

async fn generate(config: &Config, client: &Client, out: Output) -> Result<()> {
    let aor = identity(config)?.as_str();
    if let Some(key) = own_key(client, aor).await? {
        return Err(Error::invalid(format!("{aor} has the key {} already", key.fingerprint)));
    }
    let key = client.generate(aor.to_owned()).await.map_err(no_answer)?;
    let line = format!("{aor} has the key {}", key.fingerprint);
    out.say(&line, json!({ "event": "generated", "fingerprint": key.fingerprint.as_str() }))
}

async fn list(config: &Config, client: &Client, out: Output) -> Result<()> {
    for key in client.identities().await.map_err(no_answer)? {
        let fingerprint = key.fingerprint.as_str();
        let pins = config.pins.pins.iter().filter(|pin| pin.fingerprint == fingerprint);
        let pinned: Vec<String> = pins.map(|pin| pin.aor.to_string()).collect();
        let mut line = format!("{fingerprint}  {}  ", if key.secret { "own " } else { "peer" });
        line.push_str(&key.user_ids.join(", "));
        if !pinned.is_empty() {
            line.push_str(&format!("  pinned to {}", pinned.join(", ")));
        }
        let object = json!({
            "fingerprint": fingerprint,
            "own": key.secret,
            "user_ids": key.user_ids,
            "pinned_to": pinned,
        });
        out.say(&line, object)?;
    }
    Ok(())
}

async fn import(client: &Client, file: &Path, out: Output) -> Result<Vec<Key>> {
    let keys = client
        .import(read(file)?)
        .await
        .map_err(|error| Error::invalid(format!("{}: not imported: {error}", file.display())))?;
    for key in &keys {
        let line = format!("imported {}  {}", key.fingerprint, key.user_ids.join(", "));
        let fingerprint = key.fingerprint.as_str();
        out.say(
            &line,
            json!({ "event": "imported", "fingerprint": fingerprint, "user_ids": key.user_ids }),
        )?;
    }
    Ok(keys)
}

/// Pins the key that was imported, where it is the only one.
fn pin_one(config: &Config, file: &Path, keys: &[Key], wanted: Wanted, out: Output) -> Result<()> {
    match keys {
        [key] => pin(config, key, wanted, out),
        several => Err(Error::invalid(format!(
            "{} holds {} keys; pin one of them with `countersign keys pin`",
            file.display(),
            several.len()
        ))),
    }
}

/// At most what the security application takes.
fn read(file: &Path) -> Result<Vec<u8>> {
    let mut octets = Vec::new();
    let limit = sma::MAX_OCTETS as u64 + 1;
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut octets)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut octets))
    };
    read.map_err(|error| Error::read(file, error))?;
    Ok(octets)
}

async fn export(
    config: &Config, client: &Client, fingerprint: Option<String>, out: Output,
) -> Result<()> {
    let fingerprint = match fingerprint {
        Some(text) => Fingerprint::parse(&text)
            .ok_or_else(|| Error::invalid(format!("`{text}` is not a full fingerprint")))?,
        None => own(config, client).await?.fingerprint,
    };
    let armored = client.export(fingerprint.clone()).await.map_err(no_answer)?;
    if out.is_json() {
        out.object(json!({ "fingerprint": fingerprint.as_str(), "armored": armored }))
    } else {
        out.raw(&armored)
    }
}

async fn own(config: &Config, client: &Client) -> Result<Key> {
    let aor = identity(config)?.as_str();
    own_key(client, aor)
        .await?
        .ok_or_else(|| Error::invalid(format!("{aor} has no key; run `countersign keys generate`")))
}

/// A pin that is asked for.
struct Wanted {
    aor: SipAor,
    /// Whether it may take the place of an earlier one.
    replace: bool,
}

fn pin(config: &Config, key: &Key, Wanted { aor, replace }: Wanted, out: Output) -> Result<()> {
    let path = config.pins_path();
    let mut pins = Pins::load(&path)?;
    if replace {
        pins.unpin(&aor);
    }
    let fingerprint = key.fingerprint.as_str();
    pins.pin(aor.clone(), fingerprint)?;
    pins.save(&path)?;
    if key.secret {
        tracing::warn!(%aor, "the key is one of your own: who calls as this can only be you");
    }
    let line = format!("pinned {fingerprint} to {aor}");
    out.say(&line, json!({ "event": "pinned", "aor": aor, "fingerprint": fingerprint }))
}

fn unpin(config: &Config, aor: &SipAor, out: Output) -> Result<()> {
    let path = config.pins_path();
    let mut pins = Pins::load(&path)?;
    if !pins.unpin(aor) {
        return Err(Error::invalid(format!("{aor} has no pin")));
    }
    pins.save(&path)?;
    out.say(&format!("{aor} has no pin any more"), json!({ "event": "unpinned", "aor": aor }))
}

fn no_answer(error: sma::Error) -> Error {
    Error::invalid(error)
}
