//! The security application's OpenPGP: signatures, ciphertexts and certificates. No signature but
//! one over the data is good, no ciphertext opens to what its sender did not write, and nothing
//! that is imported brings a private key or changes our own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pgp_agent::{Agent, Protection, Store};
use sma::{Fingerprint, Key, KeyAdministration as _, SecurityApplication as _, ToVerify};
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

/// What the seeds sign and encrypt.
const DATA: &[u8] = b"SIP-PGP-AUTH CS1\n";

struct Setup {
    agent: Agent,
    own: Key,
    runtime: Runtime,
}

/// An agent with the key of the seeds, whose folder is gone: what is imported is kept nowhere.
static SETUP: LazyLock<Setup> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("agent_openpgp-{}", std::process::id()));
    let store = store(&folder);
    fs::remove_dir_all(&folder).expect("a folder of ours");
    let own = store.keys().pop().expect("the key");
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().expect("threads");
    Setup { agent: Agent::new(store), own, runtime }
});

fn store(folder: &Path) -> Store {
    fs::create_dir(folder).expect("a folder");
    fs::set_permissions(folder, Permissions::from_mode(0o700)).expect("its mode");
    let path = folder.join("key.sec.asc");
    let file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(include_bytes!("key.sec.asc"))).expect("a file");
    Store::open(folder, Protection::ModeOnly).expect("a key")
}

fuzz_target!(|octets: &[u8]| {
    let Setup { agent, own, runtime } = &*SETUP;
    runtime.block_on(async {
        signature(agent, &own.fingerprint, octets).await;
        ciphertext(agent, &own.fingerprint, octets).await;
        certificate(agent, own, octets).await;
    });
});

async fn signature(agent: &Agent, signer: &Fingerprint, octets: &[u8]) {
    let question = |data: &[u8]| ToVerify {
        signer: signer.clone(),
        data: data.to_vec(),
        signature: octets.to_vec(),
        known_notations: vec!["cs1@countersign.invalid".to_owned()],
    };
    let Ok(report) = agent.verify(question(DATA)).await else { return };
    assert_eq!(report.primary, *signer);
    if report.good {
        assert_eq!((report.signatures, report.class), (1, 0));
        let other = agent.verify(question(b"SIP-PGP-AUTH CS2\n")).await;
        assert!(!other.expect("the same signature").good);
    }
}

async fn ciphertext(agent: &Agent, own: &Fingerprint, octets: &[u8]) {
    if let Ok(opened) = agent.decrypt(own.clone(), octets.to_vec()).await {
        assert!(opened.integrity);
        assert_eq!(opened.octets.expose(), DATA);
    }
}

async fn certificate(agent: &Agent, own: &Key, octets: &[u8]) {
    if let Ok(imported) = agent.import(octets.to_vec()).await {
        let mut others = imported.iter().filter(|key| key.fingerprint != own.fingerprint);
        assert!(others.all(|key| !key.secret));
    }
    assert_eq!(agent.identities().await.as_deref(), Ok(std::slice::from_ref(own)));
}
