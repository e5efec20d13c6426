//! A security application for the demonstration.

use crate::agent::{Agent, Program};
use crate::config::Config;
use crate::error::{Error, Result};
use net::Runtime;
use sma::SecurityApplication;
use sma_socket::Client;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A security application that lives as long as the demonstration, with its keys.
pub(super) struct Application {
    pub(super) client: Arc<Client>,
    agent: Agent,
    /// Keys and socket; removed when the demonstration ends.
    _folder: TempDir,
}

impl Application {
    /// Starts `countersign-pgp` over an empty key folder.
    pub(super) async fn start(runtime: &Arc<dyn Runtime>) -> Result<Self> {
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
