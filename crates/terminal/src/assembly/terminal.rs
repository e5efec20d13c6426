//! The terminal's commands.

use super::calls::Calls;
use super::events::{Events, UNREAD};
use super::mailboxes::Mailboxes;
use super::names::Names;
use super::ports::Ports;
use super::pump::pump;
use super::security::Security;
use super::settings::Settings;
use super::shared::Shared;
use crate::error::{Error, Result};
use crate::record::redacted;
use media_ctl::audio::{AudioSink, AudioSource};
use net::{Network, System};
use sip_core::driver::{Bind, Config, Endpoint, Sizes};
use sip_core::manager::{CallId, NextHop, Prepared, RegisterConfig, RegistrationId, RequestId};
#[cfg(feature = "watch")]
use sip_core::packages::dialog_info::DialogInfo;
use sip_core::{Capabilities, HeaderName};
use sst::{Means, Requirement};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Whom to call, and with what.
pub struct Invitation {
    /// The URI that is called.
    pub to: String,
    /// Where the request goes first; `None`: where the URI points. Both with their addresses: see
    /// [`Terminal::locate`].
    pub next_hop: Option<NextHop>,
    /// The proofs of which there is no call without one.
    pub require: Requirement,
    /// Whether the callee is to say first which media it has: the INVITE makes no offer then. Not
    /// where OpenPGP is required: an offer counts there only in a signed INVITE.
    pub late_offer: bool,
    /// What is said.
    pub source: Box<dyn AudioSource>,
    /// What is heard.
    pub sink: Box<dyn AudioSink>,
}

/// A terminal; a handle that can be cloned.
#[derive(Clone)]
pub struct Terminal {
    pub(super) shared: Arc<Shared>,
}

impl Terminal {
    /// Assembles a terminal and binds its addresses.
    ///
    /// # Errors
    /// An address cannot be bound, or there is no randomness.
    pub fn start(settings: &Settings, ports: Ports) -> Result<(Self, Events)> {
        let (sender, receiver) = mpsc::channel(UNREAD);
        let security = Security::new(settings, &ports, &sender)?;
        let network: Arc<dyn Network> = Arc::new(Names::new(watched_network(&ports)));
        let mut keys = [[0; 16]; 2];
        ports.entropy.fill(keys.as_flattened_mut()).map_err(Error::no_randomness)?;
        let system = System::keyed(Arc::clone(&ports.runtime), Arc::clone(&network), keys);
        let config = endpoint_config(settings, &ports);
        let (endpoint, sip_events) =
            Endpoint::start(system, Arc::clone(&security.sip), config).map_err(Error::Bind)?;
        let media = media_ctl::driver::Ports {
            runtime: Arc::clone(&ports.runtime),
            network,
            security: Arc::clone(&security.media),
            observer: ports.tap.clone().map(|tap| Arc::new(tap) as Arc<dyn media_ctl::Sink>),
        };
        let shared = Arc::new(Shared {
            identity: settings.identity.clone(),
            endpoint,
            #[cfg(feature = "digest")]
            telephony: security.telephony,
            media,
            calls: Calls::default(),
            #[cfg(feature = "digest")]
            flows: std::sync::Mutex::default(),
            trusted: settings.trusted.clone(),
            lines: settings.media.clone(),
            mailboxes: Mailboxes::default(),
            #[cfg(feature = "watch")]
            watches: super::known::Watches::default(),
            #[cfg(feature = "watch")]
            watchers: settings.watchers.clone(),
            #[cfg(feature = "watch")]
            told: super::told::Told::default(),
            #[cfg(feature = "watch")]
            publications: super::publications::Publications::default(),
            advertised: advertised(settings),
            #[cfg(feature = "ice")]
            helpers: Arc::clone(&settings.helpers),
            #[cfg(feature = "ice")]
            events: sender.downgrade(),
            entropy: ports.entropy,
        });
        ports.runtime.spawn(Box::pin(pump(Arc::clone(&shared), sip_events, sender)));
        Ok((Self { shared }, Events(receiver)))
    }

    /// Calls someone.
    ///
    /// # Errors
    /// The URI is none, the table of calls is full, the media's ports or offer are refused, or the
    /// offer is to be late where OpenPGP is required.
    pub fn call(&self, invitation: Invitation) -> Result<CallId> {
        self.call_with(invitation, Vec::new(), None)
    }

    /// Calls someone with these header fields in the INVITE, as `referrer` asked.
    pub(super) fn call_with(
        &self, invitation: Invitation, fields: Vec<(HeaderName, Vec<u8>)>,
        referrer: Option<RequestId>,
    ) -> Result<CallId> {
        let Invitation { to, next_hop, require, late_offer, source, sink } = invitation;
        if late_offer && require.accepts(Means::Pgp) {
            return Err(Error::Invalid(format!(
                "{} must prove who it is by pgp, and signs nothing that makes no offer: call without \
                 --late-offer",
                redacted(&to)
            )));
        }
        let shared = &self.shared;
        let prepared = shared
            .endpoint
            .prepare(&shared.identity, &to, next_hop.clone())
            .map_err(|misuse| self.misused(&to, next_hop.as_ref(), misuse))?;
        shared.started(prepared, &to, require);
        let invited = shared.open_media(prepared, source, sink).and_then(|media| {
            let wanted = (to.as_str(), require, late_offer);
            shared.invite(prepared, wanted, media, (fields, referrer))
        });
        invited.inspect_err(|_| {
            shared.calls.remove(prepared.id);
            shared.forget(prepared.call);
            // The draft goes, too; there is nobody to tell.
            _ = shared.endpoint.hang_up(prepared.id);
        })?;
        shared.tell_of_calls(None);
        Ok(prepared.id)
    }

    /// Says to the caller that the user is being alerted.
    ///
    /// # Errors
    /// The call is not waiting to be answered.
    pub fn ring(&self, id: CallId) -> Result<()> {
        self.shared.endpoint.ring(id).map_err(Error::invalid)?;
        self.shared.calls.rings(id);
        self.shared.tell_of_calls(None);
        Ok(())
    }

    /// Answers a call that came in.
    ///
    /// # Errors
    /// [`Error::NotWaiting`], or its offer is not acceptable: it has then been rejected with the
    /// status it is owed. Where media have helpers that are waited for, that is told by the call's end.
    pub fn accept(
        &self, id: CallId, source: Box<dyn AudioSource>, sink: Box<dyn AudioSink>,
    ) -> Result<()> {
        let shared = &self.shared;
        let Some((call, offer)) = shared.calls.offer(id) else {
            return Err(Error::NotWaiting);
        };
        let media = shared
            .open_media(Prepared { id, call }, source, sink)
            .inspect_err(|error| shared.refuse(id, 500, error))?;
        if shared.has_helpers_for(&offer) {
            shared.answer_once_helped(id, media, offer);
            return Ok(());
        }
        shared.answer(id, media, &offer)
    }

    /// Declines a call that came in.
    ///
    /// # Errors
    /// The call is not waiting to be answered.
    pub fn reject(&self, id: CallId, status: u16) -> Result<()> {
        self.shared.calls.refuse(id, status);
        self.shared.endpoint.reject(id, status).map_err(Error::invalid)
    }

    /// Ends a call, whatever its state; [`Event::Over`](super::Event::Over) follows.
    pub fn hang_up(&self, id: CallId) {
        // A call that is over already needs no ending.
        _ = self.shared.endpoint.hang_up(id);
    }

    /// Registers an account.
    ///
    /// # Errors
    /// The AOR or the registrar is no URI.
    pub fn register(&self, config: RegisterConfig) -> Result<RegistrationId> {
        let (registrar, next_hop) = (config.registrar.clone(), config.next_hop.clone());
        let registered = self.shared.endpoint.register(config);
        registered.map_err(|why| self.misused(&registrar, next_hop.as_ref(), why))
    }

    /// Takes a registration back.
    pub fn unregister(&self, id: RegistrationId) {
        // One that is gone already needs no taking back.
        _ = self.shared.endpoint.unregister(id);
    }

    /// Asks a peer whether it is there.
    ///
    /// # Errors
    /// The URI is none.
    pub fn options(&self, to: &str, next_hop: Option<NextHop>) -> Result<RequestId> {
        let shared = &self.shared;
        let sent = shared.endpoint.options(&shared.identity, to, next_hop.clone());
        sent.map_err(|misuse| self.misused(to, next_hop.as_ref(), misuse))
    }

    /// Where SIP is received, as peers are told; all addresses of the host, where those are bound.
    pub fn local_addrs(&self) -> Vec<crate::config::Address> {
        let locals = self.shared.endpoint.local_addrs().into_iter();
        locals
            .map(|l| crate::config::Address { transport: l.transport, address: l.address })
            .collect()
    }

    /// What the SIP manager holds: all zero when nothing is going on.
    pub fn sizes(&self) -> Sizes {
        self.shared.endpoint.sizes()
    }

    /// Calls that are being set up, up, or being ended.
    pub fn calls(&self) -> usize {
        self.shared.calls.len()
    }

    /// The security manager, as the application sees it.
    #[cfg(feature = "digest")]
    pub fn security(&self) -> &Arc<dyn sst::TelephonySecurity> {
        &self.shared.telephony
    }

    /// Ends all calls, takes registrations back, waits until all is idle, at most `within`.
    pub async fn shutdown(&self, within: Duration) {
        self.shared.endpoint.shutdown(within).await;
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terminal({})", self.shared.identity)
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({})", self.to)
    }
}

fn watched_network(ports: &Ports) -> Arc<dyn Network> {
    let network = Arc::clone(&ports.network);
    match &ports.tap {
        Some(tap) if tap.wants_packets() => {
            Arc::new(net::Observed::new(network, Arc::new(tap.clone())))
        }
        _ => network,
    }
}

fn endpoint_config(settings: &Settings, ports: &Ports) -> Config {
    let bind = |bind: &crate::config::Address| Bind {
        transport: bind.transport,
        address: bind.address,
        advertised: settings.advertise.filter(|ip| ip.is_ipv4() == bind.address.is_ipv4()),
    };
    let capabilities = Capabilities { events: events(settings), ..Capabilities::default() };
    let (ours, session_expires) = (settings.ours.clone(), settings.session_expires);
    let sip =
        sip_core::manager::Config { ours, session_expires, capabilities, ..Default::default() };
    Config {
        binds: settings.binds.iter().map(bind).collect(),
        sip,
        sink: ports.tap.clone().map(|tap| Arc::new(tap) as Arc<dyn sip_core::driver::Sink>),
        ..Config::default()
    }
}

/// What peers may subscribe to: our calls, where somebody may watch them.
#[cfg(feature = "watch")]
fn events(settings: &Settings) -> Vec<&'static str> {
    if settings.watchers.is_empty() { Vec::new() } else { vec![DialogInfo::EVENT] }
}

/// What peers may subscribe to.
#[cfg(not(feature = "watch"))]
const fn events(_: &Settings) -> Vec<&'static str> {
    Vec::new()
}

/// The address that is advertised, and the one that is bound in its place.
fn advertised(settings: &Settings) -> Option<(IpAddr, IpAddr)> {
    let told = settings.advertise?;
    let mut bound = settings.binds.iter().map(|bind| bind.address.ip());
    Some((told, bound.find(|ip| ip.is_ipv4() == told.is_ipv4())?))
}
