//! Fresh OpenPGP keys for both sides, each in a security application of its own.

use super::party::Side;
use crate::agent::{Agent, Program};
use crate::config::Config;
use crate::error::{Error, Result};
use net::Runtime;
use sma::{KeyAdministration, SecurityApplication};
use sma_socket::Client;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A security application that lives as long as the demonstration, with its keys.
pub(super) struct Application {
    client: Arc<Client>,
    agent: Agent,
    /// Keys and socket; removed when the demonstration ends.
    _folder: TempDir,
}

impl Application {
    /// Starts `countersign-pgp` over an empty key folder.
    async fn start(runtime: &Arc<dyn Runtime>) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-")
            .tempdir()
            .map_err(|error| Error::write(&std::env::temp_dir(), error))?;
        let config = Config { folder: PathBuf::from(folder.path()), ..Config::default() };
        for private in [config.agent_keys(), config.agent_socket()] {
            let private = private.parent().filter(|p| *p != folder.path()).unwrap_or(&private);
            make_private(private)?;
        }
        let program = Program::find(&config)?;
        let client = Arc::new(Client::new(&program.socket));
        let agent = Agent::start(program, None, Arc::clone(runtime)).await?;
        Ok(Self { client, agent, _folder: folder })
    }

    /// The application as the security manager sees it.
    pub(super) fn client(&self) -> Arc<dyn SecurityApplication> {
        Arc::clone(&self.client) as Arc<dyn SecurityApplication>
    }

    /// Ends the process.
    pub(super) async fn end(self) {
        self.agent.stop().await;
    }
}

fn make_private(folder: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(|error| Error::write(folder, error))
}

/// Makes a key for each side, shows each the other's, and pins it.
pub(super) async fn exchange(a: &mut Side, b: &mut Side, runtime: &Arc<dyn Runtime>) -> Result<()> {
    let (of_a, of_b) = tokio::try_join!(Application::start(runtime), Application::start(runtime))?;
    let armored_a = generate(a, &of_a.client).await?;
    let armored_b = generate(b, &of_b.client).await?;
    of_a.client.import(armored_b).await.map_err(refused)?;
    of_b.client.import(armored_a).await.map_err(refused)?;
    pin(a, b);
    pin(b, a);
    a.application = Some(of_a);
    b.application = Some(of_b);
    Ok(())
}

/// Makes a side's key and returns its public part.
async fn generate(side: &mut Side, client: &Client) -> Result<Vec<u8>> {
    let key = client.generate(side.identity.aor.to_owned()).await.map_err(refused)?;
    let fingerprint = key.fingerprint.to_string();
    side.identity.fingerprint = Some(fingerprint.clone());
    for identity in &mut side.security.identities {
        identity.fingerprint = Some(fingerprint.clone());
    }
    let armored = client.export(key.fingerprint).await.map_err(refused)?;
    Ok(armored.into_bytes())
}

/// `side` requires OpenPGP of `other`, and knows its key.
fn pin(side: &mut Side, other: &Side) {
    side.security.require = sst::Requirement::Pgp;
    side.security
        .contacts
        .push(sst::Contact { aor: other.identity.aor.to_owned(), require: sst::Requirement::Pgp });
    side.security.pins.extend(
        other
            .identity
            .fingerprint
            .clone()
            .map(|fingerprint| sst::Pin { aor: other.identity.aor.to_owned(), fingerprint }),
    );
}

fn refused(error: sma::Error) -> Error {
    Error::Agent {
        reason: format!("refuses: {error}"),
        advice: "run it by hand with `countersign-pgp serve` to see why",
    }
}
