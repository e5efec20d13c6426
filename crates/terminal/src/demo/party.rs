//! The two sides of the demonstration: who they are, what they know of each other, and their
//! terminals.

#[cfg(feature = "pgp")]
use super::application::Application;
#[cfg(feature = "pgp")]
use super::keys;
use super::plan::{Flow, Plan};
use super::side::{CALLEE, CALLER, Identity, Side, USER};
use crate::assembly::{
    Entropy, Events, Ports, Settings, SystemEntropy, Terminal, free_loopback_pair,
};
use crate::config::Address;
use crate::error::{Error, Result};
use crate::record::Recorder;
use net::Runtime;
use net::tokio::TokioNetwork;
use std::sync::Arc;
use std::time::Duration;

/// How long a terminal may take to end its calls.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A side whose terminal runs.
pub(super) struct Party {
    pub(super) identity: Identity,
    pub(super) terminal: Terminal,
    pub(super) events: Events,
    /// Where it is called.
    pub(super) address: Address,
    #[cfg(feature = "pgp")]
    application: Option<Application>,
}

/// Starts both, each knowing what it must know of the other.
pub(super) async fn both(
    plan: &Plan, runtime: &Arc<dyn Runtime>, recorder: &Arc<Recorder>,
) -> Result<(Party, Party)> {
    let (mut caller, mut callee) = (Side::new("caller", CALLER), Side::new("callee", CALLEE));
    let account = match plan.flow {
        #[cfg(feature = "pgp")]
        Flow::Pgp => {
            keys::exchange(&mut caller, &mut callee, runtime).await?;
            None
        }
        Flow::Digest => Some(open_account(&mut callee)?),
    };
    let callee = callee.start(runtime, recorder)?;
    // An account's credentials are for one next hop, which is known now.
    let hop = callee.address.into();
    caller.security.accounts.extend(account.map(|account| sst::Account { hop, ..account }));
    Ok((caller.start(runtime, recorder)?, callee))
}

impl Side {
    fn new(name: &'static str, aor: &'static str) -> Self {
        let realm = aor.split_once('@').map_or("", |(_, host)| host).to_owned();
        let identity = sst::Identity { aor: aor.to_owned(), fingerprint: None };
        Self {
            name,
            identity: Identity { aor, fingerprint: None },
            security: sst::Configuration {
                identities: vec![identity],
                realm,
                ..sst::Configuration::default()
            },
            #[cfg(feature = "pgp")]
            application: None,
        }
    }

    fn start(self, runtime: &Arc<dyn Runtime>, recorder: &Arc<Recorder>) -> Result<Party> {
        let binds = free_loopback_pair()?;
        let mut settings = Settings::of(self.identity.aor, binds.to_vec());
        settings.security = self.security;
        let network = Arc::new(TokioNetwork::new(tokio::runtime::Handle::current()));
        let ports = Ports {
            #[cfg(feature = "pgp")]
            application: self.application.as_ref().map(Application::client),
            tap: Some(recorder.tap(self.name)),
            ..Ports::of(Arc::clone(runtime), network)
        };
        let (terminal, events) = Terminal::start(&settings, ports)?;
        let [address, _] = binds;
        Ok(Party {
            identity: self.identity,
            terminal,
            events,
            address,
            #[cfg(feature = "pgp")]
            application: self.application,
        })
    }
}

impl Party {
    /// Ends the terminal and its security application.
    pub(super) async fn end(mut self) {
        let drained = async { while self.events.next().await.is_some() {} };
        tokio::join!(self.terminal.shutdown(END_WITHIN), drained);
        #[cfg(feature = "pgp")]
        if let Some(application) = self.application {
            application.end().await;
        }
    }
}

/// Makes the caller a user of the callee's: the account that it has there, without its next hop.
fn open_account(callee: &mut Side) -> Result<sst::Account> {
    let mut octets = [0; 16];
    SystemEntropy.fill(&mut octets).map_err(Error::no_randomness)?;
    let letters = |octet: u8| [b'a' + (octet >> 4), b'a' + (octet & 15)];
    let letters: Vec<u8> = octets.into_iter().flat_map(letters).collect();
    let secret = || sst::Password::new(letters.clone()).into();
    callee.security.users.push(sst::User { name: USER.to_owned(), secret: secret() });
    callee.security.require = sst::Requirement::DIGEST;
    Ok(sst::Account {
        aor: CALLER.to_owned(),
        realm: callee.security.realm.clone(),
        user: USER.to_owned(),
        secret: Some(secret()),
        hop: sst::HopPolicy::Udp(Vec::new()),
        floor: sst::Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: sst::Requirement::NOTHING,
    })
}
