//! OpenPGP: signatures, ciphertexts and certificates, by the key of the fuzzers.

use crate::Seed;
use pgp_agent::{Agent, Protection, Store};
use sma::{Error, Fingerprint, KeyAdministration as _, Notation, SecurityApplication as _, ToSign};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::time::Duration;
use std::{fs, io};

/// What the target expects to be signed and encrypted.
const DATA: &[u8] = b"SIP-PGP-AUTH CS1\n";
/// Protects nothing, and is for all to read.
const KEY: &[u8] = include_bytes!("../../../fuzz_targets/key.sec.asc");

/// Each thing whole, cut short and with an octet changed.
pub(crate) fn packets() -> Result<Vec<Seed>, String> {
    let store = store().map_err(|error| error.to_string())?;
    let own = store.keys().pop().ok_or("the file holds no key")?;
    let agent = Agent::new(store);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let made = runtime.block_on(made(&agent, &own.fingerprint));
    let mut seeds = Vec::new();
    for (name, octets) in made.map_err(|error| error.to_string())? {
        let middle = octets.len() / 2;
        let mut changed = octets.clone();
        changed[middle] ^= 0x80;
        seeds.push((format!("{name}-cut"), octets[..middle].to_vec()));
        seeds.push((format!("{name}-changed"), changed));
        seeds.push((format!("{name}-twice"), octets.repeat(2)));
        seeds.push((name.to_owned(), octets));
    }
    Ok(seeds)
}

async fn made(agent: &Agent, own: &Fingerprint) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let name = "cs1@countersign.invalid".to_owned();
    let signature = agent
        .sign(ToSign {
            signer: own.clone(),
            data: DATA.to_vec(),
            notation: Notation { name, value: b"uac".to_vec(), critical: true },
            expires_in: Duration::from_secs(300),
        })
        .await?;
    let message = agent.encrypt(vec![own.clone()], DATA.to_vec().into()).await?;
    let certificate = agent.export(own.clone()).await?.into_bytes();
    Ok(vec![
        ("signature", signature),
        ("message", message),
        ("certificate", certificate),
        ("private", KEY.to_vec()),
    ])
}

/// A store of the one key, whose folder is gone again.
fn store() -> io::Result<Store> {
    let folder = std::env::temp_dir().join(format!("countersign-seeds-{}", std::process::id()));
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let path = folder.join("key.sec.asc");
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(KEY)?;
    let store = Store::open(&folder, Protection::ModeOnly).map_err(io::Error::other);
    fs::remove_dir_all(&folder)?;
    store
}
